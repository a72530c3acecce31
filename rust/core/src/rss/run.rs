//! One evaluation of a circuit by one node, round by round, on columns of bits that lie 64 in a word.
//!
//! A message has, for each block of 64 words in turn, the words of the layer's AND gates in the block, gate by gate. Word k of all
//! messages in a row is masked by word k of the ticket's shares of zero.

use std::sync::Arc;

use super::circuit::Circuit;
use super::lanes::Lane;
use super::spare::{NoMemory, with_room, zeroed};
use super::steps::{self, Block, Columns};
use super::streams::Streams;

/// Words of a wire that are worked on together: the wires of a circuit then stay in the second-level cache.
pub(super) const BLOCK_WORDS: usize = 64;

/// A call that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunError {
    /// This step is not next.
    NotNext,
    /// As many input wires, or words, or output words are needed.
    Sizes {
        /// What was given.
        found: usize,
        /// What is needed.
        needed: usize,
    },
    /// There is not enough.
    Memory,
}

impl From<NoMemory> for RunError {
    fn from(_: NoMemory) -> Self {
        Self::Memory
    }
}

/// What a node knows of every AND gate, for a proof that it kept to the protocol: x y + ... = z, in message order.
///
/// Six rows of as many words as all messages have together: x own, x next, y own, y next, z own, z next.
#[derive(Debug)]
pub struct Log {
    /// The rows, one after the other.
    pub rows: Vec<u64>,
    words: usize,
}

/// The rows of products, after those of the factors.
const OWN: usize = 4;
const NEXT: usize = 5;

/// A run of a circuit. Its memory goes to the next run of the same node; shares are not wiped, as a computation's columns are not.
pub struct CircuitRun {
    circuit: Arc<Circuit>,
    streams: Arc<Streams>,
    ticket: u64,
    /// The place of this node's shares in which constants stand: 0 own, 1 next, none.
    constants: Option<usize>,
    words: usize,
    /// Scratch, then the state of each block.
    memory: Vec<Lane>,
    /// Segments done.
    done: usize,
    /// Words sent so far.
    sent: usize,
    outputs: Vec<u64>,
    log: Option<Log>,
}

impl CircuitRun {
    /// A run by node `me`, one of 0, 1 and 2, on `words` words a wire.
    ///
    /// The ticket's shares of zero are used up; nothing else may take them.
    ///
    /// # Errors
    /// There is not enough memory.
    pub fn new(
        circuit: Arc<Circuit>,
        streams: Arc<Streams>,
        me: usize,
        ticket: u64,
        words: usize,
        log: bool,
    ) -> Result<Self, RunError> {
        let plan = circuit.plan();
        let lanes = 2 * steps::lanes_of(words.min(BLOCK_WORDS));
        let slots = plan.scratch_slots + words.div_ceil(BLOCK_WORDS) * plan.state_slots;
        let logged = circuit.layers().sum::<usize>() * words;
        let log = if log { Some(Log { rows: zeroed(6 * logged)?, words: logged }) } else { None };
        Ok(Self {
            memory: streams.spare.take(slots * lanes)?,
            streams,
            ticket,
            constants: [Some(0), None, Some(1)][me % 3],
            words,
            done: 0,
            sent: 0,
            outputs: zeroed(2 * circuit.outputs() * words)?,
            log,
            circuit,
        })
    }

    /// The first message, empty if the circuit has no AND gate; `inputs` are own and next words of each input wire.
    ///
    /// # Errors
    /// Out of order, not as many wires or words as there are, or not enough memory.
    pub fn start(&mut self, inputs: &[[&[u64]; 2]]) -> Result<Vec<u64>, RunError> {
        if self.done != 0 {
            return Err(RunError::NotNext);
        }
        sized(inputs.len(), self.circuit.inputs())?;
        for share in inputs.iter().flatten() {
            sized(share.len(), self.words)?;
        }
        self.segment(inputs, &[], &[])
    }

