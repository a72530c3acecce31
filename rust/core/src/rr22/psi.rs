//! From values of the pseudorandom function to the intersection: the sender's tags, ascending; the receiver's places among them.

use super::oprf::Output;
use crate::parallel;

/// Longest tag: a whole output.
pub const MAX_TAG_BYTES: usize = size_of::<Output>();

/// Most bits that choose a bin: more bins than that are slow to fill.
const MOST_BIN_BITS: u32 = 13;

/// Logarithm of the tags of a bin, about, where bins are sorted.
const SORTED_BIN_BITS: u32 = 7;

/// The same where a small table is made of each.
const TABLE_BIN_BITS: u32 = 9;

/// The tags are not in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsorted;

/// The first `tag_bytes` bytes of each output, packed in ascending order, so that nothing is told of the keys by the order.
///
/// # Panics
/// When `tag_bytes` is not 1 to MAX_TAG_BYTES.
pub fn sorted_tags(outputs: &[Output], tag_bytes: usize, threads: usize) -> Vec<u8> {
    assert!((1..=MAX_TAG_BYTES).contains(&tag_bytes), "a tag has 1 to 16 bytes");
    let tags = sorted(outputs.iter().map(|output| u128::from_be_bytes(*output)), outputs.len(), threads);
    let mut packed = vec![0; outputs.len() * tag_bytes];
    for (packed, tag) in packed.chunks_exact_mut(tag_bytes).zip(tags) {
        packed.copy_from_slice(&tag.to_be_bytes()[..tag_bytes]);
    }
    packed
}

/// The places in `own` whose tag is in `theirs`, ascending.
///
/// Time and memory depend on both lists, which the caller knows; a peer that chooses its tags cannot make it slow.
///
/// # Errors
/// [`Unsorted`].
///
/// # Panics
/// When `tag_bytes` is not 1 to MAX_TAG_BYTES, `theirs` is no whole number of tags, or `own` has 2^32 outputs or more.
pub fn matches(own: &[Output], theirs: &[u8], tag_bytes: usize) -> Result<Vec<u32>, Unsorted> {
    assert!((1..=MAX_TAG_BYTES).contains(&tag_bytes), "a tag has 1 to 16 bytes");
    assert!(theirs.len().is_multiple_of(tag_bytes), "whole tags");
    assert!(u32::try_from(own.len()).is_ok(), "fewer than 2^32 outputs");
    let mask = u128::MAX << (u128::BITS - 8 * tag_bytes as u32);
    let tag_of = |output: &Output| u128::from_be_bytes(*output) & mask;
    let bins = Bins::new(own.iter().map(tag_of), own.len(), TABLE_BIN_BITS);
    let mut entries = vec![(0, 0); own.len()];
    bins.scatter(own.iter().map(tag_of), |place, at, tag| entries[at] = (tag, place as u32));
    let mut table = Table::default();
    let (mut last, mut bin) = (0, usize::MAX);
    let mut is_matched = vec![false; own.len()];
    for tag in theirs.chunks_exact(tag_bytes) {
        let mut bytes = Output::default();
        bytes[..tag_bytes].copy_from_slice(tag);
        let tag = u128::from_be_bytes(bytes);
        if tag < last {
            return Err(Unsorted);
        }
        last = tag;
        if bin != bins.of(tag) {
            bin = bins.of(tag);
            table.fill(&entries[bins.starts[bin]..bins.starts[bin + 1]], bins.bits);
        }
        table.find(tag, |place| is_matched[place as usize] = true);
    }
    Ok((0..).zip(is_matched).filter(|(_, is_matched)| *is_matched).map(|(place, _)| place).collect())
}

/// A tag and its place in its list.
type Entry = (u128, u32);

/// The entries of one bin by open addressing. A slot comes from bits of the own tags, which the other side does not know, so it
/// cannot make chains long.
#[derive(Default)]
struct Table<'a> {
    entries: &'a [Entry],
    /// An entry's number plus one, or zero.
    slots: Vec<u32>,
    /// Leading bits that all tags of the bin share.
    skipped: u32,
}

impl<'a> Table<'a> {
    fn fill(&mut self, entries: &'a [Entry], skipped: u32) {
        (self.entries, self.skipped) = (entries, skipped);
        self.slots.clear();
        self.slots.resize((2 * entries.len()).next_power_of_two().max(2), 0);
        for (number, (tag, _)) in (1..).zip(entries) {
            let mut slot = self.slot(*tag);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = number;
        }
    }

