//! Columns of cells to packed keys.

use super::rules::Rule;
use super::{EMPTY, MALFORMED, MAX_KEY_BYTES, TOO_LONG, UNSURE, key_length};

/// Packed keys; the module says how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// Two bytes a row.
    pub lengths: Vec<u8>,
    /// The keys, joined.
    pub text: Vec<u8>,
}

/// The pieces do not fit together: offsets that leave the data or fall, lengths that do not add up, columns of unequal length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCells;

impl Packed {
    fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { lengths: Vec::with_capacity(2 * rows), text: Vec::with_capacity(bytes) }
    }

    fn push_code(&mut self, code: u16) {
        self.lengths.extend_from_slice(&code.to_le_bytes());
    }
}

/// One column by one rule, as far as ASCII goes; the other rows are [`UNSURE`].
///
/// `offsets` are an Arrow string array's: four little-endian bytes each, one more than there are cells; `data` its text.
///
/// # Errors
/// [`BadCells`] for offsets that do not describe cells of `data`.
pub fn normalise_cells(rule: Rule, offsets: &[u8], data: &[u8]) -> Result<Packed, BadCells> {
    let (offsets, rest) = offsets.as_chunks::<4>();
    if offsets.is_empty() || !rest.is_empty() {
        return Err(BadCells);
    }
    let mut packed = Packed::with_capacity(offsets.len() - 1, data.len());
    for ends in offsets.windows(2) {
        let [start, end] = [ends[0], ends[1]].map(|bytes| u32::from_le_bytes(bytes) as usize);
        let cell = data.get(start..end).ok_or(BadCells)?;
        let code = rule.normalise(cell, &mut packed.text);
        packed.push_code(code);
    }
    Ok(packed)
}

/// `column` with each [`UNSURE`] row, in order, as `settled` has it.
///
/// # Errors
/// [`BadCells`] unless `settled` has exactly these rows.
pub fn splice_cells(column: (&[u8], &[u8]), settled: (&[u8], &[u8])) -> Result<Packed, BadCells> {
    let mut packed = Packed::with_capacity(column.0.len() / 2, column.1.len() + settled.1.len());
    let (mut known, mut asked) = (Reader::new(column)?, Reader::new(settled)?);
    while let Some((code, part)) = known.next()? {
        let (code, part) = if code == UNSURE { asked.next()?.ok_or(BadCells)? } else { (code, part) };
        packed.push_code(code);
        packed.text.extend_from_slice(part);
    }
    if asked.next()?.is_some() || !known.text.is_empty() || !asked.text.is_empty() {
        return Err(BadCells);
    }
    Ok(packed)
}

/// Several columns as one key: each part behind its length in two big-endian bytes. The first part that is at fault speaks for
/// the row.
///
/// # Errors
/// [`BadCells`] unless there are two columns or more, of equally many rows.
pub fn join_cells(columns: &[(&[u8], &[u8])]) -> Result<Packed, BadCells> {
    let rows = columns.first().ok_or(BadCells)?.0.len() / 2;
    if columns.len() < 2 || columns.iter().any(|column| column.0.len() != 2 * rows) {
        return Err(BadCells);
    }
    let bytes = columns.iter().map(|column| column.1.len()).sum::<usize>() + 2 * columns.len() * rows;
    let mut packed = Packed::with_capacity(rows, bytes);
    let mut readers = columns.iter().copied().map(Reader::new).collect::<Result<Vec<_>, _>>()?;
    for _ in 0..rows {
        let start = packed.text.len();
        let mut fault = None;
        for reader in &mut readers {
            let (code, part) = reader.next()?.ok_or(BadCells)?;
            if part.is_empty() {
                fault = fault.or(Some(code));
            }
            packed.text.extend_from_slice(&(part.len() as u16).to_be_bytes());
            packed.text.extend_from_slice(part);
        }
        let length = packed.text.len() - start;
        let code = match fault {
            Some(code) => code,
            None if length > MAX_KEY_BYTES => TOO_LONG,
            None => length as u16,
        };
        if key_length(code.to_le_bytes()) == 0 {
            packed.text.truncate(start);
        }
        packed.push_code(code);
    }
    Ok(packed)
}

/// Packed keys, row by row.
struct Reader<'a> {
    lengths: std::slice::Iter<'a, [u8; 2]>,
    text: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new((lengths, text): (&'a [u8], &'a [u8])) -> Result<Self, BadCells> {
        let (lengths, rest) = lengths.as_chunks::<2>();
        if rest.is_empty() { Ok(Self { lengths: lengths.iter(), text }) } else { Err(BadCells) }
    }

    /// The next row's code and key; the key is empty where the code is no length.
    fn next(&mut self) -> Result<Option<(u16, &'a [u8])>, BadCells> {
        let Some(&bytes) = self.lengths.next() else { return Ok(None) };
        let code = u16::from_le_bytes(bytes);
        let length = key_length(bytes);
        if length == 0 && !matches!(code, EMPTY | UNSURE | TOO_LONG | MALFORMED) {
            return Err(BadCells);
        }
        let (part, text) = self.text.split_at_checked(length).ok_or(BadCells)?;
        self.text = text;
        Ok(Some((code, part)))
    }
}
