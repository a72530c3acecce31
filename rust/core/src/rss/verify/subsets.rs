//! Sums over random subsets of all claims on numbers, in one pass over the notes.
//!
//! What is noted of a claim goes into one of 64 sums for each six bits that say in which subsets it is; a subset's sum is that of
//! half of the values of its digit. So a claim costs eight additions for 48 subsets. By whole bytes it would be six, which take
//! longer: 96 KiB of sums do not fit the first-level cache.

use super::coins::{Coin, Use};
#[cfg(target_arch = "x86_64")]
use super::notes_simd;
use super::numbers::{Behind, Claims, SHARE_WORDS, SUBSETS, less};
use crate::rss::lanes::Lane;
#[cfg(target_arch = "x86_64")]
use crate::rss::level::Level;
use crate::rss::streams::Streams;

/// Claims whose notes are worked on together: they and the sums stay in the first-level cache.
const STRIP: usize = 256;
/// Bits of a subset mask that are looked up together.
pub(super) const DIGIT: usize = 6;
/// Their values.
pub(super) const VALUES: usize = 1 << DIGIT;

/// What is summed up of a claim: 32 bits of the products each, then F own, F next, and z next less the next node's product.
pub(super) type Notes = Lane;
/// For each digit of a subset mask and each of its values, the sum of what was noted of claims with that one.
pub(super) type SubsetSums = [[Lane; VALUES]; SUBSETS / DIGIT];

/// A subset's sums.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    /// Of the products, as an integer.
    products: [u64; SHARE_WORDS],
    /// D of the node's own claims, modulo 2^64.
    prover: u64,
    /// C of the next node's claims.
    pub(super) next: u64,
    /// D of the previous node's claims.
    pub(super) own: u64,
}

impl Sums {
    /// H.
    pub(super) fn quotient(&self) -> [u64; SHARE_WORDS] {
        let rest = u128::from(self.products[0].wrapping_sub(self.prover)) + u128::from(self.prover);
        let [_, low, high] = less(self.products, [rest as u64, (rest >> 64) as u64, 0]);
        [low, high, ((high as i64) >> 63) as u64]
    }
}

/// Of all claims, in the subsets that a coin drew.
pub(super) fn subset_sums(claims: &[Claims<'_>], streams: &Streams, coin: &Coin) -> [Sums; SUBSETS] {
    let mut sums: SubsetSums = [[Lane::default(); VALUES]; SUBSETS / DIGIT];
    let (mut notes, mut subsets) = ([Lane::default(); STRIP], [0; STRIP]);
    let mut first = 0;
    for claims in claims {
        for from in (0..claims.len()).step_by(STRIP) {
            let count = (claims.len() - from).min(STRIP);
            take_notes(claims, streams, from, &mut notes[..count]);
            coin.fill(Use::Subsets, first, &mut subsets[..count]);
            first += count as u64;
            add_notes(&mut sums, &notes[..count], &subsets[..count]);
        }
    }
    std::array::from_fn(|subset| {
        let chosen = (0..VALUES).filter(|value| value >> (subset % DIGIT) & 1 == 1);
        let sum = chosen.fold(Lane::default(), |sum, value| sum.map(sums[subset / DIGIT][value], u64::wrapping_add)).0;
        let low = u128::from(sum[0]) + (u128::from(sum[1]) << 32);
        let high = u128::from(sum[2]) + (u128::from(sum[3]) << 32) + (low >> 64);
        let products = [low as u64, high as u64, (high >> 64) as u64];
        Sums { products, own: sum[4], prover: sum[5], next: sum[6].wrapping_sub(sum[5]) }
    })
}

fn add_notes(sums: &mut SubsetSums, notes: &[Notes], subsets: &[u64]) {
    #[cfg(target_arch = "x86_64")]
    if Level::found() != Level::Portable {
        return notes_simd::add(Level::found(), sums, notes, subsets);
    }
    add_portable(sums, notes, subsets);
}

pub(super) fn add_portable(sums: &mut SubsetSums, notes: &[Notes], subsets: &[u64]) {
    for (digit, sums) in sums.iter_mut().enumerate() {
        for (notes, subset) in notes.iter().zip(subsets) {
            let sum = &mut sums[(subset >> (DIGIT * digit)) as usize % VALUES];
            *sum = sum.map(*notes, u64::wrapping_add);
        }
    }
}

fn take_notes(claims: &Claims<'_>, streams: &Streams, from: usize, notes: &mut [Notes]) {
    let (mut own, mut next) = ([0; STRIP], [0; STRIP]);
    let (own, next) = (&mut own[..notes.len()], &mut next[..notes.len()]);
    claims.fill(streams, from, own, next);
    #[cfg(target_arch = "x86_64")]
    if let Claims::Products { inner: 1, x, y, masks: Behind::Exchanged { z_next, .. } } = claims
        && Level::found() != Level::Portable
    {
        let here = from..from + notes.len();
        let (x, y) = (x.part(here.clone()), y.part(here.clone()));
        return notes_simd::take(Level::found(), x, y, [own, next, &z_next[here]], notes);
    }
    take_portable(claims, from, [own, next], notes);
}

fn take_portable(claims: &Claims<'_>, from: usize, [own, next]: [&[u64]; 2], notes: &mut [Notes]) {
    for (at, notes) in notes.iter_mut().enumerate() {
        let sums = claims.sums(from + at);
        let next_product = claims.z_next()[from + at].wrapping_sub(sums[4]);
        *notes = Lane([sums[0], sums[1], sums[2], sums[3], own[at], next[at], next_product, 0]);
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::rss::ring::Shares;
    use crate::rss::streams::Side;

    #[test]
    fn vectors_of_every_level_note_what_portable_code_notes() {
        let streams = Streams::new(&[1; 16], &[2; 16]);
        let column = |ticket: u64, count: usize| {
            let mut words = vec![0; count];
            streams.fill(Side::Own, ticket, 0, &mut words);
            // words of all ones carry through every limb
            words.iter_mut().step_by(3).for_each(|word| *word = u64::MAX);
            words
        };
        let levels = || Level::all().filter(|&level| level != Level::Portable);
        for (count, level) in (0..18).chain([100, STRIP]).flat_map(|count| levels().map(move |level| (count, level))) {
            let [a, b, c, d, own, next, z_next] = std::array::from_fn(|ticket| column(ticket as u64, count));
            let (x, y) = (Shares { own: &a, next: &b }, Shares { own: &c, next: &d });
            let (mut one, mut other) = (vec![Lane::default(); count], vec![Lane([7; 8]); count]);
            let masks = Behind::Exchanged { ticket: 0, z_next: &z_next };
            take_portable(&Claims::Products { inner: 1, x, y, masks }, 0, [&own, &next], &mut one);
            notes_simd::take(level, x, y, [&own, &next, &z_next], &mut other);
            assert!(one == other, "{count} {level:?}");
            let subsets = column(9, count);
            let mut sums: [SubsetSums; 2] = [[[Lane::default(); VALUES]; SUBSETS / DIGIT]; 2];
            add_portable(&mut sums[0], &other, &subsets);
            notes_simd::add(level, &mut sums[1], &other, &subsets);
            assert!(sums[0] == sums[1], "{count} {level:?}");
        }
    }
}
