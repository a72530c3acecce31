//! From values of the pseudorandom function to the intersection: the sender's tags, ascending; the receiver's places among them.

use super::oprf::Output;
use crate::parallel;

/// Longest tag: a whole output.
pub const MAX_TAG_BYTES: usize = size_of::<Output>();

/// Bins that a list is cut into before each is sorted: their elements stay in a first-level cache.
const BIN_BITS: u32 = 11;

/// Bits of a tag that are sorted together with its place.
const PLACE_BITS: u32 = 32;

/// The tags are not in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsorted;

/// The first `tag_bytes` bytes of each output, packed in ascending order, so that nothing is told of the keys by the order.
///
/// # Panics
/// When `tag_bytes` is not 1 to MAX_TAG_BYTES.
pub fn sorted_tags(outputs: &[Output], tag_bytes: usize, threads: usize) -> Vec<u8> {
    assert!((1..=MAX_TAG_BYTES).contains(&tag_bytes), "a tag has 1 to 16 bytes");
    let tags = sorted(outputs.iter().map(|output| u128::from_be_bytes(*output)), threads);
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
pub fn matches(own: &[Output], theirs: &[u8], tag_bytes: usize, threads: usize) -> Result<Vec<u32>, Unsorted> {
    assert!((1..=MAX_TAG_BYTES).contains(&tag_bytes), "a tag has 1 to 16 bytes");
    assert!(theirs.len().is_multiple_of(tag_bytes), "whole tags");
    assert!(u32::try_from(own.len()).is_ok(), "fewer than 2^32 outputs");
    let mask = u128::MAX << (u128::BITS - 8 * tag_bytes as u32);
    let tag_of = |output: &Output| u128::from_be_bytes(*output) & mask;
    let prefixed = own.iter().zip(0_u128..).map(|(output, place)| tag_of(output) >> PLACE_BITS << PLACE_BITS | place);
    let own_sorted = sorted(prefixed, threads);
    let (mut at, mut last) = (0, 0);
    let mut is_matched = vec![false; own.len()];
    for tag in theirs.chunks_exact(tag_bytes) {
        let mut bytes = Output::default();
        bytes[..tag_bytes].copy_from_slice(tag);
        let tag = u128::from_be_bytes(bytes);
        if tag < last {
            return Err(Unsorted);
        }
        last = tag;
        let prefix = tag >> PLACE_BITS;
        while at < own_sorted.len() && own_sorted[at] >> PLACE_BITS < prefix {
            at += 1;
        }
        for candidate in own_sorted[at..].iter().take_while(|candidate| *candidate >> PLACE_BITS == prefix) {
            let place = *candidate as u32 as usize;
            is_matched[place] |= tag_of(&own[place]) == tag;
        }
    }
    Ok((0..).zip(is_matched).filter(|(_, is_matched)| *is_matched).map(|(place, _)| place).collect())
}

/// Numbers with uniform upper bits, sorted.
fn sorted(numbers: impl Iterator<Item = u128> + Clone, threads: usize) -> Vec<u128> {
    let bin_of = |number: u128| (number >> (u128::BITS - BIN_BITS)) as usize;
    let mut starts = vec![0; (1 << BIN_BITS) + 1];
    numbers.clone().for_each(|number| starts[bin_of(number) + 1] += 1);
    for bin in 0..1 << BIN_BITS {
        starts[bin + 1] += starts[bin];
    }
    let mut sorted = vec![0; starts[1 << BIN_BITS]];
    let mut next = starts.clone();
    for number in numbers {
        let at = &mut next[bin_of(number)];
        sorted[*at] = number;
        *at += 1;
    }
    let mut bins = Vec::with_capacity(1 << BIN_BITS);
    let mut rest = &mut sorted[..];
    for pair in starts.windows(2) {
        let (bin, others) = rest.split_at_mut(pair[1] - pair[0]);
        bins.push(bin);
        rest = others;
    }
    parallel::for_each_chunk(&mut bins, 64, threads, |_, bins| bins.iter_mut().for_each(|bin| bin.sort_unstable()));
    sorted
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
        assert_eq!(matches(&own, &theirs, 16, 2), Ok(vec![0, 3]));
        assert_eq!(matches(&own, &[], 16, 1), Ok(vec![]));
        assert_eq!(matches(&[], &theirs, 16, 1), Ok(vec![]));
    }

    #[test]
    fn tags_that_differ_in_the_last_bytes_alone_are_told_apart() {
        let own = [output(3, 1), output(3, 2)];
        assert_eq!(matches(&own, &output(3, 2), 16, 1), Ok(vec![1]));
        assert_eq!(matches(&own, &output(3, 2)[..15], 15, 1), Ok(vec![0, 1]));
    }

    #[test]
    fn tags_out_of_order_are_refused() {
        assert_eq!(matches(&[output(1, 1)], &[2, 1], 1, 1), Err(Unsorted));
        assert_eq!(matches(&[output(1, 1)], &[1, 1], 1, 1), Ok(vec![0]));
    }
}
