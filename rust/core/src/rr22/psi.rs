//! From values of the pseudorandom function to the intersection: the sender's tags, ascending; the receiver's places among them.

use std::ops::Range;

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

/// Slots of such a table for each entry, about: with as many, few entries share one, and the processor guesses that none do.
const SLOTS_AN_ENTRY: usize = 4;

/// More uniform tags than this never meet in a cell of half a tag.
const MOST_IN_CELL: u32 = 24;

/// The tags are not in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsorted;

/// Fills `packed` with the first `tag_bytes` bytes of each output in ascending order, so that nothing is told of the keys by the order.
///
/// # Panics
/// When `tag_bytes` is not 1 to MAX_TAG_BYTES, or `packed` has not as many for each output.
pub fn sorted_tags(outputs: &[Output], tag_bytes: usize, packed: &mut [u8], threads: usize) {
    assert!((1..=MAX_TAG_BYTES).contains(&tag_bytes), "a tag has 1 to 16 bytes");
    assert_eq!(packed.len(), outputs.len() * tag_bytes, "room for the tags");
    let tags = sorted(outputs.iter().map(|output| u128::from_be_bytes(*output)), outputs.len(), threads);
    for (place, tag) in tags.into_iter().enumerate() {
        let bytes = tag.to_be_bytes();
        let at = place * tag_bytes;
        match packed[at..].first_chunk_mut() {
            Some(room) => *room = bytes, // what is too much is written over by the next
            None => packed[at..at + tag_bytes].copy_from_slice(&bytes[..tag_bytes]),
        }
    }
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
    let tags = || own.iter().map(|output| u128::from_be_bytes(*output) & mask);
    let bins = Bins::new(tags(), own.len(), TABLE_BIN_BITS);
    // Entry 0 stands for none, and place `own.len()` for that of none: so nothing is asked where it need not be.
    let mut entries = bytemuck::zeroed_vec::<Entry>(1 + own.len());
    entries[0].place = own.len() as u32;
    bins.scatter(tags(), |place, at, tag| entries[1 + at] = Entry { tag: words(tag), place: place as u32, next: 0 });
    let mut slots = Slots::default();
    let (mut last, mut bin) = (0, usize::MAX);
    let mut is_matched = vec![false; own.len() + 1];
    for at in (0..theirs.len()).step_by(tag_bytes) {
        let tag = leading_bytes(&theirs[at..], tag_bytes) & mask;
        if tag < last {
            return Err(Unsorted);
        }
        last = tag;
        if bin != bins.of(tag) {
            bin = bins.of(tag);
            slots.fill(&mut entries, bins.starts[bin] + 1..bins.starts[bin + 1] + 1, bins.bits);
        }
        let mut number = slots.first(tag);
        loop {
            let entry = entries[number as usize];
            is_matched[entry.place as usize] |= entry.tag == words(tag);
            if entry.next == 0 {
                break;
            }
            number = entry.next;
        }
    }
    let mut places = vec![0; own.len() + 1];
    let mut count = 0;
    for (place, &is_matched) in (0..).zip(&is_matched[..own.len()]) {
        places[count] = place; // kept if it is matched, else written over
        count += usize::from(is_matched);
    }
    places.truncate(count);
    Ok(places)
}

/// The first `tag_bytes` bytes of a list of tags, and behind them whatever comes.
fn leading_bytes(tags: &[u8], tag_bytes: usize) -> u128 {
    let bytes = tags.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = Output::default();
        bytes[..tag_bytes].copy_from_slice(&tags[..tag_bytes]);
        bytes
    });
    u128::from_be_bytes(bytes)
}

const fn words(tag: u128) -> [u64; 2] {
    [(tag >> 64) as u64, tag as u64]
}

/// A tag, its place in its list, and the number of the next entry in its slot, 0 if it is the last.
#[derive(Clone, Copy, bytemuck::Zeroable)]
struct Entry {
    tag: [u64; 2],
    place: u32,
    next: u32,
}

/// The entries of one bin by their tags. A slot comes from bits of the own tags, which the other side does not know, so it cannot
/// make chains long.
#[derive(Default)]
struct Slots {
    /// The number of the first entry in each slot, or 0.
    first: Vec<u32>,
    /// Leading bits that all tags of the bin share.
    skipped: u32,
}

