//! Bytes to items, in one pass.

use std::cmp::Ordering;

use super::{
    CborError, FALSE, HIGHEST_MAX_DEPTH, Limits, MAJOR_ARRAY, MAJOR_BYTES, MAJOR_MAP, MAJOR_NEGATIVE, MAJOR_TAG, MAJOR_TEXT,
    MAJOR_UNSIGNED, NULL, Reason, TRUE, is_normal, key_rank,
};

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
    let mut reader = Reader::new(data, limits.max_depth);
    let item = reader.item(0, builder)?;
    reader.finish()?;
    Ok(item)
}

/// Reads items one after another, for a caller who knows what must come.
pub struct Reader<'a> {
    data: &'a [u8],
    position: usize,
    max_depth: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the first byte.
    pub fn new(data: &'a [u8], max_depth: usize) -> Self {
        Self { data, position: 0, max_depth: max_depth.min(HIGHEST_MAX_DEPTH) }
    }

    /// Passes over `expected`, if these are the very next bytes.
    pub fn skip(&mut self, expected: &[u8]) -> bool {
        let is_next = self.data[self.position..].starts_with(expected);
        self.position += if is_next { expected.len() } else { 0 };
        is_next
    }

    /// Passes over null, if it comes next.
    pub fn skip_null(&mut self) -> bool {
        self.skip(&[NULL])
    }

    /// The length of the array that comes next, and the depth of its items.
    ///
    /// # Errors
    /// No array comes next, or it stands too deep.
    pub fn array(&mut self, depth: usize) -> Result<(u64, usize), CborError> {
        let start = self.position;
        match self.head()? {
            (MAJOR_ARRAY, length) => Ok((length, self.deeper(depth, start)?)),
            _ => Err(CborError::new(Reason::Unsupported, start)),
        }
    }

    /// The depth inside an array or map at `depth` whose head was passed over.
    ///
    /// # Errors
    /// It stands too deep.
    pub fn enter(&self, depth: usize) -> Result<usize, CborError> {
        self.deeper(depth, self.position)
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// Something does.
    pub fn finish(&self) -> Result<(), CborError> {
        if self.position == self.data.len() { Ok(()) } else { Err(CborError::new(Reason::TrailingBytes, self.position)) }
    }

    /// The next item, which stands at `depth`.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn item<B: Build>(&mut self, depth: usize, builder: &mut B) -> Result<B::Item, B::Error> {
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
            None | Some(Ordering::Less) => Ok(key),
            Some(Ordering::Equal) => Err(CborError::new(Reason::KeyTwice, start)),
            Some(Ordering::Greater) => Err(CborError::new(Reason::KeyOrder, start)),
        }
    }

    fn deeper(&self, depth: usize, start: usize) -> Result<usize, CborError> {
        if depth < self.max_depth { Ok(depth + 1) } else { Err(CborError::new(Reason::TooDeep, start)) }
    }
}
