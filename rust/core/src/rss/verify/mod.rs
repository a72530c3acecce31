//! A node proves to the two others that it computed its products as it should, and they check, without anything being shown.
//!
//! Node i sent z_i = x_i y_i + x_i y_(i+1) + x_(i+1) y_i + F(k_i) - F(k_(i+1)). The previous node knows x_i, y_i, k_i and z_i, the
//! next one x_(i+1), y_(i+1) and k_(i+1). So the claim is
//!
//! ```text
//! x_i y_(i+1) + x_(i+1) y_i = c + d,    c = z_i - x_i y_i - F(k_i),    d = F(k_(i+1))
//! ```
//!
//! an inner product of what the one verifier knows with what the other one knows, and the prover knows all of it. A random sum of
//! all claims is folded, again and again, to one product of masked numbers that the verifiers show each other: the recursive proof
//! of Boneh, Boyle, Corrigan-Gibbs, Gilboa and Ishai (CRYPTO 2019, ePrint 2019/188, section 5) as Boyle, Gilboa, Ishai and Nof (CCS
//! 2019, ePrint 2019/1390, section 3) use it for three parties. All messages of a proof go to the previous node; the next node's
//! parts of them come from the key that it shares with the prover. Coins are common to the three proofs, so that each node folds
//! its four columns once for all three of its parts in them. `specs/mpc-malicious.md` says why it is sound.
//!
//! Time and memory accesses depend on sizes and coins, never on a share. Those of `moves` depend on the orders of shuffles as well,
//! which one of the three nodes must not know: another process on the same core could learn them.

mod bits;
mod coins;
#[cfg(target_arch = "x86_64")]
mod doubles_simd;
mod field;
mod inner;
#[cfg(target_arch = "x86_64")]
mod lanes_simd;
mod matrix;
mod moves;
#[cfg(target_arch = "x86_64")]
mod notes_simd;
mod numbers;
mod prime;
mod proof;
mod subsets;
#[cfg(test)]
mod tests;
mod weighted;
#[cfg(target_arch = "x86_64")]
mod words_simd;

pub use matrix::Matrices;
pub use moves::{Moved, Order};
pub use proof::{Batch, Bits, Proof, ProofError};
