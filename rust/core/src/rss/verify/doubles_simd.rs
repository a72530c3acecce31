//! Numbers four at a time where there is no IFMA: products in limbs of 26 bits, and remainders of products in floating point.
//!
//! Elements have 50 bits and doubles 53, so with fused multiplications a product less a multiple of the prime is exact (van der
//! Hoeven, Lecerf, Quintin, ACM Transactions on Mathematical Software 43, 2016, section 3).
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::prime::Prime;
use super::weighted::{BYTE, Table};
use crate::rss::level::Level;

/// Words of a vector.
const WORDS: usize = 4;
/// Bits of a limb.
const LIMB: u32 = 26;
/// 2^52: a number below it in the low bits is that many units above it.
const UNITS: f64 = (1_u64 << 52) as f64;

/// Whether this processor has the instructions.
#[inline]
pub(super) fn is_supported() -> bool {
    Level::found() >= Level::Avx2 && std::arch::is_x86_feature_detected!("fma")
}

/// `Prime::reduce_each_portable`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn reduce_each(field: &Prime, words: &[u64], to: &mut Vec<u64>) {
    let from = to.len();
    to.extend_from_slice(words);
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { reduce_all(Modulus::new(field), &mut to[from..]) }
}

/// The sum of (a + a') (b + b') + (c + c') (d + d') of elements below 2^50, at most 2^11 of each; not reduced.
///
/// # Panics
/// Unless `is_supported` and all columns have one length.
pub(super) fn crossed(left: [&[u64]; 4], right: [&[u64]; 4]) -> u128 {
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
    fn detected(left: [&[u64]; 4], right: [&[u64]; 4], length: usize) -> u128 {
        let ((left, left_rest), (right, right_rest)) = (cut(left, length), cut(right, length));
        let mut sums = Sums::none();
        for at in 0..length / WORDS {
            let joined: [__m256i; 4] = std::array::from_fn(|i| _mm256_add_epi64(load(&left[i][at]), load(&right[i][at])));
            sums.add(joined[0], joined[1]);
            sums.add(joined[2], joined[3]);
        }
        let joined: [__m256i; 4] = std::array::from_fn(|i| _mm256_add_epi64(load_rest(left_rest[i]), load_rest(right_rest[i])));
        sums.add(joined[0], joined[1]);
        sums.add(joined[2], joined[3]);
        sums.total()
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
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
    fn detected(columns: [&[u64]; 4], length: usize) -> u128 {
        let (columns, rest) = cut(columns, length);
        let mut sums = Sums::none();
        for at in 0..length / WORDS {
            let [a, b, c, d] = columns.map(|column| load(&column[at]));
            sums.add(a, b);
            sums.add(c, d);
        }
        let [a, b, c, d] = rest.map(|column| load_rest(column));
        sums.add(a, b);
        sums.add(c, d);
        sums.total()
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
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
    fn detected(field: &Prime, points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
        let modulus = Modulus::new(field);
        let of_limb = |limb: u32| double(_mm256_set1_epi64x(field.reduce(1 << (limb * LIMB)) as i64));
        let (crossed, high) = (of_limb(1), of_limb(2));
        for at in 0..to.len().div_ceil(WORDS) {
            let mut sums = Sums::none();
            for (&point, row) in points.iter().zip(rows) {
                sums.add(_mm256_set1_epi64x(point as i64), load_at(row, at));
            }
            let crossed = modulus.multiply(double(modulus.reduce(sums.crossed)), crossed);
            let high = modulus.multiply(double(modulus.reduce(sums.high)), high);
            let upper = modulus.once(_mm256_add_epi64(crossed, high));
            store_at(to, at, modulus.once(_mm256_add_epi64(modulus.reduce(sums.low), upper)));
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
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
    fn detected(field: &Prime, table: &Table, subsets: &[u64], weights: &mut [u64]) {
        for (weight, subset) in weights.iter_mut().zip(subsets) {
            *weight =
                table.bytes.iter().enumerate().map(|(at, values)| values[usize::from((subset >> (BYTE * at)) as u8)]).sum();
        }
        reduce_all(Modulus::new(field), weights);
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
    #[target_feature(enable = "avx2,fma,bmi1,bmi2")]
    fn detected(field: &Prime, weights: &[u64], words: [&[u64]; 4], to: [&mut [u64]; 4]) {
        let modulus = Modulus::new(field);
        for at in 0..weights.len().div_ceil(WORDS) {
            let weight = double(load_at(weights, at));
            for column in 0..4 {
                let element = modulus.reduce(load_at(words[column], at));
                let element = if column % 2 == 0 { modulus.multiply(double(element), weight) } else { element };
                store_at(to[column], at, element);
            }
        }
    }
    assert!(is_supported());
    assert!(words.iter().all(|column| column.len() == weights.len()) && to.iter().all(|column| column.len() == weights.len()));
    // SAFETY: the features were asked for
    unsafe { detected(field, weights, words, to) }
}

/// Sums of products of numbers below 2^51, at most 2^11 in a lane: of the low limbs, of a low and a high one, of the high ones.
struct Sums {
    low: __m256i,
    crossed: __m256i,
    high: __m256i,
}

impl Sums {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn none() -> Self {
        Self { low: _mm256_setzero_si256(), crossed: _mm256_setzero_si256(), high: _mm256_setzero_si256() }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn add(&mut self, left: __m256i, right: __m256i) {
        let limb = _mm256_set1_epi64x((1 << LIMB) - 1);
        let (left_low, left_high) = (_mm256_and_si256(left, limb), _mm256_srli_epi64::<{ LIMB as i32 }>(left));
        let (right_low, right_high) = (_mm256_and_si256(right, limb), _mm256_srli_epi64::<{ LIMB as i32 }>(right));
        // a product has 52 bits at the most, two crossed ones have so together
        self.low = _mm256_add_epi64(self.low, _mm256_mul_epu32(left_low, right_low));
        self.crossed = _mm256_add_epi64(self.crossed, _mm256_mul_epu32(left_low, right_high));
        self.crossed = _mm256_add_epi64(self.crossed, _mm256_mul_epu32(left_high, right_low));
        self.high = _mm256_add_epi64(self.high, _mm256_mul_epu32(left_high, right_high));
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn total(self) -> u128 {
        let sum = |lanes: __m256i| {
            let mut words = [0; WORDS];
            store(&mut words, lanes);
            words.into_iter().map(u128::from).sum::<u128>()
        };
        sum(self.low) + (sum(self.crossed) << LIMB) + (sum(self.high) << (2 * LIMB))
    }
}

/// A field's numbers in all lanes.
#[derive(Clone, Copy)]
struct Modulus {
    modulus: __m256i,
    /// Its bits from 32 on.
    upper: __m256i,
    /// floor(2^64 / modulus)
    short_inverse: __m256i,
    modulus_double: __m256d,
    /// 1 / modulus, within 2^-53 of it.
    inverse: __m256d,
}

impl Modulus {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn new(field: &Prime) -> Self {
        Self {
            modulus: _mm256_set1_epi64x(field.modulus as i64),
            upper: _mm256_set1_epi64x((field.modulus >> 32) as i64),
            short_inverse: _mm256_set1_epi64x(field.short_inverse as i64),
            modulus_double: _mm256_set1_pd(field.modulus as f64),
            inverse: _mm256_set1_pd(1.0 / field.modulus as f64),
        }
    }

    /// Of numbers below twice the modulus.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn once(self, words: __m256i) -> __m256i {
        let less = _mm256_sub_epi64(words, self.modulus);
        choose(less, words)
    }

    /// `Prime::reduce`.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn reduce(self, words: __m256i) -> __m256i {
        let quotient = _mm256_srli_epi64::<16>(_mm256_mul_epu32(_mm256_srli_epi64::<48>(words), self.short_inverse));
        let upper = _mm256_slli_epi64::<32>(_mm256_mul_epu32(quotient, self.upper));
        let rest = _mm256_sub_epi64(_mm256_sub_epi64(words, _mm256_mul_epu32(quotient, self.modulus)), upper);
        self.once(self.once(rest))
    }

    /// The product of elements.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn multiply(self, left: __m256d, right: __m256d) -> __m256i {
        const SIGNED: f64 = UNITS + UNITS / 2.0;
        let near = _mm256_mul_pd(left, right);
        let left_out = _mm256_fmsub_pd(left, right, near);
        // the quotient is below 2^50 and 1/4 wrong before it is rounded, so that less than 3/4 of the modulus is left; 2^46 more
        // were left out, and all are integers
        let quotient = _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(_mm256_mul_pd(near, self.inverse));
        let rest = _mm256_add_pd(_mm256_fnmadd_pd(quotient, self.modulus_double, near), left_out);
        let units = _mm256_castpd_si256(_mm256_add_pd(rest, _mm256_set1_pd(SIGNED)));
        let rest = _mm256_sub_epi64(units, _mm256_set1_epi64x(SIGNED.to_bits() as i64));
        choose(rest, _mm256_add_epi64(rest, self.modulus))
    }
}

/// `words` where they are not below zero, and `others` elsewhere.
#[target_feature(enable = "avx2")]
#[inline]
fn choose(words: __m256i, others: __m256i) -> __m256i {
    let double = |words| _mm256_castsi256_pd(words);
    _mm256_castpd_si256(_mm256_blendv_pd(double(words), double(others), double(words)))
}

/// Numbers below 2^52.
#[target_feature(enable = "avx2")]
#[inline]
fn double(words: __m256i) -> __m256d {
    let units = _mm256_or_si256(words, _mm256_set1_epi64x(UNITS.to_bits() as i64));
    _mm256_sub_pd(_mm256_castsi256_pd(units), _mm256_set1_pd(UNITS))
}

#[target_feature(enable = "avx2")]
#[inline]
fn reduce_all(modulus: Modulus, words: &mut [u64]) {
    for at in 0..words.len().div_ceil(WORDS) {
        let reduced = modulus.reduce(load_at(words, at));
        store_at(words, at, reduced);
    }
}

/// Columns as vectors, and the words that fill none.
#[inline(always)]
fn cut(columns: [&[u64]; 4], length: usize) -> ([&[[u64; WORDS]]; 4], [&[u64]; 4]) {
    let cut = columns.map(|column| column[..length].as_chunks::<WORDS>());
    (cut.map(|(whole, _)| &whole[..length / WORDS]), cut.map(|(_, rest)| rest))
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(words: &[u64; WORDS]) -> __m256i {
    // SAFETY: four words are as long as a vector, and the load needs no alignment
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// Fewer words, and zeros behind them.
#[target_feature(enable = "avx2")]
#[inline]
fn load_rest(words: &[u64]) -> __m256i {
    let mut whole = [0; WORDS];
    whole[..words.len()].copy_from_slice(words);
    load(&whole)
}

/// Four words, of the last ones as many as there are and zeros behind them.
#[target_feature(enable = "avx2")]
#[inline]
fn load_at(words: &[u64], vector: usize) -> __m256i {
    let (whole, rest) = words.as_chunks();
    match whole.get(vector) {
        Some(words) => load(words),
        None => load_rest(rest),
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(to: &mut [u64; WORDS], words: __m256i) {
    // SAFETY: four words are as long as a vector, and the store needs no alignment
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), words) }
}

/// What `load_at` reads.
#[target_feature(enable = "avx2")]
#[inline]
fn store_at(to: &mut [u64], vector: usize, words: __m256i) {
    let (whole, rest) = to.as_chunks_mut();
    match whole.get_mut(vector) {
        Some(to) => store(to, words),
        None => {
            let mut last = [0; WORDS];
            store(&mut last, words);
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}
