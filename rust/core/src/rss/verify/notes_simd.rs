//! Notes of products, eight claims at a time: what `subsets` does word by word, on 512 bits.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::subsets::{DIGIT, Notes, SubsetSums, VALUES};
use crate::rss::lanes::{LANE_WORDS, Lane};
use crate::rss::ring::Shares;

/// Whether this processor has the instructions.
pub(super) fn is_supported() -> bool {
    use std::arch::is_x86_feature_detected as detected;
    detected!("avx512f") && detected!("avx512dq")
}

/// Notes of claims of one product each; `behind` is F own, F next and z next.
///
/// # Panics
/// Unless `is_supported` and all have one length.
pub(super) fn take(x: Shares<'_>, y: Shares<'_>, behind: [&[u64]; 3], notes: &mut [Notes]) {
    assert!(is_supported());
    let count = notes.len();
    assert!([x.own, x.next, y.own, y.next].iter().chain(&behind).all(|column| column.len() == count), "columns of one length");
    // SAFETY: the features were asked for
    unsafe { take_detected(x, y, behind, notes) }
}

#[target_feature(enable = "avx512f,avx512dq")]
fn take_detected(x: Shares<'_>, y: Shares<'_>, [own, next, z_next]: [&[u64]; 3], notes: &mut [Notes]) {
    let count = notes.len();
    let [x_own, x_next, y_own, y_next] = [x.own, x.next, y.own, y.next].map(|column| &column[..count]);
    let [own, next, z_next] = [own, next, z_next].map(|column| &column[..count]);
    for (at, notes) in notes.chunks_mut(LANE_WORDS).enumerate() {
        let [x_own, x_next, y_own, y_next] = [x_own, x_next, y_own, y_next].map(|column| load(column, at));
        let (first, second) = (limbs(x_own, y_next), limbs(x_next, y_own));
        let [a, b, c, d]: [__m512i; 4] = std::array::from_fn(|limb| _mm512_add_epi64(first[limb], second[limb]));
        let next_product = _mm512_sub_epi64(load(z_next, at), _mm512_mullo_epi64(x_next, y_next));
        let behind = [load(own, at), load(next, at), next_product, _mm512_setzero_si512()];
        for (notes, claim) in notes.iter_mut().zip(transposed([a, b, c, d, behind[0], behind[1], behind[2], behind[3]])) {
            store(notes, claim);
        }
    }
}

/// The products of words as integers, in limbs of 32 bits.
#[target_feature(enable = "avx512f")]
#[inline]
fn limbs(left: __m512i, right: __m512i) -> [__m512i; 4] {
    let low = |words| _mm512_and_si512(words, _mm512_set1_epi64(i64::from(u32::MAX)));
    let (left_high, right_high) = (_mm512_srli_epi64::<32>(left), _mm512_srli_epi64::<32>(right));
    let lowest = _mm512_mul_epu32(left, right);
    // no sum passes 64 bits: a product of 32 bits by 32 leaves room for two more words of 32
    let middle = _mm512_add_epi64(_mm512_mul_epu32(left, right_high), _mm512_srli_epi64::<32>(lowest));
    let other = _mm512_add_epi64(_mm512_mul_epu32(left_high, right), low(middle));
    let carried = _mm512_add_epi64(_mm512_srli_epi64::<32>(middle), _mm512_srli_epi64::<32>(other));
    let highest = _mm512_add_epi64(_mm512_mul_epu32(left_high, right_high), carried);
    [low(lowest), low(other), low(highest), _mm512_srli_epi64::<32>(highest)]
}

/// Word j of vector i as word i of vector j.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    let even: [__m512i; 4] = std::array::from_fn(|i| _mm512_unpacklo_epi64(rows[2 * i], rows[2 * i + 1]));
    let odd: [__m512i; 4] = std::array::from_fn(|i| _mm512_unpackhi_epi64(rows[2 * i], rows[2 * i + 1]));
    let quarters = |[a, b, c, d]: [__m512i; 4]| {
        let (first, last) = (_mm512_shuffle_i64x2::<0x44>(a, b), _mm512_shuffle_i64x2::<0xee>(a, b));
        let (more, most) = (_mm512_shuffle_i64x2::<0x44>(c, d), _mm512_shuffle_i64x2::<0xee>(c, d));
        [
            _mm512_shuffle_i64x2::<0x88>(first, more),
            _mm512_shuffle_i64x2::<0xdd>(first, more),
            _mm512_shuffle_i64x2::<0x88>(last, most),
            _mm512_shuffle_i64x2::<0xdd>(last, most),
        ]
    };
    let ([a, c, e, g], [b, d, f, h]) = (quarters(even), quarters(odd));
    [a, b, c, d, e, f, g, h]
}

/// `subsets::add_portable`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn add(sums: &mut SubsetSums, notes: &[Notes], subsets: &[u64]) {
    #[target_feature(enable = "avx512f")]
    fn detected(sums: &mut SubsetSums, notes: &[Notes], subsets: &[u64]) {
        for (notes, subset) in notes.iter().zip(subsets) {
            let notes = load(&notes.0, 0);
            for (digit, sums) in sums.iter_mut().enumerate() {
                let sum = &mut sums[(subset >> (DIGIT * digit)) as usize % VALUES];
                let added = _mm512_add_epi64(load(&sum.0, 0), notes);
                store(sum, added);
            }
        }
    }
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { detected(sums, notes, subsets) }
}

/// Eight words, of the last ones as many as there are and zeros behind them.
#[target_feature(enable = "avx512f")]
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

#[target_feature(enable = "avx512f")]
#[inline]
fn store(to: &mut Lane, words: __m512i) {
    // SAFETY: a lane is as long as the store
    unsafe { _mm512_storeu_si512(to.0.as_mut_ptr().cast(), words) };
}
