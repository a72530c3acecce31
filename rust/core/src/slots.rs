//! Cells of table rows in slots of one width, a slot a key, so that what is in a slot cannot be told from its length.
//!
//! ```text
//! slot = number of rows || row || row || ... || zeros to the width
//! row  = cell || cell || ...                    as many as there are columns
//! cell = 0, or the text's bytes + 1             2 bytes little-endian, as the number of rows; then the text
//! ```

/// Widest slot: whatever fits into it has counts and lengths that fit into [`COUNT_BYTES`].
pub const MAX_WIDTH: usize = u16::MAX as usize;

const COUNT_BYTES: usize = 2;

/// One column of texts, as Arrow keeps it.
#[derive(Debug, Default, PartialEq)]
pub struct Column<B> {
    /// Where each row's text ends in `texts`, after a leading 0; 8 bytes little-endian each.
    pub ends: B,
    /// The texts, one behind the other.
    pub texts: B,
    /// 1 for each row that has a text, 0 for one that has no cell.
    pub present: B,
}

/// What stood in slots.
#[derive(Debug, PartialEq)]
pub struct Unpacked {
    /// Where each slot's rows end, counted in rows; 4 bytes little-endian each.
    pub ends: Vec<u8>,
    /// The cells of all rows.
    pub columns: Vec<Column<Vec<u8>>>,
}

/// Why rows do not go into slots.
#[derive(Debug, PartialEq)]
pub enum Unfit {
    /// A key's rows take this many bytes, the most that any key's take.
    TooLong(usize),
    /// The packed lists do not fit each other.
    Lists,
}

impl<B: AsRef<[u8]>> Column<B> {
    /// The cell of one row.
    fn cell(&self, row: usize) -> Option<Option<&[u8]>> {
        let (ends, _) = self.ends.as_ref().as_chunks::<8>();
        let end = |at: usize| usize::try_from(u64::from_le_bytes(*ends.get(at)?)).ok();
        let text = self.texts.as_ref().get(end(row)?..end(row + 1)?)?;
        Some((*self.present.as_ref().get(row)? != 0).then_some(text))
    }
}

impl Column<Vec<u8>> {
    /// Forget what stands behind the first rows.
    fn cut_off(&mut self, rows: usize) {
        let texts = self.ends.as_chunks::<8>().0[rows];
        self.ends.truncate((rows + 1) * 8);
        self.texts.truncate(u64::from_le_bytes(texts) as usize);
        self.present.truncate(rows);
    }
}

/// One slot of `width` bytes for each key. `ends` holds where each key's rows end, 4 bytes little-endian each.
///
/// # Errors
/// [`Unfit`]; nothing is cut off.
///
/// # Panics
/// When there is no column, or `width` is above [`MAX_WIDTH`].
pub fn pack<B: AsRef<[u8]>>(ends: &[u8], columns: &[Column<B>], width: usize) -> Result<Vec<u8>, Unfit> {
    assert!(!columns.is_empty() && width <= MAX_WIDTH, "columns, and slots of a size that counts fit into");
    let (ends, _) = ends.as_chunks::<4>();
    let mut slots = Vec::with_capacity(ends.len() * width);
    let mut largest = 0;
    let mut begin = 0;
    for end in ends {
        let end = u32::from_le_bytes(*end) as usize;
        let at = slots.len();
        push_count(&mut slots, end.checked_sub(begin).ok_or(Unfit::Lists)?);
        for row in begin..end {
            for column in columns {
                let cell = column.cell(row).ok_or(Unfit::Lists)?;
                push_count(&mut slots, cell.map_or(0, |text| text.len() + 1));
                slots.extend_from_slice(cell.unwrap_or_default());
            }
        }
        largest = largest.max(slots.len() - at);
        slots.resize(at + width, 0);
        begin = end;
    }
    if largest > width { Err(Unfit::TooLong(largest)) } else { Ok(slots) }
}

/// A count that is too large stands in a slot that is too long, and is never seen.
fn push_count(slots: &mut Vec<u8>, count: usize) {
    slots.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
}

/// The rows in `slots`, which somebody else made. A slot that is not the one form of any rows (no row, cut short, no UTF-8, or
/// not zeros behind) gives none, and no other does.
///
/// # Panics
/// When `slots` is not a whole number of slots.
pub fn unpack(slots: &[u8], width: usize, columns: usize) -> Unpacked {
    assert!(width > 0 && slots.len().is_multiple_of(width), "whole slots");
    let empty = || Column { ends: vec![0; 8], ..Column::default() };
    let mut found = Unpacked { ends: Vec::new(), columns: (0..columns).map(|_| empty()).collect() };
    let mut rows = 0_u32;
    for slot in slots.chunks_exact(width) {
        match read_slot(slot, &mut found.columns) {
            Some(read) => rows += read,
            None => found.columns.iter_mut().for_each(|column| column.cut_off(rows as usize)),
        }
        found.ends.extend_from_slice(&rows.to_le_bytes());
    }
    found
}

