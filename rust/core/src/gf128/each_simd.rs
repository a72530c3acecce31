//! Products of two lists, element by element, by carry-less multiplication of one, two or four pairs of words at a time.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::Gf128;

/// x^64 modulo the polynomial of the subfield.
const FOLD: i64 = 0b1_1011;
/// x^61, the constant of Y^2 + Y + x^61.
const NU: i64 = 1 << 61;

/// left\[i\] *= right\[i\] as far as vectors go; how many are left at the end, or `None` where the instruction is missing.
pub(super) fn multiply(left: &mut [Gf128], right: &[Gf128]) -> Option<usize> {
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("vpclmulqdq") {
        // SAFETY: the features were asked for
        Some(unsafe { multiply_wide(left, right) })
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("vpclmulqdq") {
        // SAFETY: the features were asked for
        Some(unsafe { multiply_pairs(left, right) })
    } else if is_x86_feature_detected!("pclmulqdq") {
        // SAFETY: the feature was asked for
        Some(unsafe { multiply_narrow(left, right) })
    } else {
        None
    }
}

/// The same where the upper half of right\[i\] does not count.
pub(super) fn scale(left: &mut [Gf128], right: &[Gf128]) -> Option<usize> {
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("vpclmulqdq") {
        // SAFETY: the features were asked for
        Some(unsafe { scale_wide(left, right) })
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("vpclmulqdq") {
        // SAFETY: the features were asked for
        Some(unsafe { scale_pairs(left, right) })
    } else if is_x86_feature_detected!("pclmulqdq") {
        // SAFETY: the feature was asked for
        Some(unsafe { scale_narrow(left, right) })
    } else {
        None
    }
}

macro_rules! kernels {
    ($features:literal, $lanes:literal, $multiply:ident, $scale:ident, $vector:ty, $load:ident, $store:ident, $clmul:ident, $xor:ident,
     $swap:ident, $low:ident, $constant:ident) => {
        /// left\[i\] *= right\[i\]; the rest that fills no vector is left alone, its length returned.
        #[target_feature(enable = $features)]
        fn $multiply(left: &mut [Gf128], right: &[Gf128]) -> usize {
            assert_eq!(left.len(), right.len(), "as many factors on both sides");
            let (fold, nu) = ($constant(FOLD), $constant(NU));
            let reduce = |product: $vector| -> $vector {
                let once = $clmul::<0x01>(product, fold);
                $xor($xor(product, once), $clmul::<0x01>(once, fold))
            };
            let (left, rest) = left.as_chunks_mut::<$lanes>();
            let (right, _) = right.as_chunks::<$lanes>();
            for (left, right) in left.iter_mut().zip(right) {
                // SAFETY: a chunk is as long as a vector, and the loads and stores need no alignment
                let (a, b) = unsafe { ($load(left.as_ptr().cast()), $load(right.as_ptr().cast())) };
                let low = $clmul::<0x00>(a, b);
                let high = reduce($clmul::<0x11>(a, b));
                let middle = $clmul::<0x00>($xor(a, $swap::<0x4e>(a)), $xor(b, $swap::<0x4e>(b)));
                let product = $low(reduce($xor(low, $clmul::<0x00>(high, nu))), reduce($xor(middle, low)));
                // SAFETY: as above
                unsafe { $store(left.as_mut_ptr().cast(), product) };
            }
            rest.len()
        }

        /// left\[i\] *= right\[i\], whose upper half is not looked at; the rest as above.
        #[target_feature(enable = $features)]
        fn $scale(left: &mut [Gf128], right: &[Gf128]) -> usize {
            assert_eq!(left.len(), right.len(), "as many factors on both sides");
            let fold = $constant(FOLD);
            let reduce = |product: $vector| -> $vector {
                let once = $clmul::<0x01>(product, fold);
                $xor($xor(product, once), $clmul::<0x01>(once, fold))
            };
            let (left, rest) = left.as_chunks_mut::<$lanes>();
            let (right, _) = right.as_chunks::<$lanes>();
            for (left, right) in left.iter_mut().zip(right) {
                // SAFETY: a chunk is as long as a vector, and the loads and stores need no alignment
                let (a, b) = unsafe { ($load(left.as_ptr().cast()), $load(right.as_ptr().cast())) };
                let product = $low(reduce($clmul::<0x00>(a, b)), reduce($clmul::<0x01>(a, b)));
                // SAFETY: as above
                unsafe { $store(left.as_mut_ptr().cast(), product) };
            }
            rest.len()
        }
    };
}

kernels!(
    "pclmulqdq",
    1,
    multiply_narrow,
    scale_narrow,
    __m128i,
    _mm_loadu_si128,
    _mm_storeu_si128,
    _mm_clmulepi64_si128,
    _mm_xor_si128,
    _mm_shuffle_epi32,
    _mm_unpacklo_epi64,
    _mm_set1_epi64x
);
kernels!(
    "avx2,vpclmulqdq",
    2,
    multiply_pairs,
    scale_pairs,
    __m256i,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_clmulepi64_epi128,
    _mm256_xor_si256,
    _mm256_shuffle_epi32,
    _mm256_unpacklo_epi64,
    _mm256_set1_epi64x
);
kernels!(
    "avx512f,vpclmulqdq",
    4,
    multiply_wide,
    scale_wide,
    __m512i,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_clmulepi64_epi128,
    _mm512_xor_si512,
    _mm512_shuffle_epi32,
    _mm512_unpacklo_epi64,
    _mm512_set1_epi64
);

#[cfg(test)]
mod tests {
    use super::super::portable;
    use super::*;
    use crate::fixed_key::Stream;

    type Kernel<'a> = &'a dyn Fn(&mut [Gf128], &[Gf128]) -> usize;

    #[test]
    fn every_width_multiplies_as_portable_code_does() {
        let (mut factors, mut terms) = ([Gf128::ZERO; 23], [Gf128::ZERO; 23]);
        Stream::new(&[1; 16]).fill(&mut factors);
        Stream::new(&[2; 16]).fill(&mut terms);
        (terms[0], factors[1], terms[2]) = (Gf128::from_bits(u128::MAX), Gf128::from_bits(u128::MAX), Gf128::basis(127));
        let check = |name: &str, is_there: bool, lanes: usize, multiply: Kernel<'_>, scale: Kernel<'_>| {
            if !is_there {
                return eprintln!("{name} is not here");
            }
            for length in 0..terms.len() {
                let done = length / lanes * lanes;
                let (mut products, mut multiples) = (terms[..length].to_vec(), terms[..length].to_vec());
                assert_eq!(multiply(&mut products, &factors[..length]), length - done, "{name} {length}");
                assert_eq!(scale(&mut multiples, &factors[..length]), length - done, "{name} {length}");
                for i in 0..length {
                    let (term, factor) = (terms[i], factors[i]);
                    let scaled = |word: u64| portable::multiply_subfield(word, factor.lo, portable::carryless);
                    let (product, multiple) = if i < done {
                        let multiple = Gf128 { lo: scaled(term.lo), hi: scaled(term.hi) };
                        (portable::multiply(term, factor, portable::carryless), multiple)
                    } else {
                        (term, term)
                    };
                    assert_eq!((products[i], multiples[i]), (product, multiple), "{name} {length} {i}");
                }
            }
        };
        let has_wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("vpclmulqdq");
        let has_pairs = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("vpclmulqdq");
        // SAFETY, for the three: only called where the features are
        check("one", is_x86_feature_detected!("pclmulqdq"), 1, &|l, r| unsafe { multiply_narrow(l, r) }, &|l, r| unsafe {
            scale_narrow(l, r)
        });
        check("two", has_pairs, 2, &|l, r| unsafe { multiply_pairs(l, r) }, &|l, r| unsafe { scale_pairs(l, r) });
        check("four", has_wide, 4, &|l, r| unsafe { multiply_wide(l, r) }, &|l, r| unsafe { scale_wide(l, r) });
    }
}
