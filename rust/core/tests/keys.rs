//! Cells to sorted digests: the bounds that Python's tests cannot reach. What the rules do, those tests compare with the oracle.

use atoll_core::keys::{BadCells, Rule, UNSURE, count_keys, join_cells, normalise_cells, splice_cells};
use sha2::{Digest, Sha256};

fn offsets(ends: &[u32]) -> Vec<u8> {
    ends.iter().flat_map(|end| end.to_le_bytes()).collect()
}

fn lengths(codes: &[u16]) -> Vec<u8> {
    codes.iter().flat_map(|code| code.to_le_bytes()).collect()
}

type Cut = (Vec<u8>, Vec<usize>);

fn cut_keys(prefix: &[u8], packed: (&[u8], &[u8]), row: u32, spans: usize, threads: usize) -> Result<Cut, BadCells> {
    let mut records = vec![0; 20 * count_keys(packed.0)];
    let starts = atoll_core::keys::cut_keys(prefix, packed, row, spans, &mut records, threads)?;
    Ok((records, starts))
}

/// Digests, ends, rows.
fn order_records(pieces: &[&[u8]]) -> Result<[Vec<u8>; 3], BadCells> {
    let [mut digests, mut ends, mut rows] =
        [16, 4, 4].map(|bytes| vec![0; pieces.iter().map(|piece| piece.len() / 20).sum::<usize>() * bytes]);
    let groups = atoll_core::keys::order_records(pieces, &mut digests, &mut ends, &mut rows)?;
    digests.truncate(16 * groups);
    ends.truncate(4 * groups);
    Ok([digests, ends, rows])
}

#[test]
fn offsets_must_describe_the_data() {
    let data = b"abcd";
    assert!(normalise_cells(Rule::Exact, &offsets(&[0, 2, 4]), data).is_ok());
    for bad in [vec![], vec![0, 0, 0], offsets(&[0, 5]), offsets(&[3, 2]), offsets(&[0, u32::MAX])] {
        assert_eq!(normalise_cells(Rule::Exact, &bad, data), Err(BadCells));
    }
}

#[test]
fn unsure_rows_are_replaced_in_order_and_all_of_them() {
    let column = (&*lengths(&[1, UNSURE, 2, UNSURE]), &b"abb"[..]);
    let settled = (&*lengths(&[3, 0xFFFF]), &b"xyz"[..]);
    let spliced = splice_cells(column, settled).unwrap();
    assert_eq!((spliced.lengths, spliced.text), (lengths(&[1, 3, 2, 0xFFFF]), b"axyzbb".to_vec()));
    for (codes, text) in [(vec![3], &b"xyz"[..]), (vec![3, 0, 0], b"xyz"), (vec![3, 1], b"xyz"), (vec![3, 0], b"xyzz")] {
        assert_eq!(splice_cells(column, (&lengths(&codes), text)), Err(BadCells));
    }
    assert_eq!(splice_cells((&lengths(&[1500]), &[b'a'; 1500]), (&[], &[])), Err(BadCells));
    assert_eq!(splice_cells((&[0], b""), (&[], &[])), Err(BadCells));
}

#[test]
fn columns_join_only_row_by_row() {
    let (one, two) = (lengths(&[1]), lengths(&[1, 1]));
    assert_eq!(join_cells(&[(&one, b"a"), (&one, b"b")]).unwrap().text, b"\0\x01a\0\x01b");
    assert_eq!(join_cells(&[(&one, b"a"), (&two, b"bc")]), Err(BadCells));
    assert_eq!(join_cells(&[(&one, b"a"), (&one, b"")]), Err(BadCells));
    assert_eq!(join_cells(&[(&one, b"a")]), Err(BadCells));
    assert_eq!(join_cells(&[]), Err(BadCells));
}

#[test]
fn a_cut_is_the_same_on_any_number_of_threads() {
    let keys: Vec<Vec<u8>> = (0..100_000u32).map(|n| n.to_string().into_bytes().repeat(1 + n as usize % 7)).collect();
    let codes: Vec<u16> = keys.iter().flat_map(|key| [key.len() as u16, 0]).collect();
    let packed = (&*lengths(&codes), &*keys.concat());
    let one = cut_keys(b"salt", packed, 5, 9, 1).unwrap();
    let many = cut_keys(b"salt", packed, 5, 9, 8).unwrap();
    assert_eq!(one, many);
    let (records, starts) = one;
    assert_eq!(starts.last(), Some(&100_000));
    for (span, ends) in starts.windows(2).enumerate() {
        let rows: Vec<u32> = records[20 * ends[0]..20 * ends[1]]
            .as_chunks::<20>()
            .0
            .iter()
            .map(|record| {
                let row = u32::from_le_bytes(*record.last_chunk().unwrap());
                let digest = Sha256::new().chain_update(b"salt").chain_update(&keys[(row - 5) as usize / 2]).finalize();
                assert_eq!(record[..16], digest[..16]);
                assert_eq!((u64::from(u32::from_be_bytes(*record.first_chunk().unwrap())) * 9) >> 32, span as u64);
                row
            })
            .collect();
        assert!(rows.is_sorted());
    }
}

