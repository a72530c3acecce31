//! Kernels of replicated secret sharing among three nodes: what a node computes alone between two rounds.
//!
//! A secret x is x_0 + x_1 + x_2, over Z/2^64 or over the bits (then + is XOR), and node i holds x_i, its *own* share, and
//! x_(i+1), the *next* one. A product of two shared numbers takes one round: node i computes
//! z_i = x_i y_i + x_i y_(i+1) + x_(i+1) y_i + alpha_i, where the alphas are shares of zero, and sends z_i to the previous node,
//! whose next share it is. Araki, Furukawa, Lindell, Nof and Ohara, CCS 2016 (ePrint 2016/768), section 2.
//!
//! Time and memory accesses depend on sizes, circuits and permutations, never on a share.

mod circuit;
mod lanes;
mod level;
mod matmul;
mod permute;
mod plan;
mod planes;
#[cfg(target_arch = "x86_64")]
mod planes_avx2;
#[cfg(target_arch = "x86_64")]
mod planes_avx512;
mod ring;
mod run;
mod spare;
mod steps;
mod streams;
#[cfg(target_arch = "x86_64")]
mod streams_avx2;
#[cfg(target_arch = "x86_64")]
mod streams_simd;
#[cfg(target_arch = "x86_64")]
mod tiles_simd;
mod verify;
mod wide;

pub use circuit::{BadCircuit, Circuit, Gate};
pub use matmul::Matrix;
pub use permute::{invert, permutation, permute};
pub use planes::{BLOCK_BITS, planes_to_words, sum_to_planes, words_to_planes};
pub use ring::{Shares, matmul, multiply};
pub use run::{CircuitRun, Log, RunError};
pub use spare::{NoMemory, zeroed};
pub use streams::{KEY_BYTES, Side, Streams};
pub use verify::{Batch, Bits as BitNotes, Matrices, Moved, Order, Proof, ProofError};

// Words cross to numpy and to the wire as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "shares are little-endian words");
