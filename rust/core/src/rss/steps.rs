//! The steps of a segment on one block of words.

use super::lanes::{LANE_WORDS, Lane};
use super::level::Level;
use super::plan::{Slot, Step};
use super::wide;

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

/// What a block's steps read and write outside its memory.
pub(super) struct Columns<'a> {
    /// Own and next words of each input wire, all blocks.
    pub inputs: &'a [[&'a [u64]; 2]],
    /// What was sent last of this block, gate by gate.
    pub said: &'a [u64],
    /// What was heard of it.
    pub heard: &'a [u8],
    /// The masks of the block's AND gates, gate by gate; then what is sent.
    pub message: &'a mut [u64],
    /// The own words of each output wire, then the next ones, all blocks.
    pub outputs: &'a mut [u64],
    /// Words of a wire in all blocks.
    pub words: usize,
    /// The block's first word.
    pub start: usize,
    /// Takes the factors of the AND gates in the places of their products.
    pub factors: Option<[&'a mut [u64]; 4]>,
}

/// Takes all steps on one block; `constants` is the side in which constants stand.
pub(super) fn run(block: &Block, steps: &[Step], constants: Option<usize>, memory: &mut [Lane], columns: Columns<'_>) {
    wide::run_steps(Level::found(), block, steps, constants, memory, columns);
}

/// The same without asking the processor; the vector kernel is this, compiled for wider registers.
#[inline(always)]
pub(super) fn run_portable(
    block: &Block,
    steps: &[Step],
    constants: Option<usize>,
    memory: &mut [Lane],
    mut columns: Columns<'_>,
) {
    let lanes = block.lanes();
    let place = |index: u32| index as usize * block.words..(index as usize + 1) * block.words;
    for step in steps {
        match *step {
            Step::Fetch { to, input } => {
                for (side, share) in columns.inputs[input as usize].iter().enumerate() {
                    block.share_mut(memory, to, side).copy_from_slice(&share[columns.start..columns.start + block.words]);
                }
            }
            Step::Hear { to, index } => {
                block.share_mut(memory, to, 0).copy_from_slice(&columns.said[place(index)]);
                let heard = &columns.heard[8 * place(index).start..8 * place(index).end];
                bytemuck::cast_slice_mut(block.share_mut(memory, to, 1)).copy_from_slice(heard);
            }
            Step::Xor { to, left, right } => {
                let [to, left, right] = [to, left, right].map(|slot| block.range(slot));
                if let Ok([to, left, right]) = memory.get_disjoint_mut([to.clone(), left, right]) {
                    for (to, (left, right)) in to.iter_mut().zip(left.iter().zip(right.iter())) {
                        *to = left.map(*right, |left, right| left ^ right);
                    }
                } else {
                    memory[to].fill(Lane::default()); // the operands are one wire
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
            Step::And { index, left, right } => {
                if let Some(factors) = &mut columns.factors {
                    let sides = [(left, 0), (left, 1), (right, 0), (right, 1)];
                    for (row, (slot, side)) in factors.iter_mut().zip(sides) {
                        row[place(index)].copy_from_slice(block.share(memory, slot, side));
                    }
                }
                multiply(&memory[block.range(left)], &memory[block.range(right)], &mut columns.message[place(index)]);
            }
            Step::Store { from, output } => {
                let wires = columns.outputs.len() / 2 / columns.words;
                for side in 0..2 {
                    let first = (side * wires + output as usize) * columns.words + columns.start;
                    columns.outputs[first..first + block.words].copy_from_slice(block.share(memory, from, side));
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
    let mut factors = left_own.iter().zip(left_next).zip(right_own.iter().zip(right_next));
    let (whole, last) = product.as_chunks_mut::<LANE_WORDS>();
    let of = |((left_own, left_next), (right_own, right_next)): ((&Lane, &Lane), (&Lane, &Lane))| -> [u64; LANE_WORDS] {
        std::array::from_fn(|i| (left_own.0[i] & (right_own.0[i] ^ right_next.0[i])) ^ (left_next.0[i] & right_own.0[i]))
    };
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

#[cfg(test)]
mod tests {
    use super::super::circuit::Gate;
    use super::super::plan::Plan;
    use super::*;

    fn drawn(length: usize, tag: u64) -> Vec<u64> {
        (1..=length as u64)
            .map(|i| (i ^ (tag << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(i | 1))
            .collect()
    }

    fn gates(inputs: u32, count: u32, tag: u64) -> Vec<Gate> {
        let choices = drawn(3 * count as usize, tag);
        let gate = |(at, choice): (u32, &[u64; 3])| {
            let [left, right] = [choice[1], choice[2]].map(|word| ((word >> 20) % u64::from(inputs + at)) as u32);
            match choice[0] >> 40 & 7 {
                0..3 => Gate::Xor(left, right),
                3..5 => Gate::And(left, right),
                5 => Gate::Not(left),
                6 => Gate::Xor(left, left),
                _ => Gate::One,
            }
        };
        (0..count).zip(choices.as_chunks::<3>().0).map(gate).collect()
    }

    #[test]
    fn vectors_take_the_steps_that_portable_code_takes() {
        for (tag, words) in [1, 7, 8, 9, 16, 33, 63, 64].into_iter().enumerate() {
            let plan = Plan::new(6, &gates(6, 90, tag as u64), &[0, 20, 40, 60, 80, 95]);
            let (inputs, stride) = (drawn(12 * words, 1), 2 * lanes_of(words));
            let inputs: Vec<[&[u64]; 2]> =
                inputs.chunks(2 * words).map(|shares| [&shares[..words], &shares[words..]]).collect();
            let block = Block { words, stride, state: plan.scratch_slots * stride };
            let lanes = (plan.scratch_slots + plan.state_slots) * stride;
            let mut results = Vec::new();
            for level in Level::all() {
                let (mut memory, mut outputs) = (vec![Lane::default(); lanes], vec![0; 12 * words]);
                let (mut said, mut messages, mut logs) = (Vec::new(), Vec::new(), Vec::new());
                for (number, segment) in plan.segments.iter().enumerate() {
                    let heard: Vec<u8> =
                        drawn(said.len(), 9 + number as u64).iter().flat_map(|word| word.to_le_bytes()).collect();
                    let mut message = drawn(segment.ands * words, 100 + number as u64);
                    let mut rows = vec![vec![0; message.len()]; 4];
                    let mut parts = rows.iter_mut();
                    let columns = Columns {
                        inputs: &inputs,
                        said: &said,
                        heard: &heard,
                        message: &mut message,
                        outputs: &mut outputs,
                        words,
                        start: 0,
                        factors: Some(std::array::from_fn(|_| parts.next().unwrap().as_mut_slice())),
                    };
                    wide::run_steps(level, &block, &segment.steps, Some(tag % 2), &mut memory, columns);
                    messages.extend_from_slice(&message);
                    logs.push(rows);
                    said = message;
                }
                results.push((messages, outputs, logs));
            }
            assert!(results.iter().all(|result| *result == results[0]), "{words} words");
        }
    }
}
