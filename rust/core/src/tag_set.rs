//! Tags that were seen, in the order in which they came: a set that grows by frames and finds what it has.
//!
//! A table of places with open addressing. Whoever sends the tags may choose them, so they are hashed under a key that it does
//! not know; 24 bytes a tag, counting that the table is between a quarter and half full.

use crate::tags::MAX_TAG_BYTES;

const EMPTY: u32 = u32::MAX;
const SMALLEST: usize = 64;

/// A set of tags of one length.
pub struct TagSet {
    tag_bytes: usize,
    key: [u64; 2],
    tags: Vec<u8>,
    /// Places in `tags`, or [`EMPTY`]; a power of two of them.
    table: Vec<u32>,
}

impl TagSet {
    /// An empty set.
    ///
    /// # Panics
    /// When `tag_bytes` is not 1 to [`MAX_TAG_BYTES`].
    pub fn new(tag_bytes: usize, key: [u8; 16]) -> Self {
        assert!((1..=MAX_TAG_BYTES).contains(&tag_bytes), "a tag has 1 to 16 bytes");
        let (low, high) = halves(&key);
        Self { tag_bytes, key: [low, high], tags: Vec::new(), table: vec![EMPTY; SMALLEST] }
    }

    /// How many tags it has.
    pub fn len(&self) -> usize {
        self.tags.len() / self.tag_bytes
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// All tags, packed, in the order in which they came.
    pub fn packed(&self) -> &[u8] {
        &self.tags
    }

    /// Takes packed tags in, up to the first that it has already; the place of that one among them.
    ///
    /// # Panics
    /// When `tags` is not a whole number of tags, or the set would have 2^31 of them.
    pub fn add(&mut self, tags: &[u8]) -> Option<usize> {
        assert!(tags.len().is_multiple_of(self.tag_bytes), "whole tags");
        let count = tags.len() / self.tag_bytes;
        assert!(self.len() + count < 1 << 31, "fewer than 2^31 tags");
        self.tags.reserve(tags.len());
        self.grow_for(self.len() + count);
        for (place, tag) in tags.chunks_exact(self.tag_bytes).enumerate() {
            let slot = self.slot(tag);
            if self.table[slot] != EMPTY {
                return Some(place);
            }
            self.table[slot] = self.len() as u32;
            self.tags.extend_from_slice(tag);
        }
        None
    }

    /// The places in packed `tags` of those that it has, ascending.
    ///
    /// # Panics
    /// When `tags` is not a whole number of tags, fewer than 2^32.
    pub fn find(&self, tags: &[u8]) -> Vec<u32> {
        assert!(tags.len().is_multiple_of(self.tag_bytes), "whole tags");
        assert!(u32::try_from(tags.len() / self.tag_bytes).is_ok(), "fewer than 2^32 tags");
        let has = |(tag, place): (&[u8], u32)| (self.table[self.slot(tag)] != EMPTY).then_some(place);
        tags.chunks_exact(self.tag_bytes).zip(0..).filter_map(has).collect()
    }

    /// Where the tag is, or where it would be.
    fn slot(&self, tag: &[u8]) -> usize {
        let mask = self.table.len() - 1;
        let mut slot = self.hash(tag) & mask;
        loop {
            match self.table[slot] {
                EMPTY => return slot,
                place if self.at(place) == tag => return slot,
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn at(&self, place: u32) -> &[u8] {
        &self.tags[place as usize * self.tag_bytes..][..self.tag_bytes]
    }

    /// A product of two keyed halves, its upper and lower half added: who does not know the key cannot aim at a slot.
    fn hash(&self, tag: &[u8]) -> usize {
        let mut padded = [0; MAX_TAG_BYTES];
        padded[..tag.len()].copy_from_slice(tag);
        let (low, high) = halves(&padded);
        let product = u128::from(low ^ self.key[0]) * u128::from(high ^ self.key[1]);
        ((product >> 64) ^ product) as usize
    }

    fn grow_for(&mut self, tags: usize) {
        if 2 * tags <= self.table.len() {
            return;
        }
        self.table = vec![EMPTY; (2 * tags).next_power_of_two()];
        for place in 0..self.len() as u32 {
            let slot = self.slot(self.at(place));
            self.table[slot] = place;
        }
    }
}

fn halves(bytes: &[u8; 16]) -> (u64, u64) {
    let number = u128::from_le_bytes(*bytes);
    (number as u64, (number >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found_and_refused_a_second_time() {
        for tag_bytes in [4, 16] {
            let tags: Vec<u8> = (0..1000_u32).flat_map(|n| [n.to_le_bytes(); 4].concat()[..tag_bytes].to_vec()).collect();
            let mut set = TagSet::new(tag_bytes, [7; 16]);
            for part in tags[..900 * tag_bytes].chunks(70 * tag_bytes) {
                assert_eq!(set.add(part), None);
            }
            assert_eq!(set.len(), 900);
            assert_eq!(set.packed(), &tags[..900 * tag_bytes]);
            assert_eq!(set.find(&tags[890 * tag_bytes..]), (0..10).collect::<Vec<u32>>());
            assert_eq!(set.add(&tags[899 * tag_bytes..]), Some(0));
            assert_eq!(set.add(&[&tags[900 * tag_bytes..], &tags[..tag_bytes]].concat()), Some(100));
            assert_eq!(set.len(), 1000);
        }
    }

    #[test]
    fn a_tag_twice_in_one_frame_is_noticed() {
        assert_eq!(TagSet::new(1, [0; 16]).add(b"abcb"), Some(3));
        assert_eq!(TagSet::new(2, [0; 16]).add(b""), None);
    }
}
