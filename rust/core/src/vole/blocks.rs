//! The convolution four places at once, with tables of their sums.
//!
//! A place reaches the 24 behind it by coins, which are public. So once four places in a row are done, each of those behind them
//! takes one of the sixteen sums that the four have; which one is known beforehand. A place then adds six numbers out of tables in
//! place of twelve out of memory, on average, each under a mask.

use super::code::{PLACES_AT_ONCE, STATE};
use crate::gf128::Gf128;

/// Places of a block.
const BLOCK: usize = 4;
/// Sums that the places of a block have.
const SUMS: usize = 1 << BLOCK;
/// Blocks behind a block that its coins reach.
const BLOCKS_REACHED: usize = 6;
/// The same and the block itself, rounded up to a power of two.
const RING: usize = 8;
/// Places behind the last one done that are read or written.
pub(super) const REACH: usize = STATE + 1;

const BLOCKS: usize = PLACES_AT_ONCE / BLOCK;

/// Places of one or more states, and what is to be done to all of them alike.
type Places<const N: usize> = [Gf128; N];

/// Does the places `start..start + PLACES_AT_ONCE` of all states, which are equally long, three bytes of coins each; `false`, having
/// done nothing, where the states end too soon.
pub(super) fn convolute<const N: usize>(
    states: &mut [&mut [Gf128]; N],
    start: usize,
    coins: &[u8; 3 * PLACES_AT_ONCE],
) -> bool {
    let mut parts = states.each_mut().map(|state| state.get_mut(start..).and_then(|state| state.first_chunk_mut()));
    if parts.iter().any(Option::is_none) {
        return false;
    }
    convolute_parts(&mut parts.each_mut().map(|part| part.take().expect("none is missing")), &choices(coins));
    true
}

/// The places to do, and REACH more.
type Part = [Gf128; PLACES_AT_ONCE + REACH];

/// For each block, for itself and the blocks behind it: which of the block's places are added to the first, second, ... of those, a
/// bit for each, four bits for each. The first RING blocks and the last stand for none.
type Choices = [[u16; RING]; RING + BLOCKS + RING];

/// Behind the places to do come those that they reach: nothing is chosen for them from themselves.
fn convolute_parts<const N: usize>(parts: &mut [&mut Part; N], choices: &Choices) {
    let mut sums = [[[Gf128::ZERO; N]; SUMS]; RING];
    for block in 0..BLOCKS + BLOCKS_REACHED {
        let mut here = [[Gf128::ZERO; N]; BLOCK];
        for (r, here) in here.iter_mut().enumerate() {
            *here = reached(parts, &sums, choices, block, r);
        }
        let own = choices[RING + block][0];
        for r in 1..BLOCK {
            for other in 0..r {
                let mask = u64::from((own >> (BLOCK * r + other)) & 1).wrapping_neg();
                here[r] = plus(here[r], here[other].map(|place| Gf128 { lo: place.lo & mask, hi: place.hi & mask }));
            }
        }
        let table = &mut sums[block % RING];
        for (r, &here) in here.iter().enumerate() {
            for n in 0..N {
                parts[n][block * BLOCK + r] = here[n];
            }
            for sum in 0..1 << r {
                table[(1 << r) + sum] = plus(table[sum], here);
            }
        }
    }
    let last = reached(parts, &sums, choices, BLOCKS + BLOCKS_REACHED, 0);
    parts.iter_mut().zip(last).for_each(|(part, last)| part[PLACES_AT_ONCE + REACH - 1] = last);
}

/// Place r of a block with what came to it from the blocks before; the one 25 before it comes to all but the first, which had it.
#[inline(always)]
fn reached<const N: usize>(
    parts: &[&mut Part; N],
    sums: &[[Places<N>; SUMS]; RING],
    choices: &Choices,
    block: usize,
    r: usize,
) -> Places<N> {
    let at = block * BLOCK + r;
    let mut place = std::array::from_fn(|n| {
        let place = parts[n][at];
        if at < REACH { place } else { (place ^ parts[n][at - REACH]).times_x() }
    });
    for back in 1..=BLOCKS_REACHED {
        let choice = (choices[RING + block - back][back] >> (BLOCK * r)) as usize % SUMS;
        place = plus(place, sums[(block + RING - back) % RING][choice]);
    }
    place
}

