//! Many secret scalars at once, one a place, from a seed; and elements multiplied each by its own.

use std::convert::Infallible;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroize;

use crate::curve::{self, BadPoint, Kernel};
use crate::group::{POINT_BYTES, SCALAR_BYTES};
use crate::parallel;

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

const WIDE_BYTES: usize = 64;

/// Secret exponents, never zero, wiped when dropped.
pub struct SecretScalars(Vec<Scalar>);

impl SecretScalars {
    /// The scalars of places `first` to `first + count - 1`: place `i` gets bytes 64 i to 64 i + 63 of the ChaCha20 key stream
    /// (RFC 8439, key `seed`, nonce zero), little-endian modulo the group order (bias below 2^-250). A zero, which never comes
    /// up, counts as one. `None` past the 2^32 blocks that the stream has.
    pub fn derive(seed: &[u8; SEED_BYTES], first: u32, count: u32) -> Option<Self> {
        first.checked_add(count)?;
        let mut wide = vec![0; WIDE_BYTES * count as usize];
        let mut stream = ChaCha20::new(seed.into(), &[0; 12].into());
        stream.seek(WIDE_BYTES as u64 * u64::from(first));
        stream.apply_keystream(&mut wide);
        let (chunks, _) = wide.as_chunks::<WIDE_BYTES>();
        let scalars = chunks.iter().map(|chunk| nonzero(Scalar::from_bytes_mod_order_wide(chunk))).collect();
        wide.zeroize();
        Some(Self(scalars))
    }

    /// Packed canonical encodings; `None` when one is not reduced, is zero, or bytes are left over.
    pub fn from_canonical(packed: &[u8]) -> Option<Self> {
        let (chunks, rest) = packed.as_chunks::<SCALAR_BYTES>();
        let scalars: Option<Vec<_>> = chunks.iter().map(|chunk| Scalar::from_canonical_bytes(*chunk).into()).collect();
        scalars.filter(|scalars| rest.is_empty() && !scalars.contains(&Scalar::ZERO)).map(Self)
    }

    /// The inverse of each.
    pub fn inverses(&self) -> Self {
        let mut inverses = self.0.clone();
        Scalar::invert_batch_alloc(&mut inverses);
        Self(inverses)
    }

    /// The scalars, in order.
    pub(crate) fn as_slice(&self) -> &[Scalar] {
        &self.0
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for SecretScalars {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

fn nonzero(scalar: Scalar) -> Scalar {
    if scalar == Scalar::ZERO { Scalar::ONE } else { scalar }
}

/// Each packed point, checked, times the scalar of its place, packed in order.
///
/// # Errors
/// [`BadPoint`] as [`crate::psi::multiply`].
///
/// # Panics
/// When there are not as many scalars as points, or the processor lacks the kernel.
pub fn multiply_each(kernel: Kernel, points: &[u8], scalars: &SecretScalars, threads: usize) -> Result<Vec<u8>, BadPoint> {
    let (points, rest) = points.as_chunks::<POINT_BYTES>();
    if !rest.is_empty() {
        return Err(BadPoint { index: points.len() });
    }
    assert_eq!(points.len(), scalars.len(), "a scalar for each point");
    let encodings = parallel::map_chunks(points, threads, |start, chunk| {
        curve::multiply_each(kernel, chunk, &scalars.0[start..start + chunk.len()])
            .map_err(|BadPoint { index }| BadPoint { index: start + index })
    })?;
    Ok(encodings.into_flattened())
}

/// Each item hashed to the group under `dst`, times the scalar of its place, packed in order.
///
/// # Panics
/// When `dst` is empty, `item_bytes` is 0, there are not as many scalars as whole items, or the processor lacks the kernel.
pub fn blind_each(
    kernel: Kernel,
    items: &[u8],
    item_bytes: usize,
    scalars: &SecretScalars,
    dst: &[u8],
    threads: usize,
) -> Vec<u8> {
    assert_eq!(items.len(), item_bytes * scalars.len(), "a scalar for each item");
    let items: Vec<&[u8]> = items.chunks_exact(item_bytes).collect();
    let encodings: Result<_, Infallible> = parallel::map_chunks(&items, threads, |start, chunk| {
        Ok(curve::hash_multiply_each(kernel, chunk, &scalars.0[start..start + chunk.len()], dst))
    });
    let Ok(encodings) = encodings;
    encodings.into_flattened()
}
