//! From gates to what is done between two rounds, and where in memory each wire lies meanwhile.
//!
//! Segment s is the work after round s and before round s + 1: the local gates that round s has made possible, and the AND gates
//! of layer s + 1. A wire that is used in its own segment alone lies in *scratch*, which all blocks share and the cache keeps;
//! the others lie in the *state* of their block. A slot is used again as soon as its wire is dead.

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
    /// Gate `index` of its layer; nobody reads the wire where `to` is missing, but the others count on its bits.
    And {
        index: u32,
        to: Option<Slot>,
        left: Slot,
        right: Slot,
    },
}

/// The work between two rounds.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// Wires that get their next share from the round before, by place in its message.
    pub heard: Vec<(u32, Slot)>,
    /// Input wires, in the first segment only.
    pub loads: Vec<(u32, Slot)>,
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
    /// Where the outputs lie after the last segment.
    pub outputs: Vec<Slot>,
}

/// The life of a wire: the segment it is made in, and the segment and gate of its last use.
#[derive(Clone, Copy)]
struct Life {
    made: usize,
    last: Option<(usize, usize)>,
}

/// Later than any gate: an output stays.
const AT_THE_END: usize = usize::MAX;

impl Plan {
    /// Gates are known to be in order.
    pub(super) fn new(inputs: usize, gates: &[Gate], outputs: &[u32]) -> Self {
        let levels = levels(inputs, gates);
        let depth = levels.iter().copied().max().unwrap_or(0);
        let lives = lives(inputs, gates, outputs, &levels, depth);
        let mut by_segment: Vec<Vec<usize>> = vec![Vec::new(); depth + 1];
        for at in 0..gates.len() {
            by_segment[lives[inputs + at].made].push(at);
        }
        let mut slots = Slots::new(&lives);
        let mut segments: Vec<Segment> = Vec::with_capacity(depth + 1);
        let mut sent: Vec<(u32, usize)> = Vec::new();
        for (number, gates_here) in by_segment.iter().enumerate() {
            let mut segment = Segment::default();
            for (index, wire) in std::mem::take(&mut sent) {
                segment.heard.extend(slots.of(wire).map(|slot| (index, slot)));
            }
            if number == 0 {
                for wire in 0..inputs {
                    segment.loads.extend(slots.take(wire).map(|slot| (wire as u32, slot)));
                }
            }
            for &at in gates_here {
                let (gate, wire) = (gates[at], inputs + at);
                let to = slots.take(wire);
                let read = |operand: u32| slots.of(operand as usize).expect("an operand has a slot while it is used");
                match (gate, to) {
                    (Gate::And(left, right), to) => {
                        let index = segment.ands as u32;
                        segment.steps.push(Step::And { index, to, left: read(left), right: read(right) });
                        segment.ands += 1;
                        sent.push((index, wire));
                    }
                    (Gate::Xor(left, right), Some(to)) => {
                        segment.steps.push(Step::Xor { to, left: read(left), right: read(right) });
                    }
                    (Gate::Not(from), Some(to)) => segment.steps.push(Step::Not { to, from: read(from) }),
                    (Gate::Zero, Some(to)) => segment.steps.push(Step::Constant { to, one: false }),
                    (Gate::One, Some(to)) => segment.steps.push(Step::Constant { to, one: true }),
                    (_, None) => {}
                }
                for operand in gate.operands() {
                    slots.release_after(operand as usize, (number, at));
                }
            }
            segments.push(segment);
        }
        let outputs = outputs.iter().map(|&wire| slots.of(wire as usize).expect("an output stays")).collect();
        Self { segments, scratch_slots: slots.scratch.most, state_slots: slots.state.most, outputs }
    }
}

/// The round after which each wire is known.
fn levels(inputs: usize, gates: &[Gate]) -> Vec<usize> {
    let mut levels = vec![0; inputs];
    for gate in gates {
        let ready = gate.operands().map(|wire| levels[wire as usize]).max().unwrap_or(0);
        levels.push(ready + usize::from(matches!(gate, Gate::And(..))));
    }
    levels
}

fn lives(inputs: usize, gates: &[Gate], outputs: &[u32], levels: &[usize], depth: usize) -> Vec<Life> {
    let is_and = |wire: usize| wire >= inputs && matches!(gates[wire - inputs], Gate::And(..));
    let made = |wire: usize| levels[wire] - usize::from(is_and(wire));
    let mut lives: Vec<Life> = (0..levels.len()).map(|wire| Life { made: made(wire), last: None }).collect();
    for (at, gate) in gates.iter().enumerate() {
        let segment = lives[inputs + at].made;
        for operand in gate.operands() {
            let last = &mut lives[operand as usize].last;
            *last = (*last).max(Some((segment, at)));
        }
    }
    for &wire in outputs {
        lives[wire as usize].last = Some((depth, AT_THE_END));
    }
    lives
}

/// Slots in use.
struct Slots<'lives> {
    lives: &'lives [Life],
    places: Vec<Option<Slot>>,
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

impl<'lives> Slots<'lives> {
    fn new(lives: &'lives [Life]) -> Self {
        Self { lives, places: vec![None; lives.len()], scratch: Pool::default(), state: Pool::default() }
    }

    /// A slot for a wire that is made now, unless nobody reads it.
    fn take(&mut self, wire: usize) -> Option<Slot> {
        let Life { made, last } = self.lives[wire];
        let in_state = last?.0 > made || last?.1 == AT_THE_END;
        let index = if in_state { self.state.take() } else { self.scratch.take() };
        self.places[wire] = Some(Slot { index, in_state });
        self.places[wire]
    }

    fn of(&self, wire: usize) -> Option<Slot> {
        self.places[wire]
    }

    /// Frees the slot of a wire if this was its last use.
    fn release_after(&mut self, wire: usize, at: (usize, usize)) {
        if self.lives[wire].last == Some(at)
            && let Some(slot) = self.places[wire].take()
        {
            if slot.in_state { self.state.free.push(slot.index) } else { self.scratch.free.push(slot.index) }
        }
    }
}