#[test]
fn a_cut_needs_whole_keys_and_row_numbers_of_32_bits() {
    let cut = |codes: &[u16], text: &[u8], row, spans| cut_keys(b"", (&lengths(codes), text), row, spans, 1).map(|_| ());
    assert_eq!(cut(&[1, 0, 2], b"abb", u32::MAX - 3, 4), Ok(()));
    assert_eq!(cut(&[1, 0, 2], b"abb", u32::MAX - 2, 4), Err(BadCells));
    assert_eq!(cut(&[1, 0, 2], b"ab", 0, 4), Err(BadCells));
    assert_eq!(cut(&[1, 0, 2], b"abbb", 0, 4), Err(BadCells));
    assert_eq!(cut(&[1], b"a", 0, 0), Err(BadCells));
    let packed = (&*lengths(&[1, 0]), &b"a"[..]);
    assert!(atoll_core::keys::cut_keys(b"", packed, 0, 1, &mut [0; 40], 1).is_err());
}

#[test]
fn records_are_ordered_by_digest_and_grouped() {
    let record = |first: u8, last: u8, row: u32| [&[first], &[7; 14][..], &[last], &row.to_le_bytes()].concat();
    let records = [record(9, 1, 3), record(2, 5, 4), record(2, 4, 6), record(9, 1, 0), record(2, 5, 1 << 31)].concat();
    let ordered = order_records(&[&records]);
    let [found, ends, rows] = ordered.clone().unwrap();
    let digests = [record(2, 4, 0), record(2, 5, 0), record(9, 1, 0)].map(|one| one[..16].to_vec()).concat();
    assert_eq!(found, digests);
    assert_eq!(ends, offsets(&[1, 3, 5]));
    assert_eq!(rows, offsets(&[6, 4, 1 << 31, 0, 3]));
    assert_eq!(order_records(&[&records[..40], &[], &records[40..]]), ordered);
    assert_eq!(order_records(&[&records[1..]]), Err(BadCells));
    assert_eq!(order_records(&[&records[..30], &records[30..]]), Err(BadCells));
    assert_eq!(order_records(&[]), Ok([vec![], vec![], vec![]]));
    let [mut digests, mut short, mut rows] = [vec![0; 80], vec![0; 16], vec![0; 20]];
    assert_eq!(atoll_core::keys::order_records(&[&records], &mut digests, &mut short, &mut rows), Err(BadCells));
}

#[test]
fn many_records_are_ordered_as_a_plain_sort_would() {
    let digest_of = |seen: u32| Sha256::digest(seen.to_le_bytes());
    // one a row, one for three rows, one for all, and one a row of which all stand in few places
    for (distinct, head) in [(20_000, &[][..]), (7000, &[]), (1, &[]), (20_000, &[9, 0x80, 3])] {
        let mut records: Vec<[u8; 20]> = (0..20_000u32)
            .rev()
            .map(|row| {
                let mut record = [0; 20];
                record[..16].copy_from_slice(&digest_of(row % distinct)[..16]);
                record[..head.len()].copy_from_slice(head);
                record[16..].copy_from_slice(&row.to_le_bytes());
                record
            })
            .collect();
        let [digests, ends, rows] = order_records(&[records.as_flattened()]).unwrap();
        records.sort_by_key(|record| (record[..16].to_vec(), u32::from_le_bytes(*record.last_chunk().unwrap())));
        assert_eq!(rows, records.iter().flat_map(|record| record[16..].to_vec()).collect::<Vec<_>>());
        let groups: Vec<_> = records.chunk_by(|left, right| left[..16] == right[..16]).collect();
        assert_eq!(groups.len() as u32, distinct);
        assert_eq!(digests, groups.iter().flat_map(|group| group[0][..16].to_vec()).collect::<Vec<_>>());
        let counted = groups.iter().scan(0, |end, group| {
            *end += group.len() as u32;
            Some(*end)
        });
        assert_eq!(ends, offsets(&counted.collect::<Vec<_>>()));
    }
}
