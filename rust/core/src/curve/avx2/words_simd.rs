//! Words of 64 bits, one in each lane of AVX2.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::vectorised;

/// Four lanes of 64 bits.
pub type Lanes = __m256i;
/// How many they are.
pub const LANES: usize = 4;

/// The four numbers as lanes.
#[inline]
#[vectorised]
pub fn lanes(numbers: &[u64; LANES]) -> Lanes {
    // SAFETY: 32 readable bytes; the instruction needs no alignment.
    unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) }
}

/// The lanes as four numbers.
#[inline]
#[vectorised]
pub fn numbers(lanes: Lanes) -> [u64; LANES] {
    let mut numbers = [0; LANES];
    // SAFETY: 32 writable bytes; the instruction needs no alignment.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), lanes) };
    numbers
}

/// The word in all lanes.
#[inline]
#[vectorised]
pub fn splat(word: u64) -> Lanes {
    _mm256_set1_epi64x(word as i64)
}

/// The sums.
#[inline]
#[vectorised]
pub fn plus(a: Lanes, b: Lanes) -> Lanes {
    _mm256_add_epi64(a, b)
}

/// The differences.
#[inline]
#[vectorised]
pub fn minus(a: Lanes, b: Lanes) -> Lanes {
    _mm256_sub_epi64(a, b)
}

/// Rotated to the right.
#[inline]
#[vectorised]
pub fn rotated<const BITS: i32>(a: Lanes) -> Lanes {
    _mm256_or_si256(_mm256_srli_epi64::<BITS>(a), _mm256_sll_epi64(a, _mm_cvtsi32_si128(64 - BITS)))
}

/// Shifted to the right.
#[inline]
#[vectorised]
pub fn shifted<const BITS: i32>(a: Lanes) -> Lanes {
    _mm256_srli_epi64::<BITS>(a)
}

/// `a ^ b ^ c`.
#[inline]
#[vectorised]
pub fn xor3(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

/// `(a & b) ^ (!a & c)`.
#[inline]
#[vectorised]
pub fn choose(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
    _mm256_xor_si256(_mm256_and_si256(a, _mm256_xor_si256(b, c)), c)
}

/// `(a & b) ^ (a & c) ^ (b & c)`.
#[inline]
#[vectorised]
pub fn majority(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
    _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)))
}