impl Slots {
    fn fill(&mut self, entries: &mut [Entry], bin: Range<usize>, skipped: u32) {
        self.skipped = skipped;
        self.first.clear();
        self.first.resize((SLOTS_AN_ENTRY * bin.len()).next_power_of_two().max(2), 0);
        for number in bin {
            let slot = self.slot(entries[number].tag);
            entries[number].next = self.first[slot];
            self.first[slot] = number as u32;
        }
    }

    fn first(&self, tag: u128) -> u32 {
        self.first[self.slot(words(tag))]
    }

    /// By the bits behind the shared ones; bins have few of these, so all are in the first word.
    fn slot(&self, tag: [u64; 2]) -> usize {
        (tag[0] << self.skipped >> (u64::BITS - self.first.len().trailing_zeros())) as usize
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
    parallel::for_each_chunk(&mut slices, 64, threads, |_, slices| {
        let (mut copy, mut next) = (Vec::new(), Vec::new());
        slices.iter_mut().for_each(|slice| sort_bin(slice, bins.bits, &mut copy, &mut next));
    });
    sorted
}

/// Sorts tags that share their first `skipped` bits: into cells by the next ones, about half a tag to each, then in place. `copy` and
/// `next` are room to work in.
fn sort_bin(tags: &mut [u128], skipped: u32, copy: &mut Vec<u128>, next: &mut Vec<u32>) {
    let bits = tags.len().max(1).ilog2() + 1;
    let cell_of = |tag: u128| (words(tag)[0] << skipped >> (u64::BITS - bits)) as usize;
    next.clear();
    next.resize(1 << bits, 0);
    tags.iter().for_each(|&tag| next[cell_of(tag)] += 1);
    let (mut start, mut fullest) = (0, 0);
    for next in next.iter_mut() {
        fullest = fullest.max(*next);
        start += std::mem::replace(next, start);
    }
    if fullest > MOST_IN_CELL {
        return tags.sort_unstable();
    }
    copy.clear();
    copy.extend_from_slice(tags);
    for &tag in &*copy {
        let at = &mut next[cell_of(tag)];
        tags[*at as usize] = tag;
        *at += 1;
    }
    for place in 1..tags.len() {
        let tag = tags[place];
        let mut at = place;
        while at > 0 && tags[at - 1] > tag {
            tags[at] = tags[at - 1];
            at -= 1;
        }
        tags[at] = tag;
    }
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

    fn sorted_tags(outputs: &[Output], tag_bytes: usize, threads: usize) -> Vec<u8> {
        let mut packed = vec![0; outputs.len() * tag_bytes];
        super::sorted_tags(outputs, tag_bytes, &mut packed, threads);
        packed
    }

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
    /// Values that look uniform, each number's always the same.
    fn outputs(numbers: impl Iterator<Item = u64>) -> Vec<Output> {
        let mix = |x: u64| {
            let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^ (x >> 31)
        };
        let output = |number: u64| [mix(3 * number + 1), mix(3 * number + 2)].map(u64::to_be_bytes);
        numbers.map(|number| output(number).as_flattened().try_into().expect("two words")).collect()
    }

    #[test]
    fn many_tags_are_sorted_as_a_plain_sort_would() {
        let crowded: Vec<Output> = outputs(0..5000)
            .into_iter()
            .map(|[_, _, rest @ ..]| [&[7, 9][..], &rest].concat()[..].try_into().expect("as long"))
            .collect();
        for outputs in [outputs(0..1), outputs(0..70), outputs(0..40_000), crowded, outputs((0..9000).map(|number| number % 3))]
        {
            let mut expected: Vec<_> = outputs.iter().map(|output| output[..11].to_vec()).collect();
            expected.sort();
            assert_eq!(sorted_tags(&outputs, 11, 2), expected.concat());
        }
    }

    #[test]
    fn many_places_are_those_that_both_have() {
        for (own, theirs) in [(0..20_000, 5000..30_000), (0..3, 1..5000), (0..5000, 2..4)] {
            let tags = sorted_tags(&outputs(theirs.clone()), 9, 1);
            let expected = own.clone().zip(0..).filter(|(number, _)| theirs.contains(number)).map(|(_, place)| place);
            assert_eq!(matches(&outputs(own.clone()), &tags, 9), Ok(expected.collect()));
        }
    }
}
