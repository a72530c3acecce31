//! A row as two messages: the bag of its values, and which of them stands in which column.

use super::cell::{Kind, push_canonical};
use super::column::ColumnPrint;

/// One value of the row at hand.
#[derive(Clone, Copy)]
struct Value {
    /// The first eight bytes, so that most comparisons need no others.
    prefix: u64,
    start: usize,
    end: usize,
    column: u16,
    kind: Kind,
}

/// The row at hand; one object for all rows.
#[derive(Default)]
pub(super) struct Row {
    text: Vec<u8>,
    values: Vec<Value>,
}

impl Row {
    /// Adds the cell of a column, which is counted in the order of canonical names.
    pub(super) fn push(&mut self, column: u16, cell: &[u8]) {
        let start = self.text.len();
        if let Some(kind) = push_canonical(cell, &mut self.text) {
            self.values.push(Value { prefix: prefix(&self.text[start..]), start, end: self.text.len(), column, kind });
        }
    }

    /// Forgets the row.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    /// Ends the row: counts its values, appends the bag of them to `bag` and their columns to `order`.
    pub(super) fn finish(&mut self, columns: &mut [ColumnPrint], bag: &mut Vec<u8>, order: &mut Vec<u8>) {
        let text = &self.text;
        for value in &self.values {
            columns[usize::from(value.column)].add(value.kind, &text[value.start..value.end]);
        }
        self.values.sort_unstable_by(|one, other| {
            let whole = |value: &Value| (&text[value.start..value.end], value.column);
            one.prefix.cmp(&other.prefix).then_with(|| whole(one).cmp(&whole(other)))
        });
        for value in &self.values {
            push_length(value.end - value.start, bag);
            bag.extend_from_slice(&text[value.start..value.end]);
            order.extend_from_slice(&value.column.to_be_bytes());
        }
        self.clear();
    }
}

fn prefix(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = text.len().min(8);
    first[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(first)
}

/// Unsigned LEB128: seven bits a byte, the lowest first, the highest bit set on all but the last.
fn push_length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}
