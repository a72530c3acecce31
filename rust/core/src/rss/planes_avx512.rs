//! 64 lanes turned with AVX-512: bits within bytes by a GFNI matrix product, bytes by VPERMB, words by shuffles of whole vectors.
//!
//! Word 64 t + 8 j + w is word w of lane 8 t + j; its bit 8 b + r goes to bit 8 j + w of word t of lane 8 b + r.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::lanes::Lane;
use super::planes::Tile;

/// Whether this processor has the instructions.
pub(super) fn is_supported() -> bool {
    use std::arch::is_x86_feature_detected as detected;
    detected!("avx512f") && detected!("avx512bw") && detected!("avx512vbmi") && detected!("gfni")
}

/// The words of a tile become planes.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn turn(tile: &mut Tile) {
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { turn_detected(tile) }
}

/// The planes of a tile become words.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn turn_back(tile: &mut Tile) {
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { turn_back_detected(tile) }
}

/// Byte 8 i + k of the result is byte 8 k + i of the operand, or byte 8 (7 - k) + i if `reversed`.
const fn turned_bytes(reversed: bool) -> Lane {
    let mut words = [0; 8];
    let mut at = 0;
    while at < 64 {
        let (i, k) = (at / 8, at % 8);
        let from = if reversed { 7 - k } else { k } * 8 + i;
        words[i] |= (from as u64) << (8 * k);
        at += 1;
    }
    Lane(words)
}

static TURNED: Lane = turned_bytes(false);
/// The matrix product takes the rows of a matrix from the last byte up.
static TURNED_FOR_PRODUCT: Lane = turned_bytes(true);

/// Times a matrix of bits: byte r is the unit 2^r, so that byte r of the product is column r of the matrix.
const UNITS: i64 = 0x8040_2010_0804_0201_u64 as i64;

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn turn_detected(tile: &mut Tile) {
    let (units, bytes, rows) = (_mm512_set1_epi64(UNITS), load(&TURNED), load(&TURNED_FOR_PRODUCT));
    for group in tile.as_chunks_mut::<8>().0 {
        let lanes = group.each_ref().map(|lane| {
            // word b: byte b of the eight words; then byte r of it: their bits 8 b + r
            _mm512_gf2p8affine_epi64_epi8::<0>(units, _mm512_permutexvar_epi8(rows, load(lane)))
        });
        for (lane, words) in group.iter_mut().zip(transpose(lanes)) {
            store(lane, _mm512_permutexvar_epi8(bytes, words));
        }
    }
    // word t of lane 8 b + r has been word r of lane 8 t + b
    let mut planes = [Lane::default(); 64];
    for b in 0..8 {
        let words = transpose(std::array::from_fn(|t| load(&tile[8 * t + b])));
        for (lane, words) in planes[8 * b..].iter_mut().zip(words) {
            store(lane, words);
        }
    }
    *tile = planes;
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn turn_back_detected(tile: &mut Tile) {
    let mut turned = [Lane::default(); 64];
    for b in 0..8 {
        for (t, words) in transpose(std::array::from_fn(|r| load(&tile[8 * b + r]))).into_iter().enumerate() {
            store(&mut turned[8 * t + b], words);
        }
    }
    let (units, bytes, rows) = (_mm512_set1_epi64(UNITS), load(&TURNED), load(&TURNED_FOR_PRODUCT));
    let ((groups, _), (results, _)) = (turned.as_chunks::<8>(), tile.as_chunks_mut::<8>());
    for (group, result) in groups.iter().zip(results) {
        let lanes = group.each_ref().map(|lane| _mm512_permutexvar_epi8(rows, load(lane)));
        for (lane, words) in result.iter_mut().zip(transpose(lanes)) {
            store(lane, _mm512_permutexvar_epi8(bytes, _mm512_gf2p8affine_epi64_epi8::<0>(units, words)));
        }
    }
}

/// Word c of vector r becomes word r of vector c.
#[target_feature(enable = "avx512f")]
fn transpose(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    let pairs = |x, y| [_mm512_unpacklo_epi64(x, y), _mm512_unpackhi_epi64(x, y)];
    let ([ab0, ab1], [cd0, cd1], [ef0, ef1], [gh0, gh1]) = (pairs(a, b), pairs(c, d), pairs(e, f), pairs(g, h));
    // of two vectors of pairs, the even and the odd pairs
    let halves = |x, y| [_mm512_shuffle_i64x2::<0x88>(x, y), _mm512_shuffle_i64x2::<0xdd>(x, y)];
    let quarters = |ab, cd, ef, gh| {
        let ([ab_even, ab_odd], [ef_even, ef_odd]) = (halves(ab, cd), halves(ef, gh));
        let ([first, third], [second, fourth]) = (halves(ab_even, ef_even), halves(ab_odd, ef_odd));
        [first, second, third, fourth]
    };
    let ([r0, r2, r4, r6], [r1, r3, r5, r7]) = (quarters(ab0, cd0, ef0, gh0), quarters(ab1, cd1, ef1, gh1));
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

#[target_feature(enable = "avx512f")]
fn load(lane: &Lane) -> __m512i {
    // SAFETY: a lane is as long and aligned as a vector
    unsafe { _mm512_load_si512(lane.0.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
fn store(lane: &mut Lane, words: __m512i) {
    // SAFETY: as above
    unsafe { _mm512_store_si512(lane.0.as_mut_ptr().cast(), words) };
}
