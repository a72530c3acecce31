//! One pass over rows: what is gathered of them, whatever they come from.

use super::column::ColumnPrint;
use super::row::Row;
use super::runs::ARRANGEMENT_BYTES;
use super::sample::Sample;
use super::signature::Signature;
use super::sketch::Sketch;
use crate::csv::{BadRecord, LineEnd, Records, Sink, push_unquoted, walk_records};
use crate::sha256::{BLOCK_BYTES, Messages};

/// What a table's pass has gathered beside its runs.
pub struct Finished {
    /// Rows read.
    pub rows: u64,
    /// In the order of canonical names.
    pub columns: Vec<ColumnPrint>,
    /// Of the set of rows.
    pub signature: Signature,
    /// Of the set of rows.
    pub sketch: Sketch,
    /// Whole rows, cells in the file's order.
    pub sample: Sample,
}

impl Finished {
    /// Adds what another pass has gathered of other rows of the same table.
    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        for (column, other) in self.columns.iter_mut().zip(other.columns) {
            column.merge(&other);
        }
        self.signature.merge(&other.signature);
        self.sketch.merge(other.sketch);
        self.sample.merge(other.sample);
    }
}

/// Reads rows; several of them may share the rows of a table.
pub(super) struct Pass {
    /// For each column of the file its place in the order of canonical names.
    ranks: Vec<u16>,
    done: Finished,
    row: Row,
    /// The rows since the last `digest_rows`: bags of values, and the columns that these stand in, behind one another.
    bags: Messages,
    orders: Vec<u8>,
    order_ends: Vec<usize>,
    /// Where each of them stands in the chunk.
    places: Vec<(usize, usize)>,
    arrangements: Messages,
    digests: Vec<[u8; 32]>,
    arrangement_digests: Vec<[u8; 32]>,
    records: Vec<u8>,
    cell: Vec<u8>,
    is_header: bool,
}

impl Sink for Pass {
    fn cell(&mut self, place: usize, cell: &[u8], has_doubled_quotes: bool) {
        let rank = self.ranks[place];
        if has_doubled_quotes {
            self.cell.clear();
            push_unquoted(&mut self.cell, cell, true);
            self.row.push(rank, &self.cell);
        } else {
            self.row.push(rank, cell);
        }
    }

    fn end(&mut self, start: usize, end: usize) {
        if std::mem::take(&mut self.is_header) {
            return self.row.clear();
        }
        self.row.finish(&mut self.done.columns, self.bags.bytes(), &mut self.orders);
        self.bags.end();
        self.order_ends.push(self.orders.len());
        self.places.push((start, end));
    }

    fn drop_record(&mut self) {
        self.row.clear();
    }
}

impl Pass {
    /// For columns with these places in the order of canonical names.
    pub(super) fn new(ranks: Vec<u16>) -> Self {
        let done = Finished {
            rows: 0,
            columns: vec![ColumnPrint::default(); ranks.len()],
            signature: Signature::default(),
            sketch: Sketch::default(),
            sample: Sample::default(),
        };
        Self {
            ranks,
            done,
            row: Row::default(),
            bags: Messages::new(&domain(b"atoll table-print/1 row")),
            orders: Vec::new(),
            order_ends: Vec::new(),
            places: Vec::new(),
            arrangements: Messages::new(&domain(b"atoll table-print/1 arrangement")),
            digests: Vec::new(),
            arrangement_digests: Vec::new(),
            records: Vec::new(),
            cell: Vec::new(),
            is_header: false,
        }
    }

    /// Takes the next record for a header.
    pub(super) fn expect_header(&mut self) {
        self.is_header = true;
    }

    /// Reads the records at the start of a chunk of CSV, as [`walk_records`] does.
    pub(super) fn read_csv(
        &mut self,
        chunk: &[u8],
        delimiter: u8,
        line_end: Option<LineEnd>,
        last: bool,
    ) -> Result<Records, BadRecord> {
        let found = walk_records(chunk, delimiter, self.ranks.len(), line_end, last, self)?;
        let places = std::mem::take(&mut self.places);
        self.digest_rows(|row, width| read_again(chunk, places[row], delimiter, width));
        self.places = places;
        self.places.clear();
        Ok(found)
    }

    /// Reads rows; `cell` gives that of a column and a row.
    pub(super) fn read_rows<'a>(&mut self, rows: usize, cell: impl Fn(usize, usize) -> &'a [u8]) {
        for row in 0..rows {
            for column in 0..self.ranks.len() {
                self.cell(column, cell(column, row), false);
            }
            self.end(0, 0);
        }
        self.places.clear();
        self.digest_rows(|row, width| (0..width).map(|column| cell(column, row).into()).collect());
    }

    /// Bytes of the records since they were taken the last time.
    pub(super) fn records_len(&self) -> usize {
        self.records.len()
    }

    /// The records since they were taken the last time.
    pub(super) fn records(&mut self) -> &mut Vec<u8> {
        &mut self.records
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.done.rows
    }

    /// What was gathered.
    pub(super) fn finish(self) -> Finished {
        self.done
    }

    /// Hashes the rows that came since the last time; `cells` reads the cells of one of them once more.
    fn digest_rows(&mut self, cells: impl Fn(usize, usize) -> Box<[Box<[u8]>]>) {
        self.bags.digest(&mut self.digests);
        self.done.rows += self.digests.len() as u64;
        let mut start = 0;
        for (digest, &end) in self.digests.iter().zip(&self.order_ends) {
            let arrangement = self.arrangements.bytes();
            arrangement.extend_from_slice(digest);
            arrangement.extend_from_slice(&self.orders[start..end]);
            self.arrangements.end();
            start = end;
        }
        self.arrangements.digest(&mut self.arrangement_digests);
        for (row, (digest, arrangement)) in self.digests.iter().zip(&self.arrangement_digests).enumerate() {
            self.records.extend_from_slice(digest);
            self.records.extend_from_slice(&arrangement[..ARRANGEMENT_BYTES]);
            self.records.extend_from_slice(&1u32.to_be_bytes());
            let hash = u64::from_be_bytes(*digest.first_chunk().expect("a digest is longer"));
            self.done.signature.add(hash);
            self.done.sketch.add(hash);
            if self.done.sample.wants(hash) {
                self.done.sample.take(hash, cells(row, self.ranks.len()));
            }
        }
        self.orders.clear();
        self.order_ends.clear();
    }
}

/// A block of SHA-256 that begins with the name of what is hashed behind it.
fn domain(name: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    block[..name.len()].copy_from_slice(name);
    block
}

/// The cells of a record that was read before.
fn read_again(chunk: &[u8], (start, end): (usize, usize), delimiter: u8, width: usize) -> Box<[Box<[u8]>]> {
    struct Cells(Vec<Box<[u8]>>);
    impl Sink for Cells {
        fn cell(&mut self, _: usize, cell: &[u8], has_doubled_quotes: bool) {
            let mut text = Vec::new();
            push_unquoted(&mut text, cell, has_doubled_quotes);
            self.0.push(text.into());
        }
        fn end(&mut self, _: usize, _: usize) {}
        fn drop_record(&mut self) {}
    }
    let mut cells = Cells(Vec::with_capacity(width));
    let _ = walk_records(&chunk[start..end], delimiter, width, None, true, &mut cells);
    cells.0.into()
}