    /// The next message, empty after the last round, from the last message and what the next node sent.
    ///
    /// # Errors
    /// Out of order, a message has not the length of this node's last one, or not enough memory.
    pub fn advance(&mut self, said: &[u64], heard: &[u8]) -> Result<Vec<u64>, RunError> {
        if self.done == 0 || self.is_done() {
            return Err(RunError::NotNext);
        }
        let words = self.circuit.segments()[self.done - 1].ands * self.words;
        sized(said.len(), words)?;
        sized(heard.len(), 8 * words)?;
        self.segment(&[], said, heard)
    }

    /// Whether `outputs` is next.
    pub fn is_done(&self) -> bool {
        self.done == self.circuit.segments().len()
    }

    /// Output wires.
    pub fn output_wires(&self) -> usize {
        self.circuit.outputs()
    }

    /// Words of a wire.
    pub fn words(&self) -> usize {
        self.words
    }

    /// The own words of each output wire, then the next ones; once.
    ///
    /// # Errors
    /// Out of order, or the outputs have been taken.
    pub fn take_outputs(&mut self) -> Result<Vec<u64>, RunError> {
        let words = 2 * self.circuit.outputs() * self.words;
        let is_there = self.is_done() && self.outputs.len() == words;
        if is_there { Ok(std::mem::take(&mut self.outputs)) } else { Err(RunError::NotNext) }
    }

    /// The log of a run that is done, once.
    pub fn take_log(&mut self) -> Option<Log> {
        if self.is_done() { self.log.take() } else { None }
    }

    fn block(&self, number: usize) -> (Block, std::ops::Range<usize>) {
        let plan = self.circuit.plan();
        let here = number * BLOCK_WORDS..((number + 1) * BLOCK_WORDS).min(self.words);
        let stride = 2 * steps::lanes_of(self.words.min(BLOCK_WORDS));
        let state = (plan.scratch_slots + number * plan.state_slots) * stride;
        (Block { words: here.len(), stride, state }, here)
    }

    fn segment(&mut self, inputs: &[[&[u64]; 2]], said: &[u64], heard: &[u8]) -> Result<Vec<u64>, RunError> {
        let circuit = Arc::clone(&self.circuit);
        let segment = &circuit.segments()[self.done];
        let before = self.done.checked_sub(1).map_or(0, |last| circuit.segments()[last].ands);
        let mut message = with_room(segment.ands * self.words)?;
        for number in 0..self.words.div_ceil(BLOCK_WORDS) {
            let (block, here) = self.block(number);
            let last = before * here.start..before * here.end;
            let (said, heard) = (&said[last.clone()], &heard[8 * last.start..8 * last.end]);
            let part = segment.ands * here.start..segment.ands * here.end;
            let at = self.sent + part.start;
            message.resize(part.end, 0);
            let message = &mut message[part];
            self.streams.fill_zero_bits(self.ticket, at as u64, message);
            let columns = Columns {
                inputs,
                said,
                heard,
                message,
                outputs: &mut self.outputs,
                words: self.words,
                start: here.start,
                factors: self.log.as_mut().map(|log| log.factors(at, segment.ands * block.words)),
            };
            steps::run(&block, &segment.steps, self.constants, &mut self.memory, columns);
            if let Some(log) = &mut self.log {
                let heard_at = self.sent - before * (self.words - here.start);
                bytemuck::cast_slice_mut(&mut log.row(NEXT)[heard_at..heard_at + said.len()]).copy_from_slice(heard);
                log.row(OWN)[at..at + message.len()].copy_from_slice(message);
            }
        }
        self.done += 1;
        self.sent += message.len();
        Ok(message)
    }
}

impl Drop for CircuitRun {
    fn drop(&mut self) {
        self.streams.spare.give(std::mem::take(&mut self.memory));
    }
}

impl Log {
    fn row(&mut self, row: usize) -> &mut [u64] {
        &mut self.rows[row * self.words..][..self.words]
    }

    /// Where the factors of the gates whose words begin at `at` go.
    fn factors(&mut self, at: usize, length: usize) -> [&mut [u64]; 4] {
        let mut rows = self.rows.chunks_exact_mut(self.words.max(1));
        std::array::from_fn(|_| rows.next().map_or(&mut [][..], |row| &mut row[at..at + length]))
    }
}

fn sized(found: usize, needed: usize) -> Result<(), RunError> {
    if found == needed { Ok(()) } else { Err(RunError::Sizes { found, needed }) }
}
