//! The steps of a segment on one block of words.

use super::lanes::{LANE_WORDS, Lane};
use super::plan::{Slot, Step};
#[cfg(target_arch = "x86_64")]
use super::wide_simd;

/// Where the wires of a block lie: each slot has the own words, filled up to whole lanes, and then the next ones.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// Words of a wire in this block.
    pub words: usize,
    /// Lanes of a slot.
    pub stride: usize,
    /// The first lane of the block's state.
    pub state: usize,
}

/// Lanes that so many words fill.
pub(super) fn lanes_of(words: usize) -> usize {
    words.div_ceil(LANE_WORDS)
}

impl Block {
    #[inline(always)]
    fn lanes(&self) -> usize {
        lanes_of(self.words)
    }

    #[inline(always)]
    fn start(&self, slot: Slot) -> usize {
        slot.index as usize * self.stride + if slot.in_state { self.state } else { 0 }
    }

    #[inline(always)]
    fn range(&self, slot: Slot) -> std::ops::Range<usize> {
        let start = self.start(slot);
        start..start + 2 * self.lanes()
    }

    /// The own (0) or next (1) words of a slot.
    pub(super) fn share<'memory>(&self, memory: &'memory [Lane], slot: Slot, side: usize) -> &'memory [u64] {
        let start = self.start(slot) + side * self.lanes();
        &bytemuck::cast_slice(&memory[start..start + self.lanes()])[..self.words]
    }

    /// The same, to write.
    pub(super) fn share_mut<'memory>(&self, memory: &'memory mut [Lane], slot: Slot, side: usize) -> &'memory mut [u64] {
        let start = self.start(slot) + side * self.lanes();
        &mut bytemuck::cast_slice_mut(&mut memory[start..start + self.lanes()])[..self.words]
    }
}

/// Takes all steps on one block.
///
/// `message` holds the masks of the block's AND gates, gate by gate, and then what is sent; `constants` is the side in which
/// constants stand; `factors` takes the factors of the AND gates in the places of their products.
pub(super) fn run(
    block: &Block,
    steps: &[Step],
    constants: Option<usize>,
    memory: &mut [Lane],
    message: &mut [u64],
    factors: Option<[&mut [u64]; 4]>,
) {
    #[cfg(target_arch = "x86_64")]
    if wide_simd::is_supported() {
        return wide_simd::run_steps(block, steps, constants, memory, message, factors);
    }
    run_portable(block, steps, constants, memory, message, factors);
}

/// The same without asking the processor; vector kernels are this, compiled for wider registers.
#[inline(always)]
pub(super) fn run_portable(
    block: &Block,
    steps: &[Step],
    constants: Option<usize>,
    memory: &mut [Lane],
    message: &mut [u64],
    mut factors: Option<[&mut [u64]; 4]>,
) {
    let lanes = block.lanes();
    for step in steps {
        match *step {
            Step::Xor { to, left, right } => {
                let (left, right) = (block.start(left), block.start(right));
                let to = block.start(to);
                // in one round trip a lane: the operands may be one slot, so the three cannot be borrowed together
                for lane in 0..2 * lanes {
                    memory[to + lane] = memory[left + lane].map(memory[right + lane], |left, right| left ^ right);
                }
            }
            Step::Not { to, from } => {
                let (to, from) = (block.range(to), block.range(from));
                memory.copy_within(from, to.start);
                if let Some(side) = constants {
                    for lane in &mut memory[to][side * lanes..(side + 1) * lanes] {
                        lane.0 = lane.0.map(|word| !word);
                    }
                }
            }
            Step::Constant { to, one } => {
                let to = block.range(to);
                memory[to.clone()].fill(Lane::default());
                if let (true, Some(side)) = (one, constants) {
                    memory[to][side * lanes..(side + 1) * lanes].fill(Lane([u64::MAX; LANE_WORDS]));
                }
            }
            Step::And { index, to, left, right } => {
                let place = index as usize * block.words..(index as usize + 1) * block.words;
                let product = &mut message[place.clone()];
                if let Some(factors) = &mut factors {
                    let sides = [(left, 0), (left, 1), (right, 0), (right, 1)];
                    for (row, (slot, side)) in factors.iter_mut().zip(sides) {
                        row[place.clone()].copy_from_slice(block.share(memory, slot, side));
                    }
                }
                multiply(&memory[block.range(left)], &memory[block.range(right)], product);
                if let Some(to) = to {
                    block.share_mut(memory, to, 0).copy_from_slice(product);
                }
            }
        }
    }
}

/// Adds x_own (y_own + y_next) + x_next y_own to the masks that stand in `product`.
#[inline(always)]
fn multiply(left: &[Lane], right: &[Lane], product: &mut [u64]) {
    let (left_own, left_next) = left.split_at(left.len() / 2);
    let (right_own, right_next) = right.split_at(right.len() / 2);
    let factors = left_own.iter().zip(left_next).zip(right_own.iter().zip(right_next));
    let (whole, last) = product.as_chunks_mut::<LANE_WORDS>();
    let of = |((left_own, left_next), (right_own, right_next)): ((&Lane, &Lane), (&Lane, &Lane))| -> [u64; LANE_WORDS] {
        std::array::from_fn(|i| (left_own.0[i] & (right_own.0[i] ^ right_next.0[i])) ^ (left_next.0[i] & right_own.0[i]))
    };
    let mut factors = factors;
    for (words, factors) in whole.iter_mut().zip(&mut factors) {
        let product = of(factors);
        *words = std::array::from_fn(|i| words[i] ^ product[i]);
    }
    if let Some(factors) = factors.next() {
        for (word, product) in last.iter_mut().zip(of(factors)) {
            *word ^= product;
        }
    }
}
