//! From gates to what is done between two rounds, and where in memory each wire lies meanwhile.
//!
//! Segment s is the work after round s and before round s + 1: the local gates that round s has made possible, and the AND gates
//! of layer s + 1. Inputs, and the wires of AND gates, are fetched when they are first read; outputs leave as soon as they are
//! there. A wire that is read in its own segment alone lies in *scratch*, which all blocks share and the cache keeps; the others
//! lie in the *state* of their block. A slot is used again as soon as its wire is dead.

use super::circuit::Gate;

/// Where a wire lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub index: u32,
    pub in_state: bool,
}

/// One step of a segment on one block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// An input wire.
    Fetch {
        to: Slot,
        input: u32,
    },
    /// Gate `index` of the layer before: what this node said of it and what it heard.
    Hear {
        to: Slot,
        index: u32,
    },
    Xor {
        to: Slot,
        left: Slot,
        right: Slot,
    },
    Not {
        to: Slot,
        from: Slot,
    },
    Constant {
        to: Slot,
        one: bool,
    },
    /// Gate `index` of the layer that follows.
    And {
        index: u32,
        left: Slot,
        right: Slot,
    },
    /// An output wire.
    Store {
        from: Slot,
        output: u32,
    },
}

/// The work between two rounds.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub steps: Vec<Step>,
    /// AND gates of the round that follows.
    pub ands: usize,
}

/// All segments, and how many slots they take.
#[derive(Debug)]
pub(super) struct Plan {
    /// One more than there are rounds.
    pub segments: Vec<Segment>,
    pub scratch_slots: usize,
    pub state_slots: usize,
}

impl Plan {
    /// Gates are known to be in order.
    pub(super) fn new(inputs: usize, gates: &[Gate], outputs: &[u32]) -> Self {
        let wires = Wires::new(inputs, gates, outputs);
        let mut planner = Planner::new(&wires);
        let mut by_segment: Vec<Vec<usize>> = vec![Vec::new(); wires.depth + 1];
        for (at, gate) in gates.iter().enumerate() {
            by_segment[wires.levels[inputs + at] - usize::from(gate.is_and())].push(at);
        }
        let mut arriving: Vec<(usize, Source)> = (0..inputs).map(|wire| (wire, Source::Input(wire as u32))).collect();
        let mut segments = Vec::with_capacity(by_segment.len());
        for gates_here in by_segment {
            for &(wire, source) in &arriving {
                planner.sources[wire] = Some(source);
            }
            let mut sent = Vec::new();
            for at in gates_here {
                planner.gate(gates[at], inputs + at, sent.len() as u32);
                if gates[at].is_and() {
                    sent.push((inputs + at, Source::Gate(sent.len() as u32)));
                }
            }
            // what is read in later segments only has to be fetched while it can be
            for (wire, _) in std::mem::replace(&mut arriving, sent) {
                planner.fetch(wire);
                planner.sources[wire] = None;
            }
            segments.push(Segment { steps: std::mem::take(&mut planner.steps), ands: arriving.len() });
        }
        Self { segments, scratch_slots: planner.scratch.most, state_slots: planner.state.most }
    }
}

/// Where a wire comes from that is there without a gate.
#[derive(Clone, Copy)]
enum Source {
    Input(u32),
    Gate(u32),
}

/// What is known of each wire.
struct Wires {
    /// The round after which it is there.
    levels: Vec<usize>,
    depth: usize,
    /// The segment and the wire of the gate that reads it last.
    last_reads: Vec<Option<(usize, usize)>>,
    outputs: Vec<Vec<u32>>,
}

impl Wires {
    fn new(inputs: usize, gates: &[Gate], outputs: &[u32]) -> Self {
        let mut levels = vec![0; inputs];
        for gate in gates {
            let segment = gate.operands().map(|wire| levels[wire as usize]).max().unwrap_or(0);
            levels.push(segment + usize::from(gate.is_and()));
        }
        let mut outputs_of = vec![Vec::new(); levels.len()];
        for (output, &wire) in outputs.iter().enumerate() {
            outputs_of[wire as usize].push(output as u32);
        }
        // from the last gate up, so that gates nobody reads read nothing; AND gates are sent whoever reads them
        let mut last_reads = vec![None; levels.len()];
        for (wire, gate) in (inputs..levels.len()).zip(gates).rev() {
            let is_needed = gate.is_and() || last_reads[wire].is_some() || !outputs_of[wire].is_empty();
            let segment = levels[wire] - usize::from(gate.is_and());
            for operand in gate.operands().filter(|_| is_needed) {
                let last = &mut last_reads[operand as usize];
                *last = (*last).max(Some((segment, wire)));
            }
        }
        let depth = levels.iter().copied().max().unwrap_or(0);
        Self { levels, depth, last_reads, outputs: outputs_of }
    }

