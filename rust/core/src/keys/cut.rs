//! Packed keys to salted digests, cut into spans of the digests' range.

use super::cells::BadCells;
use super::digest::KeyHasher;
use super::{Record, key_length, scatter};
use crate::parallel;

/// Records in the order of their spans.
#[derive(Debug)]
pub struct Cut {
    /// [`super::RECORD_BYTES`] each; those of a span in the order of the rows.
    pub records: Vec<u8>,
    /// Where each span starts in `records`, counted in records, and the end of the last.
    pub starts: Vec<usize>,
}

/// Hashes the keys of a run of rows and cuts the run.
///
/// A digest is the first [`super::DIGEST_BYTES`] of SHA-256(`prefix` || key); its span is floor(d * `spans` / 2^32), d the digest's first
/// four bytes, big-endian. `first_row` is the number of the run's first row.
///
/// # Errors
/// [`BadCells`] when the lengths do not add up to the text, or row numbers leave 32 bits, or `spans` is 0.
pub fn cut_keys(prefix: &[u8], packed: (&[u8], &[u8]), first_row: u32, spans: usize, threads: usize) -> Result<Cut, BadCells> {
    let (codes, rest) = packed.0.as_chunks::<2>();
    let rows_fit = u32::try_from(codes.len()).is_ok_and(|rows| first_row.checked_add(rows).is_some());
    if !rest.is_empty() || !rows_fit || spans == 0 || total_bytes(codes) != packed.1.len() {
        return Err(BadCells);
    }
    let hasher = KeyHasher::new(prefix);
    let digest_chunk = |start: usize, chunk: &[[u8; 2]]| -> Result<Vec<Record>, BadCells> {
        let mut text = &packed.1[total_bytes(&codes[..start])..];
        let keys = (first_row + start as u32..).zip(chunk).filter_map(|(row, &code)| {
            let (key, rest) = text.split_at(key_length(code));
            text = rest;
            (!key.is_empty()).then_some((row, key))
        });
        Ok(hasher.records(keys, chunk.len()))
    };
    let records = parallel::map_chunks(codes, threads, digest_chunk)?;
    if spans == 1 {
        let starts = vec![0, records.len()];
        return Ok(Cut { records: records.into_flattened(), starts });
    }
    let span_of = |record: &Record| {
        let head = u32::from_be_bytes([record[0], record[1], record[2], record[3]]);
        ((u128::from(head) * spans as u128) >> 32) as usize
    };
    let (records, starts) = scatter(&records, spans, span_of);
    Ok(Cut { records: records.into_flattened(), starts })
}

fn total_bytes(codes: &[[u8; 2]]) -> usize {
    codes.iter().map(|&code| key_length(code)).sum()
}
