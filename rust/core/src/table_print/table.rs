//! A table, read chunk by chunk.

use super::column::ColumnPrint;
use super::row::Row;
use super::runs::{ARRANGEMENT_BYTES, RECORD_BYTES, Run, sort_run};
use super::sample::Sample;
use super::signature::Signature;
use super::sketch::Sketch;
use crate::csv::{BadRecord, LineEnd, Sink, push_unquoted, walk_records};
use crate::sha256::{BLOCK_BYTES, Messages};

/// Records of a run: 14 MB, little enough that allocators use the same memory for the next one.
const RUN_RECORDS: usize = 1 << 18;
/// Row numbers have 32 bits.
const MOST_ROWS: u64 = u32::MAX as u64;

/// A table of 2^32 rows or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyRows;

/// Columns that do not fit the table or each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadColumns;

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

/// Takes the fingerprint of a table that comes in pieces.
pub struct Printer {
    pass: Pass,
    /// The start of a record whose end has not come yet.
    rest: Vec<u8>,
    /// Line feeds before it.
    lines: usize,
    line_end: Option<LineEnd>,
}

/// All that does not know where cells come from.
struct Pass {
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

impl Printer {
    /// For a table of so many columns as `ranks` has; each is its place in the order of canonical names.
    ///
    /// # Errors
    /// [`BadColumns`] unless every place is taken once.
    pub fn new(ranks: Vec<u16>) -> Result<Self, BadColumns> {
        let mut sorted = ranks.clone();
        sorted.sort_unstable();
        if ranks.is_empty() || sorted.iter().enumerate().any(|(place, &rank)| usize::from(rank) != place) {
            return Err(BadColumns);
        }
        let done = Finished {
            rows: 0,
            columns: vec![ColumnPrint::default(); ranks.len()],
            signature: Signature::default(),
            sketch: Sketch::default(),
            sample: Sample::default(),
        };
        let pass = Pass {
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
            is_header: true,
        };
        Ok(Self { pass, rest: Vec::new(), lines: 0, line_end: None })
    }

    /// Reads the next bytes of a CSV file, whose first record is a header; see [`crate::csv`].
    ///
    /// # Errors
    /// What is wrong, and how many line feeds stand before it in the whole file; None for too many rows.
    pub fn read_csv(&mut self, piece: &[u8], delimiter: u8, last: bool) -> Result<(), Option<BadRecord>> {
        let mut chunk = std::mem::take(&mut self.rest);
        chunk.extend_from_slice(piece);
        let width = self.pass.ranks.len();
        let found = walk_records(&chunk, delimiter, width, self.line_end, last, &mut self.pass)
            .map_err(|bad| Some(BadRecord { lines: self.lines + bad.lines, ..bad }))?;
        self.lines += found.lines;
        self.line_end = found.line_end;
        let places = std::mem::take(&mut self.pass.places);
        self.pass.digest_rows(|row, ranks| read_again(&chunk, places[row], delimiter, ranks)).map_err(|TooManyRows| None)?;
        self.pass.places = places;
        self.pass.places.clear();
        chunk.drain(..found.consumed);
        self.rest = chunk;
        Ok(())
    }

    /// Reads rows whose cells are given by column: each the offsets of an Arrow string array, four little-endian bytes each, and
    /// its text.
    ///
    /// # Errors
    /// [`BadColumns`] for columns that are too few or unequal, or offsets that leave the text.
    pub fn read_cells(&mut self, columns: &[(&[u8], &[u8])]) -> Result<Result<(), TooManyRows>, BadColumns> {
        let offsets = |column: &(&'_ [u8], &[u8])| column.0.as_chunks::<4>().0.len();
        let rows = columns.first().map(offsets).and_then(|count| count.checked_sub(1)).ok_or(BadColumns)?;
        if columns.len() != self.pass.ranks.len() || columns.iter().any(|column| offsets(column) != rows + 1) {
            return Err(BadColumns);
        }
        let cell = |column: usize, row: usize| {
            let at = |place: usize| u32::from_le_bytes(columns[column].0.as_chunks::<4>().0[place]) as usize;
            columns[column].1.get(at(row)..at(row + 1)).ok_or(BadColumns)
        };
        self.pass.is_header = false;
        for row in 0..rows {
            for column in 0..columns.len() {
                let text = cell(column, row)?;
                self.pass.cell(column, text, false);
            }
            self.pass.end(0, 0);
        }
        self.pass.places.clear();
        Ok(self.pass.digest_rows(|row, ranks| (0..ranks).map(|column| cell(column, row).unwrap_or_default().into()).collect()))
    }

    /// Whether there is a run to be taken.
    pub fn has_run(&self) -> bool {
        self.pass.records.len() >= RUN_RECORDS * RECORD_BYTES
    }

    /// The rows since the last run.
    pub fn take_run(&mut self) -> Run {
        let run = sort_run(&self.pass.records);
        self.pass.records.clear();
        run
    }

    /// The rest, once everything was read and the last run was taken.
    pub fn finish(self) -> Finished {
        self.pass.done
    }
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
    /// Hashes the rows that came since the last time; `cells` reads the cells of one of them once more.
    fn digest_rows(&mut self, cells: impl Fn(usize, usize) -> Box<[Box<[u8]>]>) -> Result<(), TooManyRows> {
        self.bags.digest(&mut self.digests);
        self.done.rows += self.digests.len() as u64;
        if self.done.rows > MOST_ROWS {
            return Err(TooManyRows);
        }
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
        Ok(())
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
