//! Decoding: a row times the store.

use super::rows::{BATCH, Columns, Key, Rows};
use super::value::{Scalar, Value};
use crate::parallel;
use crate::prefetch::prefetch;

/// Keys of a piece of work for one thread.
const CHUNK: usize = 16 * BATCH;

/// Keys whose values are asked for before they are read.
const AHEAD: usize = 32;

/// The value of each key, in order: what was encoded for it, or for another key something that looks random.
///
/// # Panics
/// When the store is not of the shape of `rows`.
pub fn decode<S: Scalar, V: Value<S>>(rows: &Rows, store: &[V], keys: &[Key], threads: usize) -> Vec<V> {
    let mut values = vec![V::default(); keys.len()];
    parallel::for_each_chunk(&mut values, CHUNK, threads, |chunk, out| {
        decode_part::<S, V>(rows, store, &keys[chunk * CHUNK..][..out.len()], out);
    });
    values
}

/// The same in this thread, into `out`, as long as `keys` and zero before.
pub fn decode_part<S: Scalar, V: Value<S>>(rows: &Rows, store: &[V], keys: &[Key], out: &mut [V]) {
    let shape = rows.shape();
    assert_eq!(store.len(), shape.len(), "a store of this shape");
    assert_eq!(keys.len(), out.len(), "a value for each key");
    let (mut columns, mut dense) = ([Columns::default(); BATCH], [0; BATCH]);
    for (keys, out) in keys.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
        rows.columns(keys, &mut columns);
        rows.dense_keys(keys, &mut dense);
        let scalars = &dense.map(S::from_hash)[..keys.len()];
        let clusters = dense.map(|hash| rows.cluster(hash) as usize * shape.cluster_len());
        let places = |key: usize| columns[key].map(|column| clusters[key] + column as usize);
        let ask_for = |key: usize| places(key).into_iter().for_each(|place| prefetch(store, place));
        (0..AHEAD.min(keys.len())).for_each(ask_for);
        for column in (shape.sparse..shape.cluster_len()).rev() {
            out.iter_mut().zip(clusters).for_each(|(value, cluster)| *value ^= store[cluster + column]);
            V::scale_each(out, scalars);
        }
        for (key, value) in out.iter_mut().enumerate() {
            if key + AHEAD < keys.len() {
                ask_for(key + AHEAD);
            }
            places(key).into_iter().for_each(|place| *value ^= store[place]);
        }
    }
}
