//! Bulk arithmetic in ristretto255, eight elements at a time where the processor has AVX-512 IFMA.
//!
//! This is the layer for protocols that have many elements and one secret: oblivious functions, intersections, retrieval,
//! ballots. Lists are packed encodings, 32 bytes an element; work on one thread, and `crate::psi` shows how to spread it.
//!
//! * [`multiply`]: encodings, checked, times one secret, encoded.
//! * [`hash_multiply`]: messages hashed to the group (RFC 9380 appendix B), times one secret, encoded.
//!
//! Which [`Kernel`] runs is asked of the processor once ([`Kernel::best`]); both give the same bytes, and a test says so. The
//! portable one is curve25519-dalek, which picks its own AVX2 or portable code.
//!
//! **Time.** Neither branches nor addresses depend on the secret or on coordinates. In the vector kernel the secret's digits
//! are the same in all lanes and choose by masks from a table that is read whole (`digits`, `point_simd`); whether an encoding
//! is good is public, it is what the error says. Digits are wiped after use.
//!
//! **Cost** of the vector kernel for eight elements, in 512-bit instructions on the two ports that do them, counted in the
//! binary: 252 doublings of about 580, 63 additions of about 900, a square root of 19,000 to decode, a few thousand for table
//! and encoding; 233,000 altogether. At two a cycle that is 14,600 cycles an element, which this code cannot pass. Measured:
//! 14,100 for the multiplication, 1,500 to decode, 300 to encode; hashing to the group takes 3,000, SHA-512 for it 800.

mod constants;
mod digits;
#[cfg(target_arch = "x86_64")]
mod field_simd;
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

pub(crate) use self::portable::encode_doubled;
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

fn available(kernel: Kernel) -> Kernel {
    assert!(kernel.is_available(), "the processor has the instructions");
    kernel
}
