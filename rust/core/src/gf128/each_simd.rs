//! Products of two lists, element by element, by carry-less multiplication of one or of four pairs of words at a time.
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
