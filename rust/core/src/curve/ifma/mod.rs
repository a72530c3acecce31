//! Eight lanes of AVX-512 IFMA.

use atoll_lanes::ifma as vectorised;

#[cfg(test)]
use super::Kernel;
use super::{BadPoint, constants, digits};

#[path = "../elligator_simd.rs"]
mod elligator_simd;
mod field_simd;
#[path = "../fixed_base_simd.rs"]
pub mod fixed_base_simd;
mod lookup_simd;
#[path = "../montgomery_simd.rs"]
mod montgomery_simd;
#[path = "../oblivious_simd.rs"]
pub mod oblivious_simd;
#[path = "../point_simd.rs"]
mod point_simd;
#[path = "../ristretto_simd.rs"]
mod ristretto_simd;
#[path = "../roots_simd.rs"]
mod roots_simd;
#[path = "../sha512_simd.rs"]
mod sha512_simd;
#[path = "../vector_simd.rs"]
pub mod vector_simd;
mod words_simd;
#[path = "../x25519_simd.rs"]
pub mod x25519_simd;

#[cfg(test)]
const KERNEL: Kernel = Kernel::Ifma;