    /// Calls `found` with the place of each entry of this tag.
    fn find(&self, tag: u128, mut found: impl FnMut(u32)) {
        let mut slot = self.slot(tag);
        while let Some(number) = self.slots[slot].checked_sub(1) {
            let (own, place) = self.entries[number as usize];
            if own == tag {
                found(place);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    fn slot(&self, tag: u128) -> usize {
        (tag << self.skipped >> (u128::BITS - self.slots.len().trailing_zeros())) as usize
    }
}

/// Tags, uniform in their upper bits, sorted.
fn sorted(tags: impl Iterator<Item = u128> + Clone, length: usize, threads: usize) -> Vec<u128> {
    let bins = Bins::new(tags.clone(), length, SORTED_BIN_BITS);
    let mut sorted = vec![0; length];
    bins.scatter(tags, |_, at, tag| sorted[at] = tag);
    let mut slices = Vec::with_capacity(bins.starts.len());
    let mut rest = &mut sorted[..];
    for pair in bins.starts.windows(2) {
        let (slice, others) = rest.split_at_mut(pair[1] - pair[0]);
        slices.push(slice);
        rest = others;
    }
    parallel::for_each_chunk(&mut slices, 64, threads, |_, slices| slices.iter_mut().for_each(|slice| slice.sort_unstable()));
    sorted
}

/// A list cut by the upper bits of its tags, as a first pass of a radix sort.
struct Bins {
    bits: u32,
    /// Where each bin starts, and the end.
    starts: Vec<usize>,
}

impl Bins {
    /// Bins of about 2^`per_bin_bits` tags.
    fn new(tags: impl Iterator<Item = u128>, length: usize, per_bin_bits: u32) -> Self {
        let bits = length.max(1).ilog2().saturating_sub(per_bin_bits).clamp(1, MOST_BIN_BITS);
        let mut bins = Self { bits, starts: vec![0; (1 << bits) + 1] };
        for tag in tags {
            let bin = bins.of(tag);
            bins.starts[bin + 1] += 1;
        }
        for bin in 0..1 << bits {
            bins.starts[bin + 1] += bins.starts[bin];
        }
        bins
    }

    const fn of(&self, tag: u128) -> usize {
        (tag >> (u128::BITS - self.bits)) as usize
    }

    /// Gives each tag's number and the place in its bin to `put`.
    fn scatter(&self, tags: impl Iterator<Item = u128>, mut put: impl FnMut(usize, usize, u128)) {
        let mut next = self.starts.clone();
        for (number, tag) in tags.enumerate() {
            let at = &mut next[self.of(tag)];
            put(number, *at, tag);
            *at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(first: u8, last: u8) -> Output {
        let mut output = [first; 16];
        output[15] = last;
        output
    }

    #[test]
    fn tags_are_ascending_and_cut() {
        let outputs = [output(9, 1), output(3, 2), output(200, 3), output(3, 1)];
        assert_eq!(sorted_tags(&outputs, 2, 1), [3, 3, 3, 3, 9, 9, 200, 200]);
    }

    #[test]
    fn matches_are_places_in_the_own_list() {
        let own = [output(9, 1), output(3, 2), output(200, 3), output(3, 1)];
        let theirs = sorted_tags(&[output(3, 1), output(77, 0), output(9, 1)], 16, 1);
        assert_eq!(matches(&own, &theirs, 16), Ok(vec![0, 3]));
        assert_eq!(matches(&own, &[], 16), Ok(vec![]));
        assert_eq!(matches(&[], &theirs, 16), Ok(vec![]));
    }

    #[test]
    fn tags_that_differ_in_the_last_bytes_alone_are_told_apart() {
        let own = [output(3, 1), output(3, 2)];
        assert_eq!(matches(&own, &output(3, 2), 16), Ok(vec![1]));
        assert_eq!(matches(&own, &output(3, 2)[..15], 15), Ok(vec![0, 1]));
    }

    #[test]
    fn tags_out_of_order_are_refused() {
        assert_eq!(matches(&[output(1, 1)], &[2, 1], 1), Err(Unsorted));
        assert_eq!(matches(&[output(1, 1)], &[1, 1], 1), Ok(vec![0]));
    }
}
