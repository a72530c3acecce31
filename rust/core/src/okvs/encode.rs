//! Encoding: keys into clusters, each cluster's rows solved for its columns.

use std::sync::atomic::{AtomicBool, Ordering};

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

use super::peel::{Peeling, peel};
use super::rows::{BATCH, Columns, Key, Rows};
use super::value::{Scalar, Value};
use crate::parallel;

/// The set does not fit: too many keys, a key twice, or the one case of 2^40. Which, and where, is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unencodable;

/// What stands in columns that no key needs.
#[derive(Clone, Copy)]
pub enum Filler<'a> {
    /// Zeros. They show which columns are free and so something of the keys: only for a store that is masked before anybody sees it.
    Zeros,
    /// Uniform values, from the ChaCha20 key stream of this seed. With uniform values for the keys, the whole store is uniform then.
    Uniform(&'a [u8; 32]),
}

/// The store in which each key has its value.
///
/// # Arguments
/// * `rows`: its seed must have been drawn after the keys were fixed.
/// * `keys`: distinct, at most as many as the shape is for.
/// * `values_of`: the values for some of the keys, given with their places in `keys`; called once for each cluster.
/// * `uniform`: a value from 16 uniform bytes, for the filler.
///
/// # Errors
/// [`Unencodable`]; see the module's word on failure.
pub fn encode<S: Scalar, V: Value<S>>(
    rows: &Rows,
    keys: &[Key],
    values_of: impl Fn(&[Key], &[u32]) -> Vec<V> + Sync,
    filler: Filler<'_>,
    uniform: impl Fn(u128) -> V + Sync,
    threads: usize,
) -> Result<Vec<V>, Unencodable> {
    let shape = rows.shape();
    if keys.len() > shape.keys {
        return Err(Unencodable);
    }
    let sorted = Sorted::new(rows, keys);
    let mut store = vec![V::default(); shape.len()];
    let is_solved = AtomicBool::new(true);
    parallel::for_each_chunk(&mut store, shape.cluster_len(), threads, |cluster, out| {
        let (keys, places) = sorted.cluster(cluster);
        if keys.len() > shape.cluster_keys {
            is_solved.store(false, Ordering::Relaxed);
            return;
        }
        if let Filler::Uniform(seed) = filler {
            fill(seed, cluster as u64, out, &uniform);
        }
        let solved = solve(rows, keys, values_of(keys, places), matches!(filler, Filler::Uniform(_)), out);
        is_solved.fetch_and(solved.is_some(), Ordering::Relaxed);
    });
    if is_solved.into_inner() { Ok(store) } else { Err(Unencodable) }
}

/// Keys in the order of their clusters.
struct Sorted {
    keys: Vec<Key>,
    places: Vec<u32>,
    ends: Vec<usize>,
}

impl Sorted {
    fn new(rows: &Rows, keys: &[Key]) -> Self {
        let clusters = rows.shape().clusters;
        if clusters == 1 {
            return Self { keys: keys.to_vec(), places: (0..keys.len() as u32).collect(), ends: vec![keys.len()] };
        }
        let mut cluster_of = vec![0; keys.len()];
        for (keys, out) in keys.chunks(BATCH).zip(cluster_of.chunks_mut(BATCH)) {
            rows.clusters(keys, out);
        }
        let mut next = vec![0; clusters + 1];
        cluster_of.iter().for_each(|&cluster| next[cluster as usize + 1] += 1);
        for cluster in 0..clusters {
            next[cluster + 1] += next[cluster];
        }
        let (mut sorted, mut places) = (vec![Key::default(); keys.len()], vec![0; keys.len()]);
        for ((key, cluster), place) in keys.iter().zip(cluster_of).zip(0..) {
            let at = &mut next[cluster as usize];
            sorted[*at] = *key;
            places[*at] = place;
            *at += 1;
        }
        next.pop();
        Self { keys: sorted, places, ends: next }
    }

    fn cluster(&self, cluster: usize) -> (&[Key], &[u32]) {
        let start = if cluster == 0 { 0 } else { self.ends[cluster - 1] };
        let range = start..self.ends[cluster];
        (&self.keys[range.clone()], &self.places[range])
    }
}

fn fill<V>(seed: &[u8; 32], cluster: u64, out: &mut [V], uniform: impl Fn(u128) -> V) {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&cluster.to_le_bytes());
    let mut stream = ChaCha20::new(seed.into(), &nonce.into());
    for out in out.chunks_mut(BATCH) {
        let mut bytes = [[0; 16]; BATCH];
        stream.apply_keystream(bytes.as_flattened_mut());
        out.iter_mut().zip(bytes).for_each(|(value, bytes)| *value = uniform(u128::from_le_bytes(bytes)));
    }
}

