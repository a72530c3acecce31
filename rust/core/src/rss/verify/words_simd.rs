//! Numbers eight at a time: the portable loops compiled for AVX-512, and products of 52 bits (IFMA) modulo a prime of 50.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::prime::Prime;
use super::weighted::{DIGIT, Table};
use crate::rss::lanes::LANE_WORDS;

/// Bits of what IFMA multiplies.
const LIMB: u32 = 52;

/// Whether this processor has the instructions.
pub(super) fn is_supported() -> bool {
    use std::arch::is_x86_feature_detected as detected;
    detected!("avx512f") && detected!("avx512bw") && detected!("avx512dq") && detected!("avx512vl") && detected!("avx512ifma")
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
    fn detected(left: [&[u64]; 4], right: [&[u64]; 4], length: usize) -> u128 {
        let zero = _mm512_setzero_si512();
        let (mut low, mut high) = ([zero; 2], [zero; 2]);
        let (left, right) = (left.map(|column| &column[..length]), right.map(|column| &column[..length]));
        for at in 0..length.div_ceil(LANE_WORDS) {
            let joined: [__m512i; 4] = std::array::from_fn(|i| _mm512_add_epi64(load(left[i], at), load(right[i], at)));
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
    unsafe { detected(left, right, left[0].len()) }
}

/// The sum of a b + c d of elements below 2^50, at most 2^11 of each; not reduced.
///
/// # Panics
/// Unless `is_supported` and all columns have one length.
pub(super) fn products(columns: [&[u64]; 4]) -> u128 {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    fn detected(columns: [&[u64]; 4], length: usize) -> u128 {
        let zero = _mm512_setzero_si512();
        let (mut low, mut high) = ([zero; 2], [zero; 2]);
        let columns = columns.map(|column| &column[..length]);
        for at in 0..length.div_ceil(LANE_WORDS) {
            let elements = columns.map(|column| load(column, at));
            for half in 0..2 {
                low[half] = _mm512_madd52lo_epu64(low[half], elements[2 * half], elements[2 * half + 1]);
                high[half] = _mm512_madd52hi_epu64(high[half], elements[2 * half], elements[2 * half + 1]);
            }
        }
        total(_mm512_add_epi64(low[0], low[1]), _mm512_add_epi64(high[0], high[1]))
    }
    assert!(is_supported());
    assert!(columns.iter().all(|column| column.len() == columns[0].len() && column.len() <= 1 << 11));
    // SAFETY: the features were asked for
    unsafe { detected(columns, columns[0].len()) }
}

/// The sums of `points[l] * rows[l]` of elements below 2^50, at most 2^11 of them, modulo the prime.
///
/// # Panics
/// Unless `is_supported` and all rows have the length of the result.
pub(super) fn combine(field: &Prime, points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    fn detected(field: &Prime, points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
        let modulus = Modulus::new(field);
        let limb = _mm512_set1_epi64(field.reduce(1 << LIMB) as i64);
        for at in 0..to.len().div_ceil(LANE_WORDS) {
            let (mut low, mut high) = (_mm512_setzero_si512(), _mm512_setzero_si512());
            for (&point, row) in points.iter().zip(rows) {
                let (point, elements) = (_mm512_set1_epi64(point as i64), load(row, at));
                low = _mm512_madd52lo_epu64(low, point, elements);
                high = _mm512_madd52hi_epu64(high, point, elements);
            }
            let high = modulus.multiply(modulus.reduce(high), limb);
            store(to, at, modulus.once(_mm512_add_epi64(modulus.reduce(low), high)));
        }
    }
    assert!(is_supported());
    assert!(points.len() <= 1 << 11 && rows.iter().all(|row| row.len() == to.len()), "rows of one length");
    // SAFETY: the features were asked for
    unsafe { detected(field, points, rows, to) }
}

/// `Prime::look_up_portable`.
///
/// # Panics
/// Unless `is_supported` and there are as many weights as masks.
pub(super) fn look_up(field: &Prime, table: &Table, subsets: &[u64], weights: &mut [u64]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    fn detected(field: &Prime, table: &Table, subsets: &[u64], weights: &mut [u64]) {
        let modulus = Modulus::new(field);
        for at in 0..weights.len().div_ceil(LANE_WORDS) {
            let (mut masks, mut sum) = (load(subsets, at), _mm512_setzero_si512());
            for values in &table.digits {
                // of an index no more than four bits count
                sum = _mm512_add_epi64(sum, _mm512_permutex2var_epi64(load(values, 0), masks, load(values, 1)));
                masks = _mm512_srli_epi64::<{ DIGIT as u32 }>(masks);
            }
            store(weights, at, modulus.reduce(sum));
        }
    }
    assert!(is_supported());
    assert_eq!(subsets.len(), weights.len(), "a weight a mask");
    // SAFETY: the features were asked for
    unsafe { detected(field, table, subsets, weights) }
}

/// `Prime::weigh_portable`.
///
/// # Panics
/// Unless `is_supported` and all have one length.
pub(super) fn weigh(field: &Prime, weights: &[u64], words: [&[u64]; 4], to: [&mut [u64]; 4]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    fn detected(field: &Prime, weights: &[u64], words: [&[u64]; 4], to: [&mut [u64]; 4]) {
        let modulus = Modulus::new(field);
        let count = weights.len();
        let (words, to) = (words.map(|words| &words[..count]), to.map(|to| &mut to[..count]));
        for at in 0..count.div_ceil(LANE_WORDS) {
            let weight = load(weights, at);
            for column in 0..4 {
                let element = modulus.reduce(load(words[column], at));
                let element = if column % 2 == 0 { modulus.multiply(element, weight) } else { element };
                store(to[column], at, element);
                prefetch(words[column], at);
            }
        }
    }
    assert!(is_supported());
    assert!(words.iter().all(|column| column.len() == weights.len()) && to.iter().all(|column| column.len() == weights.len()));
    // SAFETY: the features were asked for
    unsafe { detected(field, weights, words, to) }
}

/// Has words read that will be asked for next: rows lie too far apart for the processor to see a pattern.
#[inline]
fn prefetch(words: &[u64], vector: usize) {
    let ahead = words.as_ptr().wrapping_add(words.len() + vector * LANE_WORDS);
    // SAFETY: any address may be given, and SSE is there
    unsafe { _mm_prefetch::<_MM_HINT_T1>(ahead.cast()) };
}

/// A field's numbers in all lanes.
#[derive(Clone, Copy)]
struct Modulus {
    modulus: __m512i,
    /// 2^52 less the modulus.
    complement: __m512i,
    /// floor(2^100 / modulus)
    inverse: __m512i,
    /// floor(2^64 / modulus)
    short_inverse: __m512i,
    /// The low limb.
    limb: __m512i,
}

impl Modulus {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn new(field: &Prime) -> Self {
        let all = |word: u64| _mm512_set1_epi64(word as i64);
        Self {
            modulus: all(field.modulus),
            complement: all((1 << LIMB) - field.modulus),
            inverse: all(field.inverse >> 2),
            short_inverse: all(field.short_inverse),
            limb: all((1 << LIMB) - 1),
        }
    }

    /// Of numbers below twice the modulus.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    #[inline]
    fn once(self, words: __m512i) -> __m512i {
        // what is below zero is large without a sign
        _mm512_min_epu64(words, _mm512_sub_epi64(words, self.modulus))
    }

    /// `words` less `quotient` times the modulus, which leaves less than three times the modulus; of `words` the low limb counts.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    #[inline]
    fn rest(self, words: __m512i, quotient: __m512i) -> __m512i {
        let rest = _mm512_and_si512(_mm512_madd52lo_epu64(words, quotient, self.complement), self.limb);
        self.once(self.once(rest))
    }

    /// `Prime::reduce`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    #[inline]
    fn reduce(self, words: __m512i) -> __m512i {
        let quotient = _mm512_srli_epi64::<16>(_mm512_mul_epu32(_mm512_srli_epi64::<48>(words), self.short_inverse));
        self.rest(words, quotient)
    }

    /// The product of elements (Barrett): the quotient of its bits from 48 on, and of 2^100, is at most two too small.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
    #[inline]
    fn multiply(self, left: __m512i, right: __m512i) -> __m512i {
        let zero = _mm512_setzero_si512();
        let (low, high) = (_mm512_madd52lo_epu64(zero, left, right), _mm512_madd52hi_epu64(zero, left, right));
        let upper = _mm512_or_si512(_mm512_slli_epi64::<4>(high), _mm512_srli_epi64::<48>(low));
        self.rest(low, _mm512_madd52hi_epu64(zero, upper, self.inverse))
    }
}

/// Of lanes with 52 bits of each of at most 2^12 products.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
#[inline]
fn total(low: __m512i, high: __m512i) -> u128 {
    let sum = |lanes: __m512i| u128::from(_mm512_reduce_add_epi64(lanes) as u64);
    sum(low) + (sum(high) << LIMB)
}

/// Eight words, of the last ones as many as there are and zeros behind them.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
#[inline]
fn load(words: &[u64], vector: usize) -> __m512i {
    let (whole, rest) = words.as_chunks::<LANE_WORDS>();
    match whole.get(vector) {
        // SAFETY: eight words are as long as a vector, and the load needs no alignment
        Some(words) => unsafe { _mm512_loadu_si512(words.as_ptr().cast()) },
        // SAFETY: only words of the slice are read
        None => unsafe { _mm512_maskz_loadu_epi64((1_u8 << rest.len()) - 1, rest.as_ptr().cast()) },
    }
}

/// What `load` reads.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
#[inline]
fn store(to: &mut [u64], vector: usize, words: __m512i) {
    let (whole, rest) = to.as_chunks_mut::<LANE_WORDS>();
    match whole.get_mut(vector) {
        // SAFETY: eight words are as long as a vector, and the store needs no alignment
        Some(to) => unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), words) },
        // SAFETY: only words of the slice are written
        None => unsafe { _mm512_mask_storeu_epi64(rest.as_mut_ptr().cast(), (1_u8 << rest.len()) - 1, words) },
    }
}
