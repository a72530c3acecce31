//! Numbers eight at a time: the portable loops compiled for AVX-512, and products of 52 bits (IFMA) modulo a prime of 50.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::numbers::{self, Notes, SubsetSums};
use super::prime::Prime;

/// Bits of what IFMA multiplies.
const LIMB: u32 = 52;

/// Whether this processor has the instructions.
pub(super) fn is_supported() -> bool {
    use std::arch::is_x86_feature_detected as detected;
    detected!("avx512f") && detected!("avx512bw") && detected!("avx512dq") && detected!("avx512vl") && detected!("avx512ifma")
}

/// `numbers::add_notes_portable`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn add_notes(sums: &mut [SubsetSums], notes: &[Notes], subsets: &[u64]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn detected(sums: &mut [SubsetSums], notes: &[Notes], subsets: &[u64]) {
        numbers::add_notes_portable(sums, notes, subsets);
    }
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { detected(sums, notes, subsets) }
}

/// `Prime::reduce_each_portable`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn reduce_each(field: &Prime, words: &[u64], to: &mut Vec<u64>) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn detected(field: &Prime, words: &[u64], to: &mut Vec<u64>) {
        field.reduce_each_portable(words, to);
    }
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { detected(field, words, to) }
}

/// The sum of (a + a') (b + b') + (c + c') (d + d') of elements below 2^50, at most 2^11 of each; not reduced.
///
/// # Panics
/// Unless `is_supported` and all columns have one length.
pub(super) fn crossed(left: [&[u64]; 4], right: [&[u64]; 4]) -> u128 {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    fn detected(left: [&[u64]; 4], right: [&[u64]; 4]) -> u128 {
        let zero = _mm512_setzero_si512();
        let (mut low, mut high) = ([zero; 2], [zero; 2]);
        for at in (0..left[0].len()).step_by(8) {
            let joined: [__m512i; 4] = std::array::from_fn(|i| _mm512_add_epi64(load(&left[i][at..]), load(&right[i][at..])));
            for half in 0..2 {
                low[half] = _mm512_madd52lo_epu64(low[half], joined[2 * half], joined[2 * half + 1]);
                high[half] = _mm512_madd52hi_epu64(high[half], joined[2 * half], joined[2 * half + 1]);
            }
        }
        total(_mm512_add_epi64(low[0], low[1]), _mm512_add_epi64(high[0], high[1]))
    }
    assert!(is_supported());
    assert!(left.iter().chain(&right).all(|column| column.len() == left[0].len() && column.len() <= 1 << 11));
    // SAFETY: the features were asked for
    unsafe { detected(left, right) }
}

/// The sums of `points[l] * rows[l]` of elements below 2^50, at most 2^11 of them, modulo the prime.
///
/// # Panics
/// Unless `is_supported` and all rows have the length of the result.
pub(super) fn combine(field: &Prime, points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    fn detected(field: &Prime, points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
        for (at, to) in to.chunks_mut(8).enumerate() {
            let (mut low, mut high) = (_mm512_setzero_si512(), _mm512_setzero_si512());
            for (&point, row) in points.iter().zip(rows) {
                let (point, elements) = (_mm512_set1_epi64(point as i64), load(&row[8 * at..]));
                low = _mm512_madd52lo_epu64(low, point, elements);
                high = _mm512_madd52hi_epu64(high, point, elements);
            }
            let (low, high) = (words(low), words(high));
            for ((to, low), high) in to.iter_mut().zip(low).zip(high) {
                *to = field.reduce_wide(u128::from(low) + (u128::from(high) << LIMB));
            }
        }
    }
    assert!(is_supported());
    assert!(points.len() <= 1 << 11 && rows.iter().all(|row| row.len() == to.len()), "rows of one length");
    // SAFETY: the features were asked for
    unsafe { detected(field, points, rows, to) }
}

/// Of lanes with 52 bits of each product.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
#[inline]
fn total(low: __m512i, high: __m512i) -> u128 {
    let sum = |lanes: __m512i| words(lanes).iter().map(|&word| u128::from(word)).sum::<u128>();
    sum(low) + (sum(high) << LIMB)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
#[inline]
fn words(lanes: __m512i) -> [u64; 8] {
    let mut words = [0_u64; 8];
    // SAFETY: as many words as a vector has
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), lanes) };
    words
}

/// The first eight words, or all with zeros behind them.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
#[inline]
fn load(words: &[u64]) -> __m512i {
    let mask = if words.len() >= 8 { 0xff } else { (1_u8 << words.len()) - 1 };
    // SAFETY: only words of the slice are read
    unsafe { _mm512_maskz_loadu_epi64(mask, words.as_ptr().cast()) }
}
