//! CSV as RFC 4180 has it, a chunk of a file at a time: records of a known width, the cells of some columns as Arrow has them.
//!
//! Nothing is guessed and nothing forgiven: a quote stands only around a cell or doubled inside a quoted one, every record has
//! the same number of cells, all lines end alike, everything is UTF-8. Two programs cannot read such a file in two ways.

use memchr::{memchr, memchr_iter};

mod marks;

use marks::Marks;

/// Longest record, its line end included.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// How lines end; all of a file alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// A line feed.
    Lf,
    /// A carriage return and a line feed.
    CrLf,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A quoted cell does not end, something stands behind its end, or a quote stands in a cell that is not quoted.
    BrokenQuoting,
    /// More or fewer cells than there should be.
    WrongWidth,
    /// A carriage return without a line feed outside quotes, or another line end than before.
    LineEnd,
    /// Longer than [`MAX_RECORD_BYTES`].
    TooLong,
    /// Not UTF-8.
    NotUtf8,
}

/// Where a chunk is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// What is wrong.
    pub fault: Fault,
    /// Line feeds in the chunk before the record, or before the byte that is no text.
    pub lines: usize,
}

/// What a file is known to look like.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    /// Between cells; one byte of ASCII other than a quote, a carriage return and a line feed.
    pub delimiter: u8,
    /// Cells in a record.
    pub width: usize,
    /// Which of them to take, in the order in which the columns are wanted, from 0.
    pub chosen: &'a [usize],
    /// Of the records before the chunk, if there were any.
    pub line_end: Option<LineEnd>,
}

/// Cells of one column: the buffers of an Arrow string array. An empty cell is null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Where each cell ends in `text`, behind a first 0; four little-endian bytes each.
    pub offsets: Vec<u8>,
    /// The cells, joined.
    pub text: Vec<u8>,
    /// A bit a cell, the lowest first, set where the cell is not null.
    pub present: Vec<u8>,
    /// Number of nulls.
    pub nulls: usize,
}

/// The whole records at the start of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// How many there are. Blank lines are none where a record has two cells or more.
    pub records: usize,
    /// Their bytes; the next chunk starts behind them.
    pub consumed: usize,
    /// Line feeds in them.
    pub lines: usize,
    /// How their lines end, if one does.
    pub line_end: Option<LineEnd>,
    /// The chosen columns.
    pub columns: Vec<Column>,
}

/// Reads the records of a chunk that starts with a record and, unless it is the `last`, may end anywhere.
///
/// # Errors
/// [`BadRecord`], the first but for text that is not UTF-8, which is noticed when all else is well.
pub fn parse_records(chunk: &[u8], shape: Shape<'_>, last: bool) -> Result<Records, BadRecord> {
    let mut slots = vec![Vec::new(); shape.width];
    for (slot, &field) in shape.chosen.iter().enumerate() {
        slots[field].push(slot);
    }
    let mut columns = Columns { slots: &slots, cells: vec![Cells::default(); shape.chosen.len()] };
    let walked = walk_records(chunk, shape.delimiter, shape.width, shape.line_end, last, &mut columns)?;
    let columns = columns.cells.into_iter().map(|cells| cells.into_column(walked.records)).collect();
    Ok(Records { columns, ..walked })
}

/// Gets the cells of records as they are met.
pub(crate) trait Sink {
    /// The next cell of the record at hand, without its quotes; those inside it stand doubled if `has_doubled_quotes`.
    fn cell(&mut self, place: usize, cell: &[u8], has_doubled_quotes: bool);
    /// The record at hand is whole; it stands in these bytes of the chunk.
    fn end(&mut self, start: usize, end: usize);
    /// The record at hand does not come to its end: its cells are none.
    fn drop_record(&mut self);
}

