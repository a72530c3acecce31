//! Rows as records, sorted: runs that fit in memory, merged span by span into two Merkle trees.
//!
//! A record is a row's digest, its arrangement's, and how often the row was met, four bytes big-endian. Their order is that of the
//! bytes, so it depends on the rows alone. Digests are spread evenly, so a span of the first twelve bits holds one part in 4,096
//! of the different rows.

use super::merkle::Tree;
use crate::parallel::for_each_chunk;

/// Bytes of a record.
pub const RECORD_BYTES: usize = KEY_BYTES + 4;
/// Bytes of a row in the file of rows: its digest and how often it was met.
pub const ROW_BYTES: usize = 36;
/// Bytes that are kept of an arrangement's digest. Only arrangements of the same values could be taken for each other.
pub(super) const ARRANGEMENT_BYTES: usize = 16;
/// Parts in which a run can be read.
pub const SPANS: usize = 4096;

const KEY_BYTES: usize = 32 + ARRANGEMENT_BYTES;
const THREADS: usize = 2;

type Record = [u8; RECORD_BYTES];
type Row = [u8; ROW_BYTES];

/// Sorted records without repeats, and where each span of them begins, in records, and the last one ends.
pub struct Run {
    /// The records.
    pub records: Vec<u8>,
    /// 4,097 numbers.
    pub starts: Vec<u32>,
}

/// Sorts records and adds up those of equal digests.
pub(super) fn sort_run(records: &[u8]) -> Run {
    let records = merge(records);
    let (rows, _) = records.as_chunks::<RECORD_BYTES>();
    let span = |row: &Record| usize::from(u16::from_be_bytes([row[0], row[1]]) >> 4);
    let starts = (0..=SPANS).map(|limit| rows.partition_point(|row| span(row) < limit) as u32).collect();
    Run { records, starts }
}

/// Sorted runs, one behind the other, or records in any order, as one sorted run.
fn merge(records: &[u8]) -> Vec<u8> {
    let (records, _) = records.as_chunks::<RECORD_BYTES>();
    let prefix = |record: &Record| u64::from_be_bytes(*record.first_chunk().expect("a record is longer"));
    let mut order: Vec<(u64, u32)> = records.iter().zip(0..).map(|(record, place)| (prefix(record), place)).collect();
    let key = |place: u32| &records[place as usize][..KEY_BYTES];
    // Digests that begin alike are rare unless they are equal, so the second comparison is seldom made.
    let compare = |one: &(u64, u32), other: &(u64, u32)| one.0.cmp(&other.0).then_with(|| key(one.1).cmp(key(other.1)));
    let half = order.len().div_ceil(THREADS).max(1);
    for_each_chunk(&mut order, half, THREADS, |_, part| part.sort_by(compare));
    order.sort_by(compare); // parts that are in order are merged
    let mut merged: Vec<u8> = Vec::with_capacity(records.len() * RECORD_BYTES);
    for (_, place) in order {
        let record = &records[place as usize];
        let last = merged.len().saturating_sub(RECORD_BYTES);
        if merged.get(last..last + KEY_BYTES) == Some(&record[..KEY_BYTES]) {
            add_count(&mut merged[last + KEY_BYTES..], &record[KEY_BYTES..]);
        } else {
            merged.extend_from_slice(record);
        }
    }
    merged
}

fn add_count(sum: &mut [u8], count: &[u8]) {
    let number = |bytes: &[u8]| u32::from_be_bytes(*bytes.first_chunk().expect("a count has four bytes"));
    let added = number(sum) + number(count); // a table has fewer than 2^32 rows
    sum.copy_from_slice(&added.to_be_bytes());
}

/// Both trees over the records of a table, which come span by span.
#[derive(Default)]
pub struct RowTrees {
    arrangements: Tree<{ ARRANGEMENT_BYTES + 4 }>,
    rows: Tree<ROW_BYTES>,
    /// The last row so far, to which the next record may belong.
    pending: Option<Row>,
    distinct: u64,
}

