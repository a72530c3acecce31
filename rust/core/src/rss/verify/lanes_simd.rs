//! Carry-less products of two, four or eight words at a time: PCLMULQDQ, and VPCLMULQDQ on 256 and on 512 bits.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::bits::{Block, Choices, PAIRS, ROWS, SUMS, TABLE_ROWS};
use crate::gf128;
use crate::rss::lanes::Lane;
use crate::rss::level::Level;

/// Tables of sums of rows that are looked up together.
const TABLES: usize = 4;
/// Rows on each side of the squares that pairs are taken in: of a few blocks, sixteen rows stay in the first-level cache.
const SIDE: usize = 8;

/// Blocks whose rows do not drive each other out of that cache where it has eight ways: a row has a line of one set in each column.
const FEW: usize = 2;

/// Words of a vector, from the fewest up; a processor that has one width has those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Width {
    Two,
    Four,
    Eight,
}

impl Width {
    /// The most of this processor, `None` without carry-less products.
    #[inline]
    pub(super) fn found() -> Option<Self> {
        use std::arch::is_x86_feature_detected as detected;
        if !(detected!("pclmulqdq") && detected!("sse4.1")) {
            return None;
        }
        Some(match Level::found() {
            Level::Avx512 if detected!("vpclmulqdq") => Self::Eight,
            Level::Avx2 if detected!("vpclmulqdq") => Self::Four,
            _ => Self::Two,
        })
    }

    /// Those of this processor.
    #[cfg(test)]
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [Self::Two, Self::Four, Self::Eight].into_iter().filter(|&width| Some(width) <= Self::found())
    }
}

macro_rules! at_each_width {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// Where this processor has not the width.
        pub(super) fn $name(width: Width, $($argument: $type),*) $(-> $result)? {
            assert!(Some(width) <= Width::found());
            match width {
                // SAFETY: the processor has the width, here and below
                Width::Two => unsafe { two::$name($($argument),*) },
                Width::Four => unsafe { four::$name($($argument),*) },
                Width::Eight => unsafe { eight::$name($($argument),*) },
            }
        }
    };
}

at_each_width!(
    /// `Field::crossed` of `Gf64`.
    crossed(left: [&[u64]; 4], right: [&[u64]; 4]) -> u64
);
at_each_width!(
    /// `Field::products` of `Gf64`.
    products(columns: [&[u64]; 4]) -> u64
);
at_each_width!(
    /// `Field::combine` of `Gf64`; all rows have the length of the result.
    combine(points: &[u64], rows: &[&[u64]], to: &mut [u64])
);
at_each_width!(
    /// Multiplies every word by the weight in its place.
    scale(lanes: &mut [Lane], weights: &[Lane])
);
at_each_width!(
    /// `bits::fold_rows_portable`.
    fold_rows(rows: &mut [Lane; ROWS], choices: &Choices)
);
at_each_width!(
    /// `bits::add_sums_portable`, into unreduced sums in the first vector of each lane.
    add_sums(blocks: &[Block], sums: &mut [Lane; SUMS])
);

/// The element that unreduced sums in a lane add up to.
pub(super) fn element(sums: &Lane) -> u64 {
    let (low, high) = sums.0.as_chunks::<2>().0.iter().fold((0, 0), |sum, pair| (sum.0 ^ pair[0], sum.1 ^ pair[1]));
    low ^ gf128::multiply_subfield(high, 0x1b) // x^64 is x^4 + x^3 + x + 1
}