/// Solves one cluster into `out`, which holds the filler. `None` when it cannot be.
fn solve<S: Scalar, V: Value<S>>(rows: &Rows, keys: &[Key], mut values: Vec<V>, is_filled: bool, out: &mut [V]) -> Option<()> {
    assert_eq!(keys.len(), values.len(), "a value for each key");
    let (columns, scalars) = hash::<S>(rows, keys);
    let (store, dense) = out.split_at_mut(rows.shape().sparse);
    let peeling = peel(&columns, store.len(), dense.len())?;
    if !peeling.gap.is_empty() {
        peeling.order.iter().for_each(|&(_, column)| store[column as usize] = V::default());
        let equations =
            peeling.gap.iter().map(|&row| eliminate(row, &peeling, &columns, &scalars, &values, store, dense.len()));
        solve_dense(equations.collect(), dense)?;
    }
    if is_filled || !peeling.gap.is_empty() {
        let mut sums = vec![V::default(); values.len()];
        for &column in dense.iter().rev() {
            sums.iter_mut().for_each(|sum| *sum ^= column);
            V::scale_each(&mut sums, &scalars);
        }
        values.iter_mut().zip(sums).for_each(|(value, sum)| *value ^= sum);
    }
    for &(row, column) in peeling.order.iter().rev() {
        store[column as usize] = V::default();
        let mut value = values[row as usize];
        columns[row as usize].iter().for_each(|&other| value ^= store[other as usize]);
        store[column as usize] = value;
    }
    Some(())
}

fn hash<S: Scalar>(rows: &Rows, keys: &[Key]) -> (Vec<Columns>, Vec<S>) {
    let (mut columns, mut scalars) = (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()));
    let (mut sparse, mut dense) = ([Columns::default(); BATCH], [0; BATCH]);
    for keys in keys.chunks(BATCH) {
        rows.columns(keys, &mut sparse);
        rows.dense_keys(keys, &mut dense);
        columns.extend_from_slice(&sparse[..keys.len()]);
        scalars.extend(dense[..keys.len()].iter().map(|&hash| S::from_hash(hash)));
    }
    (columns, scalars)
}

/// One equation for the dense columns: sum of coefficients times columns = target.
struct Equation<S, V> {
    coefficients: Vec<S>,
    target: V,
}

/// A row of the gap plus the peeled rows that cancel its solvable columns (step 3 of Figure 1).
fn eliminate<S: Scalar, V: Value<S>>(
    row: u32,
    peeling: &Peeling,
    columns: &[Columns],
    scalars: &[S],
    values: &[V],
    store: &[V],
    dense: usize,
) -> Equation<S, V> {
    let mut is_left = vec![false; store.len()];
    let mut equation = Equation { coefficients: vec![S::default(); dense], target: V::default() };
    let mut add = |row: u32, is_left: &mut [bool]| {
        columns[row as usize].iter().for_each(|&column| is_left[column as usize] ^= true);
        equation.target ^= values[row as usize];
        let mut power = scalars[row as usize];
        for coefficient in &mut equation.coefficients {
            *coefficient ^= power;
            power = power.times(scalars[row as usize]);
        }
    };
    add(row, &mut is_left);
    for &(other, column) in &peeling.order {
        if is_left[column as usize] {
            add(other, &mut is_left);
        }
    }
    for (value, _) in store.iter().zip(is_left).filter(|(_, is_left)| *is_left) {
        equation.target ^= *value;
    }
    equation
}

/// Gaussian elimination (step 4 of Figure 1); columns without a pivot keep what they hold. `None` when rows depend on each other.
fn solve_dense<S: Scalar, V: Value<S>>(mut equations: Vec<Equation<S, V>>, dense: &mut [V]) -> Option<()> {
    let mut pivots = Vec::new();
    for at in 0..equations.len() {
        let pivot = equations[at].coefficients.iter().position(|&coefficient| coefficient != S::default())?;
        let inverse = equations[at].coefficients[pivot].inverse();
        equations[at].coefficients.iter_mut().for_each(|coefficient| *coefficient = coefficient.times(inverse));
        equations[at].target = equations[at].target.scaled(inverse);
        let Equation { coefficients, target } = &equations[at];
        let (coefficients, target) = (coefficients.clone(), *target);
        for (_, other) in equations.iter_mut().enumerate().filter(|(place, _)| *place != at) {
            let factor = other.coefficients[pivot];
            other.coefficients.iter_mut().zip(&coefficients).for_each(|(left, right)| *left ^= right.times(factor));
            other.target ^= target.scaled(factor);
        }
        pivots.push(pivot);
    }
    pivots.iter().for_each(|&pivot| dense[pivot] = V::default());
    for (equation, pivot) in equations.iter().zip(pivots) {
        let mut value = equation.target;
        for (column, &coefficient) in dense.iter().zip(&equation.coefficients) {
            value ^= column.scaled(coefficient);
        }
        dense[pivot] = value;
    }
    Some(())
}
