//! Carry-less products of eight words at a time (VPCLMULQDQ on 512 bits).
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::bits::{Block, Choices, PAIRS, ROWS, SUMS, TABLE_ROWS};
use crate::gf128;
use crate::rss::lanes::Lane;

/// Whether this processor has the instructions.
pub(super) fn is_supported() -> bool {
    use std::arch::is_x86_feature_detected as detected;
    detected!("avx512f") && detected!("avx512bw") && detected!("avx512dq") && detected!("avx512vl") && detected!("vpclmulqdq")
}

/// `Field::crossed` of `Gf64`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn crossed(left: [&[u64]; 4], right: [&[u64]; 4]) -> u64 {
    assert!(is_supported());
    let length = left[0].len();
    assert!(left.iter().chain(&right).all(|column| column.len() == length), "columns of one length");
    // SAFETY: the features were asked for
    unsafe { crossed_detected(left, right) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
fn crossed_detected(left: [&[u64]; 4], right: [&[u64]; 4]) -> u64 {
    let mut sum = _mm512_setzero_si512();
    for at in (0..left[0].len()).step_by(8) {
        let joined: [__m512i; 4] = std::array::from_fn(|i| _mm512_xor_si512(load(&left[i][at..]), load(&right[i][at..])));
        sum = add_products(sum, joined[0], joined[1]);
        sum = add_products(sum, joined[2], joined[3]);
    }
    reduce_sum(sum)
}

/// `Field::products` of `Gf64`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn products(columns: [&[u64]; 4]) -> u64 {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
    fn detected(columns: [&[u64]; 4]) -> u64 {
        let mut sum = _mm512_setzero_si512();
        for at in (0..columns[0].len()).step_by(8) {
            let [a, b, c, d] = columns.map(|column| load(&column[at..]));
            sum = add_products(add_products(sum, a, b), c, d);
        }
        reduce_sum(sum)
    }
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { detected(columns) }
}

