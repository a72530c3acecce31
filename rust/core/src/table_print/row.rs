//! A row as two messages: the bag of its values, and which of them stands in which column.

use super::cell::{Kind, push_canonical};
use super::column::ColumnPrint;

/// More than most cells have.
const WIDE_BYTES: usize = 32;

/// One value of the row at hand.
#[derive(Clone, Copy)]
struct Value {
    /// The first eight bytes, so that most comparisons need no others.
    prefix: u64,
    start: usize,
    end: usize,
    column: u16,
    kind: Kind,
    /// Bytes of the cell in the file.
    length: u32,
}

/// The row at hand; one object for all rows.
#[derive(Default)]
pub(super) struct Row {
    text: Vec<u8>,
    values: Vec<Value>,
    /// The values in their order: what is compared first, and the place of each.
    order: Vec<(u64, u16)>,
}

impl Row {
    /// Adds the cell of a column, which is counted in the order of canonical names.
    pub(super) fn push(&mut self, column: u16, cell: &[u8]) {
        let start = self.text.len();
        if let Some(kind) = push_canonical(cell, &mut self.text) {
            self.values.push(Value {
                prefix: prefix(&self.text[start..]),
                start,
                end: self.text.len(),
                column,
                kind,
                length: cell.len() as u32,
            });
        }
    }

    /// Forgets the row.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    /// Ends the row: counts its values, appends the bag of them to `bag` and their columns to `order`.
    pub(super) fn finish(&mut self, columns: &mut [ColumnPrint], bag: &mut Vec<u8>, order: &mut Vec<u8>) {
        self.text.extend_from_slice(&[0; WIDE_BYTES]); // so that `push_part` may copy more than is there
        let text = &self.text;
        for value in &self.values {
            columns[usize::from(value.column)].add(value.kind, &text[value.start..value.end], u64::from(value.length));
        }
        self.order.clear();
        self.order.extend(self.values.iter().zip(0u16..).map(|(value, place)| (value.prefix, place)));
        self.order.sort_unstable_by(|one, other| {
            let whole = |place: u16| {
                let value = &self.values[usize::from(place)];
                (&text[value.start..value.end], value.column)
            };
            one.0.cmp(&other.0).then_with(|| whole(one.1).cmp(&whole(other.1)))
        });
        for (_, place) in &self.order {
            let value = &self.values[usize::from(*place)];
            push_length(value.end - value.start, bag);
            push_part(text, value.start, value.end, bag);
            order.extend_from_slice(&value.column.to_be_bytes());
        }
        self.clear();
    }
}

fn prefix(text: &[u8]) -> u64 {
    if let Some(first) = text.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    let number = text.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
    if text.is_empty() { 0 } else { number << (64 - 8 * text.len()) }
}

/// Appends `text[start..end]`: a fixed number of bytes is copied faster than one that is not known, and cut off again.
fn push_part(text: &[u8], start: usize, end: usize, out: &mut Vec<u8>) {
    let length = end - start;
    match text[start..].first_chunk::<WIDE_BYTES>() {
        Some(wide) if length <= WIDE_BYTES => {
            let end = out.len() + length;
            out.extend_from_slice(wide);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&text[start..end]),
    }
}

/// Appends text; that of most cells is too short for a call of the system's copying routine.
pub(super) fn push_short(text: &[u8], out: &mut Vec<u8>) {
    let end = out.len() + text.len();
    match text.len() {
        0 => {}
        1 => out.push(text[0]),
        2..4 => {
            out.extend_from_slice(text.first_chunk::<2>().expect("as long"));
            out.truncate(end - 2);
            out.extend_from_slice(text.last_chunk::<2>().expect("as long"));
        }
        4..8 => {
            out.extend_from_slice(text.first_chunk::<4>().expect("as long"));
            out.truncate(end - 4);
            out.extend_from_slice(text.last_chunk::<4>().expect("as long"));
        }
        8..=16 => {
            out.extend_from_slice(text.first_chunk::<8>().expect("as long"));
            out.truncate(end - 8);
            out.extend_from_slice(text.last_chunk::<8>().expect("as long"));
        }
        _ => out.extend_from_slice(text),
    }
}

/// Unsigned LEB128: seven bits a byte, the lowest first, the highest bit set on all but the last.
fn push_length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}
