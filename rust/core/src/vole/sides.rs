//! The machines of one instance.
//!
//! Written after Weng, Yang, Katz and Wang, "Wolverine" (ePrint 2020/925, section 5: single-point VOLE from a punctured tree and a
//! base VOLE, and its consistency check over all points at once) with the code of [`super::code`] in place of primal LPN, as RR22
//! (ePrint 2022/320) uses it. The base VOLE is the extension's rows, 128 of them weighted with the basis of the field.

use std::sync::Arc;

use zeroize::Zeroize;

use super::code::{Element, ExpandConvolute, ROWS_AT_ONCE};
use super::params::{NOISE_WEIGHT, expect_length};
use super::setup::{DeltaSetup, Session, VectorSetup};
use super::tree::{Scratch, expand, expand_punctured};
use super::work::{for_each_piece, piece};
use super::{DeltaOutput, Multipliers, VectorOutput, VoleError, VoleParams};
use crate::fixed_key::{CorrelationHash, Stream, TreeStep};
use crate::gf128::{GF128_BYTES, Gf128, evaluate, power};
use crate::ot::extension::{ROW_BLOCK, extend_bits, extend_delta};
use crate::ot::seeds::{AllSeeds, ButOneSeeds};
use crate::ot::{digest, short_digest};

/// The step after an error.
const FAILED: usize = usize::MAX;

/// The side that knows Delta, one instance: `receive_0`, `send_1`, against malicious parties `receive_2`, `send_3`, then `finish`.
pub struct DeltaSide {
    params: VoleParams,
    threads: usize,
    session: Session,
    seeds: Arc<ButOneSeeds>,
    delta: Gf128,
    seed: [u8; 32],
    next: usize,
    /// Rows q of the extension.
    rows: Vec<Gf128>,
    /// The digest of message 0: trees and their masks are new for every message 0, so a peer gains nothing by sending another.
    heard: [u8; 32],
    leaves: Vec<Gf128>,
    answer: [u8; 32],
}

/// The side that knows the vectors, one instance: `send_0`, `receive_1`, against malicious parties `send_2`, `receive_3`, then
/// `finish`.
pub struct VectorSide {
    params: VoleParams,
    threads: usize,
    session: Session,
    seed: [u8; 32],
    next: usize,
    /// The number of the leaf of each tree that is not zero in A, and its value.
    noise: Vec<(usize, Gf128)>,
    /// A random value under which the check's sum of noise is sent.
    mask: Gf128,
    bits: Vec<Gf128>,
    rows: Vec<Gf128>,
    seeds: Arc<AllSeeds>,
    sent: [u8; 32],
    check_seed: [u8; 16],
    leaves: Vec<Gf128>,
    expected: [u8; 32],
}

impl DeltaSide {
    /// Instance `instance`, never used before in this setup; `threads` 1 or more.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`] while the setup is not done, [`VoleError::InstanceReused`].
    pub fn new(setup: &mut DeltaSetup, instance: u64, params: VoleParams, threads: usize) -> Result<Self, VoleError> {
        let (session, seeds) = setup.open(instance, params)?;
        let seed = digest("delta instance", &[setup.seed(), &session]);
        let delta = setup.delta();
        Ok(Self {
            params,
            threads,
            session,
            seeds,
            delta,
            seed,
            next: 0,
            rows: Vec::new(),
            heard: [0; 32],
            leaves: Vec::new(),
            answer: [0; 32],
        })
    }

    /// Takes message 0: corrections of the extension, and their proof.
    ///
    /// # Errors
    /// [`VoleError::WrongLength`], [`VoleError::CheckFailed`], [`VoleError::OutOfOrder`].
    pub fn receive_0(&mut self, message: &[u8]) -> Result<(), VoleError> {
        begin(&mut self.next, 0, &self.params)?;
        expect_length(message, self.params.message_bytes(0))?;
        let blocks = self.params.rows() / ROW_BLOCK;
        self.rows = extend_delta(&self.seeds, &self.session, self.delta, message, blocks, self.params.malicious())
            .ok_or(VoleError::CheckFailed)?;
        self.heard = digest("message 0", &[message]);
        self.next = 1;
        Ok(())
    }

