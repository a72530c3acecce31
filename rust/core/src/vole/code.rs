//! The expand-convolute code that turns a sparse vector into one that looks uniform.
//!
//! Raghuraman, Rindal and Tanguy, "Expand-Convolute Codes for Pseudorandom Correlation Generators from LPN", CRYPTO 2023, ePrint
//! 2023/882; systematic, row weight 7, state of 24. (The codes of Silver are broken by the same paper and appear nowhere here.)
//! A vector e of 2n places becomes e\[0..n\] + B A A' e\[n..\]:
//!
//! * A and A' are convolutions. Going up, place i is added to each of the places i + 1 to i + 24 with
//!   probability 1/2, and to place i + 25 always, which is then multiplied by x of GF(2^64); beyond the end they wrap around.
//!   Twice, because a single pass leaves the beginning sparse; with a factor, because over a large field a binary code would
//!   let an attacker work on each bit of the elements alone.
//! * B sums seven places for each output: one of each quarter and three of anywhere.
//!
//! The code is public and the same for everybody; its bits are the key stream of AES under a digest of n. All factors are
//! in GF(2^64), so that a vector over the subfield stays there.

use crate::fixed_key::{KEY_BYTES, Key, Stream};
use crate::gf128::Gf128;
use crate::ot::short_digest;
use crate::prefetch::prefetch;

use super::blocks;
#[cfg(target_arch = "x86_64")]
use super::simd as vectors;
#[cfg(not(target_arch = "x86_64"))]
mod vectors {
    //! No vectors here: everything is left to blocks.
    pub(super) fn convolute<const N: usize>(
        _: &mut [&mut [super::Gf128]; N],
        _: usize,
        _: &[u8; 3 * super::PLACES_AT_ONCE],
    ) -> bool {
        false
    }
}

/// Places that receive a place with probability 1/2.
pub(super) const STATE: usize = 24;
/// Places an output is the sum of.
const ROW_WEIGHT: usize = 7;
/// Of these, places in a quarter of their own.
const REGULAR: usize = 4;
/// Outputs whose places come from whole blocks of the key stream: 4 * 7 words of 4 bytes.
pub(super) const ROWS_AT_ONCE: usize = 4;
const BLOCKS_AT_ONCE: usize = ROWS_AT_ONCE * ROW_WEIGHT * 4 / KEY_BYTES;
/// Outputs whose places are drawn at once, and asked for while those before them are summed: they fit into a first-level cache.
const ROWS_DRAWN: usize = 32;
/// Places whose bits are drawn at once.
pub(super) const PLACES_AT_ONCE: usize = 1024;

/// What outputs are sums of: elements, or two of them side by side, which costs hardly more than one.
pub(super) trait Summand: Copy + Send + Sync {
    /// The sum.
    fn plus(self, other: Self) -> Self;
}

impl Summand for Gf128 {
    fn plus(self, other: Self) -> Self {
        self ^ other
    }
}

impl Summand for [Gf128; 2] {
    fn plus(self, other: Self) -> Self {
        [self[0] ^ other[0], self[1] ^ other[1]]
    }
}

/// The code with `places` outputs.
pub(super) struct ExpandConvolute {
    places: usize,
    expander: Key,
    convolutions: [Key; 2],
}

impl ExpandConvolute {
    /// The code with this many outputs, and places behind the systematic ones; more than 25.
    pub(super) fn new(places: usize) -> Self {
        assert!(places > STATE + 1, "the convolution needs room");
        let key = |part: &str| short_digest("expand-convolute code", &[part.as_bytes(), &(places as u64).to_le_bytes()]);
        Self { places, expander: key("expander"), convolutions: [key("first convolution"), key("second convolution")] }
    }

    /// Both convolutions of some vectors, in place.
    pub(super) fn convolute<const N: usize>(&self, mut states: [&mut [Gf128]; N]) {
        assert!(states.iter().all(|state| state.len() == self.places), "the places this code was made for");
        for key in &self.convolutions {
            convolute_once(key, &mut states);
        }
    }

    /// Calls `add(i, sum)` for the outputs `first..first + count`, where `sum` is that of the seven places of output i.
    ///
    /// `first` is a multiple of [`ROWS_AT_ONCE`].
    pub(super) fn expand<S: Summand>(&self, state: &[S], first: usize, count: usize, mut add: impl FnMut(usize, S)) {
        assert_eq!(state.len(), self.places, "the places this code was made for");
        assert_eq!(first % ROWS_AT_ONCE, 0, "whole blocks of the key stream");
        let mut stream = Stream::starting_at(&self.expander, (first / ROWS_AT_ONCE * BLOCKS_AT_ONCE) as u64);
        let ranges = self.ranges();
        let mut draw = || {
            let mut bytes = [0; 4 * ROW_WEIGHT * ROWS_DRAWN];
            let mut places = [[0_u32; ROW_WEIGHT]; ROWS_DRAWN];
            stream.fill_bytes(&mut bytes);
            for (places, words) in places.iter_mut().zip(bytes.as_chunks::<{ 4 * ROW_WEIGHT }>().0) {
                for ((place, word), (start, length)) in places.iter_mut().zip(words.as_chunks::<4>().0).zip(ranges) {
                    *place = start + ((u64::from(u32::from_le_bytes(*word)) * length) >> 32) as u32;
                }
            }
            places
        };
        let mut places = draw();
        for start in (0..count).step_by(ROWS_DRAWN) {
            let following = draw();
            for ((row, places), following) in (start..count).zip(&places).zip(&following) {
                following.iter().for_each(|&place| prefetch(state, place as usize));
                let sum = |sum: S, &place: &u32| sum.plus(state[place as usize]);
                add(first + row, places[1..].iter().fold(state[places[0] as usize], sum));
            }
            places = following;
        }
    }

