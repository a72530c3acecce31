//! Packed keys to salted digests, cut into spans of the digests' range.

use super::cells::BadCells;
use super::digest::KeyHasher;
use super::{RECORD_BYTES, Record, key_length, scatter};
use crate::parallel;

/// Rows that one thread hashes before it asks for more.
const ROWS_A_PART: usize = 1 << 15;

/// Number of rows that have a key, so many records make a cut. `lengths` are those of packed keys.
pub fn count_keys(lengths: &[u8]) -> usize {
    lengths.as_chunks::<2>().0.iter().filter(|&&code| key_length(code) > 0).count()
}

/// Hashes the keys of a run of rows and cuts the run: fills `records` in the order of their spans, those of a span in the order of
/// the rows, and returns where each span starts, counted in records, and where the last ends.
///
/// A digest is the first [`super::DIGEST_BYTES`] of SHA-256(`prefix` || key); its span is floor(d * `spans` / 2^32), d the digest's
/// first four bytes, big-endian. `first_row` is the number of the run's first row.
///
/// # Errors
/// [`BadCells`] when the lengths do not add up to the text, `records` has not [`RECORD_BYTES`] for each of the
/// [`count_keys`], row numbers leave 32 bits, or `spans` is 0.
pub fn cut_keys(
    prefix: &[u8],
    packed: (&[u8], &[u8]),
    first_row: u32,
    spans: usize,
    records: &mut [u8],
    threads: usize,
) -> Result<Vec<usize>, BadCells> {
    let (codes, rest) = packed.0.as_chunks::<2>();
    let (records, rest_of_records) = records.as_chunks_mut::<RECORD_BYTES>();
    let rows_fit = u32::try_from(codes.len()).is_ok_and(|rows| first_row.checked_add(rows).is_some());
    let sizes_fit = rest.is_empty() && rest_of_records.is_empty() && count_keys(packed.0) == records.len();
    if !rows_fit || !sizes_fit || spans == 0 || total_bytes(codes) != packed.1.len() {
        return Err(BadCells);
    }
    if spans == 1 {
        digest_keys(prefix, codes, packed.1, first_row, records, threads);
        return Ok(vec![0, records.len()]);
    }
    let span_of = |record: &Record| {
        let head = u32::from_be_bytes([record[0], record[1], record[2], record[3]]);
        ((u128::from(head) * spans as u128) >> 32) as usize
    };
    let mut in_order_of_rows = bytemuck::zeroed_vec(records.len());
    digest_keys(prefix, codes, packed.1, first_row, &mut in_order_of_rows, threads);
    Ok(scatter(in_order_of_rows.iter(), records, spans, span_of))
}

/// The records of all keys in the order of the rows.
fn digest_keys(prefix: &[u8], codes: &[[u8; 2]], mut text: &[u8], first_row: u32, mut records: &mut [Record], threads: usize) {
    let hasher = KeyHasher::new(prefix);
    let mut parts = Vec::new();
    for (rows, codes) in (first_row..).step_by(ROWS_A_PART).zip(codes.chunks(ROWS_A_PART)) {
        let keys = count_keys(codes.as_flattened());
        let (own_text, own_records);
        (own_text, text) = text.split_at(total_bytes(codes));
        (own_records, records) = records.split_at_mut(keys);
        parts.push((rows, codes, own_text, own_records));
    }
    parallel::for_each_chunk(&mut parts, 1, threads, |_, parts| {
        for (first_row, codes, text, records) in parts {
            let keys = (*first_row..).zip(*codes).filter_map(|(row, &code)| {
                let (from_here, length) = (*text, key_length(code));
                *text = &from_here[length..];
                (length > 0).then_some((row, from_here, length))
            });
            hasher.digest(keys, records);
        }
    });
}

fn total_bytes(codes: &[[u8; 2]]) -> usize {
    codes.iter().map(|&code| key_length(code)).sum()
}