    /// Message 1: for each tree the sums of its levels under the extension's masks, and the correction of the missing leaf.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_1(&mut self) -> Result<Vec<u8>, VoleError> {
        begin(&mut self.next, 1, &self.params)?;
        let params = &self.params;
        let mut roots = vec![Gf128::ZERO; NOISE_WEIGHT];
        Stream::new(&short_digest("roots", &[&self.seed, &self.heard])).fill(&mut roots);
        let masks = tree_masks(&self.session, &self.heard, [Gf128::ZERO, self.delta], self.choice_rows());
        let mut message = vec![0; params.message_bytes(1)];
        let mut leaves = vec![Gf128::ZERO; params.places()];
        let trees = piece(NOISE_WEIGHT, 1, self.threads);
        let pieces = leaves.chunks_mut(trees * params.leaves()).zip(message.chunks_mut(trees * params.tree_bytes()));
        for_each_piece(pieces.enumerate(), |(i, (leaves, messages))| {
            let mut scratch = Scratch::new(params);
            let parts = leaves.chunks_exact_mut(params.leaves()).zip(messages.chunks_exact_mut(params.tree_bytes()));
            for (tree, (leaves, message)) in (i * trees..).zip(parts) {
                let step = tree_step(&self.session, &self.heard, tree);
                let sums = expand(&step, roots[tree], leaves, &mut scratch);
                let mut words = message.as_chunks_mut::<GF128_BYTES>().0.iter_mut();
                let mut put = |word: Gf128| *words.next().expect("room for the tree") = word.to_bytes();
                for (level, sums) in sums.iter().enumerate() {
                    let row = tree * params.depth() + level;
                    put(sums[0] ^ masks[0][row]);
                    put(sums[1] ^ masks[1][row]);
                }
                put(leaves.iter().fold(base_value(params, &self.rows, tree), |sum, &leaf| sum ^ leaf));
            }
        });
        roots.zeroize();
        self.leaves = leaves;
        self.next = 2;
        Ok(message)
    }

    /// Takes message 2, if malicious: a random point, and the masked sum of the noise there.
    ///
    /// # Errors
    /// [`VoleError::WrongLength`], [`VoleError::OutOfOrder`].
    pub fn receive_2(&mut self, message: &[u8]) -> Result<(), VoleError> {
        begin(&mut self.next, 2, &self.params)?;
        expect_length(message, self.params.message_bytes(2))?;
        let words = message.as_chunks::<GF128_BYTES>().0;
        let (point, masked) = (Gf128::from_bytes(words[0]), Gf128::from_bytes(words[1]));
        let mask = weighted(&self.rows[self.params.mask_row()..][..128]);
        let sum = evaluate(point, &self.leaves) ^ mask ^ (masked * self.delta);
        self.answer = check_digest(&self.session, message, sum);
        self.next = 3;
        Ok(())
    }

    /// Message 3, if malicious: the digest of the sum of B at that point.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_3(&mut self) -> Result<Vec<u8>, VoleError> {
        begin(&mut self.next, 3, &self.params)?;
        self.next = 4;
        Ok(self.answer.to_vec())
    }

    /// Delta and B.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn finish(mut self) -> Result<DeltaOutput, VoleError> {
        if self.next != self.params.messages() {
            return Err(VoleError::OutOfOrder);
        }
        let mut b = std::mem::take(&mut self.leaves);
        let outputs = self.params.code_outputs();
        let code = ExpandConvolute::new(outputs, b.len() - outputs);
        let (kept, state) = b.split_at_mut(outputs);
        code.convolute(state);
        let kept = &mut kept[..self.params.length()];
        let size = piece(kept.len(), ROWS_AT_ONCE, self.threads);
        for_each_piece(kept.chunks_mut(size).enumerate(), |(i, kept)| {
            let first = i * size;
            code.expand(state, first, kept.len(), |row, sum| kept[row - first] ^= sum);
        });
        state.zeroize();
        b.truncate(self.params.length());
        b.shrink_to_fit();
        Ok(DeltaOutput { delta: self.delta, b })
    }

    fn choice_rows(&self) -> &[Gf128] {
        &self.rows[..self.params.choice_rows()]
    }
}

impl VectorSide {
    /// Instance `instance`, never used before in this setup; `threads` 1 or more.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`] while the setup is not done, [`VoleError::InstanceReused`].
    pub fn new(setup: &mut VectorSetup, instance: u64, params: VoleParams, threads: usize) -> Result<Self, VoleError> {
        let (session, seeds) = setup.open(instance, params)?;
        let seed = digest("vector instance", &[setup.seed(), &session]);
        let mut stream = Stream::new(&short_digest("noise", &[&seed]));
        let mut bits = vec![Gf128::ZERO; params.rows() / ROW_BLOCK];
        stream.fill(&mut bits);
        let mut draws = vec![Gf128::ZERO; NOISE_WEIGHT];
        stream.fill(&mut draws);
        let noise: Vec<(usize, Gf128)> = draws
            .iter()
            .enumerate()
            .map(|(tree, draw)| {
                let missing = ((u128::from(draw.lo) * params.leaves() as u128) >> 64) as usize;
                (missing, noise_value(&params, &bits, tree))
            })
            .collect();
        set_choices(&params, &noise, &mut bits);
        let mask = bits.get(params.mask_row() / ROW_BLOCK).copied().unwrap_or_default();
        draws.zeroize();
        Ok(Self {
            params,
            threads,
            session,
            seed,
            next: 0,
            noise,
            mask,
            bits,
            rows: Vec::new(),
            seeds,
            sent: [0; 32],
            check_seed: [0; 16],
            leaves: Vec::new(),
            expected: [0; 32],
        })
    }

