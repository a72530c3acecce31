//! The records of a span sorted and grouped.

use super::{DIGEST_BYTES, RECORD_BYTES, Record, scatter};

/// Records in a cell of the first, coarse pass; the sort of a cell should fit in registers and the first cache.
const RECORDS_A_CELL: usize = 8;

/// Distinct digests, ascending, each with its rows: three packed lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ordered {
    /// [`DIGEST_BYTES`] each.
    pub digests: Vec<u8>,
    /// For each digest, where its rows end in `rows`, counted in rows; four little-endian bytes.
    pub ends: Vec<u8>,
    /// Four little-endian bytes each; grouped by digest, ascending within a group.
    pub rows: Vec<u8>,
}

/// Sorts records by digest, then row, and groups the rows of equal digests.
///
/// Digests are uniform, so a counting pass by their leading bits leaves a few records in each cell, whatever their number; equal
/// ones meet in one cell, where the sort is no slower than usual.
///
/// `None` for bytes that are no whole records, or 2^32 records or more.
pub fn order_records(records: &[u8]) -> Option<Ordered> {
    let (records, rest) = records.as_chunks::<RECORD_BYTES>();
    if !rest.is_empty() || u32::try_from(records.len()).is_err() {
        return None;
    }
    let (mut sorted, starts) = scatter_finely(records);
    for cell in starts.windows(2) {
        sorted[cell[0]..cell[1]].sort_unstable_by_key(|record| (digest(record), row(record)));
    }
    let mut ordered = Ordered {
        digests: Vec::with_capacity(DIGEST_BYTES * sorted.len()),
        ends: Vec::with_capacity(4 * sorted.len()),
        rows: Vec::with_capacity(4 * sorted.len()),
    };
    for group in sorted.chunk_by(|left, right| left[..DIGEST_BYTES] == right[..DIGEST_BYTES]) {
        ordered.digests.extend_from_slice(&group[0][..DIGEST_BYTES]);
        for record in group {
            ordered.rows.extend_from_slice(&record[DIGEST_BYTES..]);
        }
        ordered.ends.extend_from_slice(&(ordered.rows.len() as u32 / 4).to_le_bytes());
    }
    Some(ordered)
}

/// Records by the leading bits in which they differ.
fn scatter_finely(records: &[Record]) -> (Vec<Record>, Vec<usize>) {
    let heads = || records.iter().map(head);
    let (lowest, highest) = (heads().min().unwrap_or(0), heads().max().unwrap_or(0));
    let bits_of_range = u64::BITS - (highest - lowest).leading_zeros();
    let bits_of_cell = (records.len() / RECORDS_A_CELL).checked_ilog2().unwrap_or(0);
    let shift = bits_of_range.saturating_sub(bits_of_cell);
    let cell_of = |record: &Record| (head(record) - lowest).checked_shr(shift).unwrap_or(0) as usize;
    scatter(records, ((highest - lowest).checked_shr(shift).unwrap_or(0) + 1) as usize, cell_of)
}

fn head(record: &Record) -> u64 {
    (digest(record) >> 64) as u64
}

fn digest(record: &Record) -> u128 {
    u128::from_be_bytes(*record.first_chunk().expect("a record starts with a digest"))
}

fn row(record: &Record) -> u32 {
    u32::from_le_bytes(*record.last_chunk().expect("a record ends with a row"))
}
