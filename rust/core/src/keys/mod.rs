//! From the cells of a table to the sorted digests of an intersection, a column or a million rows at a time.
//!
//! ```text
//! cells --rules--> packed keys --digest--> records --cut--> spans --order--> distinct digests, each with its rows
//! ```
//!
//! What a rule does is settled by Python (`atoll.protocols.identifiers.rules`, which is also the oracle of the tests). Here stands
//! only what holds for plain ASCII; a cell that needs Unicode tables or numbering plans is marked [`UNSURE`] and goes back.
//!
//! *Packed keys* are two byte strings: two little-endian bytes for every row of the table, and the keys without anything between
//! them. The two bytes are the key's length, 1 to [`MAX_KEY_BYTES`], or say why the row has no key.

mod cells;
mod cut;
mod digest;
mod order;
mod rules;

pub use cells::{BadCells, Packed, join_cells, normalise_cells, splice_cells};
pub use cut::{count_keys, cut_keys};
pub use order::order_records;
pub use rules::Rule;

/// Longest key, of several columns together.
pub const MAX_KEY_BYTES: usize = 1024;
/// In place of a length: nothing is left of the cell.
pub const EMPTY: u16 = 0;
/// In place of a length: to be settled by the rule's full form.
pub const UNSURE: u16 = 0xFFFD;
/// In place of a length: the cell or the key is too long.
pub const TOO_LONG: u16 = 0xFFFE;
/// In place of a length: the cell does not have the form that its rule asks for.
pub const MALFORMED: u16 = 0xFFFF;

/// Bytes of a key's digest in a record.
pub const DIGEST_BYTES: usize = 16;
/// Bytes of a record: a digest and a row number, little-endian.
pub const RECORD_BYTES: usize = DIGEST_BYTES + 4;

type Record = [u8; RECORD_BYTES];

/// The length that two bytes of packed keys stand for, 0 for a row without a key.
fn key_length(code: [u8; 2]) -> usize {
    let length = usize::from(u16::from_le_bytes(code));
    if length <= MAX_KEY_BYTES { length } else { 0 }
}

/// Puts `records` into `placed`, as long, in the order of their cells, stable; where each cell starts, and the end of the last.
fn scatter<'a>(
    records: impl Iterator<Item = &'a Record> + Clone,
    placed: &mut [Record],
    cells: usize,
    cell_of: impl Fn(&Record) -> usize,
) -> Vec<usize> {
    let mut starts = vec![0; cells + 1];
    records.clone().for_each(|record| starts[cell_of(record) + 1] += 1);
    for cell in 0..cells {
        starts[cell + 1] += starts[cell];
    }
    let mut next = starts.clone();
    records.for_each(|record| {
        let place = &mut next[cell_of(record)];
        placed[*place] = *record;
        *place += 1;
    });
    starts
}
