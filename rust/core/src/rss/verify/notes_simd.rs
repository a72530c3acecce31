//! Notes of products, four or eight claims at a time: what `subsets` does word by word, with AVX2 and with AVX-512.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::subsets::{DIGIT, Notes, SubsetSums, VALUES};
use crate::rss::level::Level;
use crate::rss::planes_avx2::transpose;
use crate::rss::ring::Shares;

/// Notes of claims of one product each; `behind` is F own, F next and z next.
///
/// # Panics
/// Unless all have one length, and the processor the level; for portable code.
pub(super) fn take(level: Level, x: Shares<'_>, y: Shares<'_>, behind: [&[u64]; 3], notes: &mut [Notes]) {
    assert!(level <= Level::found());
    let count = notes.len();
    assert!([x.own, x.next, y.own, y.next].iter().chain(&behind).all(|column| column.len() == count), "columns of one length");
    match level {
        // SAFETY: the processor has the level
        Level::Avx2 => unsafe { four::take(x, y, behind, notes) },
        // SAFETY: as above
        Level::Avx512 => unsafe { eight::take(x, y, behind, notes) },
        Level::Portable => unreachable!("portable code is no vector kernel"),
    }
}

/// `subsets::add_portable`.
///
/// # Panics
/// Unless the processor has the level; for portable code.
pub(super) fn add(level: Level, sums: &mut SubsetSums, notes: &[Notes], subsets: &[u64]) {
    assert!(level <= Level::found());
    match level {
        // SAFETY: the processor has the level
        Level::Avx2 => unsafe { add_four(sums, notes, subsets) },
        // SAFETY: as above
        Level::Avx512 => unsafe { add_eight(sums, notes, subsets) },
        Level::Portable => unreachable!("portable code is no vector kernel"),
    }
}