    fn is_wanted(&self, wire: usize) -> bool {
        self.last_reads[wire].is_some() || !self.outputs[wire].is_empty()
    }
}

/// Writes the steps of one segment after the other, and hands out slots.
struct Planner<'a> {
    wires: &'a Wires,
    steps: Vec<Step>,
    /// Wires that can be fetched in this segment and have not been.
    sources: Vec<Option<Source>>,
    slots: Vec<Option<Slot>>,
    scratch: Pool,
    state: Pool,
}

#[derive(Default)]
struct Pool {
    free: Vec<u32>,
    most: usize,
}

impl Pool {
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.most += 1;
            self.most as u32 - 1
        })
    }
}

impl<'a> Planner<'a> {
    fn new(wires: &'a Wires) -> Self {
        let count = wires.levels.len();
        let (scratch, state) = (Pool::default(), Pool::default());
        Self { wires, steps: Vec::new(), sources: vec![None; count], slots: vec![None; count], scratch, state }
    }

    /// The steps of a gate; an AND gate is number `index` of its layer.
    fn gate(&mut self, gate: Gate, wire: usize, index: u32) {
        if !gate.is_and() && !self.wires.is_wanted(wire) {
            return;
        }
        let mut operands = gate.operands().map(|operand| self.read(operand as usize)).collect::<Vec<_>>().into_iter();
        let mut operand = || operands.next().expect("a gate has its operands");
        if gate.is_and() {
            self.steps.push(Step::And { index, left: operand(), right: operand() });
            return self.release_operands(gate, wire);
        }
        let to = self.take(wire);
        self.steps.push(match gate {
            Gate::Xor(..) | Gate::And(..) => Step::Xor { to, left: operand(), right: operand() },
            Gate::Not(_) => Step::Not { to, from: operand() },
            Gate::Zero => Step::Constant { to, one: false },
            Gate::One => Step::Constant { to, one: true },
        });
        self.made(wire, to);
        self.release_operands(gate, wire);
    }

    fn read(&mut self, wire: usize) -> Slot {
        self.fetch(wire);
        self.slots[wire].expect("a wire has a slot from its making to its last use")
    }

    /// Brings a wire from where it arrives, once, if anybody wants it.
    fn fetch(&mut self, wire: usize) {
        let Some(source) = self.sources[wire].take().filter(|_| self.wires.is_wanted(wire)) else { return };
        let to = self.take(wire);
        self.steps.push(match source {
            Source::Input(input) => Step::Fetch { to, input },
            Source::Gate(index) => Step::Hear { to, index },
        });
        self.made(wire, to);
    }

    fn take(&mut self, wire: usize) -> Slot {
        let in_state = self.wires.last_reads[wire].is_some_and(|(segment, _)| segment > self.wires.levels[wire]);
        let index = if in_state { self.state.take() } else { self.scratch.take() };
        let slot = Slot { index, in_state };
        self.slots[wire] = Some(slot);
        slot
    }

    /// A wire is there: it leaves if it is an output, and is forgotten if nobody reads it.
    fn made(&mut self, wire: usize, from: Slot) {
        self.steps.extend(self.wires.outputs[wire].iter().map(|&output| Step::Store { from, output }));
        if self.wires.last_reads[wire].is_none() {
            self.release(wire);
        }
    }

    fn release_operands(&mut self, gate: Gate, wire: usize) {
        for operand in gate.operands() {
            if self.wires.last_reads[operand as usize].is_some_and(|(_, last)| last == wire) {
                self.release(operand as usize);
            }
        }
    }

    fn release(&mut self, wire: usize) {
        if let Some(slot) = self.slots[wire].take() {
            if slot.in_state { self.state.free.push(slot.index) } else { self.scratch.free.push(slot.index) }
        }
    }
}
