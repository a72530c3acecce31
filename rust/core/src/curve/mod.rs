//! Bulk arithmetic in ristretto255, eight elements at a time where the processor has AVX-512 IFMA, four where it has AVX2.
//!
//! This is the layer for protocols that have many elements and one secret: oblivious functions, intersections, retrieval,
//! ballots. Lists are packed encodings, 32 bytes an element; work on one thread, and `crate::psi` shows how to spread it.
//!
//! * [`multiply`]: encodings, checked, times one secret, encoded.
//! * [`hash_multiply`]: messages hashed to the group (RFC 9380 appendix B), times one secret, encoded.
//! * [`multiply_each`], [`hash_multiply_each`]: the same with a secret of its own for each.
//! * [`multiply_base_each`]: the generator times each of many secrets, encoded.
//! * [`progression`]: an element, and the same one added to it again and again, encoded.
//!
//! [`x25519`] does the like with the u-coordinates of Curve25519, faster and for less: Diffie-Hellman alone. [`oblivious`] is an
//! oblivious function on the same curve, whose client multiplies fixed points only.
//!
//! Which [`Kernel`] runs is asked of the processor once ([`Kernel::best`]); all give the same bytes, and a test says so. The vector
//! kernels are one source compiled twice: `ifma` and `avx2` each have a field, table lookups and words of their own instruction set,
//! and take in the same `*_simd` files beside it. The portable one is curve25519-dalek, which picks its own AVX2 or portable code
//! and works on one element at a time.
//!
//! **Time.** Neither branches nor addresses depend on the secret or on coordinates. In the vector kernels the secrets' digits
//! choose by masks, a bit a lane, from a table that is read whole (`digits`, `point_simd`); whether an encoding
//! is good is public, it is what the error says. Digits are wiped after use.
//!
//! **Cost** of the AVX-512 kernel for eight elements, in 512-bit instructions on the two ports that do them, counted in the
//! binary: 252 doublings of about 580, 63 additions of about 900, a square root of 19,000 to decode, a few thousand for table
//! and encoding; 233,000 altogether. At two a cycle that is 14,600 cycles an element, which this code cannot pass. Measured:
//! 14,100 for the multiplication, 1,500 to decode, 300 to encode; hashing to the group takes 3,000, SHA-512 for it 800.

#![allow(clippy::duplicate_mod)] // the vector kernels are one source, compiled for each instruction set

#[cfg(target_arch = "x86_64")]
mod avx2;
mod constants;
mod digits;
#[cfg(target_arch = "x86_64")]
mod ifma;
pub mod oblivious;
mod portable;
#[cfg(all(test, target_arch = "x86_64"))]
mod slow_field;
pub mod x25519;

#[cfg(target_arch = "x86_64")]
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_COMPRESSED;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroizing;

use crate::group::{Encoding, SecretScalar};

/// The packed points hold something that is not an element other than the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPoint {
    /// Which one, from 0.
    pub index: usize,
}

/// Whose instructions do the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Eight lanes of AVX-512 IFMA.
    Ifma,
    /// Four lanes of AVX2.
    Avx2,
    /// curve25519-dalek.
    Portable,
}

impl Kernel {
    /// All, the fastest first.
    pub const ALL: [Self; 3] = [Self::Ifma, Self::Avx2, Self::Portable];

    /// The fastest that this processor can run.
    pub fn best() -> Self {
        Self::available().next().expect("the portable one always can")
    }

    /// Those that this processor can run, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// Whether this processor can run it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Ifma | Self::Avx2 => false,
        }
    }
}

/// Each of the encodings, checked, times `secret`.
///
/// # Errors
/// [`BadPoint`] with the lowest index of what is not a canonical encoding of an element other than the identity.
///
/// # Panics
/// When the processor lacks the kernel.
pub fn multiply(kernel: Kernel, encodings: &[Encoding], secret: &SecretScalar) -> Result<Vec<Encoding>, BadPoint> {
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => ifma::vector_simd::multiply(encodings, secret),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::vector_simd::multiply(encodings, secret),
        _ => portable::multiply(encodings, secret),
    }
}

/// Each of the messages hashed to the group under `dst` and multiplied by `secret`.
///
/// # Panics
/// When `dst` is empty, or the processor lacks the kernel.
pub fn hash_multiply<M: AsRef<[u8]>>(kernel: Kernel, messages: &[M], secret: &SecretScalar, dst: &[u8]) -> Vec<Encoding> {
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => ifma::vector_simd::hash_multiply(messages, secret, dst),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::vector_simd::hash_multiply(messages, secret, dst),
        _ => portable::hash_multiply(messages, secret, dst),
    }
}

/// Each of the encodings, checked, times the scalar of its place.
///
/// # Errors
/// As [`multiply`].
///
/// # Panics
/// When there are not as many scalars as encodings, or the processor lacks the kernel.
pub fn multiply_each(kernel: Kernel, encodings: &[Encoding], scalars: &[Scalar]) -> Result<Vec<Encoding>, BadPoint> {
    assert_eq!(encodings.len(), scalars.len(), "a scalar for each element");
    let halves = halves(scalars);
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => ifma::vector_simd::multiply_each(encodings, &halves),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::vector_simd::multiply_each(encodings, &halves),
        _ => portable::multiply_each(encodings, &halves),
    }
}

/// Each of the messages hashed to the group under `dst` and multiplied by the scalar of its place.
///
/// # Panics
/// When there are not as many scalars as messages, `dst` is empty, or the processor lacks the kernel.
pub fn hash_multiply_each<M: AsRef<[u8]>>(kernel: Kernel, messages: &[M], scalars: &[Scalar], dst: &[u8]) -> Vec<Encoding> {
    assert_eq!(messages.len(), scalars.len(), "a scalar for each message");
    let halves = halves(scalars);
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => ifma::vector_simd::hash_multiply_each(messages, &halves, dst),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::vector_simd::hash_multiply_each(messages, &halves, dst),
        _ => portable::hash_multiply_each(messages, &halves, dst),
    }
}

/// The generator times each of the scalars.
///
/// # Panics
/// When the processor lacks the kernel.
pub fn multiply_base_each(kernel: Kernel, scalars: &[Scalar]) -> Vec<Encoding> {
    let halves = halves(scalars);
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => {
            let generator = RISTRETTO_BASEPOINT_COMPRESSED.to_bytes();
            ifma::vector_simd::multiply_each(&vec![generator; scalars.len()], &halves).expect("the generator is an element")
        }
        _ => portable::multiply_base_each(&halves), // from a table, which pays more than four lanes without one
    }
}

/// `first`, `first + step`, `first + 2 step` ...: `count` elements; the identity comes out as 32 zero bytes.
///
/// # Panics
/// When the processor lacks the kernel.
pub fn progression(kernel: Kernel, first: RistrettoPoint, step: RistrettoPoint, count: usize) -> Vec<Encoding> {
    let half = Scalar::from(2_u8).invert();
    let (first, step) = (first * half, step * half);
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => ifma::vector_simd::progression(first, step, count),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::vector_simd::progression(first, step, count),
        _ => portable::progression(first, step, count),
    }
}

/// Half of each scalar: the batch encoding doubles.
fn halves(scalars: &[Scalar]) -> Zeroizing<Vec<Scalar>> {
    let half = Scalar::from(2_u8).invert();
    Zeroizing::new(scalars.iter().map(|scalar| scalar * half).collect())
}

fn runnable(kernel: Kernel) -> Kernel {
    assert!(kernel.is_available(), "the processor has the instructions");
    kernel
}
