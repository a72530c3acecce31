//! Strict deterministic CBOR: one byte string for one value, and nothing else decodes.
//!
//! The profile is a part of RFC 8949 section 4.2.1 (core deterministic encoding): integers from -2^63 to 2^64-1, byte strings,
//! NFC text, booleans, null, arrays, and maps whose keys are text. Floats, tags, bignums, indefinite lengths, other simple
//! values, longer-than-needed heads, unsorted or repeated keys and trailing bytes are refused, each with the reason and the
//! offset of the byte where it shows.
//!
//! Decoding is one pass that builds what the caller's [`Build`] makes, so the Python face makes Python objects and a test makes
//! a [`Value`] with the same code. Nothing is reserved on the strength of an announced length: an array of 2^60 items costs no
//! memory until its items arrive.

mod decode;
mod encode;
mod value;

use std::fmt;

use unicode_normalization::is_nfc;

pub use decode::{Build, Reader, decode};
pub use encode::Writer;
pub use value::Value;

/// The deepest nesting that any caller may ask for; decoding recurses once a level, so this bounds the stack.
pub const HIGHEST_MAX_DEPTH: usize = 64;

const MAJOR_UNSIGNED: u8 = 0;
const MAJOR_NEGATIVE: u8 = 1;
const MAJOR_BYTES: u8 = 2;
const MAJOR_TEXT: u8 = 3;
const MAJOR_ARRAY: u8 = 4;
const MAJOR_MAP: u8 = 5;
const MAJOR_TAG: u8 = 6;

const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

/// Why bytes or a value are outside the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// More bytes than the caller allows.
    TooLong,
    /// Nested deeper than the caller allows.
    TooDeep,
    /// The bytes end inside an item.
    Truncated,
    /// Bytes follow the one item.
    TrailingBytes,
    /// A head is longer than its number needs.
    LongHead,
    /// An indefinite length, or a break outside one.
    Indefinite,
    /// Additional information 28 to 30, which no version of CBOR assigns.
    Reserved,
    /// A floating-point number.
    Float,
    /// A tag, bignums and dates included.
    Tag,
    /// A simple value other than false, true and null.
    Simple,
    /// An integer outside -2^63 to 2^64-1.
    IntegerRange,
    /// A map key that is not text.
    KeyType,
    /// Map keys out of order.
    KeyOrder,
    /// The same map key twice.
    KeyTwice,
    /// Text that is not UTF-8.
    Utf8,
    /// Text that is not in Unicode normalisation form C.
    NotNfc,
    /// A value of a type that the profile has no place for.
    Unsupported,
}

impl Reason {
    /// A phrase that completes "refused because of ...".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too many bytes",
            Self::TooDeep => "nesting too deep",
            Self::Truncated => "truncated item",
            Self::TrailingBytes => "trailing bytes",
            Self::LongHead => "a head longer than needed",
            Self::Indefinite => "an indefinite length",
            Self::Reserved => "a reserved head",
            Self::Float => "a floating-point number",
            Self::Tag => "a tag",
            Self::Simple => "an unassigned simple value",
            Self::IntegerRange => "an integer out of range",
            Self::KeyType => "a map key that is not text",
            Self::KeyOrder => "map keys out of order",
            Self::KeyTwice => "a repeated map key",
            Self::Utf8 => "text that is not UTF-8",
            Self::NotNfc => "text that is not NFC",
            Self::Unsupported => "an unsupported type",
        }
    }
}

/// A refusal: why, and at which byte of the input (decoding) or of the output so far (encoding).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CborError {
    /// Why.
    pub reason: Reason,
    /// Where.
    pub offset: usize,
}

impl CborError {
    /// A refusal for `reason` at `offset`.
    pub fn new(reason: Reason, offset: usize) -> Self {
        Self { reason, offset }
    }
}

impl fmt::Display for CborError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.reason.as_str(), self.offset)
    }
}

impl std::error::Error for CborError {}

/// What decoding may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest input or output in bytes.
    pub max_bytes: usize,
    /// Deepest nesting; a value outside any array or map has depth 0.
    pub max_depth: usize,
}

impl Default for Limits {
    /// The bounds of a ledger transaction.
    fn default() -> Self {
        Self { max_bytes: 64_000, max_depth: 16 }
    }
}

/// What map keys are sorted by. RFC 8949 orders keys by their encoded bytes; among text keys the head makes the shorter one
/// come first, and equal lengths compare by their UTF-8.
pub fn key_rank(key: &str) -> (usize, &[u8]) {
    (key.len(), key.as_bytes())
}

/// Whether `text` is in normalisation form C, by the Unicode tables this build carries. They are part of the encoding, so the
/// crate is pinned: a newer table accepts the same assigned characters but may refuse sequences of ones assigned since.
pub fn is_normal(text: &str) -> bool {
    text.is_ascii() || is_nfc(text)
}