/// As [`parse_records`], all cells to `sink`; the columns of what is returned are none.
pub(crate) fn walk_records(
    chunk: &[u8],
    delimiter: u8,
    width: usize,
    line_end: Option<LineEnd>,
    last: bool,
    sink: &mut impl Sink,
) -> Result<Records, BadRecord> {
    let mut parser = Parser {
        chunk,
        last,
        delimiter,
        line_end,
        marks: Marks::new(chunk, delimiter),
        has_returns: memchr(b'\r', chunk).is_some(),
    };
    let (mut records, mut consumed) = (0, 0);
    while consumed < chunk.len() {
        let outcome = parser.record(consumed, width, sink);
        let end = match outcome {
            Ok((end, _)) => end,
            Err(Stop::Incomplete) => chunk.len(),
            Err(Stop::Bad(_)) => consumed,
        };
        let stop = if end - consumed > MAX_RECORD_BYTES { Err(Stop::Bad(Fault::TooLong)) } else { outcome };
        match stop {
            Ok((end, is_record)) => {
                if is_record {
                    sink.end(consumed, end);
                }
                consumed = end;
                records += usize::from(is_record);
            }
            Err(Stop::Incomplete) => {
                sink.drop_record();
                break;
            }
            Err(Stop::Bad(fault)) => return Err(BadRecord { fault, lines: count_lines(&chunk[..consumed]) }),
        }
    }
    let records_text = &chunk[..consumed];
    if simdutf8::basic::from_utf8(records_text).is_err()
        && let Err(error) = std::str::from_utf8(records_text)
    {
        return Err(BadRecord { fault: Fault::NotUtf8, lines: count_lines(&chunk[..error.valid_up_to()]) });
    }
    Ok(Records { records, consumed, lines: count_lines(&chunk[..consumed]), line_end: parser.line_end, columns: Vec::new() })
}

fn count_lines(text: &[u8]) -> usize {
    memchr_iter(b'\n', text).count()
}

#[derive(Clone, Copy)]
enum Stop {
    /// The chunk ends before the record does.
    Incomplete,
    Bad(Fault),
}

struct Field {
    start: usize,
    end: usize,
    /// Where the next one starts.
    next: usize,
    closes_record: bool,
    is_quoted: bool,
    has_doubled_quotes: bool,
}

struct Parser<'a> {
    chunk: &'a [u8],
    last: bool,
    delimiter: u8,
    line_end: Option<LineEnd>,
    /// Where the delimiters, line feeds and quotes are that no field has passed yet.
    marks: Marks<'a>,
    has_returns: bool,
}