#[target_feature(enable = "avx2")]
fn add_four(sums: &mut SubsetSums, notes: &[Notes], subsets: &[u64]) {
    for (notes, subset) in notes.iter().zip(subsets) {
        let (notes, _) = notes.0.as_chunks();
        let notes = [four::load(&notes[0]), four::load(&notes[1])];
        for (digit, sums) in sums.iter_mut().enumerate() {
            let sum = &mut sums[(subset >> (DIGIT * digit)) as usize % VALUES];
            for (words, notes) in sum.0.as_chunks_mut().0.iter_mut().zip(notes) {
                four::store(words, _mm256_add_epi64(four::load(words), notes));
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512dq")]
fn add_eight(sums: &mut SubsetSums, notes: &[Notes], subsets: &[u64]) {
    for (notes, subset) in notes.iter().zip(subsets) {
        let notes = eight::load(&notes.0);
        for (digit, sums) in sums.iter_mut().enumerate() {
            let sum = &mut sums[(subset >> (DIGIT * digit)) as usize % VALUES];
            let added = _mm512_add_epi64(eight::load(&sum.0), notes);
            eight::store(&mut sum.0, added);
        }
    }
}

macro_rules! kernels {
    ($module:ident, $features:literal, $vector:ident, $words:literal, $load:ident, $store:ident, $zero:ident, $splat:ident,
     $add:ident, $subtract:ident, $and:ident, $multiply_halves:ident, $shift_right:ident, $multiply:ident, $store_claims:ident) => {
        mod $module {
            use super::*;

            const WORDS: usize = $words;

            #[target_feature(enable = $features)]
            pub(super) fn take(x: Shares<'_>, y: Shares<'_>, [own, next, z_next]: [&[u64]; 3], notes: &mut [Notes]) {
                let count = notes.len();
                let columns = [x.own, x.next, y.own, y.next, own, next, z_next].map(|column| &column[..count]);
                let rest = columns.map(|column| column.as_chunks::<WORDS>().1);
                let columns = columns.map(|column| &column.as_chunks::<WORDS>().0[..count / WORDS]);
                let (whole, last) = notes.as_chunks_mut::<WORDS>();
                for (at, notes) in whole[..count / WORDS].iter_mut().enumerate() {
                    let [x_own, x_next, y_own, y_next, own, next, z_next] = columns;
                    let (x, y) = ([load(&x_own[at]), load(&x_next[at])], [load(&y_own[at]), load(&y_next[at])]);
                    $store_claims(note(x, y, [load(&own[at]), load(&next[at]), load(&z_next[at])]), notes);
                }
                if !last.is_empty() {
                    let [x_own, x_next, y_own, y_next, own, next, z_next] = rest.map(|words| load_rest(words));
                    $store_claims(note([x_own, x_next], [y_own, y_next], [own, next, z_next]), last);
                }
            }

            /// What is noted, word by word; of factors own and next, and what is behind them.
            #[target_feature(enable = $features)]
            #[inline]
            fn note(
                [x_own, x_next]: [$vector; 2],
                [y_own, y_next]: [$vector; 2],
                [own, next, z_next]: [$vector; 3],
            ) -> [$vector; 8] {
                let (first, second) = (limbs(x_own, y_next), limbs(x_next, y_own));
                let next_product = $subtract(z_next, $multiply(x_next, y_next));
                let product = [0, 1, 2, 3].map(|limb| $add(first[limb], second[limb]));
                [product[0], product[1], product[2], product[3], own, next, next_product, $zero()]
            }

            /// The products of words as integers, in limbs of 32 bits.
            #[target_feature(enable = $features)]
            #[inline]
            fn limbs(left: $vector, right: $vector) -> [$vector; 4] {
                let low = |words| $and(words, $splat(i64::from(u32::MAX)));
                let (left_high, right_high) = ($shift_right::<32>(left), $shift_right::<32>(right));
                let lowest = $multiply_halves(left, right);
                // no sum passes 64 bits: a product of 32 bits by 32 leaves room for two more words of 32
                let middle = $add($multiply_halves(left, right_high), $shift_right::<32>(lowest));
                let other = $add($multiply_halves(left_high, right), low(middle));
                let carried = $add($shift_right::<32>(middle), $shift_right::<32>(other));
                let highest = $add($multiply_halves(left_high, right_high), carried);
                [low(lowest), low(other), low(highest), $shift_right::<32>(highest)]
            }

            #[target_feature(enable = $features)]
            #[inline]
            pub(super) fn load(words: &[u64; WORDS]) -> $vector {
                // SAFETY: the words are as long as a vector, and the load needs no alignment
                unsafe { $load(words.as_ptr().cast()) }
            }

            /// Fewer words, and zeros behind them.
            #[target_feature(enable = $features)]
            #[inline]
            fn load_rest(words: &[u64]) -> $vector {
                let mut whole = [0; WORDS];
                whole[..words.len()].copy_from_slice(words);
                load(&whole)
            }

            #[target_feature(enable = $features)]
            #[inline]
            pub(super) fn store(to: &mut [u64; WORDS], words: $vector) {
                // SAFETY: the words are as long as a vector, and the store needs no alignment
                unsafe { $store(to.as_mut_ptr().cast(), words) }
            }
        }
    };
}

kernels!(
    four,
    "avx2",
    __m256i,
    4,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_setzero_si256,
    _mm256_set1_epi64x,
    _mm256_add_epi64,
    _mm256_sub_epi64,
    _mm256_and_si256,
    _mm256_mul_epu32,
    _mm256_srli_epi64,
    multiply_four,
    store_four
);
kernels!(
    eight,
    "avx512f,avx512dq",
    __m512i,
    8,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_setzero_si512,
    _mm512_set1_epi64,
    _mm512_add_epi64,
    _mm512_sub_epi64,
    _mm512_and_si512,
    _mm512_mul_epu32,
    _mm512_srli_epi64,
    _mm512_mullo_epi64,
    store_eight
);

/// Products modulo 2^64.
#[target_feature(enable = "avx2")]
#[inline]
fn multiply_four(left: __m256i, right: __m256i) -> __m256i {
    let crossed = _mm256_mul_epu32(left, _mm256_srli_epi64::<32>(right));
    let crossed = _mm256_add_epi64(crossed, _mm256_mul_epu32(_mm256_srli_epi64::<32>(left), right));
    _mm256_add_epi64(_mm256_mul_epu32(left, right), _mm256_slli_epi64::<32>(crossed))
}

/// Word j of vector i becomes word i of claim j, of as many claims as there are.
#[target_feature(enable = "avx2")]
#[inline]
fn store_four(rows: [__m256i; 8], notes: &mut [Notes]) {
    for (half, rows) in rows.as_chunks::<4>().0.iter().enumerate() {
        for (notes, claim) in notes.iter_mut().zip(transpose(*rows)) {
            four::store(&mut notes.0.as_chunks_mut().0[half], claim);
        }
    }
}

/// Word j of vector i becomes word i of claim j, of as many claims as there are.
#[target_feature(enable = "avx512f,avx512dq")]
#[inline]
fn store_eight(rows: [__m512i; 8], notes: &mut [Notes]) {
    for (notes, claim) in notes.iter_mut().zip(transposed_eight(rows)) {
        eight::store(&mut notes.0, claim);
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn transposed_eight(rows: [__m512i; 8]) -> [__m512i; 8] {
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
