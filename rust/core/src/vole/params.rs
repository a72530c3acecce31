//! Sizes of an instance and of its messages.

use super::VoleError;
use crate::gf128::GF128_BYTES;
use crate::ot::base::{RECEIVER_BYTES, SENDER_BYTES};
use crate::ot::extension::{PROOF_BYTES, ROW_BLOCK, correction_bytes};
use crate::ot::seeds;

/// Messages of the setup; number 0 comes from the side with Delta.
pub const SETUP_MESSAGES: usize = 2;

/// The longest VOLE; a longer one is several instances.
pub const MAX_LENGTH: usize = 1 << 26;

/// Lines of the noise vector, each with one place that is not zero.
///
/// A linear test with a word of relative weight delta succeeds with (1 - delta)^256: 128 bits hold while nobody finds words of the
/// code lighter than 0.293 of its length, where elimination finds 0.5. libOTe's estimates for this code, pseudo-minimum distance
/// 0.15 (older) and 0.25, ask for 249 and 128 lines. `specs/vole.md` has the table.
pub(super) const NOISE_WEIGHT: usize = 256;
/// Fewer places than this are not worth a code of their own, and the estimate does not speak about them.
const SMALLEST_CODE: usize = 4096;

/// Bytes of message `k` of the setup, 0 or 1.
///
/// # Panics
/// When `k` is neither.
pub const fn setup_message_bytes(k: usize) -> usize {
    match k {
        0 => RECEIVER_BYTES,
        1 => SENDER_BYTES + seeds::MESSAGE_BYTES,
        _ => panic!("the setup has two messages"),
    }
}

/// What both sides agreed on for an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoleParams {
    length: usize,
    subfield: bool,
    malicious: bool,
}

impl VoleParams {
    /// `length` places (1 to 2^26); A over GF(2^64) if `subfield`; secure against malicious parties if `malicious`.
    ///
    /// # Errors
    /// [`VoleError::BadParams`] for another length.
    pub const fn new(length: usize, subfield: bool, malicious: bool) -> Result<Self, VoleError> {
        if length == 0 || length > MAX_LENGTH {
            return Err(VoleError::BadParams);
        }
        Ok(Self { length, subfield, malicious })
    }

    /// Places of the vectors.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Whether A is over GF(2^64).
    pub const fn subfield(&self) -> bool {
        self.subfield
    }

    /// Whether the consistency checks run.
    pub const fn malicious(&self) -> bool {
        self.malicious
    }

    /// Messages of an instance; even ones come from the side with the vectors, odd ones from the side with Delta.
    pub const fn messages(&self) -> usize {
        if self.malicious { 4 } else { 2 }
    }

    /// Bytes of message `k`, which is below [`VoleParams::messages`].
    ///
    /// # Panics
    /// When it is not.
    pub fn message_bytes(&self, k: usize) -> usize {
        assert!(k < self.messages(), "an instance with these parameters has fewer messages");
        match k {
            0 => correction_bytes(self.rows()) + PROOF_BYTES,
            1 => NOISE_WEIGHT * self.tree_bytes(),
            2 => 2 * GF128_BYTES,
            _ => 32,
        }
    }

    /// Bytes of message 1 for one tree: two sums a level, and the correction of the missing leaf.
    pub(super) const fn tree_bytes(&self) -> usize {
        GF128_BYTES * (2 * self.depth() + 1)
    }

    /// Places before compression that belong to one line of the noise: half of the lines make the systematic part of the code.
    pub(super) const fn leaves(&self) -> usize {
        let outputs = if self.length < SMALLEST_CODE { SMALLEST_CODE } else { self.length };
        outputs.div_ceil(NOISE_WEIGHT / 2)
    }

    /// Outputs of the code, those beyond the length thrown away; as many places stand behind its systematic part.
    pub(super) const fn outputs(&self) -> usize {
        self.leaves() * (NOISE_WEIGHT / 2)
    }

    /// Levels of the tree over one line.
    pub(super) const fn depth(&self) -> usize {
        self.leaves().next_power_of_two().trailing_zeros() as usize
    }

    /// Bits of a noise value.
    pub(super) const fn noise_bits(&self) -> usize {
        if self.subfield { 64 } else { 128 }
    }

    /// Rows before those of the noise values: one a level and tree, choosing a side.
    pub(super) const fn choice_rows(&self) -> usize {
        NOISE_WEIGHT * self.depth()
    }

    /// Rows before that of the mask of message 2, if malicious.
    pub(super) const fn mask_row(&self) -> usize {
        self.choice_rows() + NOISE_WEIGHT * self.noise_bits()
    }

    /// Rows of the extension: choices, noise values; if malicious the mask of message 2; the mask of the proof.
    pub(super) const fn rows(&self) -> usize {
        self.mask_row() + if self.malicious { 2 * ROW_BLOCK } else { ROW_BLOCK }
    }
}

// every part of the rows fills whole blocks
const _: () = assert!(NOISE_WEIGHT.is_multiple_of(ROW_BLOCK));

pub(super) fn expect_length(message: &[u8], expected: usize) -> Result<(), VoleError> {
    if message.len() == expected { Ok(()) } else { Err(VoleError::WrongLength { expected, found: message.len() }) }
}
