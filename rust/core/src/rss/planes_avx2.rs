//! 64 lanes turned with AVX2, four blocks of 64 words at a time: word r of each in vector r, so that squares of bits off the
//! diagonal change places between whole vectors (Warren, Hacker's Delight, section 7-3).
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::lanes::Lane;
use super::level::Level;
use super::planes::Tile;

type Vectors = [__m256i; 64];

/// The words of a tile become planes.
///
/// # Panics
/// On a processor without the instructions.
pub(super) fn turn(tile: &mut Tile) {
    assert!(Level::found() >= Level::Avx2);
    // SAFETY: the features were asked for
    unsafe { turn_detected(tile) }
}

/// The planes of a tile become words.
///
/// # Panics
/// On a processor without the instructions.
pub(super) fn turn_back(tile: &mut Tile) {
    assert!(Level::found() >= Level::Avx2);
    // SAFETY: the features were asked for
    unsafe { turn_back_detected(tile) }
}

#[target_feature(enable = "avx2")]
fn turn_detected(tile: &mut Tile) {
    let mut planes = [Lane::default(); 64];
    for half in 0..2 {
        let mut vectors = [_mm256_setzero_si256(); 64];
        for (word, vectors) in vectors.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            // words 4 w to 4 w + 3 of block t are half a lane of that block's eight
            *vectors = transpose(std::array::from_fn(|t| load(&tile[8 * (4 * half + t) + word / 2], word % 2)));
        }
        turn_bits(&mut vectors);
        for (plane, vector) in planes.iter_mut().zip(vectors) {
            store(plane, half, vector);
        }
    }
    *tile = planes;
}

#[target_feature(enable = "avx2")]
fn turn_back_detected(tile: &mut Tile) {
    let mut words = [Lane::default(); 64];
    for half in 0..2 {
        let mut vectors: Vectors = std::array::from_fn(|plane| load(&tile[plane], half));
        turn_bits(&mut vectors);
        for (word, vectors) in vectors.as_chunks::<4>().0.iter().enumerate() {
            for (t, vector) in transpose(*vectors).into_iter().enumerate() {
                store(&mut words[8 * (4 * half + t) + word / 2], word % 2, vector);
            }
        }
    }
    *tile = words;
}

/// Bit c of each word of vector r becomes bit r of that word of vector c.
#[target_feature(enable = "avx2")]
fn turn_bits(vectors: &mut Vectors) {
    for first in 0..8 {
        let mut rows: [__m256i; 8] = std::array::from_fn(|i| vectors[8 * i + first]);
        change::<32, 4>(&mut rows, 0x0000_0000_ffff_ffff);
        change::<16, 2>(&mut rows, 0x0000_ffff_0000_ffff);
        change::<8, 1>(&mut rows, 0x00ff_00ff_00ff_00ff);
        for (i, row) in rows.into_iter().enumerate() {
            vectors[8 * i + first] = row;
        }
    }
    for rows in vectors.as_chunks_mut::<8>().0 {
        change::<4, 4>(rows, 0x0f0f_0f0f_0f0f_0f0f);
        change::<2, 2>(rows, 0x3333_3333_3333_3333);
        change::<1, 1>(rows, 0x5555_5555_5555_5555);
    }
}

/// Squares of `SIDE` bits change places: the upper one of a row and the lower one of the row `STEP` further.
#[target_feature(enable = "avx2")]
#[inline]
fn change<const SIDE: i32, const STEP: usize>(rows: &mut [__m256i; 8], mask: i64) {
    let mask = _mm256_set1_epi64x(mask);
    for row in 0..8 {
        if row & STEP == 0 {
            let (low, high) = (rows[row], rows[row + STEP]);
            let swap = _mm256_and_si256(_mm256_xor_si256(_mm256_srli_epi64::<SIDE>(low), high), mask);
            rows[row] = _mm256_xor_si256(low, _mm256_slli_epi64::<SIDE>(swap));
            rows[row + STEP] = _mm256_xor_si256(high, swap);
        }
    }
}

/// Word c of vector r becomes word r of vector c.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab_even, ab_odd) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    let (cd_even, cd_odd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
    [
        _mm256_permute2x128_si256::<0x20>(ab_even, cd_even),
        _mm256_permute2x128_si256::<0x20>(ab_odd, cd_odd),
        _mm256_permute2x128_si256::<0x31>(ab_even, cd_even),
        _mm256_permute2x128_si256::<0x31>(ab_odd, cd_odd),
    ]
}

/// The lower (0) or upper (1) half of a lane.
#[target_feature(enable = "avx2")]
#[inline]
fn load(lane: &Lane, half: usize) -> __m256i {
    // SAFETY: half a lane is as long and aligned as a vector
    unsafe { _mm256_load_si256(lane.0.as_chunks::<4>().0[half].as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(lane: &mut Lane, half: usize, words: __m256i) {
    // SAFETY: as above
    unsafe { _mm256_store_si256(lane.0.as_chunks_mut::<4>().0[half].as_mut_ptr().cast(), words) };
}
