//! The portable kernels compiled for the vectors of each level.

use super::lanes::Lane;
use super::level::at_each_level;
use super::matmul::{self, Matrix, TileProduct};
use super::plan::Step;
use super::ring::{self, Shares};
use super::steps::{self, Block, Columns};

at_each_level!(
    /// `steps::run_portable`.
    run_steps(block: &Block, steps: &[Step], constants: Option<usize>, memory: &mut [Lane], columns: Columns<'_>),
    steps::run_portable
);
at_each_level!(
    /// `ring::add_each`.
    add_each(x: Shares<'_>, y: Shares<'_>, product: &mut [u64]),
    ring::add_each
);
at_each_level!(
    /// `matmul::add_product`.
    add_product(x: Matrix<'_>, y: Matrix<'_>, tile: TileProduct, sum: &mut [u64]),
    matmul::add_product
);
