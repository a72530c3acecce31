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

use std::fmt;

use unicode_normalization::is_nfc;

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

/// Makes the caller's objects from decoded items.
pub trait Build {
    /// A finished item.
    type Item;
    /// A map under construction.
    type Map;
    /// The caller's error; every [`CborError`] becomes one.
    type Error: From<CborError>;

    /// An integer of 0 to 2^64-1.
    fn unsigned(&mut self, number: u64) -> Result<Self::Item, Self::Error>;
    /// An integer of -2^63 to -1.
    fn negative(&mut self, number: i64) -> Result<Self::Item, Self::Error>;
    /// A byte string.
    fn bytes(&mut self, bytes: &[u8]) -> Result<Self::Item, Self::Error>;
    /// A text, known to be NFC.
    fn text(&mut self, text: &str) -> Result<Self::Item, Self::Error>;
    /// False or true.
    fn bool(&mut self, value: bool) -> Result<Self::Item, Self::Error>;
    /// Null.
    fn null(&mut self) -> Result<Self::Item, Self::Error>;
    /// An array of finished items.
    fn array(&mut self, items: Vec<Self::Item>) -> Result<Self::Item, Self::Error>;
    /// An empty map.
    fn start_map(&mut self) -> Result<Self::Map, Self::Error>;
    /// One more entry; keys arrive in order and never twice.
    fn insert(&mut self, map: &mut Self::Map, key: &str, item: Self::Item) -> Result<(), Self::Error>;
    /// The finished map.
    fn finish_map(&mut self, map: Self::Map) -> Result<Self::Item, Self::Error>;
}

/// Decode the one item that `data` holds.
///
/// # Errors
/// [`CborError`] in the builder's clothes when the bytes are outside the profile or `limits`; whatever the builder raises.
pub fn decode<B: Build>(data: &[u8], limits: Limits, builder: &mut B) -> Result<B::Item, B::Error> {
    if data.len() > limits.max_bytes {
        return Err(CborError::new(Reason::TooLong, limits.max_bytes).into());
    }
    let mut reader = Reader { data, position: 0, max_depth: limits.max_depth.min(HIGHEST_MAX_DEPTH) };
    let item = reader.item(0, builder)?;
    if reader.position != data.len() {
        return Err(CborError::new(Reason::TrailingBytes, reader.position).into());
    }
    Ok(item)
}

struct Reader<'a> {
    data: &'a [u8],
    position: usize,
    max_depth: usize,
}

impl<'a> Reader<'a> {
    fn item<B: Build>(&mut self, depth: usize, builder: &mut B) -> Result<B::Item, B::Error> {
        let start = self.position;
        let (major, number) = self.head()?;
        match major {
            MAJOR_UNSIGNED => builder.unsigned(number),
            MAJOR_NEGATIVE => match i64::try_from(number) {
                Ok(number) => builder.negative(-1 - number),
                Err(_) => Err(CborError::new(Reason::IntegerRange, start).into()),
            },
            MAJOR_BYTES => {
                let bytes = self.take(number, start)?;
                builder.bytes(bytes)
            }
            MAJOR_TEXT => {
                let text = self.text(number, start)?;
                builder.text(text)
            }
            MAJOR_ARRAY => {
                let depth = self.deeper(depth, start)?;
                let mut items = Vec::new();
                for _ in 0..number {
                    items.push(self.item(depth, builder)?);
                }
                builder.array(items)
            }
            MAJOR_MAP => {
                let depth = self.deeper(depth, start)?;
                let mut map = builder.start_map()?;
                let mut previous: Option<&'a str> = None;
                for _ in 0..number {
                    let key = self.key(previous)?;
                    let item = self.item(depth, builder)?;
                    builder.insert(&mut map, key, item)?;
                    previous = Some(key);
                }
                builder.finish_map(map)
            }
            _ => match self.data[start] {
                FALSE => builder.bool(false),
                TRUE => builder.bool(true),
                _ => builder.null(),
            },
        }
    }

    /// The major type and argument of the next head; for major type 7, only false, true and null get through.
    fn head(&mut self) -> Result<(u8, u64), CborError> {
        let start = self.position;
        let refuse = |reason| Err(CborError::new(reason, start));
        let Some(&first) = self.data.get(start) else {
            return refuse(Reason::Truncated);
        };
        let (major, info) = (first >> 5, first & 0x1f);
        match major {
            MAJOR_TAG => return refuse(Reason::Tag),
            7 => {
                return match info {
                    20..=22 => {
                        self.position += 1;
                        Ok((major, 0))
                    }
                    25..=27 => refuse(Reason::Float),
                    28..=30 => refuse(Reason::Reserved),
                    31 => refuse(Reason::Indefinite),
                    _ => refuse(Reason::Simple),
                };
            }
            _ => {}
        }
        let (width, smallest) = match info {
            0..=23 => {
                self.position += 1;
                return Ok((major, u64::from(info)));
            }
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            31 => return refuse(Reason::Indefinite),
            _ => return refuse(Reason::Reserved),
        };
        let Some(bytes) = self.data.get(start + 1..start + 1 + width) else {
            return refuse(Reason::Truncated);
        };
        let number = bytes.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        if number < smallest {
            return refuse(Reason::LongHead);
        }
        self.position += 1 + width;
        Ok((major, number))
    }

