//! Words of 64 bits, one in each lane of AVX-512.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::vectorised;

/// Eight lanes of 64 bits.
pub type Lanes = __m512i;
/// How many they are.
pub const LANES: usize = 8;

/// `a ^ b ^ c` as a truth table.
const XOR: i32 = 0x96;
/// `(a & b) ^ (!a & c)`.
const CHOOSE: i32 = 0xca;
/// `(a & b) ^ (a & c) ^ (b & c)`.
const MAJORITY: i32 = 0xe8;

/// The eight numbers as lanes.
#[inline]
#[vectorised]
pub fn lanes(numbers: &[u64; LANES]) -> Lanes {
    // SAFETY: 64 readable bytes; the instruction needs no alignment.
    unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
}

/// The lanes as eight numbers.
#[inline]
#[vectorised]
pub fn numbers(lanes: Lanes) -> [u64; LANES] {
    let mut numbers = [0; 8];
    // SAFETY: 64 writable bytes; the instruction needs no alignment.
    unsafe { _mm512_storeu_si512(numbers.as_mut_ptr().cast(), lanes) };
    numbers
}

/// The word in all lanes.
#[inline]
#[vectorised]
pub fn splat(word: u64) -> Lanes {
    _mm512_set1_epi64(word as i64)
}

/// The sums.
#[inline]
#[vectorised]
pub fn plus(a: Lanes, b: Lanes) -> Lanes {
    _mm512_add_epi64(a, b)
}

/// The differences.
#[inline]
#[vectorised]
pub fn minus(a: Lanes, b: Lanes) -> Lanes {
    _mm512_sub_epi64(a, b)
}

/// Rotated to the right.
#[inline]
#[vectorised]
pub fn rotated<const BITS: i32>(a: Lanes) -> Lanes {
    _mm512_ror_epi64::<BITS>(a)
}

/// Shifted to the right.
#[inline]
#[vectorised]
pub fn shifted<const BITS: u32>(a: Lanes) -> Lanes {
    _mm512_srli_epi64::<BITS>(a)
}

/// `a ^ b ^ c`.
#[inline]
#[vectorised]
pub fn xor3(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
    _mm512_ternarylogic_epi64::<XOR>(a, b, c)
}

/// `(a & b) ^ (!a & c)`.
#[inline]
#[vectorised]
pub fn choose(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
    _mm512_ternarylogic_epi64::<CHOOSE>(a, b, c)
}

/// `(a & b) ^ (a & c) ^ (b & c)`.
#[inline]
#[vectorised]
pub fn majority(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
    _mm512_ternarylogic_epi64::<MAJORITY>(a, b, c)
}
