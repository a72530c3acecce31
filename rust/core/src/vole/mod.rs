//! Vector oblivious linear evaluation: C = A Delta + B over GF(2^128), for one side who knows Delta and B and one who knows A and C.
//!
//! A pair of parties runs a setup once per job ([`DeltaSetup`], [`VectorSetup`]; two messages, the one with Delta begins), then any
//! number of instances ([`DeltaSide`], [`VectorSide`]; two messages, four against malicious parties; the side with the vectors
//! begins). All are machines without I/O: `send_k` gives message k, `receive_k` takes it. Their lengths follow from the
//! parameters ([`setup_message_bytes`], [`VoleParams::message_bytes`]). Every byte follows from the seeds and the messages
//! received, so a side that is built anew and fed the same messages sends the same.
//!
//! Written after Weng, Yang, Katz and Wang, "Wolverine" (ePrint 2020/925, section 5: single-point VOLE from a punctured tree and a
//! base VOLE, and its consistency check over all points at once), with the dual code of `code.rs` in place of primal LPN, as RR22
//! (Raghuraman and Rindal, "Blazing Fast PSI", ePrint 2022/320) uses it. The base VOLE is made of the rows of [`crate::ot`]'s
//! extension, 128 of them weighted with the basis of the field. Messages, parameters with their estimate, and what leaks:
//! `specs/vole.md`.

mod blocks;
mod code;
mod common;
mod dealer;
mod delta_side;
mod errors;
#[cfg(test)]
mod known_answers;
mod pages;
mod params;
mod setup;
#[cfg(target_arch = "x86_64")]
mod simd;
mod tree;
mod vector_side;
mod work;

pub use dealer::InsecureDealer;
pub use delta_side::DeltaSide;
pub use errors::VoleError;
pub use params::{MAX_LENGTH, SETUP_MESSAGES, VoleParams, setup_message_bytes};
pub use setup::{DeltaSetup, VectorSetup};
pub use vector_side::VectorSide;

use zeroize::Zeroize;

use crate::gf128::Gf128;

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

/// The vector A: elements of the field, or of its subfield GF(2^64).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Multipliers {
    /// Over GF(2^128).
    Full(Vec<Gf128>),
    /// Over GF(2^64).
    Subfield(Vec<u64>),
}

impl Multipliers {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Full(elements) => elements.len(),
            Self::Subfield(elements) => elements.len(),
        }
    }

    /// Whether there are none; never so for what a side returns.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `i` in the whole field.
    pub fn get(&self, i: usize) -> Gf128 {
        match self {
            Self::Full(elements) => elements[i],
            Self::Subfield(elements) => Gf128::from_subfield(elements[i]),
        }
    }
}

/// What the side with Delta ends with; to be used once.
#[derive(Debug)]
pub struct DeltaOutput {
    /// The same for all instances of a setup: together they are one long VOLE in pieces.
    pub delta: Gf128,
    /// One element for each place.
    pub b: Vec<Gf128>,
}

/// What the side with the vectors ends with; to be used once.
#[derive(Debug)]
pub struct VectorOutput {
    /// The uniform vector.
    pub a: Multipliers,
    /// a\[i\] * delta + b\[i\].
    pub c: Vec<Gf128>,
}

impl Drop for DeltaOutput {
    fn drop(&mut self) {
        self.delta.zeroize();
        self.b.zeroize();
    }
}

impl Drop for VectorOutput {
    fn drop(&mut self) {
        match &mut self.a {
            Multipliers::Full(elements) => elements.zeroize(),
            Multipliers::Subfield(elements) => elements.zeroize(),
        }
        self.c.zeroize();
    }
}

impl DeltaOutput {
    /// The parts, no longer wiped when dropped.
    pub fn into_parts(mut self) -> (Gf128, Vec<Gf128>) {
        (self.delta, std::mem::take(&mut self.b))
    }
}

impl VectorOutput {
    /// The parts (a, c), no longer wiped when dropped.
    pub fn into_parts(mut self) -> (Multipliers, Vec<Gf128>) {
        let a = std::mem::replace(&mut self.a, Multipliers::Subfield(Vec::new()));
        (a, std::mem::take(&mut self.c))
    }
}