    /// Message 0: corrections of the extension, and their proof.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_0(&mut self) -> Result<Vec<u8>, VoleError> {
        begin(&mut self.next, 0, &self.params)?;
        let (rows, message) = extend_bits(&self.seeds, &self.session, &self.bits, self.params.malicious());
        self.bits.zeroize();
        self.rows = rows;
        self.sent = digest("message 0", &[&message]);
        self.next = 1;
        Ok(message)
    }

    /// Takes message 1: the trees but for one leaf each.
    ///
    /// # Errors
    /// [`VoleError::WrongLength`], [`VoleError::OutOfOrder`].
    pub fn receive_1(&mut self, message: &[u8]) -> Result<(), VoleError> {
        begin(&mut self.next, 1, &self.params)?;
        let params = &self.params;
        expect_length(message, params.message_bytes(1))?;
        let [masks] = tree_masks(&self.session, &self.sent, [Gf128::ZERO], &self.rows[..params.choice_rows()]);
        let mut leaves = vec![Gf128::ZERO; params.places()];
        let trees = piece(NOISE_WEIGHT, 1, self.threads);
        for_each_piece(leaves.chunks_mut(trees * params.leaves()).enumerate(), |(i, leaves)| {
            let mut scratch = Scratch::new(params);
            for (tree, leaves) in (i * trees..).zip(leaves.chunks_exact_mut(params.leaves())) {
                let words = message[tree * params.tree_bytes()..][..params.tree_bytes()].as_chunks::<GF128_BYTES>().0;
                let (missing, _) = self.noise[tree];
                let siblings: Vec<Gf128> = (0..params.depth())
                    .map(|level| {
                        let side = ((missing >> (params.depth() - 1 - level)) & 1) ^ 1;
                        Gf128::from_bytes(words[2 * level + side]) ^ masks[tree * params.depth() + level]
                    })
                    .collect();
                let step = tree_step(&self.session, &self.sent, tree);
                expand_punctured(&step, missing, &siblings, leaves, &mut scratch);
                let correction = Gf128::from_bytes(words[2 * params.depth()]) ^ base_value(params, &self.rows, tree);
                leaves[missing] = leaves.iter().fold(correction, |sum, &leaf| sum ^ leaf);
            }
        });
        self.leaves = leaves;
        self.check_seed = short_digest("check point", &[&self.seed, message]);
        self.next = 2;
        Ok(())
    }

    /// Message 2, if malicious: a random point, and the masked sum of the noise there.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_2(&mut self) -> Result<Vec<u8>, VoleError> {
        begin(&mut self.next, 2, &self.params)?;
        let point = Gf128::from_bytes(self.check_seed);
        let masked = self.noise.iter().enumerate().fold(self.mask, |sum, (tree, &(missing, value))| {
            sum + power(point, (tree * self.params.leaves() + missing + 1) as u32) * value
        });
        let message = [point, masked].map(Gf128::to_bytes).as_flattened().to_vec();
        let mask = weighted(&self.rows[self.params.mask_row()..][..128]);
        self.expected = check_digest(&self.session, &message, evaluate(point, &self.leaves) ^ mask);
        self.next = 3;
        Ok(message)
    }

    /// Takes message 3, if malicious: the digest to compare.
    ///
    /// # Errors
    /// [`VoleError::WrongLength`], [`VoleError::CheckFailed`], [`VoleError::OutOfOrder`].
    pub fn receive_3(&mut self, message: &[u8]) -> Result<(), VoleError> {
        begin(&mut self.next, 3, &self.params)?;
        expect_length(message, self.params.message_bytes(3))?;
        let difference = message.iter().zip(&self.expected).fold(0, |all, (found, expected)| all | (found ^ expected));
        if difference != 0 {
            return Err(VoleError::CheckFailed);
        }
        self.next = 4;
        Ok(())
    }

    /// A and C.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn finish(mut self) -> Result<VectorOutput, VoleError> {
        if self.next != self.params.messages() {
            return Err(VoleError::OutOfOrder);
        }
        let mut c = std::mem::take(&mut self.leaves);
        let (outputs, length) = (self.params.code_outputs(), self.params.length());
        let mut a = vec![Gf128::ZERO; length];
        let mut state: Vec<[Gf128; 2]> = c[outputs..].iter().map(|&c| [c, Gf128::ZERO]).collect();
        c.truncate(length);
        for (tree, &(missing, value)) in self.noise.iter().enumerate() {
            let place = tree * self.params.leaves() + missing;
            if place < length {
                a[place] = value;
            } else if place >= outputs {
                state[place - outputs][1] = value;
            }
        }
        let code = ExpandConvolute::new(outputs, state.len());
        code.convolute(&mut state);
        let size = piece(length, ROWS_AT_ONCE, self.threads);
        for_each_piece(a.chunks_mut(size).zip(c.chunks_mut(size)).enumerate(), |(i, (a, c))| {
            let first = i * size;
            code.expand(&state, first, c.len(), |row, sum| {
                c[row - first] ^= sum[0];
                a[row - first] ^= sum[1];
            });
        });
        state.as_flattened_mut().zeroize();
        c.shrink_to_fit();
        let a = if self.params.subfield() {
            let subfield = a.iter().map(|element| element.lo).collect();
            a.zeroize();
            Multipliers::Subfield(subfield)
        } else {
            Multipliers::Full(a)
        };
        Ok(VectorOutput { a, c })
    }
}

