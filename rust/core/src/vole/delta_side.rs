//! The side that knows Delta.

use std::sync::Arc;

use zeroize::Zeroize;

use super::code::{ExpandConvolute, ROWS_AT_ONCE};
use super::common::{HALF, base_value, begin, check_digest, evaluate_halves, tree_masks, tree_step, weighted};
use super::pages::Elements;
use super::params::{NOISE_WEIGHT, expect_length};
use super::setup::{DeltaSetup, Session};
use super::tree::{Scratch, expand};
use super::work::{for_each_piece, piece};
use super::{DeltaOutput, VoleError, VoleParams};
use crate::fixed_key::Stream;
use crate::gf128::{GF128_BYTES, Gf128};
use crate::ot::extension::{ROW_BLOCK, extend_delta};
use crate::ot::seeds::ButOneSeeds;
use crate::ot::{digest, short_digest};

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
    /// B before compression: the systematic places, and those that the code works on.
    kept: Vec<Gf128>,
    state: Elements,
    answer: [u8; 32],
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
            kept: Vec::new(),
            state: Elements::none(),
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
        self.rows = extend_delta(&self.seeds, &self.session, self.delta, message, blocks).ok_or(VoleError::CheckFailed)?;
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
        let grow = |first: usize, leaves: &mut [Gf128], messages: &mut [u8]| {
            let mut scratch = Scratch::new(params);
            let parts = leaves.chunks_exact_mut(params.leaves()).zip(messages.chunks_exact_mut(params.tree_bytes()));
            for (tree, (leaves, message)) in (first..).zip(parts) {
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
        };
        let mut message = vec![0; params.message_bytes(1)];
        let (of_kept, of_state) = message.split_at_mut(HALF * params.tree_bytes());
        let mut kept = vec![Gf128::ZERO; params.outputs()];
        let mut state = Elements::zeros(params.outputs());
        let trees = piece(HALF, 1, self.threads);
        for (first, leaves, messages) in [(0, &mut *kept, of_kept), (HALF, &mut *state, of_state)] {
            let pieces = leaves.chunks_mut(trees * params.leaves()).zip(messages.chunks_mut(trees * params.tree_bytes()));
            for_each_piece(pieces.enumerate(), |(i, (leaves, messages))| grow(first + i * trees, leaves, messages));
        }
        roots.zeroize();
        (self.kept, self.state) = (kept, state);
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
        let sum = evaluate_halves(point, &self.kept, &self.state) + mask + masked * self.delta;
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
        let length = self.params.length();
        let code = ExpandConvolute::new(self.params.outputs());
        code.convolute([&mut self.state]);
        let mut b = std::mem::take(&mut self.kept);
        b.truncate(length);
        let state = &*self.state;
        let size = piece(length, ROWS_AT_ONCE, self.threads);
        for_each_piece(b.chunks_mut(size).enumerate(), |(i, b)| {
            let first = i * size;
            code.expand(state, first, b.len(), |row, sum| b[row - first] ^= sum);
        });
        Ok(DeltaOutput { delta: self.delta, b })
    }

    fn choice_rows(&self) -> &[Gf128] {
        &self.rows[..self.params.choice_rows()]
    }
}

impl Drop for DeltaSide {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.delta.zeroize();
        self.rows.zeroize();
        self.kept.zeroize();
    }
}
