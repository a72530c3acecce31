//! Products by carry-less multiplication: PCLMULQDQ for one, and for many by the same factor one, two (VPCLMULQDQ with AVX2) or four
//! (with AVX-512) at a time.
//!
//! Each function answers `None` or 0 on a processor that lacks the instructions, having done nothing.
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected as detected;
use std::arch::x86_64::*;

use super::Gf128;
use super::portable::reduce;

/// Vectors of an evaluation that are independent of each other, enough to fill the multiplier's pipeline.
const CHAINS: usize = 4;
/// For fewer rows of that many vectors the preparation is not worth it.
const WORTH_IT: usize = 4;

/// The polynomial product of two words.
pub(super) fn carryless(left: u64, right: u64) -> Option<u128> {
    // SAFETY: the processor has the instruction.
    detected!("pclmulqdq").then(|| unsafe { carryless_detected(left, right) })
}

#[target_feature(enable = "pclmulqdq,sse4.1")]
fn carryless_detected(left: u64, right: u64) -> u128 {
    let product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(left as i64), _mm_cvtsi64_si128(right as i64), 0);
    let (low, high) = (_mm_cvtsi128_si64(product) as u64, _mm_extract_epi64(product, 1) as u64);
    u128::from(low) | (u128::from(high) << 64)
}

fn has_one() -> bool {
    detected!("pclmulqdq") && detected!("sse4.1")
}

fn has_pairs() -> bool {
    has_one() && detected!("avx2") && detected!("vpclmulqdq")
}

fn has_fours() -> bool {
    has_one() && detected!("avx512f") && detected!("vpclmulqdq")
}

/// `sum[i] += scalar * terms[i]` for the first places, in whole vectors; how many were done.
pub(super) fn add_scaled(sum: &mut [Gf128], scalar: Gf128, terms: &[Gf128]) -> usize {
    // SAFETY: the processor has the instructions.
    if has_fours() {
        unsafe { fours::add_scaled(sum, scalar, terms) }
    } else if has_pairs() {
        unsafe { pairs::add_scaled(sum, scalar, terms) }
    } else if has_one() {
        unsafe { ones::add_scaled(sum, scalar, terms) }
    } else {
        0
    }
}

/// The sum of `coefficients[i] * point^(i + 1)`.
pub(super) fn evaluate(point: Gf128, coefficients: &[Gf128]) -> Option<Gf128> {
    // SAFETY: the processor has the instructions.
    if has_fours() {
        unsafe { fours::evaluate(point, coefficients) }
    } else if has_pairs() {
        unsafe { pairs::evaluate(point, coefficients) }
    } else if has_one() {
        unsafe { ones::evaluate(point, coefficients) }
    } else {
        None
    }
}

macro_rules! kernels {
    ($width:ident, $features:literal, $lanes:literal, $vector:ty, $load:ident, $store:ident, $zero:ident, $repeat:expr, $clmul:ident,
     $xor:ident, $xor3:ident, $low:ident, $high:ident, $right:ident, $left:ident) => {
        mod $width {
            use super::*;

            const WIDTH: usize = $lanes * CHAINS;

            #[target_feature(enable = $features)]
            pub(super) fn add_scaled(sum: &mut [Gf128], scalar: Gf128, terms: &[Gf128]) -> usize {
                if terms.len() < $lanes {
                    return 0;
                }
                let factor = Factor::new(scalar);
                let (sums, _) = sum.as_chunks_mut::<$lanes>();
                let (terms, _) = terms.as_chunks::<$lanes>();
                for (sum, term) in sums.iter_mut().zip(terms) {
                    // SAFETY: both are as long as a vector.
                    unsafe {
                        let product = factor.times($load(term.as_ptr().cast()));
                        let added = $xor($load(sum.as_ptr().cast()), product);
                        $store(sum.as_mut_ptr().cast(), added);
                    }
                }
                terms.len().min(sums.len()) * $lanes
            }

            /// WIDTH interleaved evaluations at the WIDTHth power of the point, put together at the end.
            #[target_feature(enable = $features)]
            pub(super) fn evaluate(point: Gf128, coefficients: &[Gf128]) -> Option<Gf128> {
                let (rows, rest) = coefficients.as_chunks::<WIDTH>();
                if rows.len() < WORTH_IT {
                    return None;
                }
                let step = (1..WIDTH).fold(point, |power, _| power * point);
                let factor = Factor::new(step);
                let mut sums = [$zero(); CHAINS];
                for row in rows.iter().rev() {
                    for (chain, sum) in sums.iter_mut().enumerate() {
                        // SAFETY: a row has a vector for each chain.
                        let coefficients = unsafe { $load(row.as_ptr().add(chain * $lanes).cast()) };
                        *sum = $xor(factor.times(*sum), coefficients);
                    }
                }
                let mut columns = [Gf128::ZERO; WIDTH];
                for (chain, sum) in sums.iter().enumerate() {
                    // SAFETY: the array has room for a vector of each chain.
                    unsafe { $store(columns.as_mut_ptr().add(chain * $lanes).cast(), *sum) };
                }
                let horner = |start: Gf128, terms: &[Gf128]| terms.iter().rev().fold(start, |sum, &term| (sum + term) * point);
                let of_rest = horner(Gf128::ZERO, rest);
                Some(horner(Gf128::ZERO, &columns) + of_rest * crate::gf128::power(step, rows.len() as u32))
            }

            /// A factor s = s_0 + s_1 Y, prepared: (t_0 + t_1 Y) s = t_0 s_0 + t_1 (x^61 s_1) + (t_0 s_1 + t_1 (s_0 + s_1)) Y.
            struct Factor {
                for_low: $vector,
                for_high: $vector,
            }

            impl Factor {
                #[target_feature(enable = $features)]
                fn new(scalar: Gf128) -> Self {
                    let turned = reduce(u128::from(scalar.hi) << 61);
                    let pair = |first: u64, second: u64| $repeat(_mm_set_epi64x(second as i64, first as i64));
                    Self { for_low: pair(scalar.lo, turned), for_high: pair(scalar.hi, scalar.lo ^ scalar.hi) }
                }

                #[target_feature(enable = $features)]
                fn times(&self, terms: $vector) -> $vector {
                    let low = $xor($clmul::<0x00>(terms, self.for_low), $clmul::<0x11>(terms, self.for_low));
                    let high = $xor($clmul::<0x00>(terms, self.for_high), $clmul::<0x11>(terms, self.for_high));
                    reduce_pairs($low(low, high), $high(low, high))
                }
            }

            /// The low and the high words of products modulo x^64 + x^4 + x^3 + x + 1, as in `portable::reduce`.
            #[target_feature(enable = $features)]
            fn reduce_pairs(low: $vector, high: $vector) -> $vector {
                let spill = $xor3($right::<63>(high), $right::<61>(high), $right::<60>(high));
                let high = $xor(high, spill);
                let near = $xor3(low, high, $left::<1>(high));
                $xor3(near, $left::<3>(high), $left::<4>(high))
            }
        }
    };
}

