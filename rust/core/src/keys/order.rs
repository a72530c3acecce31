//! The records of a span sorted and grouped.

use super::{DIGEST_BYTES, RECORD_BYTES, Record, scatter};

/// Records in a cell of the first, coarse pass; the sort of a cell should fit in registers and the first cache.
const RECORDS_A_CELL: usize = 16;

/// Records sorted by digest, then row.
#[derive(Debug)]
pub struct OrderedRecords {
    records: Vec<Record>,
    groups: usize,
}

impl OrderedRecords {
    /// Sorts records and counts distinct digests; `None` for bytes that are no whole records, or 2^32 records or more.
    ///
    /// Digests are uniform, so a counting pass by their leading bits leaves a few records in each cell, whatever their number;
    /// equal ones meet in one cell, where the sort is no slower than usual.
    pub fn sort(records: &[u8]) -> Option<Self> {
        let (records, rest) = records.as_chunks::<RECORD_BYTES>();
        if !rest.is_empty() || u32::try_from(records.len()).is_err() {
            return None;
        }
        let (mut sorted, starts) = scatter_finely(records);
        for cell in starts.windows(2) {
            sorted[cell[0]..cell[1]].sort_unstable_by_key(|record| (digest(record), row(record)));
        }
        let groups = sorted.chunk_by(is_same_digest).count();
        Some(Self { records: sorted, groups })
    }

    /// Number of records.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    /// Number of distinct digests.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Distinct digests, ascending; for each, where its rows end in `rows`, counted in rows; the rows, grouped by digest, ascending
    /// within a group. Numbers are four little-endian bytes.
    ///
    /// # Panics
    /// Unless there is room for exactly [`groups`](Self::groups) digests and ends, and [`records`](Self::records) rows.
    pub fn write(&self, digests: &mut [u8], ends: &mut [u8], rows: &mut [u8]) {
        assert!(digests.len() == DIGEST_BYTES * self.groups && ends.len() == 4 * self.groups, "room for the groups");
        let (rows, _) = rows.as_chunks_mut::<4>();
        for (row, record) in rows.iter_mut().zip(&self.records) {
            row.copy_from_slice(&record[DIGEST_BYTES..]);
        }
        let places = digests.as_chunks_mut::<DIGEST_BYTES>().0.iter_mut().zip(ends.as_chunks_mut::<4>().0);
        let mut end = 0;
        for (group, (digest, group_end)) in self.records.chunk_by(is_same_digest).zip(places) {
            digest.copy_from_slice(&group[0][..DIGEST_BYTES]);
            end += group.len() as u32;
            *group_end = end.to_le_bytes();
        }
        assert!(rows.len() == self.records.len(), "room for the rows");
    }
}

/// Records by the leading bits in which they differ.
fn scatter_finely(records: &[Record]) -> (Vec<Record>, Vec<usize>) {
    let heads = || records.iter().map(head);
    let (lowest, highest) = (heads().min().unwrap_or(0), heads().max().unwrap_or(0));
    let bits_of_range = u64::BITS - (highest - lowest).leading_zeros();
    let bits_of_cell = (records.len() / RECORDS_A_CELL).checked_ilog2().unwrap_or(0);
    let shift = bits_of_range.saturating_sub(bits_of_cell);
    let cell_of = |record: &Record| (head(record) - lowest).checked_shr(shift).unwrap_or(0) as usize;
    let cells = ((highest - lowest).checked_shr(shift).unwrap_or(0) + 1) as usize;
    let mut scattered = vec![[0; RECORD_BYTES]; records.len()];
    let starts = scatter(records, &mut scattered, cells, cell_of);
    (scattered, starts)
}

fn is_same_digest(left: &Record, right: &Record) -> bool {
    left[..DIGEST_BYTES] == right[..DIGEST_BYTES]
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
