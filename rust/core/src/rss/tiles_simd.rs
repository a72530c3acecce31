//! The sums of a tile of a matrix product: they stay in registers; left to itself the compiler takes terms side by side and gathers.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::level::Level;
use super::matmul::{TILE_LANES, TILE_ROWS, Tile, TileColumns, TileProduct, TileRows};

/// The one for a level; `None` for portable code.
///
/// # Panics
/// Where this processor has not the level.
pub(super) fn tile_product(level: Level) -> Option<TileProduct> {
    assert!(level <= Level::found());
    match level {
        Level::Avx512 => Some(avx512),
        Level::Avx2 => Some(avx2),
        Level::Portable => None,
    }
}

fn avx512(height: usize, rows: &[TileRows], columns: &[TileColumns]) -> Tile {
    // SAFETY: `tile_product` gives this away only where the features were found
    match height {
        1 => unsafe { avx512_rows::<1>(rows, columns) },
        2 => unsafe { avx512_rows::<2>(rows, columns) },
        _ => unsafe { avx512_rows::<TILE_ROWS>(rows, columns) },
    }
}

#[target_feature(enable = "avx512f,avx512dq")]
fn avx512_rows<const ROWS: usize>(rows: &[TileRows], columns: &[TileColumns]) -> Tile {
    let mut sums = [[_mm512_setzero_si512(); TILE_LANES]; ROWS];
    for (rows, columns) in rows.iter().zip(columns) {
        // SAFETY: a lane is as long and aligned as a vector
        let [both, own] = columns.map(|lanes| lanes.map(|lane| unsafe { _mm512_load_si512(lane.0.as_ptr().cast()) }));
        for (sums, [x_own, x_next]) in sums.iter_mut().zip(rows) {
            let (x_own, x_next) = (_mm512_set1_epi64(*x_own as i64), _mm512_set1_epi64(*x_next as i64));
            for (sum, (both, own)) in sums.iter_mut().zip(both.iter().zip(own)) {
                *sum = _mm512_add_epi64(*sum, _mm512_mullo_epi64(x_own, *both));
                *sum = _mm512_add_epi64(*sum, _mm512_mullo_epi64(x_next, own));
            }
        }
    }
    let mut tile = Tile::default();
    for (lanes, sums) in tile.iter_mut().zip(sums) {
        for (lane, sum) in lanes.iter_mut().zip(sums) {
            // SAFETY: as above
            unsafe { _mm512_store_si512(lane.0.as_mut_ptr().cast(), sum) };
        }
    }
    tile
}

fn avx2(height: usize, rows: &[TileRows], columns: &[TileColumns]) -> Tile {
    let mut tile = Tile::default();
    // SAFETY: `tile_product` gives this away only where the features were found
    unsafe {
        avx2_part::<0, 0>(rows, columns, &mut tile);
        avx2_part::<0, 1>(rows, columns, &mut tile);
        if height > 2 {
            avx2_part::<2, 0>(rows, columns, &mut tile);
            avx2_part::<2, 1>(rows, columns, &mut tile);
        }
    }
    tile
}

/// Two rows of one lane. A product of words modulo 2^64 is that of their low halves and, 32 places up, the sum of the two of
/// a low and a high half, of which the low halves count: one 32-bit product of a word and the other with its halves exchanged
/// has both.
#[target_feature(enable = "avx2")]
fn avx2_part<const FIRST: usize, const LANE: usize>(rows: &[TileRows], columns: &[TileColumns], tile: &mut Tile) {
    let [mut low, mut cross] = [[[_mm256_setzero_si256(); 2]; 2]; 2];
    for (rows, columns) in rows.iter().zip(columns) {
        for (x, column) in columns.iter().enumerate() {
            let y = load(&column[LANE].0);
            let turned = y.map(|y| _mm256_shuffle_epi32::<0b10_11_00_01>(y));
            for (row, (low, cross)) in low.iter_mut().zip(&mut cross).enumerate() {
                let x = _mm256_set1_epi64x(rows[FIRST + row][x] as i64);
                for half in 0..2 {
                    low[half] = _mm256_add_epi64(low[half], _mm256_mul_epu32(x, y[half]));
                    cross[half] = _mm256_add_epi32(cross[half], _mm256_mullo_epi32(x, turned[half]));
                }
            }
        }
    }
    for (row, (low, cross)) in low.iter().zip(&cross).enumerate() {
        let words = tile[FIRST + row][LANE].0.as_chunks_mut::<4>().0;
        for (words, (&low, &cross)) in words.iter_mut().zip(low.iter().zip(cross)) {
            let upper = _mm256_add_epi32(cross, _mm256_slli_epi64::<32>(cross));
            let upper = _mm256_blend_epi32::<0b1010_1010>(_mm256_setzero_si256(), upper);
            // SAFETY: four words are as long as a vector, and the store needs no alignment
            unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), _mm256_add_epi64(low, upper)) };
        }
    }
}

#[target_feature(enable = "avx2")]
fn load(words: &[u64; 8]) -> [__m256i; 2] {
    // SAFETY: eight words are as long as two vectors, and the loads need no alignment
    unsafe { [_mm256_loadu_si256(words.as_ptr().cast()), _mm256_loadu_si256(words[4..].as_ptr().cast())] }
}
