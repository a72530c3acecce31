//! The side that knows the vectors.

use std::sync::Arc;

use zeroize::Zeroize;

use super::code::{ExpandConvolute, ROWS_AT_ONCE};
use super::common::{HALF, base_value, begin, check_digest, evaluate_halves, tree_masks, tree_step, weighted};
use super::pages::Elements;
use super::params::{NOISE_WEIGHT, expect_length};
use super::setup::{Session, VectorSetup};
use super::tree::{Scratch, expand_punctured};
use super::work::{for_each_piece, piece};
use super::{Multipliers, VectorOutput, VoleError, VoleParams};
use crate::fixed_key::Stream;
use crate::gf128::{GF128_BYTES, Gf128, power};
use crate::ot::extension::{ROW_BLOCK, extend_bits};
use crate::ot::seeds::AllSeeds;
use crate::ot::{digest, short_digest};

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
    /// C before compression: the systematic places; and those that the code works on, in the second half of the room that they
    /// share with those of A later.
    kept: Vec<Gf128>,
    pairs: Elements,
    expected: [u8; 32],
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
            kept: Vec::new(),
            pairs: Elements::none(),
            expected: [0; 32],
        })
    }

    /// Message 0: corrections of the extension, and their proof.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_0(&mut self) -> Result<Vec<u8>, VoleError> {
        begin(&mut self.next, 0, &self.params)?;
        let (rows, message) = extend_bits(&self.seeds, &self.session, &self.bits);
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
        let grow = |first: usize, leaves: &mut [Gf128]| {
            let mut scratch = Scratch::new(params);
            for (tree, leaves) in (first..).zip(leaves.chunks_exact_mut(params.leaves())) {
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
        };
        let mut kept = vec![Gf128::ZERO; params.outputs()];
        let mut pairs = Elements::zeros(2 * params.outputs());
        let trees = piece(HALF, 1, self.threads);
        for (first, leaves) in [(0, &mut *kept), (HALF, &mut pairs[params.outputs()..])] {
            let pieces = leaves.chunks_mut(trees * params.leaves());
            for_each_piece(pieces.enumerate(), |(i, leaves)| grow(first + i * trees, leaves));
        }
        (self.kept, self.pairs) = (kept, pairs);
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
        let sum = evaluate_halves(point, &self.kept, &self.pairs[self.params.outputs()..]);
        self.expected = check_digest(&self.session, &message, sum ^ mask);
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
        let (outputs, length) = (self.params.outputs(), self.params.length());
        let place = |tree: usize, missing: usize| tree % HALF * self.params.leaves() + missing;
        let mut a = vec![Gf128::ZERO; outputs];
        for (tree, &(missing, value)) in self.noise.iter().enumerate().skip(HALF) {
            a[place(tree, missing)] = value;
        }
        let code = ExpandConvolute::new(outputs);
        code.convolute([&mut a, &mut self.pairs[outputs..]]);
        let pairs = &mut *self.pairs;
        for (i, &a) in a.iter().enumerate() {
            // never beyond what was read
            (pairs[2 * i], pairs[2 * i + 1]) = (pairs[outputs + i], a);
        }
        a.fill(Gf128::ZERO);
        for (tree, &(missing, value)) in self.noise.iter().enumerate().take(HALF) {
            a[place(tree, missing)] = value;
        }
        a.truncate(length);
        let mut c = std::mem::take(&mut self.kept);
        c.truncate(length);
        let pairs = pairs.as_chunks::<2>().0;
        let size = piece(length, ROWS_AT_ONCE, self.threads);
        for_each_piece(a.chunks_mut(size).zip(c.chunks_mut(size)).enumerate(), |(i, (a, c))| {
            let first = i * size;
            code.expand(pairs, first, c.len(), |row, sum| {
                c[row - first] ^= sum[0];
                a[row - first] ^= sum[1];
            });
        });
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

impl Drop for VectorSide {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.noise.zeroize();
        self.mask.zeroize();
        self.bits.zeroize();
        self.rows.zeroize();
        self.check_seed.zeroize();
        self.kept.zeroize();
    }
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
