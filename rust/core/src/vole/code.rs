//! The expand-convolute code that turns a sparse vector into one that looks uniform.
//!
//! Raghuraman, Rindal and Tanguy, "Expand-Convolute Codes for Pseudorandom Correlation Generators from LPN", CRYPTO 2023, ePrint
//! 2023/882; systematic, row weight 7, state of 24. (The codes of Silver are broken by the same paper and appear nowhere here.)
//! For a message length k and a vector e of at least 2k places, the output is e\[0..k\] + B A A' e\[k..\]:
//!
//! * A and A' are convolutions over the n places behind k. Going up, place i is added to each of the places i + 1 to i + 24 with
//!   probability 1/2, and to place i + 25 always, which is then multiplied by x of GF(2^64); beyond the end they wrap around.
//!   Twice, because a single pass leaves the beginning sparse; with a factor, because over a large field a binary code would
//!   let an attacker work on each bit of the elements alone.
//! * B sums seven places for each output: one of each quarter and three of anywhere.
//!
//! The code is public and the same for everybody; its bits are the key stream of AES under a digest of k and n. All factors are
//! in GF(2^64), so that a vector over the subfield stays there.

use crate::fixed_key::{KEY_BYTES, Key, Stream};
use crate::gf128::Gf128;
use crate::ot::short_digest;

/// Places that receive a place with probability 1/2.
const STATE: usize = 24;
/// Places an output is the sum of.
const ROW_WEIGHT: usize = 7;
/// Of these, places in a quarter of their own.
const REGULAR: usize = 4;
/// Outputs whose places come from whole blocks of the key stream: 4 * 7 words of 4 bytes.
pub(super) const ROWS_AT_ONCE: usize = 4;
const BLOCKS_AT_ONCE: usize = ROWS_AT_ONCE * ROW_WEIGHT * 4 / KEY_BYTES;
/// Places whose bits are drawn at once.
const PLACES_AT_ONCE: usize = 1024;

/// What the code works on: vectors of it are added, and multiplied by x of GF(2^64).
pub(super) trait Element: Copy + Send + Sync {
    /// The sum with those of `other` whose mask is all ones.
    fn plus_masked(self, other: Self, mask: u64) -> Self;
    /// The product with x.
    fn times_x(self) -> Self;
}

impl Element for Gf128 {
    fn plus_masked(self, other: Self, mask: u64) -> Self {
        Self { lo: self.lo ^ (other.lo & mask), hi: self.hi ^ (other.hi & mask) }
    }

    fn times_x(self) -> Self {
        let half = |word: u64| (word << 1) ^ (0x1b & (word >> 63).wrapping_neg());
        Self { lo: half(self.lo), hi: half(self.hi) }
    }
}

impl Element for [Gf128; 2] {
    fn plus_masked(self, other: Self, mask: u64) -> Self {
        [self[0].plus_masked(other[0], mask), self[1].plus_masked(other[1], mask)]
    }

    fn times_x(self) -> Self {
        [self[0].times_x(), self[1].times_x()]
    }
}

/// The code for one pair of lengths.
pub(super) struct ExpandConvolute {
    places: usize,
    expander: Key,
    convolutions: [Key; 2],
}

impl ExpandConvolute {
    /// The code with `message` outputs and `places` places behind the systematic ones; more than 25 of them.
    pub(super) fn new(message: usize, places: usize) -> Self {
        assert!(places > STATE + 1, "the convolution needs room");
        let lengths = [message, places].map(|length| (length as u64).to_le_bytes());
        let key = |part: &str| short_digest("expand-convolute code", &[part.as_bytes(), lengths.as_flattened()]);
        Self { places, expander: key("expander"), convolutions: [key("first convolution"), key("second convolution")] }
    }

    /// Both convolutions, in place.
    pub(super) fn convolute<E: Element>(&self, state: &mut [E]) {
        assert_eq!(state.len(), self.places, "the places this code was made for");
        for key in &self.convolutions {
            convolute_once(key, state);
        }
    }

