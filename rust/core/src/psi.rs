//! The two kernels of Diffie-Hellman private set intersection, in bulk.
//!
//! Both end in encodings of many points. A ristretto255 encoding needs an inverse square root, but the encodings of *doubled*
//! points share one inversion per batch; so the points are multiplied by half of the secret and doubled by the encoder. Measured
//! on one core: 0.5 instead of 4.1 microseconds a point for the encoding, beside 21 for the multiplication and 9.6 for the hash.

use std::convert::Infallible;

use curve25519_dalek::ristretto::RistrettoPoint;

use crate::group::{Encoding, POINT_BYTES, SecretScalar, hash_to_group, parse_point};
use crate::parallel;

/// Points encoded at once; more would not make the shared inversion noticeably cheaper.
const BATCH: usize = 256;

/// The packed points hold something that is not an element other than the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPoint {
    /// Which one, from 0.
    pub index: usize,
}

/// Each item hashed to the group under `dst` and multiplied by `secret`, packed in order; `dst` must not be empty.
///
/// Time depends on the items' lengths and number, not on their bytes or the secret.
///
/// # Panics
/// When `dst` is empty.
pub fn blind<M: AsRef<[u8]> + Sync>(items: &[M], secret: &SecretScalar, dst: &[u8], threads: usize) -> Vec<u8> {
    let encodings: Result<_, Infallible> = parallel::map_chunks(items, threads, |_, chunk| {
        let multiplied = chunk.iter().map(|item| {
            let point = hash_to_group(item.as_ref(), dst).expect("the tag is not empty");
            Ok(point * secret.half())
        });
        encode_doubled(chunk.len(), multiplied)
    });
    let Ok(encodings) = encodings;
    encodings.into_flattened()
}

/// [`blind`] for items of `item_bytes` each, packed.
///
/// # Panics
/// When `dst` is empty, `item_bytes` is 0, or `items` is not a whole number of items.
pub fn blind_packed(items: &[u8], item_bytes: usize, secret: &SecretScalar, dst: &[u8], threads: usize) -> Vec<u8> {
    assert!(items.len().is_multiple_of(item_bytes), "whole items");
    let items: Vec<&[u8]> = items.chunks_exact(item_bytes).collect();
    blind(&items, secret, dst, threads)
}

/// Each of the packed points, checked, times `secret`, packed in order.
///
/// # Errors
/// [`BadPoint`] with the lowest index of what is not a canonical encoding of an element other than the identity; trailing bytes
/// that make no whole point count as one more point.
pub fn multiply(points: &[u8], secret: &SecretScalar, threads: usize) -> Result<Vec<u8>, BadPoint> {
    let (points, rest) = points.as_chunks::<POINT_BYTES>();
    if !rest.is_empty() {
        return Err(BadPoint { index: points.len() });
    }
    let encodings = parallel::map_chunks(points, threads, |start, chunk| {
        let multiplied = chunk.iter().enumerate().map(|(i, bytes)| {
            let point = parse_point(bytes).ok_or(BadPoint { index: start + i })?;
            Ok(point * secret.half())
        });
        encode_doubled(chunk.len(), multiplied)
    })?;
    Ok(encodings.into_flattened())
}

/// Encodings of the doubles of `points`, a batch at a time.
pub(crate) fn encode_doubled<E>(
    count: usize,
    points: impl Iterator<Item = Result<RistrettoPoint, E>>,
) -> Result<Vec<Encoding>, E> {
    let mut encodings = Vec::with_capacity(count);
    let mut batch = Vec::with_capacity(BATCH);
    let mut points = points.peekable();
    while points.peek().is_some() {
        for point in points.by_ref().take(BATCH) {
            batch.push(point?);
        }
        encodings.extend(RistrettoPoint::double_and_compress_batch(&batch).iter().map(|encoding| encoding.to_bytes()));
        batch.clear();
    }
    Ok(encodings)
}
