//! A table, read chunk by chunk, each in two halves at the same time.

use memchr::{memchr_iter, memchr2_iter};

use super::pass::{Finished, Pass};
use super::runs::{RECORD_BYTES, Run, sort_run};
use crate::csv::{BadRecord, Fault, LineEnd, Records};
use crate::parallel::for_each_chunk;

/// Records of a run: 14 MB, little enough that allocators use the same memory for the next one.
const RUN_RECORDS: usize = 1 << 18;
/// Row numbers have 32 bits.
const MOST_ROWS: u64 = u32::MAX as u64;
/// Shorter chunks are not worth a thread.
const LEAST_SPLIT: usize = 1 << 16;

/// A table of 2^32 rows or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyRows;

/// Columns that do not fit the table or each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadColumns;

/// Takes the fingerprint of a table that comes in pieces.
pub struct Printer {
    passes: [Pass; 2],
    width: usize,
    /// The start of a record whose end has not come yet.
    rest: Vec<u8>,
    /// Line feeds before it.
    lines: usize,
    line_end: Option<LineEnd>,
    is_begun: bool,
}

/// Whole records at the start of a chunk, or all that is left of it, for one pass.
struct Part<'a> {
    pass: &'a mut Pass,
    text: &'a [u8],
    is_last: bool,
    found: Result<Records, BadRecord>,
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
        let width = ranks.len();
        let passes = [Pass::new(ranks.clone()), Pass::new(ranks)];
        Ok(Self { passes, width, rest: Vec::new(), lines: 0, line_end: None, is_begun: false })
    }

    /// Reads the next bytes of a CSV file, whose first record is a header; see [`crate::csv`].
    ///
    /// # Errors
    /// What is wrong, and how many line feeds stand before it in the whole file; None for too many rows.
    pub fn read_csv(&mut self, piece: &[u8], delimiter: u8, last: bool) -> Result<(), Option<BadRecord>> {
        let mut chunk = std::mem::take(&mut self.rest);
        chunk.extend_from_slice(piece);
        if !std::mem::replace(&mut self.is_begun, true) {
            self.passes[0].expect_header();
        }
        let half = find_half(&chunk);
        let (head, tail) = chunk.split_at(if half == 0 { chunk.len() } else { half });
        let line_end = self.line_end;
        let [first, second] = &mut self.passes;
        let nothing = Records { records: 0, consumed: 0, lines: 0, line_end, columns: Vec::new() };
        let mut parts = [
            Part { pass: first, text: head, is_last: last && tail.is_empty(), found: Ok(nothing.clone()) },
            Part { pass: second, text: tail, is_last: last, found: Ok(nothing) },
        ];
        for_each_chunk(&mut parts, 1, 2, |_, part| {
            let [part] = part else { return };
            part.found = part.pass.read_csv(part.text, delimiter, line_end, part.is_last);
        });
        let mut consumed = 0;
        for part in parts {
            let at = self.lines;
            let found = part.found.map_err(|bad| Some(BadRecord { lines: at + bad.lines, ..bad }))?;
            if found.line_end.is_some() && self.line_end.is_some_and(|known| Some(known) != found.line_end) {
                return Err(Some(BadRecord { fault: Fault::LineEnd, lines: at }));
            }
            self.line_end = self.line_end.or(found.line_end);
            self.lines += found.lines;
            consumed += found.consumed;
            if consumed < half {
                return Err(Some(BadRecord { fault: Fault::BrokenQuoting, lines: self.lines })); // the half was cut within a record
            }
        }
        chunk.drain(..consumed);
        self.rest = chunk;
        self.count_rows().map_err(|TooManyRows| None)
    }

    /// Reads rows whose cells are given by column: each the offsets of an Arrow string array, four little-endian bytes each, and
    /// its text.
    ///
    /// # Errors
    /// [`BadColumns`] for columns that are too few or unequal, or offsets that leave the text.
    pub fn read_cells(&mut self, columns: &[(&[u8], &[u8])]) -> Result<Result<(), TooManyRows>, BadColumns> {
        let columns: Vec<_> = columns.iter().map(|(offsets, text)| (offsets.as_chunks::<4>().0, *text)).collect();
        let rows = columns.first().and_then(|(offsets, _)| offsets.len().checked_sub(1)).ok_or(BadColumns)?;
        if columns.len() != self.width || columns.iter().any(|(offsets, _)| offsets.len() != rows + 1) {
            return Err(BadColumns);
        }
        let cell = |column: usize, row: usize| {
            let (offsets, text) = columns[column];
            text.get(u32::from_le_bytes(offsets[row]) as usize..u32::from_le_bytes(offsets[row + 1]) as usize)
        };
        if (0..self.width).any(|column| (0..rows).any(|row| cell(column, row).is_none())) {
            return Err(BadColumns);
        }
        self.passes[0].read_rows(rows, |column, row| cell(column, row).unwrap_or_default());
        Ok(self.count_rows())
    }

    /// Whether there is a run to be taken.
    pub fn has_run(&self) -> bool {
        self.passes.iter().any(|pass| pass.records_len() >= RUN_RECORDS * RECORD_BYTES / 2)
    }

    /// The rows since the last run.
    pub fn take_run(&mut self) -> Run {
        let [first, second] = &mut self.passes;
        first.records().append(second.records());
        let run = sort_run(first.records());
        first.records().clear();
        run
    }

    /// The rest, once everything was read and the last run was taken.
    pub fn finish(self) -> Finished {
        let [first, second] = self.passes;
        let mut done = first.finish();
        done.merge(second.finish());
        done
    }

    fn count_rows(&self) -> Result<(), TooManyRows> {
        let rows: u64 = self.passes.iter().map(Pass::rows).sum();
        if rows > MOST_ROWS { Err(TooManyRows) } else { Ok(()) }
    }
}

/// Where a record starts about the middle of a chunk that begins with one; 0 if the chunk is short or there is none.
///
/// Between records an even number of quotes has been met; a chunk in which it is not so is at fault, and the first half says so.
fn find_half(chunk: &[u8]) -> usize {
    if chunk.len() < LEAST_SPLIT {
        return 0;
    }
    let half = chunk.len() / 2;
    let mut is_quoted = memchr_iter(b'"', &chunk[..half]).count() % 2 == 1;
    for at in memchr2_iter(b'"', b'\n', &chunk[half..]) {
        match chunk[half + at] {
            b'"' => is_quoted = !is_quoted,
            _ if !is_quoted => return half + at + 1,
            _ => {}
        }
    }
    0
}
