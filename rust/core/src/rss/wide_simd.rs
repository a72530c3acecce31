//! The portable kernels compiled for AVX-512: the compiler turns lanes into vectors, products of words into VPMULLQ.
#![allow(unsafe_code)]

use super::lanes::Lane;
use super::plan::Step;
use super::steps::{self, Block};

/// Whether this processor has the instructions.
pub(super) fn is_supported() -> bool {
    use std::arch::is_x86_feature_detected as detected;
    detected!("avx512f") && detected!("avx512dq") && detected!("avx512bw") && detected!("avx512vl")
}

/// `steps::run_portable`.
///
/// # Panics
/// Unless `is_supported`.
pub(super) fn run_steps(
    block: &Block,
    steps: &[Step],
    constants: Option<usize>,
    memory: &mut [Lane],
    message: &mut [u64],
    factors: Option<[&mut [u64]; 4]>,
) {
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn detected(
        block: &Block,
        steps: &[Step],
        constants: Option<usize>,
        memory: &mut [Lane],
        message: &mut [u64],
        factors: Option<[&mut [u64]; 4]>,
    ) {
        steps::run_portable(block, steps, constants, memory, message, factors);
    }
    assert!(is_supported());
    // SAFETY: the features were asked for
    unsafe { detected(block, steps, constants, memory, message, factors) }
}
