//! Sizes of an instance and of its messages.

use super::VoleError;

/// Messages of the setup; number 0 comes from the side with Delta.
pub const SETUP_MESSAGES: usize = 2;

/// The longest VOLE; a longer one is several instances.
pub const MAX_LENGTH: usize = 1 << 26;

/// Lines of the noise vector, each with one place that is not zero (`specs/vole.md` has the estimate behind it).
pub(super) const NOISE_WEIGHT: usize = 256;
/// Fewer places than this are not worth a code of their own, and the estimate does not speak about them.
const SMALLEST_CODE: usize = 4096;

/// Bytes of message `k` of the setup, 0 or 1.
///
/// # Panics
/// When `k` is neither.
pub const fn setup_message_bytes(k: usize) -> usize {
    match k {
        0 => 128 * 64,
        1 => 128 * 32 + 32 * (3 * 2 * 16 + 32 + 32),
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
            0 => self.rows() / 8 * 32 + if self.malicious { 16 + 128 * 16 } else { 0 },
            1 => NOISE_WEIGHT * (self.depth() * 32 + 16),
            2 => 32,
            _ => 32,
        }
    }

    /// Places before compression that belong to one line of the noise.
    pub(super) const fn leaves(&self) -> usize {
        let message = if self.length < SMALLEST_CODE { SMALLEST_CODE } else { self.length };
        (2 * message).div_ceil(NOISE_WEIGHT)
    }

    /// Levels of the tree over one line.
    pub(super) const fn depth(&self) -> usize {
        self.leaves().next_power_of_two().trailing_zeros() as usize
    }

    /// Rows of the oblivious-transfer extension: choice bits, bits of the noise, and the masks of the check.
    pub(super) const fn rows(&self) -> usize {
        let noise = NOISE_WEIGHT * if self.subfield { 64 } else { 128 };
        let rows = NOISE_WEIGHT * self.depth() + noise + if self.malicious { 256 } else { 0 };
        rows.next_multiple_of(128)
    }
}