    fn take(&mut self, length: u64, start: usize) -> Result<&'a [u8], CborError> {
        let rest = &self.data[self.position..];
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(bytes) = rest.get(..length) else {
            return Err(CborError::new(Reason::Truncated, start));
        };
        self.position += length;
        Ok(bytes)
    }

    fn text(&mut self, length: u64, start: usize) -> Result<&'a str, CborError> {
        let bytes = self.take(length, start)?;
        let text = std::str::from_utf8(bytes).map_err(|_| CborError::new(Reason::Utf8, start))?;
        if is_normal(text) { Ok(text) } else { Err(CborError::new(Reason::NotNfc, start)) }
    }

    fn key(&mut self, previous: Option<&str>) -> Result<&'a str, CborError> {
        let start = self.position;
        let (major, length) = self.head()?;
        if major != MAJOR_TEXT {
            return Err(CborError::new(Reason::KeyType, start));
        }
        let key = self.text(length, start)?;
        match previous.map(|previous| key_rank(previous).cmp(&key_rank(key))) {
            None | Some(std::cmp::Ordering::Less) => Ok(key),
            Some(std::cmp::Ordering::Equal) => Err(CborError::new(Reason::KeyTwice, start)),
            Some(std::cmp::Ordering::Greater) => Err(CborError::new(Reason::KeyOrder, start)),
        }
    }

    fn deeper(&self, depth: usize, start: usize) -> Result<usize, CborError> {
        if depth < self.max_depth { Ok(depth + 1) } else { Err(CborError::new(Reason::TooDeep, start)) }
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

/// A value of the profile, for Rust callers and tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// 0 to 2^64-1.
    Unsigned(u64),
    /// -2^63 to -1.
    Negative(i64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// NFC text.
    Text(String),
    /// False or true.
    Bool(bool),
    /// Null.
    Null,
    /// Items in order.
    Array(Vec<Value>),
    /// Entries by [`key_rank`].
    Map(Vec<(String, Value)>),
}

impl Value {
    /// Decode the one item that `data` holds.
    ///
    /// # Errors
    /// [`CborError`] when the bytes are outside the profile or `limits`.
    pub fn decode(data: &[u8], limits: Limits) -> Result<Self, CborError> {
        decode(data, limits, &mut BuildValue)
    }

    /// The one encoding of this value.
    ///
    /// # Errors
    /// [`CborError`] when a text is not NFC, a map is not sorted, or `limits` are passed.
    pub fn encode(&self, limits: Limits) -> Result<Vec<u8>, CborError> {
        let mut writer = Writer::new(limits);
        self.write(&mut writer, 0)?;
        Ok(writer.finish())
    }

    fn write(&self, writer: &mut Writer, depth: usize) -> Result<(), CborError> {
        match self {
            Self::Unsigned(number) => writer.unsigned(*number),
            Self::Negative(number) => writer.signed(*number),
            Self::Bytes(bytes) => writer.bytes(bytes),
            Self::Text(text) => writer.text(text),
            Self::Bool(value) => writer.bool(*value),
            Self::Null => writer.null(),
            Self::Array(items) => {
                let depth = writer.enter(depth)?;
                writer.array(items.len())?;
                items.iter().try_for_each(|item| item.write(writer, depth))
            }
            Self::Map(entries) => {
                let depth = writer.enter(depth)?;
                if !entries.is_sorted_by(|(left, _), (right, _)| key_rank(left) < key_rank(right)) {
                    return Err(writer.refuse(Reason::KeyOrder));
                }
                writer.map(entries.len())?;
                entries.iter().try_for_each(|(key, item)| {
                    writer.text(key)?;
                    item.write(writer, depth)
                })
            }
        }
    }
}

struct BuildValue;

impl Build for BuildValue {
    type Item = Value;
    type Map = Vec<(String, Value)>;
    type Error = CborError;

    fn unsigned(&mut self, number: u64) -> Result<Value, CborError> {
        Ok(Value::Unsigned(number))
    }

    fn negative(&mut self, number: i64) -> Result<Value, CborError> {
        Ok(Value::Negative(number))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<Value, CborError> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn text(&mut self, text: &str) -> Result<Value, CborError> {
        Ok(Value::Text(text.to_owned()))
    }

    fn bool(&mut self, value: bool) -> Result<Value, CborError> {
        Ok(Value::Bool(value))
    }

    fn null(&mut self) -> Result<Value, CborError> {
        Ok(Value::Null)
    }

    fn array(&mut self, items: Vec<Value>) -> Result<Value, CborError> {
        Ok(Value::Array(items))
    }

    fn start_map(&mut self) -> Result<Self::Map, CborError> {
        Ok(Vec::new())
    }

    fn insert(&mut self, map: &mut Self::Map, key: &str, item: Value) -> Result<(), CborError> {
        map.push((key.to_owned(), item));
        Ok(())
    }

    fn finish_map(&mut self, map: Self::Map) -> Result<Value, CborError> {
        Ok(Value::Map(map))
    }
}
