//! Items to bytes, each head in its shortest form.

use super::{
    CborError, FALSE, HIGHEST_MAX_DEPTH, Limits, MAJOR_ARRAY, MAJOR_BYTES, MAJOR_MAP, MAJOR_NEGATIVE, MAJOR_TEXT,
    MAJOR_UNSIGNED, NULL, Reason, TRUE, is_normal,
};

/// Writes items of the profile; heads come out in their shortest form.
///
/// The caller walks its own value, asks [`Writer::enter`] before each array or map, and writes map entries by [`key_rank`].
pub struct Writer {
    bytes: Vec<u8>,
    limits: Limits,
}

impl Writer {
    /// A writer of at most `limits.max_bytes`.
    pub fn new(limits: Limits) -> Self {
        Self { bytes: Vec::with_capacity(256), limits }
    }

    /// A refusal at the place reached.
    pub fn refuse(&self, reason: Reason) -> CborError {
        CborError::new(reason, self.bytes.len())
    }

    /// The depth inside an array or map that stands at `depth`.
    pub fn enter(&self, depth: usize) -> Result<usize, CborError> {
        if depth < self.limits.max_depth.min(HIGHEST_MAX_DEPTH) { Ok(depth + 1) } else { Err(self.refuse(Reason::TooDeep)) }
    }

    /// An integer of 0 to 2^64-1.
    pub fn unsigned(&mut self, number: u64) -> Result<(), CborError> {
        self.head(MAJOR_UNSIGNED, number)
    }

    /// An integer of -2^63 to 2^63-1.
    pub fn signed(&mut self, number: i64) -> Result<(), CborError> {
        match u64::try_from(number) {
            Ok(number) => self.head(MAJOR_UNSIGNED, number),
            Err(_) => self.head(MAJOR_NEGATIVE, (-1 - number).cast_unsigned()),
        }
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), CborError> {
        self.head(MAJOR_BYTES, bytes.len() as u64)?;
        self.put(bytes)
    }

    /// A text; refused unless it is NFC.
    pub fn text(&mut self, text: &str) -> Result<(), CborError> {
        if !is_normal(text) {
            return Err(self.refuse(Reason::NotNfc));
        }
        self.head(MAJOR_TEXT, text.len() as u64)?;
        self.put(text.as_bytes())
    }

    /// False or true.
    pub fn bool(&mut self, value: bool) -> Result<(), CborError> {
        self.put(&[if value { TRUE } else { FALSE }])
    }

    /// Null.
    pub fn null(&mut self) -> Result<(), CborError> {
        self.put(&[NULL])
    }

    /// The head of an array; `length` items must follow.
    pub fn array(&mut self, length: usize) -> Result<(), CborError> {
        self.head(MAJOR_ARRAY, length as u64)
    }

    /// The head of a map; `length` entries must follow, sorted by [`key_rank`], no key twice.
    pub fn map(&mut self, length: usize) -> Result<(), CborError> {
        self.head(MAJOR_MAP, length as u64)
    }

    /// Items that were encoded before.
    pub fn raw(&mut self, items: &[u8]) -> Result<(), CborError> {
        self.put(items)
    }

    /// The encoding.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn head(&mut self, major: u8, number: u64) -> Result<(), CborError> {
        let (info, width) = match number {
            0..24 => return self.put(&[major << 5 | number as u8]),
            24..0x100 => (24, 1),
            0x100..0x1_0000 => (25, 2),
            0x1_0000..0x1_0000_0000 => (26, 4),
            _ => (27, 8),
        };
        self.put(&[major << 5 | info])?;
        self.put(&number.to_be_bytes()[8 - width..])
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), CborError> {
        if bytes.len() > self.limits.max_bytes.saturating_sub(self.bytes.len()) {
            return Err(self.refuse(Reason::TooLong));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}