#[inline(always)]
fn plus<const N: usize>(left: Places<N>, right: Places<N>) -> Places<N> {
    std::array::from_fn(|n| left[n] ^ right[n])
}

fn choices(coins: &[u8; 3 * PLACES_AT_ONCE]) -> Choices {
    let mut choices = [[0; RING]; RING + BLOCKS + RING];
    for (choices, coins) in choices[RING..].iter_mut().zip(coins.as_chunks::<{ 3 * BLOCK }>().0) {
        // bit v of word r: whether place r is added to place v from the start of the block
        let words = [0, 1, 2, 3]
            .map(|r| u64::from(u32::from_le_bytes([coins[3 * r], coins[3 * r + 1], coins[3 * r + 2], 0])) << (r + 1));
        let low = words.iter().rev().fold(0, |all, word| all << 16 | word & 0xffff);
        let high = words.iter().rev().fold(0, |all, word| all << 16 | word >> 16);
        for (choices, word) in choices.as_chunks_mut::<4>().0.iter_mut().zip([low, high].map(transposed)) {
            *choices = [word as u16, (word >> 16) as u16, (word >> 32) as u16, (word >> 48) as u16];
        }
    }
    choices
}

/// Bit 16 r + v goes to 4 v + r: the bits of these numbers change places, 5 with 3, 3 with 1, 4 with 2, 2 with 0.
const fn transposed(word: u64) -> u64 {
    const fn exchanged(word: u64, distance: u32, lower: u64) -> u64 {
        let differing = (word >> distance ^ word) & lower;
        word ^ differing ^ differing << distance
    }
    let word = exchanged(word, 24, 0x0000_0000_ff00_ff00);
    let word = exchanged(word, 6, 0x00cc_00cc_00cc_00cc);
    let word = exchanged(word, 12, 0x0000_f0f0_0000_f0f0);
    exchanged(word, 3, 0x0a0a_0a0a_0a0a_0a0a)
}

#[cfg(test)]
mod tests {
    use super::super::code::convolute_portable;
    use super::*;
    use crate::fixed_key::Stream;

    fn noise(length: usize) -> Vec<Gf128> {
        let mut blocks = vec![Gf128::ZERO; length];
        Stream::new(&[1; 16]).fill(&mut blocks);
        blocks
    }

    #[test]
    fn bits_are_transposed() {
        for r in 0..4 {
            for v in 0..16 {
                assert_eq!(transposed(1 << (16 * r + v)), 1 << (4 * v + r));
            }
        }
    }

    #[test]
    fn blocks_do_what_single_places_do() {
        let mut coins = [0; 3 * PLACES_AT_ONCE];
        for (seed, start) in [(1, 0), (2, 0), (3, 7), (4, 1024)] {
            Stream::new(&[seed; 16]).fill_bytes(&mut coins);
            let length = start + PLACES_AT_ONCE + REACH;
            let (mut one, mut slow) = (noise(length), noise(length));
            let mut pair = [noise(length), noise(length)];
            pair[0].rotate_left(3);
            let mut turned = pair[0].clone();
            assert!(convolute(&mut [&mut one[..]], start, &coins));
            assert!(convolute(&mut pair.each_mut().map(|state| &mut state[..]), start, &coins));
            for state in [&mut slow, &mut turned] {
                convolute_portable(state, start, &coins);
            }
            assert_eq!(one, slow, "{start}");
            assert_eq!(pair, [turned, slow], "{start}");
        }
    }

    #[test]
    fn a_state_that_ends_too_soon_is_left_alone() {
        let mut state = noise(PLACES_AT_ONCE + REACH - 1);
        let before = state.clone();
        assert!(!convolute(&mut [&mut state[..]], 0, &[0xff; 3 * PLACES_AT_ONCE]));
        assert_eq!(state, before);
    }
}