/// `Field::combine` of `Gf64`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn combine(points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
    assert!(is_supported());
    assert!(rows.iter().all(|row| row.len() == to.len()), "rows of one length");
    // SAFETY: the features were asked for
    unsafe { combine_detected(points, rows, to) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
fn combine_detected(points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
    for (at, to) in to.chunks_mut(8).enumerate() {
        let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        for (&point, row) in points.iter().zip(rows) {
            let (point, elements) = (_mm512_set1_epi64(point as i64), load(&row[8 * at..]));
            even = _mm512_xor_si512(even, _mm512_clmulepi64_epi128::<0x00>(point, elements));
            odd = _mm512_xor_si512(odd, _mm512_clmulepi64_epi128::<0x11>(point, elements));
        }
        store(to, reduce(even, odd));
    }
}

/// Multiplies every word by the weight in its place.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn scale(lanes: &mut [Lane], weights: &[Lane]) {
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { scale_detected(lanes, weights) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
fn scale_detected(lanes: &mut [Lane], weights: &[Lane]) {
    for (lane, weight) in lanes.iter_mut().zip(weights) {
        let (left, right) = (load(&lane.0), load(&weight.0));
        let even = _mm512_clmulepi64_epi128::<0x00>(left, right);
        let odd = _mm512_clmulepi64_epi128::<0x11>(left, right);
        store(&mut lane.0, reduce(even, odd));
    }
}

/// `bits::fold_rows_portable`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn fold_rows(rows: &mut [Lane; ROWS], choices: &Choices) {
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { fold_rows_detected(rows, choices) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
fn fold_rows_detected(rows: &mut [Lane; ROWS], choices: &Choices) {
    let mut folded = [_mm512_setzero_si512(); ROWS];
    for (four, choices) in rows.chunks_exact(TABLE_ROWS).zip(choices) {
        let mut table = [_mm512_setzero_si512(); 1 << TABLE_ROWS];
        for index in 1..table.len() {
            let row = load(&four[index.trailing_zeros() as usize].0);
            table[index] = _mm512_xor_si512(table[index & (index - 1)], row);
        }
        for (sum, &index) in folded.iter_mut().zip(choices) {
            *sum = _mm512_xor_si512(*sum, table[usize::from(index) % (1 << TABLE_ROWS)]);
        }
    }
    let mut side = ROWS / 2;
    let mut mask = u64::MAX >> side;
    while side != 0 {
        let (shift, masks) = (_mm_cvtsi64_si128(side as i64), _mm512_set1_epi64(mask as i64));
        for row in (0..ROWS).filter(|row| row & side == 0) {
            let (upper, lower) = (folded[row], folded[row + side]);
            let swap = _mm512_and_si512(_mm512_xor_si512(_mm512_srl_epi64(upper, shift), lower), masks);
            folded[row] = _mm512_xor_si512(upper, _mm512_sll_epi64(swap, shift));
            folded[row + side] = _mm512_xor_si512(lower, swap);
        }
        side /= 2;
        mask ^= mask << side;
    }
    for (row, folded) in rows.iter_mut().zip(folded) {
        store(&mut row.0, folded);
    }
}

/// `bits::add_sums_portable`, into unreduced sums of which each lane has four.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn add_sums(blocks: &[Block], sums: &mut [Lane; SUMS]) {
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { add_sums_detected(blocks, sums) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
fn add_sums_detected(blocks: &[Block], sums: &mut [Lane; SUMS]) {
    let (crossed, claimed) = sums.split_at_mut(PAIRS);
    let mut crossed = crossed.iter_mut();
    for l in 0..ROWS {
        for k in l + 1..ROWS {
            let Some(to) = crossed.next() else { return };
            let mut sum = load(&to.0);
            for block in blocks {
                let of = |column: usize| _mm512_xor_si512(load(&block.columns[column][l].0), load(&block.columns[column][k].0));
                let straight = _mm512_and_si512(of(0), of(1));
                // a ^ (b & c)
                let both = _mm512_ternarylogic_epi64::<0x78>(straight, of(2), of(3));
                sum = add_products(sum, both, load(&block.weights.0));
            }
            store(&mut to.0, sum);
        }
    }
    for (to, (side, l)) in claimed.iter_mut().zip((0..2).flat_map(|side| (0..ROWS).map(move |l| (side, l)))) {
        let mut sum = load(&to.0);
        for block in blocks {
            sum = add_products(sum, load(&block.claims[side][l].0), load(&block.weights.0));
        }
        store(&mut to.0, sum);
    }
}

/// The element that four unreduced sums in a lane add up to.
pub(super) fn element(sums: &Lane) -> u64 {
    let (low, high) = sums.0.as_chunks::<2>().0.iter().fold((0, 0), |sum, pair| (sum.0 ^ pair[0], sum.1 ^ pair[1]));
    low ^ gf128::multiply_subfield(high, 0x1b) // x^64 is x^4 + x^3 + x + 1
}

/// Adds four products of 128 bits, each of two of the words.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
#[inline]
fn add_products(sum: __m512i, left: __m512i, right: __m512i) -> __m512i {
    let even = _mm512_clmulepi64_epi128::<0x00>(left, right);
    let odd = _mm512_clmulepi64_epi128::<0x11>(left, right);
    _mm512_ternarylogic_epi64::<0x96>(sum, even, odd)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
#[inline]
fn reduce_sum(sum: __m512i) -> u64 {
    let mut lane = Lane::default();
    store(&mut lane.0, sum);
    element(&lane)
}

/// Products of 128 bits of the even and the odd words as elements, in the words' order.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
#[inline]
fn reduce(even: __m512i, odd: __m512i) -> __m512i {
    let tail = _mm512_set1_epi64(0x1b);
    let one = |product: __m512i| {
        let once = _mm512_clmulepi64_epi128::<0x01>(product, tail);
        let twice = _mm512_clmulepi64_epi128::<0x01>(once, tail);
        _mm512_ternarylogic_epi64::<0x96>(product, once, twice)
    };
    _mm512_unpacklo_epi64(one(even), one(odd))
}

/// The first eight words, or all with zeros behind them.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
#[inline]
fn load(words: &[u64]) -> __m512i {
    let mask = if words.len() >= 8 { 0xff } else { (1_u8 << words.len()) - 1 };
    // SAFETY: only words of the slice are read
    unsafe { _mm512_maskz_loadu_epi64(mask, words.as_ptr().cast()) }
}

/// As many words as the slice has, eight at the most.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq")]
#[inline]
fn store(to: &mut [u64], words: __m512i) {
    let mask = if to.len() >= 8 { 0xff } else { (1_u8 << to.len()) - 1 };
    // SAFETY: only words of the slice are written
    unsafe { _mm512_mask_storeu_epi64(to.as_mut_ptr().cast(), mask, words) }
}