impl Parser<'_> {
    /// Where the record from `start` ends, and whether it is one at all; its cells go to `sink`.
    fn record(&mut self, start: usize, width: usize, sink: &mut impl Sink) -> Result<(usize, bool), Stop> {
        let mut at = start;
        for place in 0..width {
            let field = if self.chunk.get(at) == Some(&b'"') { self.quoted(at)? } else { self.plain(at)? };
            let is_blank = place == 0 && field.closes_record && field.start == field.end && !field.is_quoted;
            if is_blank && width > 1 {
                return Ok((field.next, false));
            }
            sink.cell(place, &self.chunk[field.start..field.end], field.has_doubled_quotes);
            at = field.next;
            if field.closes_record != (place + 1 == width) {
                return Err(Stop::Bad(Fault::WrongWidth));
            }
        }
        Ok((at, true))
    }

    fn plain(&mut self, start: usize) -> Result<Field, Stop> {
        let (end, next, closes_record) = match self.marks.next() {
            None if !self.last => return Err(Stop::Incomplete),
            None => (self.chunk.len(), self.chunk.len(), true),
            Some(at) if self.chunk[at] == b'"' => return Err(Stop::Bad(Fault::BrokenQuoting)),
            Some(at) if self.chunk[at] == b'\n' => {
                let returns = at > start && self.chunk[at - 1] == b'\r';
                self.end_line(if returns { LineEnd::CrLf } else { LineEnd::Lf })?;
                (at - usize::from(returns), at + 1, true)
            }
            Some(at) => (at, at + 1, false),
        };
        if self.has_returns && memchr(b'\r', &self.chunk[start..end]).is_some() {
            return Err(Stop::Bad(Fault::LineEnd));
        }
        Ok(Field { start, end, next, closes_record, is_quoted: false, has_doubled_quotes: false })
    }

    fn quoted(&mut self, opening: usize) -> Result<Field, Stop> {
        let unfinished = if self.last { Stop::Bad(Fault::BrokenQuoting) } else { Stop::Incomplete };
        let chunk = self.chunk;
        self.marks.next(); // the opening quote
        let mut has_doubled_quotes = false;
        let closing = loop {
            let quote = self.marks.find(|&at| chunk[at] == b'"').ok_or(unfinished)?;
            if chunk.get(quote + 1) != Some(&b'"') {
                break quote;
            }
            self.marks.next();
            has_doubled_quotes = true;
        };
        let (next, closes_record) = match &chunk[closing + 1..] {
            [] if self.last => (chunk.len(), true),
            [] => return Err(Stop::Incomplete),
            [b'\n', ..] => {
                self.end_line(LineEnd::Lf)?;
                (closing + 2, true)
            }
            [b'\r', b'\n', ..] => {
                self.end_line(LineEnd::CrLf)?;
                (closing + 3, true)
            }
            [b'\r'] if !self.last => return Err(Stop::Incomplete),
            [byte, ..] if *byte == self.delimiter => (closing + 2, false),
            _ => return Err(Stop::Bad(Fault::BrokenQuoting)),
        };
        if next > closing + 1 {
            self.marks.next(); // what stands behind the closing quote
        }
        Ok(Field { start: opening + 1, end: closing, next, closes_record, is_quoted: true, has_doubled_quotes })
    }

    fn end_line(&mut self, found: LineEnd) -> Result<(), Stop> {
        if *self.line_end.get_or_insert(found) == found { Ok(()) } else { Err(Stop::Bad(Fault::LineEnd)) }
    }
}

/// Columns that are being filled, some of a record's cells in one or several of them.
struct Columns<'a> {
    /// Which columns want the cell of each place.
    slots: &'a [Vec<usize>],
    cells: Vec<Cells>,
}

impl Sink for Columns<'_> {
    fn cell(&mut self, place: usize, cell: &[u8], has_doubled_quotes: bool) {
        for &slot in &self.slots[place] {
            self.cells[slot].push(cell, has_doubled_quotes);
        }
    }

    fn end(&mut self, _: usize, _: usize) {}

    fn drop_record(&mut self) {} // `into_column` cuts off what is too much
}

/// Appends a cell, each doubled quote as one if there are such.
pub(crate) fn push_unquoted(text: &mut Vec<u8>, cell: &[u8], has_doubled_quotes: bool) {
    let mut rest = cell;
    if has_doubled_quotes {
        while let Some(quote) = memchr(b'"', rest) {
            text.extend_from_slice(&rest[..=quote]);
            rest = &rest[quote + 2..];
        }
    }
    text.extend_from_slice(rest);
}

/// A column that is being filled; of a record that did not come to its end there may be one cell too many.
#[derive(Clone, Default)]
struct Cells {
    ends: Vec<u32>,
    text: Vec<u8>,
}

impl Cells {
    fn push(&mut self, cell: &[u8], has_doubled_quotes: bool) {
        push_unquoted(&mut self.text, cell, has_doubled_quotes);
        self.ends.push(self.text.len() as u32);
    }

    fn into_column(mut self, records: usize) -> Column {
        self.ends.truncate(records);
        self.text.truncate(self.ends.last().map_or(0, |&end| end as usize));
        let mut column = Column {
            offsets: Vec::with_capacity(4 * (records + 1)),
            text: self.text,
            present: vec![0; records.div_ceil(8)],
            nulls: 0,
        };
        column.offsets.extend_from_slice(&[0; 4]);
        let mut start = 0;
        for (record, end) in self.ends.into_iter().enumerate() {
            column.present[record / 8] |= u8::from(end > start) << (record % 8);
            column.nulls += usize::from(end == start);
            column.offsets.extend_from_slice(&end.to_le_bytes());
            start = end;
        }
        column
    }
}