impl RowTrees {
    /// Adds the records of the next spans, one piece of each run; what is ready of the file of rows.
    ///
    /// # Panics
    /// When a piece is not made of whole records, which none of [`Run`] is.
    pub fn add(&mut self, pieces: &[u8]) -> Vec<u8> {
        assert_eq!(pieces.len() % RECORD_BYTES, 0, "records are whole");
        let records = merge(pieces);
        let (records, _) = records.as_chunks::<RECORD_BYTES>();
        let mut rows = Vec::with_capacity(records.len() * ROW_BYTES);
        for record in records {
            match &mut self.pending {
                Some(row) if row[..32] == record[..32] => add_count(&mut row[32..], &record[KEY_BYTES..]),
                pending => {
                    let mut next = [0; ROW_BYTES];
                    next[..32].copy_from_slice(&record[..32]);
                    next[32..].copy_from_slice(&record[KEY_BYTES..]);
                    if let Some(done) = pending.replace(next) {
                        rows.extend_from_slice(&done);
                    }
                    self.distinct += 1;
                }
            }
        }
        let mut hash_rows = || rows.as_chunks().0.iter().for_each(|row| self.rows.add(row));
        let arrangement = |record: &Record| *record.last_chunk().expect("a record is longer");
        let mut hash_arrangements = || records.iter().for_each(|record| self.arrangements.add(&arrangement(record)));
        let mut trees: [&mut (dyn FnMut() + Send); 2] = [&mut hash_rows, &mut hash_arrangements];
        for_each_chunk(&mut trees, 1, THREADS, |_, trees| trees.iter_mut().for_each(|hash| hash()));
        rows
    }

    /// The rest of the file of rows, the number of its rows, and the roots of the tree of rows and of that of arrangements.
    pub fn finish(mut self) -> (Vec<u8>, u64, [u8; 32], [u8; 32]) {
        let rest = self.pending.take().map_or_else(Vec::new, |row| {
            self.rows.add(&row);
            row.to_vec()
        });
        (rest, self.distinct, self.rows.root(), self.arrangements.root())
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn record(number: u32, name: u8) -> Vec<u8> {
        let digest = Sha256::digest(number.to_be_bytes());
        [&digest[..], &[name; ARRANGEMENT_BYTES], &1u32.to_be_bytes()].concat()
    }

    fn roots(runs: &[Vec<u8>], spans: usize) -> (Vec<u8>, u64, [u8; 32], [u8; 32]) {
        let runs: Vec<Run> = runs.iter().map(|run| sort_run(run)).collect();
        let mut trees = RowTrees::default();
        let mut rows = Vec::new();
        for first in (0..SPANS).step_by(spans) {
            let piece = |run: &Run| {
                let at = |span: usize| run.starts[span] as usize * RECORD_BYTES;
                run.records[at(first)..at((first + spans).min(SPANS))].to_vec()
            };
            rows.extend(trees.add(&runs.iter().flat_map(piece).collect::<Vec<u8>>()));
        }
        let (rest, distinct, bags, arrangements) = trees.finish();
        rows.extend(rest);
        (rows, distinct, bags, arrangements)
    }

    #[test]
    fn the_cut_into_runs_and_spans_changes_nothing() {
        let numbers: Vec<u32> = (0..3000).chain(0..100).chain(7..9).collect();
        let whole: Vec<u8> =
            numbers.iter().flat_map(|&number| record(number, (number % 50 == 0 && number > 9) as u8)).collect();
        let expected = roots(std::slice::from_ref(&whole), SPANS);
        assert_eq!((expected.0.len(), expected.1), (3000 * ROW_BYTES, 3000));
        let runs: Vec<Vec<u8>> = numbers
            .rchunks(170)
            .map(|part| part.iter().flat_map(|&n| record(n, (n % 50 == 0 && n > 9) as u8)).collect())
            .collect();
        for spans in [1, 100, SPANS] {
            assert_eq!(roots(&runs, spans), expected);
        }
    }

    #[test]
    fn a_row_more_or_less_often_changes_both_roots() {
        let once: Vec<u8> = (0..10).flat_map(|number| record(number, 0)).collect();
        let twice = [once.clone(), record(3, 0)].concat();
        let (_, distinct, bags, arrangements) = roots(&[once], SPANS);
        let other = roots(&[twice], SPANS);
        assert_eq!(other.1, distinct);
        assert!(other.2 != bags && other.3 != arrangements);
    }

    #[test]
    fn another_arrangement_changes_its_own_root_alone() {
        let one: Vec<u8> = (0..10).flat_map(|number| record(number, 0)).collect();
        let other: Vec<u8> = (0..10).flat_map(|number| record(number, 1)).collect();
        let (one, other) = (roots(&[one], SPANS), roots(&[other], SPANS));
        assert!(one.2 == other.2 && one.3 != other.3);
    }
}