    /// Calls `add(i, sum)` for the outputs `first..first + count`, where `sum` is that of the seven places of output i.
    pub(super) fn expand<E: Element>(&self, state: &[E], first: usize, count: usize, mut add: impl FnMut(usize, E)) {
        assert_eq!(state.len(), self.places, "the places this code was made for");
        assert_eq!(first % ROWS_AT_ONCE, 0, "whole blocks of the key stream");
        let mut stream = Stream::starting_at(&self.expander, (first / ROWS_AT_ONCE * BLOCKS_AT_ONCE) as u64);
        let ranges = self.ranges();
        let mut bytes = [0; BLOCKS_AT_ONCE * KEY_BYTES * 16];
        let mut row = 0;
        while row < count {
            stream.fill_bytes(&mut bytes);
            for words in bytes.as_chunks::<{ 4 * ROW_WEIGHT }>().0.iter().take(count - row) {
                let words = words.as_chunks::<4>().0;
                let place = |j: usize| {
                    let (start, length) = ranges[j];
                    start + ((u64::from(u32::from_le_bytes(words[j])) * length) >> 32) as usize
                };
                let sum = (1..ROW_WEIGHT).fold(state[place(0)], |sum, j| sum.plus_masked(state[place(j)], u64::MAX));
                add(first + row, sum);
                row += 1;
            }
        }
    }

    /// Start and length of where each of the seven places of an output lies.
    fn ranges(&self) -> [(usize, u64); ROW_WEIGHT] {
        std::array::from_fn(|j| {
            if j < REGULAR {
                let start = j * self.places / REGULAR;
                (start, ((j + 1) * self.places / REGULAR - start) as u64)
            } else {
                (0, self.places as u64)
            }
        })
    }
}

fn convolute_once<E: Element>(key: &Key, state: &mut [E]) {
    let mut stream = Stream::new(key);
    let mut bytes = [0; 3 * PLACES_AT_ONCE];
    let n = state.len();
    for start in (0..n).step_by(PLACES_AT_ONCE) {
        stream.fill_bytes(&mut bytes);
        for (i, coins) in (start..n).zip(bytes.as_chunks::<3>().0) {
            let coins = u32::from_le_bytes([coins[0], coins[1], coins[2], 0]);
            let here = state[i];
            let wrap = |place: usize| if place < n { place } else { place - n };
            for step in 0..STATE {
                let place = wrap(i + 1 + step);
                state[place] = state[place].plus_masked(here, u64::from((coins >> step) & 1).wrapping_neg());
            }
            let last = wrap(i + 1 + STATE);
            state[last] = state[last].plus_masked(here, u64::MAX).times_x();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<Gf128> {
        let mut blocks = vec![Gf128::ZERO; length];
        Stream::new(&[1; 16]).fill(&mut blocks);
        blocks
    }

    #[test]
    fn the_code_is_linear_over_the_field() {
        let code = ExpandConvolute::new(4096, 4100);
        let factor = Gf128 { lo: 0x1234_5678_9abc_def0, hi: 77 };
        let compress = |mut state: Vec<Gf128>| {
            code.convolute(&mut state);
            let mut out = Vec::new();
            code.expand(&state, 0, 4096, |_, sum| out.push(sum));
            out
        };
        let terms = noise(4100);
        let expected: Vec<Gf128> = compress(terms.clone()).into_iter().map(|output| output * factor).collect();
        assert_eq!(compress(terms.into_iter().map(|term| term * factor).collect()), expected);
    }

    #[test]
    fn a_pair_is_two_vectors_at_once_and_rows_may_be_split() {
        let code = ExpandConvolute::new(5000, 5003);
        let (mut left, right) = (noise(5003), vec![Gf128::ONE; 5003]);
        let mut pairs: Vec<[Gf128; 2]> = left.iter().zip(&right).map(|(l, r)| [*l, *r]).collect();
        code.convolute(&mut left);
        code.convolute(&mut pairs);
        let mut whole = vec![Gf128::ZERO; 5000];
        code.expand(&left, 0, 5000, |i, sum| whole[i] = sum);
        code.expand(&pairs, 4000, 1000, |i, sum| assert_eq!(sum[0], whole[i]));
    }

    #[test]
    fn one_place_spreads_over_all_of_them() {
        let code = ExpandConvolute::new(4096, 4096);
        for place in [0, 1, 2048, 4095] {
            let mut state = vec![Gf128::ZERO; 4096];
            state[place] = Gf128::ONE;
            code.convolute(&mut state);
            assert!(state.iter().filter(|element| **element == Gf128::ZERO).count() < 128, "place {place}");
        }
    }
}