impl Drop for DeltaSide {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.delta.zeroize();
        self.rows.zeroize();
        self.leaves.zeroize();
    }
}

impl Drop for VectorSide {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.noise.zeroize();
        self.mask.zeroize();
        self.bits.zeroize();
        self.rows.zeroize();
        self.check_seed.zeroize();
        self.leaves.zeroize();
    }
}

/// The next step must be `k`; it counts as failed until it is done.
fn begin(next: &mut usize, k: usize, params: &VoleParams) -> Result<(), VoleError> {
    let in_turn = *next == k && k < params.messages();
    *next = FAILED;
    if in_turn { Ok(()) } else { Err(VoleError::OutOfOrder) }
}

/// The masks of the sums: for each shift and row the hash of row plus shift. The key is public and new for every message 0, the
/// tweak is the row's number.
fn tree_masks<const N: usize>(session: &Session, first: &[u8; 32], shifts: [Gf128; N], rows: &[Gf128]) -> [Vec<Gf128>; N] {
    let hash = CorrelationHash::new(&short_digest("masks", &[session, first]));
    shifts.map(|shift| {
        let mut masks: Vec<Gf128> = rows.iter().map(|&row| row ^ shift).collect();
        hash.hash(&mut masks, 0);
        masks
    })
}

fn tree_step(session: &Session, first: &[u8; 32], tree: usize) -> TreeStep {
    let keys = digest("tree", &[session, first, &(tree as u64).to_le_bytes()]);
    TreeStep::new(&[0, 1].map(|side| keys.as_chunks().0[side]))
}

/// The sum of `rows[i] * basis(i)`: correlations of bits become one of the field element they make.
fn weighted(rows: &[Gf128]) -> Gf128 {
    let horner = |rows: &[Gf128]| rows.iter().rev().fold(Gf128::ZERO, |sum, &row| sum.times_x() ^ row);
    match rows.split_at_checked(64) {
        Some((low, high)) if !high.is_empty() => horner(low) + horner(high) * Gf128::basis(64),
        _ => horner(rows),
    }
}

/// The extension's share of noise value `tree` times Delta.
fn base_value(params: &VoleParams, rows: &[Gf128], tree: usize) -> Gf128 {
    let bits = params.noise_bits();
    weighted(&rows[params.choice_rows() + tree * bits..][..bits])
}

/// Noise value `tree` among the bits of the extension.
fn noise_value(params: &VoleParams, bits: &[Gf128], tree: usize) -> Gf128 {
    let values = &bits[params.choice_rows() / ROW_BLOCK..];
    if params.subfield() {
        let pair = values[tree / 2];
        Gf128::from_subfield(if tree.is_multiple_of(2) { pair.lo } else { pair.hi })
    } else {
        values[tree]
    }
}

/// Row (tree, level) asks for the side on which the path to the missing leaf does not run.
fn set_choices(params: &VoleParams, noise: &[(usize, Gf128)], bits: &mut [Gf128]) {
    let depth = params.depth();
    bits[..params.choice_rows() / ROW_BLOCK].fill(Gf128::ZERO);
    for (tree, &(missing, _)) in noise.iter().enumerate() {
        for level in 0..depth {
            let row = tree * depth + level;
            let side = ((missing >> (depth - 1 - level)) & 1) ^ 1;
            bits[row / ROW_BLOCK] ^= Gf128::from_bits((side as u128) << (row % ROW_BLOCK));
        }
    }
}

fn check_digest(session: &Session, message: &[u8], sum: Gf128) -> [u8; 32] {
    digest("check", &[session, message, &sum.to_bytes()])
}