kernels!(
    ones,
    "pclmulqdq,sse4.1",
    1,
    __m128i,
    _mm_loadu_si128,
    _mm_storeu_si128,
    _mm_setzero_si128,
    std::convert::identity,
    _mm_clmulepi64_si128,
    _mm_xor_si128,
    xor3_of_one,
    _mm_unpacklo_epi64,
    _mm_unpackhi_epi64,
    _mm_srli_epi64,
    _mm_slli_epi64
);
kernels!(
    pairs,
    "avx2,vpclmulqdq,pclmulqdq,sse4.1",
    2,
    __m256i,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_setzero_si256,
    _mm256_broadcastsi128_si256,
    _mm256_clmulepi64_epi128,
    _mm256_xor_si256,
    xor3_of_two,
    _mm256_unpacklo_epi64,
    _mm256_unpackhi_epi64,
    _mm256_srli_epi64,
    _mm256_slli_epi64
);
kernels!(
    fours,
    "avx512f,vpclmulqdq,pclmulqdq,sse4.1",
    4,
    __m512i,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_setzero_si512,
    _mm512_broadcast_i32x4,
    _mm512_clmulepi64_epi128,
    _mm512_xor_si512,
    xor3_of_four,
    _mm512_unpacklo_epi64,
    _mm512_unpackhi_epi64,
    _mm512_srli_epi64,
    _mm512_slli_epi64
);

fn xor3_of_one(a: __m128i, b: __m128i, c: __m128i) -> __m128i {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { _mm_xor_si128(_mm_xor_si128(a, b), c) }
}

#[target_feature(enable = "avx2")]
fn xor3_of_two(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

#[target_feature(enable = "avx512f")]
fn xor3_of_four(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0x96>(a, b, c)
}

#[cfg(test)]
mod tests {
    use super::super::portable;
    use super::*;
    use crate::fixed_key::Stream;

    type AddScaled<'a> = &'a dyn Fn(&mut [Gf128], Gf128, &[Gf128]) -> usize;
    type Evaluate<'a> = &'a dyn Fn(Gf128, &[Gf128]) -> Option<Gf128>;

    #[test]
    fn every_width_does_what_portable_code_does() {
        let mut terms = [Gf128::ZERO; 131];
        Stream::new(&[3; 16]).fill(&mut terms);
        (terms[0], terms[1]) = (Gf128::from_bits(u128::MAX), Gf128::basis(127));
        let point = Gf128 { lo: 0xdead_beef_0123_4567, hi: 0xfeed_8000_1111_2222 };
        let times = |left: Gf128, right: Gf128| portable::multiply(left, right, portable::carryless);
        let check = |name: &str, is_there: bool, lanes: usize, add_scaled: AddScaled<'_>, evaluate: Evaluate<'_>| {
            if !is_there {
                return eprintln!("{name} is not here");
            }
            for length in 0..terms.len() {
                let mut sums = vec![Gf128::ONE; length];
                let done = add_scaled(&mut sums, point, &terms[..length]);
                assert_eq!(done, length / lanes * lanes, "{name} {length}");
                for (i, (&sum, &term)) in sums.iter().zip(&terms).enumerate() {
                    let expected = if i < done { Gf128::ONE ^ times(term, point) } else { Gf128::ONE };
                    assert_eq!(sum, expected, "{name} {length} {i}");
                }
                let expected = terms[..length].iter().rev().fold(Gf128::ZERO, |sum, &term| times(sum ^ term, point));
                let due = (length >= WORTH_IT * lanes * CHAINS).then_some(expected);
                assert_eq!(evaluate(point, &terms[..length]), due, "{name} {length}");
            }
        };
        // SAFETY, for the three: only called where the features are
        check("one", has_one(), 1, &|s, f, t| unsafe { ones::add_scaled(s, f, t) }, &|p, c| unsafe { ones::evaluate(p, c) });
        check("two", has_pairs(), 2, &|s, f, t| unsafe { pairs::add_scaled(s, f, t) }, &|p, c| unsafe {
            pairs::evaluate(p, c)
        });
        check("four", has_fours(), 4, &|s, f, t| unsafe { fours::add_scaled(s, f, t) }, &|p, c| unsafe {
            fours::evaluate(p, c)
        });
    }
}
