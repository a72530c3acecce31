//! Bulk arithmetic in ristretto255, eight elements at a time where the processor has AVX-512 IFMA.
//!
//! This is the layer for protocols that have many elements and one secret: oblivious functions, intersections, retrieval,
//! ballots. Lists are packed encodings, 32 bytes an element; work on one thread, and `crate::psi` shows how to spread it.
//!
//! * [`multiply`]: encodings, checked, times one secret, encoded.
//! * [`hash_multiply`]: messages hashed to the group (RFC 9380 appendix B), times one secret, encoded.
//! * [`multiply_each`], [`hash_multiply_each`]: the same with a secret of its own for each.
//! * [`multiply_base_each`]: the generator times each of many secrets, encoded.
//!
//! [`x25519`] does the like with the u-coordinates of Curve25519, faster and for less: Diffie-Hellman alone. [`oblivious`] is an
//! oblivious function on the same curve, whose client multiplies fixed points only.
//!
//! Which [`Kernel`] runs is asked of the processor once ([`Kernel::best`]); both give the same bytes, and a test says so. The
//! portable one is curve25519-dalek, which picks its own AVX2 or portable code.
//!
//! **Time.** Neither branches nor addresses depend on the secret or on coordinates. In the vector kernel the secrets' digits
//! choose by masks, a bit a lane, from a table that is read whole (`digits`, `point_simd`); whether an encoding
//! is good is public, it is what the error says. Digits are wiped after use.
//!
//! **Cost** of the vector kernel for eight elements, in 512-bit instructions on the two ports that do them, counted in the
//! binary: 252 doublings of about 580, 63 additions of about 900, a square root of 19,000 to decode, a few thousand for table
//! and encoding; 233,000 altogether. At two a cycle that is 14,600 cycles an element, which this code cannot pass. Measured:
//! 14,100 for the multiplication, 1,500 to decode, 300 to encode; hashing to the group takes 3,000, SHA-512 for it 800.

mod constants;
mod digits;
#[cfg(target_arch = "x86_64")]
mod elligator_simd;
#[cfg(target_arch = "x86_64")]
mod field_simd;
#[cfg(target_arch = "x86_64")]
mod fixed_base_simd;
#[cfg(target_arch = "x86_64")]
mod montgomery_simd;
pub mod oblivious;
#[cfg(target_arch = "x86_64")]
mod oblivious_simd;
#[cfg(target_arch = "x86_64")]
mod point_simd;
mod portable;
#[cfg(target_arch = "x86_64")]
mod ristretto_simd;
#[cfg(target_arch = "x86_64")]
mod roots_simd;
#[cfg(target_arch = "x86_64")]
mod sha512_simd;
#[cfg(target_arch = "x86_64")]
mod vector_simd;
pub mod x25519;
#[cfg(target_arch = "x86_64")]
mod x25519_simd;

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_COMPRESSED;
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
    /// curve25519-dalek.
    Portable,
}

impl Kernel {
    /// The fastest that this processor can run.
    pub fn best() -> Self {
        if Self::Ifma.is_available() { Self::Ifma } else { Self::Portable }
    }

    /// Whether this processor can run it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Ifma => false,
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
    match available(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => vector_simd::multiply(encodings, secret),
        _ => portable::multiply(encodings, secret),
    }
}

/// Each of the messages hashed to the group under `dst` and multiplied by `secret`.
///
/// # Panics
/// When `dst` is empty, or the processor lacks the kernel.
pub fn hash_multiply<M: AsRef<[u8]>>(kernel: Kernel, messages: &[M], secret: &SecretScalar, dst: &[u8]) -> Vec<Encoding> {
    match available(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => vector_simd::hash_multiply(messages, secret, dst),
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
    match available(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => vector_simd::multiply_each(encodings, &halves),
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
    match available(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => vector_simd::hash_multiply_each(messages, &halves, dst),
        _ => portable::hash_multiply_each(messages, &halves, dst),
    }
}

/// The generator times each of the scalars.
///
/// # Panics
/// When the processor lacks the kernel.
pub fn multiply_base_each(kernel: Kernel, scalars: &[Scalar]) -> Vec<Encoding> {
    let halves = halves(scalars);
    match available(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => {
            let generator = RISTRETTO_BASEPOINT_COMPRESSED.to_bytes();
            vector_simd::multiply_each(&vec![generator; scalars.len()], &halves).expect("the generator is an element")
        }
        _ => portable::multiply_base_each(&halves),
    }
}

/// Half of each scalar: the batch encoding doubles.
fn halves(scalars: &[Scalar]) -> Zeroizing<Vec<Scalar>> {
    let half = Scalar::from(2_u8).invert();
    Zeroizing::new(scalars.iter().map(|scalar| scalar * half).collect())
}

fn available(kernel: Kernel) -> Kernel {
    assert!(kernel.is_available(), "the processor has the instructions");
    kernel
}
