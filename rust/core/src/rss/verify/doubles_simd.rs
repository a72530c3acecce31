//! Numbers four at a time where there is no IFMA: products and their remainders in floating point.
//!
//! Elements have 50 bits and doubles 53, so with fused multiplications a product less a multiple of the prime is exact (van der
//! Hoeven, Lecerf, Quintin, ACM Transactions on Mathematical Software 43, 2016, section 3). And a product added to 2^103 leaves
//! what is above its bit 51 in the mantissa, and another fused multiplication gives what was rounded away.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::prime::Prime;
use super::weighted::Table;
use crate::rss::level::Level;

/// Words of a vector.
const WORDS: usize = 4;
/// Elements that are combined together: their sums stay in registers.
const STRIP: usize = 16;
/// Bits of the lower half of a product.
const HALF: u32 = 51;
/// 2^52: a number below it in the low bits is that many units above it.
const UNITS: f64 = (1_u64 << 52) as f64;
/// The middle of the doubles whose last bit is a unit: a number of either sign added to it moves the last bits by so much.
const SIGNED: f64 = UNITS + UNITS / 2.0;
/// 2^103: the last bit of doubles from here to 2^104 is 2^51.
const HALVES: f64 = (1_u128 << (HALF + 52)) as f64;

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
        let mut sums = Sums::of(2 * length.div_ceil(WORDS));
        for at in 0..length / WORDS {
            let joined: [__m256i; 4] = std::array::from_fn(|i| _mm256_add_epi64(load(&left[i][at]), load(&right[i][at])));
            sums.add(double(joined[0]), double(joined[1]));
            sums.add(double(joined[2]), double(joined[3]));
        }
        if !left_rest[0].is_empty() {
            let joined: [__m256i; 4] =
                std::array::from_fn(|i| _mm256_add_epi64(load_rest(left_rest[i]), load_rest(right_rest[i])));
            sums.add(double(joined[0]), double(joined[1]));
            sums.add(double(joined[2]), double(joined[3]));
        }
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
        let mut sums = Sums::of(2 * length.div_ceil(WORDS));
        for at in 0..length / WORDS {
            let [a, b, c, d] = columns.map(|column| load(&column[at]));
            sums.add(double(a), double(b));
            sums.add(double(c), double(d));
        }
        if !rest[0].is_empty() {
            let [a, b, c, d] = rest.map(|column| load_rest(column));
            sums.add(double(a), double(b));
            sums.add(double(c), double(d));
        }
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
        let half = double(_mm256_set1_epi64x(field.reduce(1 << HALF) as i64));
        let (strips, rest) = to.as_chunks_mut::<STRIP>();
        let from = strips.len() * STRIP;
        for (at, to) in strips.iter_mut().enumerate() {
            let mut sums = [Sums::of(points.len()); STRIP / WORDS];
            for (&point, row) in points.iter().zip(rows) {
                let point = double(_mm256_set1_epi64x(point as i64));
                let (words, _) = row[at * STRIP..(at + 1) * STRIP].as_chunks();
                for (sums, words) in sums.iter_mut().zip(words) {
                    sums.add(point, double(load(words)));
                }
            }
            for (to, sums) in to.as_chunks_mut().0.iter_mut().zip(sums) {
                store(to, modulus.reduce_sums(sums, half));
            }
        }
        for at in 0..rest.len().div_ceil(WORDS) {
            let mut sums = Sums::of(points.len());
            for (&point, row) in points.iter().zip(rows) {
                sums.add(double(_mm256_set1_epi64x(point as i64)), double(load_at(&row[from..], at)));
            }
            store_at(rest, at, modulus.reduce_sums(sums, half));
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
        let subsets: &[[u8; size_of::<u64>()]] = bytemuck::cast_slice(subsets);
        for (weight, subset) in weights.iter_mut().zip(subsets) {
            *weight = table.bytes.iter().zip(subset).map(|(values, &byte)| values[usize::from(byte)]).sum();
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
    fn detected(field: &Prime, weights: &[u64], words: [&[u64]; 4], to: [&mut [u64]; 4], length: usize) {
        let modulus = Modulus::new(field);
        let ([weights, a, b, c, d], rest) = cut([weights, words[0], words[1], words[2], words[3]], length);
        let ([to_a, to_b, to_c, to_d], to_rest) = cut_mut(to, length);
        for at in 0..length / WORDS {
            let weighed = modulus.weigh(load(&weights[at]), [load(&a[at]), load(&b[at]), load(&c[at]), load(&d[at])]);
            store(&mut to_a[at], weighed[0]);
            store(&mut to_b[at], weighed[1]);
            store(&mut to_c[at], weighed[2]);
            store(&mut to_d[at], weighed[3]);
        }
        if !rest[0].is_empty() {
            let [weight, a, b, c, d] = rest.map(|column| load_rest(column));
            for (to, weighed) in to_rest.into_iter().zip(modulus.weigh(weight, [a, b, c, d])) {
                store_rest(to, weighed);
            }
        }
    }
    assert!(is_supported());
    assert!(words.iter().all(|column| column.len() == weights.len()) && to.iter().all(|column| column.len() == weights.len()));
    // SAFETY: the features were asked for
    unsafe { detected(field, weights, words, to, weights.len()) }
}

/// Sums of products of numbers of at most 51 bits, at most 2^11 in a lane.
#[derive(Clone, Copy)]
struct Sums {
    /// In units of 2^51; what is left of each product, of either sign.
    high: __m256i,
    low: __m256i,
}

impl Sums {
    /// Of so many products in a lane, to be added: what comes with each of them is taken off at once.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn of(products: usize) -> Self {
        let less = |bits: u64| _mm256_set1_epi64x(bits.wrapping_mul(products as u64).wrapping_neg() as i64);
        Self { high: less(HALVES.to_bits()), low: less(SIGNED.to_bits()) }
    }

    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn add(&mut self, left: __m256d, right: __m256d) {
        let high = _mm256_fmadd_pd(left, right, _mm256_set1_pd(HALVES));
        // both differences are exact: multiples of 2^51 below 2^103, and units between 2^52 and 2^53
        let low = _mm256_fmadd_pd(left, right, _mm256_sub_pd(_mm256_set1_pd(HALVES + SIGNED), high));
        self.high = _mm256_add_epi64(self.high, _mm256_castpd_si256(high));
        self.low = _mm256_add_epi64(self.low, _mm256_castpd_si256(low));
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn total(self) -> u128 {
        let sum = |lanes: __m256i| {
            let mut words = [0; WORDS];
            store(&mut words, lanes);
            words.into_iter().map(|word| i128::from(word as i64)).sum::<i128>()
        };
        ((sum(self.high) << HALF) + sum(self.low)) as u128
    }
}

/// A field's numbers in all lanes.
#[derive(Clone, Copy)]
struct Modulus {
    modulus: __m256i,
    /// Its bits from 32 on.
    upper: __m256i,
    /// floor(2^81 / modulus), of 32 bits
    inverse_word: __m256i,
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
            inverse_word: _mm256_set1_epi64x(field.inverse_word as i64),
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
        // the quotient is at most one too small
        let quotient = _mm256_srli_epi64::<49>(_mm256_mul_epu32(_mm256_srli_epi64::<32>(words), self.inverse_word));
        let upper = _mm256_slli_epi64::<32>(_mm256_mul_epu32(quotient, self.upper));
        self.once(_mm256_sub_epi64(_mm256_sub_epi64(words, _mm256_mul_epu32(quotient, self.modulus)), upper))
    }

    /// The product of elements.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn multiply(self, left: __m256d, right: __m256d) -> __m256i {
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

    /// Sums of products, where `half` is 2^51 modulo the prime.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn reduce_sums(self, sums: Sums, half: __m256d) -> __m256i {
        let high = self.multiply(double(self.reduce(sums.high)), half);
        // so large a multiple of the modulus leaves no sum below zero
        let low = _mm256_add_epi64(sums.low, _mm256_slli_epi64::<12>(self.modulus));
        self.once(_mm256_add_epi64(self.reduce(low), high))
    }

    /// Words modulo the prime, the first and the third times a weight.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn weigh(self, weight: __m256i, [a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
        let (weight, a, c) = (double(weight), double(self.reduce(a)), double(self.reduce(c)));
        [self.multiply(a, weight), self.reduce(b), self.multiply(c, weight), self.reduce(d)]
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
fn cut<const COLUMNS: usize>(columns: [&[u64]; COLUMNS], length: usize) -> ([&[[u64; WORDS]]; COLUMNS], [&[u64]; COLUMNS]) {
    let cut = columns.map(|column| column[..length].as_chunks::<WORDS>());
    (cut.map(|(whole, _)| &whole[..length / WORDS]), cut.map(|(_, rest)| rest))
}

/// The same of columns to be written.
#[inline(always)]
fn cut_mut(columns: [&mut [u64]; 4], length: usize) -> ([&mut [[u64; WORDS]]; 4], [&mut [u64]; 4]) {
    let [a, b, c, d] = columns.map(|column| column[..length].as_chunks_mut::<WORDS>());
    let whole = [a.0, b.0, c.0, d.0].map(|whole| &mut whole[..length / WORDS]);
    (whole, [a.1, b.1, c.1, d.1])
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
        None => store_rest(rest, words),
    }
}

/// Fewer words than a vector has.
#[target_feature(enable = "avx2")]
#[inline]
fn store_rest(to: &mut [u64], words: __m256i) {
    let mut whole = [0; WORDS];
    store(&mut whole, words);
    to.copy_from_slice(&whole[..to.len()]);
}