    /// Start and length of where each of the seven places of an output lies.
    fn ranges(&self) -> [(u32, u64); ROW_WEIGHT] {
        std::array::from_fn(|j| {
            if j < REGULAR {
                let start = j * self.places / REGULAR;
                (start as u32, ((j + 1) * self.places / REGULAR - start) as u64)
            } else {
                (0, self.places as u64)
            }
        })
    }
}

/// One convolution of some vectors, equally long, in place.
fn convolute_once<const N: usize>(key: &Key, states: &mut [&mut [Gf128]; N]) {
    let mut stream = Stream::new(key);
    let mut coins = [0; 3 * PLACES_AT_ONCE];
    for start in (0..states[0].len()).step_by(PLACES_AT_ONCE) {
        stream.fill_bytes(&mut coins);
        if !vectors::convolute(states, start, &coins) && !blocks::convolute(states, start, &coins) {
            states.iter_mut().for_each(|state| convolute_portable(state, start, &coins));
        }
    }
}

/// Does the places `start..start + PLACES_AT_ONCE`, or up to the end, one by one.
pub(super) fn convolute_portable(state: &mut [Gf128], start: usize, coins: &[u8; 3 * PLACES_AT_ONCE]) {
    let n = state.len();
    let wrap = |place: usize| if place < n { place } else { place - n };
    for (i, coins) in (start..n).zip(coins.as_chunks::<3>().0) {
        let coins = u32::from_le_bytes([coins[0], coins[1], coins[2], 0]);
        let here = state[i];
        for step in 0..STATE {
            let mask = u64::from((coins >> step) & 1).wrapping_neg();
            let place = &mut state[wrap(i + 1 + step)];
            *place ^= Gf128 { lo: here.lo & mask, hi: here.hi & mask };
        }
        let last = &mut state[wrap(i + 1 + STATE)];
        *last = (*last ^ here).times_x();
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
        let code = ExpandConvolute::new(4100);
        let factor = Gf128 { lo: 0x1234_5678_9abc_def0, hi: 77 };
        let compress = |mut state: Vec<Gf128>| {
            code.convolute([&mut state]);
            let mut outputs = vec![Gf128::ZERO; 4096];
            code.expand(&state, 0, 4096, |i, sum| outputs[i] = sum);
            outputs
        };
        let terms = noise(4100);
        let expected: Vec<Gf128> = compress(terms.clone()).into_iter().map(|output| output * factor).collect();
        assert_eq!(compress(terms.into_iter().map(|term| term * factor).collect()), expected);
    }

    #[test]
    fn vectors_and_portable_code_do_the_same() {
        for length in [26, 27, 1000, 1024, 1055, 1056, 1057, 2048, 2081, 5003] {
            let (mut fast, mut slow) = (noise(length), noise(length));
            let mut pair = [noise(length), noise(length)];
            pair[0].rotate_left(3);
            let mut turned = pair[0].clone();
            convolute_once(&[7; 16], &mut [&mut fast[..]]);
            convolute_once(&[7; 16], &mut pair.each_mut().map(|state| &mut state[..]));
            let mut stream = Stream::new(&[7; 16]);
            let mut coins = [0; 3 * PLACES_AT_ONCE];
            for start in (0..length).step_by(PLACES_AT_ONCE) {
                stream.fill_bytes(&mut coins);
                convolute_portable(&mut slow, start, &coins);
                convolute_portable(&mut turned, start, &coins);
            }
            assert_eq!(fast, slow, "{length}");
            assert_eq!(pair, [turned, slow], "{length}");
        }
    }

    #[test]
    fn outputs_may_be_split_or_left_out_and_pairs_are_two_vectors() {
        let code = ExpandConvolute::new(5003);
        let state = noise(5003);
        let mut whole = vec![Gf128::ZERO; 5000];
        code.expand(&state, 0, 5000, |i, sum| whole[i] = sum);
        let pairs: Vec<[Gf128; 2]> = state.iter().map(|&element| [Gf128::ONE, element]).collect();
        for (first, count) in [(0, 1), (4, 64), (128, 65), (4000, 999), (4996, 4)] {
            let mut next = first;
            code.expand(&pairs, first, count, |i, sum| {
                assert_eq!((i, sum), (next, [Gf128::ONE, whole[i]])); // seven times one
                next += 1;
            });
            assert_eq!(next, first + count);
        }
    }

    #[test]
    fn one_place_spreads_over_all_of_them() {
        let code = ExpandConvolute::new(4096);
        for place in [0, 1, 2048, 4095] {
            let mut state = vec![Gf128::ZERO; 4096];
            state[place] = Gf128::ONE;
            code.convolute([&mut state]);
            assert!(state.iter().filter(|element| **element == Gf128::ZERO).count() < 128, "place {place}");
        }
    }
}
