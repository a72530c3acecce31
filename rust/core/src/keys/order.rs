//! The records of a span sorted and grouped.

use super::cells::BadCells;
use super::{DIGEST_BYTES, RECORD_BYTES, Record, scatter};

/// Leading bits that choose the cell of a record in the first, coarse pass: more cells are slow to fill, because each needs a page of
/// its own, and what the second pass does to one of a million records stays in the first cache.
const COARSE_BITS: u32 = 10;

/// More uniform digests than this never meet where there is about half a one.
const MOST_TOGETHER: u32 = 24;

/// The records of some pieces sorted by digest, then row, and grouped by digest. Numbers are four little-endian bytes.
///
/// Digests are uniform, so two counting passes by their leading bits, the second one inside each cell of the first, leave every
/// record close to its place. Where very many are equal a sort that compares does the rest.
///
/// # Arguments
/// * `digests`, `ends`: at their starts the distinct digests, ascending, and where the rows of each end in `rows`, counted in rows.
/// * `rows`: the rows, grouped by digest, ascending within a group.
///
/// Returns the number of distinct digests.
///
/// # Errors
/// [`BadCells`] for bytes that are no whole records, for 2^32 records or more, and unless there is room for exactly as many digests, ends
/// and rows as there are records.
pub fn order_records(pieces: &[&[u8]], digests: &mut [u8], ends: &mut [u8], rows: &mut [u8]) -> Result<usize, BadCells> {
    let whole = pieces.iter().all(|piece| piece.len().is_multiple_of(RECORD_BYTES));
    let records = pieces.iter().flat_map(|piece| piece.as_chunks::<RECORD_BYTES>().0);
    let count = pieces.iter().map(|piece| piece.len() / RECORD_BYTES).sum();
    let (digests, rest_of_digests) = digests.as_chunks_mut::<DIGEST_BYTES>();
    let ((ends, rest_of_ends), (rows, rest_of_rows)) = (ends.as_chunks_mut::<4>(), rows.as_chunks_mut::<4>());
    let is_whole = whole && rest_of_digests.is_empty() && rest_of_ends.is_empty() && rest_of_rows.is_empty();
    let sizes = [digests.len(), ends.len(), rows.len()];
    if !is_whole || u32::try_from(count).is_err() || sizes != [count; 3] {
        return Err(BadCells);
    }
    let mut coarse = bytemuck::zeroed_vec(count);
    let starts = scatter(records, &mut coarse, 1 << COARSE_BITS, |record| (head(record) >> (u64::BITS - COARSE_BITS)) as usize);
    let (mut sorted, mut next) = (Vec::new(), Vec::new());
    let mut groups = 0;
    for cell in starts.windows(2) {
        let (start, cell) = (cell[0], &coarse[cell[0]..cell[1]]);
        sorted.resize(cell.len(), [0; RECORD_BYTES]);
        sort_cell(cell, &mut sorted, &mut next);
        let mut before = sorted.first().map(|first| !digest(first)); // cells share no digest
        for (at, record) in (start..).zip(&sorted) {
            let digest = Some(digest(record));
            groups += usize::from(digest != std::mem::replace(&mut before, digest));
            digests[groups - 1].copy_from_slice(&record[..DIGEST_BYTES]);
            ends[groups - 1] = (at as u32 + 1).to_le_bytes();
            rows[at].copy_from_slice(&record[DIGEST_BYTES..]);
        }
    }
    Ok(groups)
}

/// Sorts the records of a coarse cell into `sorted`, as long; `next` is room to work in.
fn sort_cell(cell: &[Record], sorted: &mut [Record], next: &mut Vec<u32>) {
    let bits = (2 * cell.len()).checked_ilog2().unwrap_or(0).min(u64::BITS - COARSE_BITS);
    let place_of = |record: &Record| (head(record) << COARSE_BITS).checked_shr(u64::BITS - bits).unwrap_or(0) as usize;
    next.clear();
    next.resize(1 << bits, 0);
    cell.iter().for_each(|record| next[place_of(record)] += 1);
    let (mut start, mut most) = (0, 0);
    for next in next.iter_mut() {
        most = most.max(*next);
        start += std::mem::replace(next, start);
    }
    for record in cell {
        let at = &mut next[place_of(record)];
        sorted[*at as usize] = *record;
        *at += 1;
    }
    if most > MOST_TOGETHER {
        return sorted.sort_unstable_by_key(|record| (digest(record), row(record)));
    }
    for place in 1..sorted.len() {
        let record = sorted[place];
        let key = (digest(&record), row(&record));
        let mut at = place;
        while at > 0 && (digest(&sorted[at - 1]), row(&sorted[at - 1])) > key {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        sorted[at] = record;
    }
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
