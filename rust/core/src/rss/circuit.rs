//! A circuit over bits: what it computes, checked and levelled; `plan` says how.

use super::plan::{Plan, Segment};

/// One gate; its wire is numbered after the inputs and the gates before it, and its operands are wires before its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The sum of two bits.
    Xor(u32, u32),
    /// The product of two bits: one round, one bit sent.
    And(u32, u32),
    /// The other bit.
    Not(u32),
    /// Constant 0.
    Zero,
    /// Constant 1.
    One,
}

/// A list of gates that is no circuit: what is wrong, and at which gate or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCircuit {
    /// A gate uses a wire that does not come before its own.
    Operand(usize),
    /// An output is no wire.
    Output(usize),
    /// A code that names no operation, or more wires than 2^31.
    Operation(usize),
}

/// A circuit ready to run on columns of any length.
pub struct Circuit {
    inputs: usize,
    outputs: usize,
    plan: Plan,
}

impl Circuit {
    /// Most wires.
    pub const MOST_WIRES: usize = 1 << 31;

    /// Checks and levels a circuit.
    ///
    /// # Errors
    /// An operand or an output is no earlier wire.
    pub fn new(inputs: usize, gates: &[Gate], outputs: &[u32]) -> Result<Self, BadCircuit> {
        let wires = inputs.saturating_add(gates.len());
        if wires > Self::MOST_WIRES {
            return Err(BadCircuit::Operation(0));
        }
        for (at, gate) in gates.iter().enumerate() {
            if gate.operands().any(|wire| wire as usize >= inputs + at) {
                return Err(BadCircuit::Operand(at));
            }
        }
        if let Some(at) = outputs.iter().position(|&wire| wire as usize >= wires) {
            return Err(BadCircuit::Output(at));
        }
        Ok(Self { inputs, outputs: outputs.len(), plan: Plan::new(inputs, gates, outputs) })
    }

    /// How many input wires it has.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many output wires it has.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// How many AND gates each round has, in order.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.segments()[..self.segments().len() - 1].iter().map(|segment| segment.ands)
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.plan.segments
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Gate {
    pub(super) fn is_and(self) -> bool {
        matches!(self, Self::And(..))
    }

    /// The wires it reads.
    pub(super) fn operands(self) -> impl Iterator<Item = u32> {
        let (left, right) = match self {
            Self::Xor(left, right) | Self::And(left, right) => (Some(left), Some(right)),
            Self::Not(left) => (Some(left), None),
            Self::Zero | Self::One => (None, None),
        };
        left.into_iter().chain(right)
    }
}