macro_rules! kernels {
    ($module:ident, $features:literal, $vector:ident, $words:literal, $load:ident, $store:ident, $zero:ident, $splat:ident,
     $clmul:ident, $xor:ident, $and:ident, $low:ident, $shift_left:ident, $shift_right:ident) => {
        mod $module {
            use super::*;

            const WORDS: usize = $words;

            #[target_feature(enable = $features)]
            pub(super) fn crossed(left: [&[u64]; 4], right: [&[u64]; 4]) -> u64 {
                let length = left[0].len();
                let (left_whole, left_rest) = cut(left, length);
                let (right_whole, right_rest) = cut(right, length);
                let mut sum = $zero();
                for at in 0..length / WORDS {
                    let joined: [$vector; 4] =
                        std::array::from_fn(|i| $xor(load(&left_whole[i][at]), load(&right_whole[i][at])));
                    sum = add_products(sum, joined[0], joined[1]);
                    sum = add_products(sum, joined[2], joined[3]);
                }
                let joined: [$vector; 4] = std::array::from_fn(|i| $xor(load_rest(left_rest[i]), load_rest(right_rest[i])));
                sum = add_products(sum, joined[0], joined[1]);
                reduce_sum(add_products(sum, joined[2], joined[3]))
            }

            #[target_feature(enable = $features)]
            pub(super) fn products(columns: [&[u64]; 4]) -> u64 {
                let length = columns[0].len();
                let (whole, rest) = cut(columns, length);
                let mut sum = $zero();
                for at in 0..length / WORDS {
                    let [a, b, c, d] = whole.map(|column| load(&column[at]));
                    sum = add_products(add_products(sum, a, b), c, d);
                }
                let [a, b, c, d] = rest.map(|column| load_rest(column));
                reduce_sum(add_products(add_products(sum, a, b), c, d))
            }

            #[target_feature(enable = $features)]
            pub(super) fn combine(points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
                assert!(rows.iter().all(|row| row.len() == to.len()), "rows of one length");
                for (at, to) in to.chunks_mut(WORDS).enumerate() {
                    let (mut even, mut odd) = ($zero(), $zero());
                    for (&point, row) in points.iter().zip(rows) {
                        let (whole, rest) = row.as_chunks::<WORDS>();
                        let elements = whole.get(at).map_or_else(|| load_rest(rest), |words| load(words));
                        let point = $splat(point as i64);
                        even = $xor(even, $clmul::<0x00>(point, elements));
                        odd = $xor(odd, $clmul::<0x11>(point, elements));
                    }
                    let mut combined = [0; WORDS];
                    store(&mut combined, reduce(even, odd));
                    to.copy_from_slice(&combined[..to.len()]);
                }
            }

            #[target_feature(enable = $features)]
            pub(super) fn scale(lanes: &mut [Lane], weights: &[Lane]) {
                for (lane, weight) in lanes.iter_mut().zip(weights) {
                    for (words, weights) in parts_mut(lane).iter_mut().zip(parts(weight)) {
                        let (left, right) = (load(words), load(weights));
                        store(words, reduce($clmul::<0x00>(left, right), $clmul::<0x11>(left, right)));
                    }
                }
            }

            #[target_feature(enable = $features)]
            pub(super) fn fold_rows(rows: &mut [Lane; ROWS], choices: &Choices) {
                for part in 0..Lane::default().0.len() / WORDS {
                    let mut folded = [$zero(); ROWS];
                    for (rows, choices) in rows.chunks_exact(TABLES * TABLE_ROWS).zip(choices.as_chunks::<TABLES>().0) {
                        let mut tables = [[$zero(); 1 << TABLE_ROWS]; TABLES];
                        for (table, four) in tables.iter_mut().zip(rows.chunks_exact(TABLE_ROWS)) {
                            for index in 1..table.len() {
                                let row = load(&parts(&four[index.trailing_zeros() as usize])[part]);
                                table[index] = $xor(table[index & (index - 1)], row);
                            }
                        }
                        for (bit, sum) in folded.iter_mut().enumerate() {
                            for (table, choices) in tables.iter().zip(choices) {
                                *sum = $xor(*sum, table[usize::from(choices[bit]) % (1 << TABLE_ROWS)]);
                            }
                        }
                    }
                    let mut side = ROWS / 2;
                    let mut mask = u64::MAX >> side;
                    while side != 0 {
                        let (shift, masks) = (_mm_cvtsi64_si128(side as i64), $splat(mask as i64));
                        for row in (0..ROWS).filter(|row| row & side == 0) {
                            let (upper, lower) = (folded[row], folded[row + side]);
                            let swap = $and($xor($shift_right(upper, shift), lower), masks);
                            folded[row] = $xor(upper, $shift_left(swap, shift));
                            folded[row + side] = $xor(lower, swap);
                        }
                        side /= 2;
                        mask ^= mask << side;
                    }
                    for (row, folded) in rows.iter_mut().zip(folded) {
                        store(&mut parts_mut(row)[part], folded);
                    }
                }
            }

            #[target_feature(enable = $features)]
            pub(super) fn add_sums(blocks: &[Block], sums: &mut [Lane; SUMS]) {
                let (crossed, claimed) = sums.split_at_mut(PAIRS);
                let corners = (0..ROWS).step_by(SIDE).flat_map(|l| (l..ROWS).step_by(SIDE).map(move |k| (l, k)));
                let few = if WORDS == Lane::default().0.len() { blocks.len().max(1) } else { FEW };
                for (blocks, (first_l, first_k)) in
                    blocks.chunks(few).flat_map(|blocks| corners.clone().map(move |corner| (blocks, corner)))
                {
                    for l in first_l..first_l + SIDE {
                        for k in first_k.max(l + 1)..first_k + SIDE {
                            // row l comes after the pairs of those before it
                            let to = &mut crossed[l * (2 * ROWS - l - 1) / 2 + k - l - 1];
                            let mut sum = load(&parts(to)[0]);
                            for block in blocks {
                                for (part, weights) in parts(&block.weights).iter().enumerate() {
                                    let of = |column: usize| {
                                        let rows = &block.columns[column];
                                        $xor(load(&parts(&rows[l])[part]), load(&parts(&rows[k])[part]))
                                    };
                                    let both = $xor($and(of(0), of(1)), $and(of(2), of(3)));
                                    sum = add_products(sum, both, load(weights));
                                }
                            }
                            store(&mut parts_mut(to)[0], sum);
                        }
                    }
                }
                for (at, to) in claimed.iter_mut().enumerate() {
                    let mut sum = load(&parts(to)[0]);
                    for block in blocks {
                        let claim = &block.claims[at / ROWS][at % ROWS];
                        for (words, weights) in parts(claim).iter().zip(parts(&block.weights)) {
                            sum = add_products(sum, load(words), load(weights));
                        }
                    }
                    store(&mut parts_mut(to)[0], sum);
                }
            }

            /// Adds products of 128 bits, each of two of the words.
            #[target_feature(enable = $features)]
            #[inline]
            fn add_products(sum: $vector, left: $vector, right: $vector) -> $vector {
                $xor($xor(sum, $clmul::<0x00>(left, right)), $clmul::<0x11>(left, right))
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn reduce_sum(sum: $vector) -> u64 {
                let mut lane = Lane::default();
                store(&mut parts_mut(&mut lane)[0], sum);
                element(&lane)
            }

            /// Products of 128 bits of the even and the odd words as elements, in the words' order.
            #[target_feature(enable = $features)]
            #[inline]
            fn reduce(even: $vector, odd: $vector) -> $vector {
                let tail = $splat(0x1b);
                let one = |product: $vector| {
                    let once = $clmul::<0x01>(product, tail);
                    $xor($xor(product, once), $clmul::<0x01>(once, tail))
                };
                $low(one(even), one(odd))
            }

            /// Columns as vectors, and the words that fill none.
            #[inline(always)]
            fn cut(columns: [&[u64]; 4], length: usize) -> ([&[[u64; WORDS]]; 4], [&[u64]; 4]) {
                let cut = columns.map(|column| column[..length].as_chunks::<WORDS>());
                (cut.map(|(whole, _)| &whole[..length / WORDS]), cut.map(|(_, rest)| rest))
            }

            #[inline(always)]
            fn parts(lane: &Lane) -> &[[u64; WORDS]] {
                lane.0.as_chunks().0
            }

            #[inline(always)]
            fn parts_mut(lane: &mut Lane) -> &mut [[u64; WORDS]] {
                lane.0.as_chunks_mut().0
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn load(words: &[u64; WORDS]) -> $vector {
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
            fn store(to: &mut [u64; WORDS], words: $vector) {
                // SAFETY: the words are as long as a vector, and the store needs no alignment
                unsafe { $store(to.as_mut_ptr().cast(), words) }
            }
        }
    };
}

kernels!(
    two,
    "sse4.1,pclmulqdq",
    __m128i,
    2,
    _mm_loadu_si128,
    _mm_storeu_si128,
    _mm_setzero_si128,
    _mm_set1_epi64x,
    _mm_clmulepi64_si128,
    _mm_xor_si128,
    _mm_and_si128,
    _mm_unpacklo_epi64,
    _mm_sll_epi64,
    _mm_srl_epi64
);
kernels!(
    four,
    "avx2,pclmulqdq,vpclmulqdq",
    __m256i,
    4,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_setzero_si256,
    _mm256_set1_epi64x,
    _mm256_clmulepi64_epi128,
    _mm256_xor_si256,
    _mm256_and_si256,
    _mm256_unpacklo_epi64,
    _mm256_sll_epi64,
    _mm256_srl_epi64
);
kernels!(
    eight,
    "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq",
    __m512i,
    8,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_setzero_si512,
    _mm512_set1_epi64,
    _mm512_clmulepi64_epi128,
    _mm512_xor_si512,
    _mm512_and_si512,
    _mm512_unpacklo_epi64,
    _mm512_sll_epi64,
    _mm512_srl_epi64
);
