//! The two kernels of Diffie-Hellman private set intersection, over all threads.

use std::convert::Infallible;

use crate::curve::{self, BadPoint, Kernel};
use crate::group::{POINT_BYTES, SecretScalar};
use crate::parallel;

/// Each item hashed to the group under `dst` and multiplied by `secret`, packed in order; `dst` must not be empty.
///
/// Time depends on the items' lengths and number, not on their bytes or the secret.
///
/// # Panics
/// When `dst` is empty, or the processor lacks the kernel.
pub fn blind<M: AsRef<[u8]> + Sync>(kernel: Kernel, items: &[M], secret: &SecretScalar, dst: &[u8], threads: usize) -> Vec<u8> {
    let encodings: Result<_, Infallible> =
        parallel::map_chunks(items, threads, |_, chunk| Ok(curve::hash_multiply(kernel, chunk, secret, dst)));
    let Ok(encodings) = encodings;
    encodings.into_flattened()
}

/// [`blind`] for items of `item_bytes` each, packed.
///
/// # Panics
/// When `dst` is empty, `item_bytes` is 0, `items` is not a whole number of items, or the processor lacks the kernel.
pub fn blind_packed(
    kernel: Kernel,
    items: &[u8],
    item_bytes: usize,
    secret: &SecretScalar,
    dst: &[u8],
    threads: usize,
) -> Vec<u8> {
    assert!(items.len().is_multiple_of(item_bytes), "whole items");
    let items: Vec<&[u8]> = items.chunks_exact(item_bytes).collect();
    blind(kernel, &items, secret, dst, threads)
}

/// Each of the packed points, checked, times `secret`, packed in order.
///
/// # Errors
/// [`BadPoint`] with the lowest index of what is not a canonical encoding of an element other than the identity; trailing bytes
/// that make no whole point count as one more point.
///
/// # Panics
/// When the processor lacks the kernel.
pub fn multiply(kernel: Kernel, points: &[u8], secret: &SecretScalar, threads: usize) -> Result<Vec<u8>, BadPoint> {
    let (points, rest) = points.as_chunks::<POINT_BYTES>();
    if !rest.is_empty() {
        return Err(BadPoint { index: points.len() });
    }
    let encodings = parallel::map_chunks(points, threads, |start, chunk| {
        curve::multiply(kernel, chunk, secret).map_err(|BadPoint { index }| BadPoint { index: start + index })
    })?;
    Ok(encodings.into_flattened())
}
