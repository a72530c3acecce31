//! The portable kernels compiled for AVX-512: the compiler turns lanes into vectors, products of words into VPMULLQ.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::lanes::Lane;
use super::matmul::{self, Matrix, TILE_LANES, TILE_ROWS, Tile, TileColumns, TileRows};
use super::plan::Step;
use super::ring::{self, Shares};
use super::steps::{self, Block, Columns};

/// Whether this processor has the instructions.
pub(super) fn is_supported() -> bool {
    use std::arch::is_x86_feature_detected as detected;
    detected!("avx512f") && detected!("avx512dq") && detected!("avx512bw") && detected!("avx512vl")
}

macro_rules! widened {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*), $portable:path) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// Unless `is_supported`.
        pub(super) fn $name($($argument: $type),*) {
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            fn detected($($argument: $type),*) {
                $portable($($argument),*);
            }
            assert!(is_supported());
            // SAFETY: the features were asked for
            unsafe { detected($($argument),*) }
        }
    };
}

widened!(
    /// `steps::run_portable`.
    run_steps(block: &Block, steps: &[Step], constants: Option<usize>, memory: &mut [Lane], columns: Columns<'_>),
    steps::run_portable
);
widened!(
    /// `ring::add_each`.
    add_each(x: Shares<'_>, y: Shares<'_>, product: &mut [u64]),
    ring::add_each
);
widened!(
    /// `matmul::add_product`.
    add_product(x: Matrix<'_>, y: Matrix<'_>, sum: &mut [u64]),
    add_product_by_tiles
);

#[inline(always)]
fn add_product_by_tiles(x: Matrix<'_>, y: Matrix<'_>, sum: &mut [u64]) {
    matmul::add_product(x, y, tile_product, sum);
}

fn tile_product(height: usize, rows: &[TileRows], columns: &[TileColumns]) -> Tile {
    assert!(is_supported());
    // SAFETY: the features were asked for
    match height {
        1 => unsafe { tile_product_detected::<1>(rows, columns) },
        2 => unsafe { tile_product_detected::<2>(rows, columns) },
        _ => unsafe { tile_product_detected::<TILE_ROWS>(rows, columns) },
    }
}

/// The sums stay in registers; left to itself the compiler takes terms side by side and gathers.
#[target_feature(enable = "avx512f,avx512dq")]
fn tile_product_detected<const ROWS: usize>(rows: &[TileRows], columns: &[TileColumns]) -> Tile {
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