fn read_slot(slot: &[u8], columns: &mut [Column<Vec<u8>>]) -> Option<u32> {
    let mut rest = slot;
    let rows = take_count(&mut rest)?;
    for _ in 0..rows {
        for column in &mut *columns {
            let length = take_count(&mut rest)?;
            let (text, behind) = rest.split_at_checked(length.saturating_sub(1))?;
            str::from_utf8(text).ok()?;
            column.texts.extend_from_slice(text);
            column.ends.extend_from_slice(&(column.texts.len() as u64).to_le_bytes());
            column.present.push(u8::from(length > 0));
            rest = behind;
        }
    }
    (rows > 0 && rest.iter().all(|byte| *byte == 0)).then_some(u32::try_from(rows).ok()?)
}

fn take_count(rest: &mut &[u8]) -> Option<usize> {
    let (count, behind) = rest.split_first_chunk::<COUNT_BYTES>()?;
    *rest = behind;
    Some(usize::from(u16::from_le_bytes(*count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &[Option<&str>]) -> Column<Vec<u8>> {
        let mut made = Column { ends: vec![0; 8], ..Column::default() };
        for cell in cells {
            made.texts.extend_from_slice(cell.unwrap_or_default().as_bytes());
            made.ends.extend_from_slice(&(made.texts.len() as u64).to_le_bytes());
            made.present.push(u8::from(cell.is_some()));
        }
        made
    }

    fn ends(ends: &[u32]) -> Vec<u8> {
        ends.iter().flat_map(|end| end.to_le_bytes()).collect()
    }

    #[test]
    fn a_slot_is_what_the_module_says() {
        let columns = [column(&[Some("ab"), None, Some("")]), column(&[Some("c"), Some("d"), Some("e")])];
        let slots = pack(&ends(&[2, 3]), &columns, 16).unwrap();
        assert_eq!(slots[..16], *b"\x02\0\x03\0ab\x02\0c\0\0\x02\0d\0\0");
        assert_eq!(slots[16..], *b"\x01\0\x01\0\x02\0e\0\0\0\0\0\0\0\0\0");
        assert_eq!(unpack(&slots, 16, 2), Unpacked { ends: ends(&[2, 3]), columns: columns.into() });
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_size_it_needs() {
        let columns = [column(&[Some("abc"), Some("abcd")])];
        assert_eq!(pack(&ends(&[1, 2]), &columns, 7), Err(Unfit::TooLong(8)));
        assert!(pack(&ends(&[1, 2]), &columns, 8).is_ok());
        let long = [column(&[Some(&"x".repeat(70_000))])];
        assert_eq!(pack(&ends(&[1]), &long, MAX_WIDTH), Err(Unfit::TooLong(70_004)));
        let many = [column(&vec![None; 70_000])];
        assert_eq!(pack(&ends(&[70_000]), &many, MAX_WIDTH), Err(Unfit::TooLong(140_002)));
    }

    #[test]
    fn lists_that_do_not_fit_each_other_are_refused() {
        assert_eq!(pack(&ends(&[2]), &[column(&[Some("a")])], 16), Err(Unfit::Lists));
        assert_eq!(pack(&ends(&[1, 0]), &[column(&[Some("a")])], 16), Err(Unfit::Lists));
    }

    #[test]
    fn any_other_form_has_no_rows_and_leaves_those_of_others() {
        let good = b"\x01\0\x03\0ab\0\0";
        let both = Unpacked { ends: ends(&[1, 1, 2]), columns: vec![column(&[Some("ab"), Some("ab")])] };
        for (bad, why) in [
            (b"\0\0\0\0\0\0\0\0", "no row"),
            (b"\x01\0\x03\0ab\0\x01", "bytes behind"),
            (b"\x01\0\x06\0abcd", "cut short"),
            (b"\x02\0\x05\0abcd", "row missing"),
            (b"\x03\0\x03\0ab\0\0", "second row without a cell, third missing"),
            (b"\x01\0\x02\0\xff\0\0\0", "no text"),
        ] {
            assert_eq!(unpack(&[*good, *bad, *good].concat(), 8, 1), both, "{why}");
        }
    }
}
