//! Products by carry-less multiplication: PCLMULQDQ for one, VPCLMULQDQ with AVX-512 for many by the same factor.
//!
//! Each function answers `None` or `false` on a processor that lacks the instructions, having done nothing.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::Gf128;
use super::portable::reduce;

/// Elements in a vector.
const LANES: usize = 4;
/// Vectors of an evaluation that are independent of each other, enough to fill the multiplier's pipeline.
const CHAINS: usize = 4;
/// Fewer elements are not worth the preparation.
const WORTH_IT: usize = 4 * LANES * CHAINS;

/// The polynomial product of two words.
pub(super) fn carryless(left: u64, right: u64) -> Option<u128> {
    // SAFETY: the processor has the instruction.
    std::arch::is_x86_feature_detected!("pclmulqdq").then(|| unsafe { carryless_detected(left, right) })
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn carryless_detected(left: u64, right: u64) -> u128 {
    let product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(left as i64), _mm_cvtsi64_si128(right as i64), 0);
    let (low, high) = (_mm_cvtsi128_si64(product) as u64, _mm_extract_epi64(product, 1) as u64);
    u128::from(low) | (u128::from(high) << 64)
}

fn has_vectors() -> bool {
    use std::arch::is_x86_feature_detected as detected;
    detected!("avx512f") && detected!("vpclmulqdq") && detected!("pclmulqdq")
}

/// `sum[i] += scalar * terms[i]` for the first places, in fours; how many were done.
pub(super) fn add_scaled(sum: &mut [Gf128], scalar: Gf128, terms: &[Gf128]) -> usize {
    if terms.len() < LANES || !has_vectors() {
        return 0;
    }
    // SAFETY: the processor has the instructions.
    unsafe { add_scaled_detected(sum, scalar, terms) }
}

#[target_feature(enable = "avx512f,vpclmulqdq,pclmulqdq,sse4.1")]
fn add_scaled_detected(sum: &mut [Gf128], scalar: Gf128, terms: &[Gf128]) -> usize {
    let factor = Factor::new(scalar);
    let (sums, _) = sum.as_chunks_mut::<LANES>();
    let (terms, _) = terms.as_chunks::<LANES>();
    for (sum, term) in sums.iter_mut().zip(terms) {
        // SAFETY: both are four elements of sixteen bytes.
        unsafe {
            let product = factor.times(_mm512_loadu_si512(term.as_ptr().cast()));
            let added = _mm512_xor_si512(_mm512_loadu_si512(sum.as_ptr().cast()), product);
            _mm512_storeu_si512(sum.as_mut_ptr().cast(), added);
        }
    }
    terms.len().min(sums.len()) * LANES
}

/// The sum of `coefficients[i] * point^(i + 1)`.
pub(super) fn evaluate(point: Gf128, coefficients: &[Gf128]) -> Option<Gf128> {
    if coefficients.len() < WORTH_IT || !has_vectors() {
        return None;
    }
    // SAFETY: the processor has the instructions.
    Some(unsafe { evaluate_detected(point, coefficients) })
}

/// Sixteen interleaved evaluations at the sixteenth power of the point, put together at the end.
#[target_feature(enable = "avx512f,vpclmulqdq,pclmulqdq,sse4.1")]
fn evaluate_detected(point: Gf128, coefficients: &[Gf128]) -> Gf128 {
    const WIDTH: usize = LANES * CHAINS;
    let (rows, rest) = coefficients.as_chunks::<WIDTH>();
    let step = (1..WIDTH).fold(point, |power, _| power * point);
    let factor = Factor::new(step);
    let mut sums = [_mm512_setzero_si512(); CHAINS];
    for row in rows.iter().rev() {
        for (chain, sum) in sums.iter_mut().enumerate() {
            // SAFETY: a row is sixteen elements, so each chain has four.
            let coefficients = unsafe { _mm512_loadu_si512(row.as_ptr().add(chain * LANES).cast()) };
            *sum = _mm512_xor_si512(factor.times(*sum), coefficients);
        }
    }
    let mut columns = [Gf128::ZERO; WIDTH];
    for (chain, sum) in sums.iter().enumerate() {
        // SAFETY: the array has four places for each chain.
        unsafe { _mm512_storeu_si512(columns.as_mut_ptr().add(chain * LANES).cast(), *sum) };
    }
    let horner = |start: Gf128, terms: &[Gf128]| terms.iter().rev().fold(start, |sum, &term| (sum + term) * point);
    let of_rest = horner(Gf128::ZERO, rest);
    horner(Gf128::ZERO, &columns) + of_rest * super::power(step, rows.len() as u32)
}

/// A factor s = s_0 + s_1 Y, prepared: (t_0 + t_1 Y) s = t_0 s_0 + t_1 (x^61 s_1) + (t_0 s_1 + t_1 (s_0 + s_1)) Y.
struct Factor {
    for_low: __m512i,
    for_high: __m512i,
}

impl Factor {
    #[target_feature(enable = "avx512f")]
    fn new(scalar: Gf128) -> Self {
        let turned = reduce(u128::from(scalar.hi) << 61);
        let pair = |first: u64, second: u64| _mm512_broadcast_i32x4(_mm_set_epi64x(second as i64, first as i64));
        Self { for_low: pair(scalar.lo, turned), for_high: pair(scalar.hi, scalar.lo ^ scalar.hi) }
    }

    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn times(&self, terms: __m512i) -> __m512i {
        let low = _mm512_xor_si512(
            _mm512_clmulepi64_epi128::<0x00>(terms, self.for_low),
            _mm512_clmulepi64_epi128::<0x11>(terms, self.for_low),
        );
        let high = _mm512_xor_si512(
            _mm512_clmulepi64_epi128::<0x00>(terms, self.for_high),
            _mm512_clmulepi64_epi128::<0x11>(terms, self.for_high),
        );
        reduce_pairs(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high))
    }
}

/// The low and the high words of products modulo x^64 + x^4 + x^3 + x + 1, as in `portable::reduce`.
#[target_feature(enable = "avx512f")]
fn reduce_pairs(low: __m512i, high: __m512i) -> __m512i {
    const XOR3: i32 = 0x96;
    let spill = _mm512_ternarylogic_epi64::<XOR3>(
        _mm512_srli_epi64::<63>(high),
        _mm512_srli_epi64::<61>(high),
        _mm512_srli_epi64::<60>(high),
    );
    let high = _mm512_xor_si512(high, spill);
    let near = _mm512_ternarylogic_epi64::<XOR3>(low, high, _mm512_slli_epi64::<1>(high));
    _mm512_ternarylogic_epi64::<XOR3>(near, _mm512_slli_epi64::<3>(high), _mm512_slli_epi64::<4>(high))
}
