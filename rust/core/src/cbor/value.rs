//! The profile as a Rust type.

use super::{Build, CborError, Limits, Reason, Writer, decode, key_rank};

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
