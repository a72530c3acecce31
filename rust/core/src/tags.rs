//! Tags: short digests of elements, compared in place of them. Packed lists in, packed lists out.

use sha2::{Digest, Sha256};

use crate::group::POINT_BYTES;
use crate::parallel;

/// Longest tag.
pub const MAX_TAG_BYTES: usize = 16;

/// A tag, zeros behind it, and where it stands in its list. Ordered by tag, then by place.
type Entry = ([u8; MAX_TAG_BYTES], u32);

/// The first `tag_bytes` bytes of SHA-256(prefix || item || encoding) of each packed encoding and the packed item of its place,
/// packed in order. Items of no bytes are none.
///
/// # Panics
/// When `tag_bytes` is not 1 to 32, `encodings` is not a whole number of encodings, or there are not as many items.
pub fn tags(encodings: &[u8], items: &[u8], prefix: &[u8], tag_bytes: usize, threads: usize) -> Vec<u8> {
    assert!((1..=32).contains(&tag_bytes), "a tag is part of a SHA-256 digest");
    let (encodings, rest) = encodings.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty(), "whole encodings");
    let item_bytes = items.len() / encodings.len().max(1);
    assert_eq!(items.len(), item_bytes * encodings.len(), "an item for each encoding");
    let prefixed = Sha256::new_with_prefix(prefix);
    let digests: Result<Vec<u8>, std::convert::Infallible> = parallel::map_chunks(encodings, threads, |start, chunk| {
        let mut tags = Vec::with_capacity(chunk.len() * tag_bytes);
        for (at, encoding) in (start..).zip(chunk) {
            let item = &items[item_bytes * at..][..item_bytes];
            let digest = prefixed.clone().chain_update(item).chain_update(encoding).finalize();
            tags.extend_from_slice(&digest[..tag_bytes]);
        }
        Ok(tags)
    });
    let Ok(tags) = digests;
    tags
}

/// The places in `own` whose tag is in `theirs`, ascending.
///
/// By sorting, so that a peer who chooses its tags cannot make it slow. Time and memory depend on the tags: both lists are
/// known to the caller.
///
/// # Panics
/// As [`first_repeat`].
pub fn matches(own: &[u8], theirs: &[u8], tag_bytes: usize) -> Vec<u32> {
    let (own, theirs) = (sorted(own, tag_bytes), sorted(theirs, tag_bytes));
    let mut candidates = theirs.iter().map(|(tag, _)| tag).peekable();
    let mut places = Vec::new();
    for (tag, place) in own {
        while candidates.next_if(|candidate| **candidate < tag).is_some() {}
        if candidates.peek() == Some(&&tag) {
            places.push(place);
        }
    }
    places.sort_unstable();
    places
}

/// The lowest place whose tag stands at a lower place too.
///
/// # Panics
/// When `tag_bytes` is not 1 to [`MAX_TAG_BYTES`], or `tags` is not a whole number of them, fewer than 2^32.
pub fn first_repeat(tags: &[u8], tag_bytes: usize) -> Option<usize> {
    let sorted = sorted(tags, tag_bytes);
    let repeats = sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1);
    repeats.min().map(|place| place as usize)
}

fn sorted(tags: &[u8], tag_bytes: usize) -> Vec<Entry> {
    assert!((1..=MAX_TAG_BYTES).contains(&tag_bytes), "a tag has 1 to 16 bytes");
    assert!(tags.len().is_multiple_of(tag_bytes), "whole tags");
    assert!(u32::try_from(tags.len() / tag_bytes).is_ok(), "fewer than 2^32 tags");
    let mut entries: Vec<Entry> = tags
        .chunks_exact(tag_bytes)
        .zip(0..)
        .map(|(tag, place)| {
            let mut entry = [0; MAX_TAG_BYTES];
            entry[..tag_bytes].copy_from_slice(tag);
            (entry, place)
        })
        .collect();
    entries.sort_unstable();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_places_in_the_own_list() {
        assert_eq!(matches(b"ccaabbaa", b"zzaayybbaa", 2), [1, 2, 3]);
        assert_eq!(matches(b"", b"aa", 2), [0_u32; 0]);
        assert_eq!(matches(b"aa", b"", 2), [0_u32; 0]);
    }

    #[test]
    fn the_first_repeat_is_the_lowest_second_place() {
        assert_eq!(first_repeat(b"abcabc", 1), Some(3));
        assert_eq!(first_repeat(b"zaab", 1), Some(2));
        assert_eq!(first_repeat(b"abcabc", 3), Some(1));
        assert_eq!(first_repeat(b"abc", 1), None);
        assert_eq!(first_repeat(b"", 16), None);
    }
}
