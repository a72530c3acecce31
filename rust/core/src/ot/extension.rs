//! The extension: for each bit u of one side, rows v there and q = v + u Delta here.
//!
//! Roy, "SoftSpokenOT", ePrint 2022/192, figures 6 to 8 with k = 4 and the repetition code: the bits and the sums of sixteen
//! streams give correlations over GF(2^4) for each of 32 groups, whose bits side by side are correlations with the whole of Delta.
//! A linear universal hash of the bits and of all columns is compared (figure 7, with the analysis that repairs the one of KOS15):
//! in every form, because who knew Delta could ask for as many keys as it likes, and no row cap would bound it. The challenge is the digest of the corrections (Fiat-Shamir). A cheating sender of corrections can
//! only guess bits of Delta, and is caught when it guesses wrong.

use zeroize::Zeroize;

use super::seeds::{AllSeeds, ButOneSeeds, GROUP_BITS, GROUP_SEEDS, GROUPS};
use super::{BASE_TRANSFERS, short_digest};
use crate::fixed_key::{Key, Stream};
use crate::gf128::{GF128_BYTES, Gf128, evaluate};

/// Rows that come at once.
pub const ROW_BLOCK: usize = 128;
/// Bytes of the proof that all corrections speak of the same bits.
pub const PROOF_BYTES: usize = GF128_BYTES * (1 + BASE_TRANSFERS);

/// Bytes of the corrections for this many rows.
pub const fn correction_bytes(rows: usize) -> usize {
    rows / 8 * GROUPS
}

/// The rows v for the bits `u` (128 in each element, the last 128 random), and the message: corrections, and a proof of them.
///
/// `session` is different for every call with the same seeds.
pub fn extend_bits(seeds: &AllSeeds, session: &[u8; 32], u: &[Gf128]) -> (Vec<Gf128>, Vec<u8>) {
    let mut columns = Columns::new(u.len());
    let mut message = Vec::with_capacity(correction_bytes(u.len() * ROW_BLOCK) + PROOF_BYTES);
    let mut stream = vec![Gf128::ZERO; u.len()];
    for (g, seeds) in seeds.0.iter().enumerate() {
        let mut correction = u.to_vec();
        for (x, seed) in seeds.iter().enumerate() {
            Stream::new(&stream_key(session, g, seed)).fill(&mut stream);
            add_all(&mut correction, &stream);
            columns.add(g, x, &stream);
        }
        message.extend(correction.iter().flat_map(|block| block.to_bytes()));
    }
    stream.zeroize();
    let challenge = challenge(session, &message);
    message.extend_from_slice(&universal_hash(challenge, u).to_bytes());
    message.extend(columns.iter().flat_map(|column| universal_hash(challenge, column).to_bytes()));
    (columns.into_rows(), message)
}

/// The rows q for a message of corrections and their proof; `None` when the proof is wrong. Time does not depend on `delta`.
///
/// # Panics
/// When the message has not the length that follows from `blocks`.
pub fn extend_delta(
    seeds: &ButOneSeeds,
    session: &[u8; 32],
    delta: Gf128,
    message: &[u8],
    blocks: usize,
) -> Option<Vec<Gf128>> {
    let (corrections, sent) = message.split_at(correction_bytes(blocks * ROW_BLOCK));
    let mut columns = Columns::new(blocks);
    let mut stream = vec![Gf128::ZERO; blocks];
    for (g, (seeds, correction)) in seeds.0.iter().zip(corrections.chunks_exact(blocks * GF128_BYTES)).enumerate() {
        for (y, seed) in seeds.iter().enumerate().skip(1) {
            Stream::new(&stream_key(session, g, seed)).fill(&mut stream);
            columns.add(g, y, &stream);
        }
        for (block, bytes) in stream.iter_mut().zip(correction.as_chunks().0) {
            *block = Gf128::from_bytes(*bytes);
        }
        columns.add_masked(g, delta, &stream);
    }
    stream.zeroize();
    let challenge = challenge(session, corrections);
    let sent = sent.as_chunks().0;
    assert_eq!(sent.len(), 1 + BASE_TRANSFERS, "the caller checks the length");
    let hashed_bits = Gf128::from_bytes(sent[0]);
    let wrong = columns.iter().zip(&sent[1..]).enumerate().fold(Gf128::ZERO, |wrong, (j, (column, sent))| {
        let expected = Gf128::from_bytes(*sent) ^ masked(hashed_bits, delta, j);
        or(wrong, universal_hash(challenge, column) ^ expected)
    });
    if wrong != Gf128::ZERO {
        return None;
    }
    Some(columns.into_rows())
}

fn stream_key(session: &[u8; 32], g: usize, seed: &Key) -> Key {
    short_digest("extension stream", &[session, &[g as u8], seed])
}

fn challenge(session: &[u8; 32], corrections: &[u8]) -> Gf128 {
    Gf128::from_bytes(short_digest("extension challenge", &[session, corrections]))
}

/// The last block plus the others as a polynomial without constant term: universal with error blocks / 2^128, and uniform over
/// the last block.
fn universal_hash(challenge: Gf128, blocks: &[Gf128]) -> Gf128 {
    let (last, others) = blocks.split_last().expect("at least one block");
    evaluate(challenge, others) ^ *last
}

/// `value` where bit j of `delta` is set, otherwise 0.
fn masked(value: Gf128, delta: Gf128, j: usize) -> Gf128 {
    let mask = ((delta.bits() >> j) & 1).wrapping_neg();
    Gf128::from_bits(value.bits() & mask)
}

fn or(left: Gf128, right: Gf128) -> Gf128 {
    Gf128 { lo: left.lo | right.lo, hi: left.hi | right.hi }
}

fn add_all(sum: &mut [Gf128], terms: &[Gf128]) {
    for (sum, term) in sum.iter_mut().zip(terms) {
        *sum ^= *term;
    }
}

/// 128 columns of bits, 128 rows in each element.
struct Columns {
    blocks: usize,
    bits: Vec<Gf128>,
}

impl Drop for Columns {
    fn drop(&mut self) {
        self.bits.zeroize();
    }
}

impl Columns {
    fn new(blocks: usize) -> Self {
        Self { blocks, bits: vec![Gf128::ZERO; blocks * BASE_TRANSFERS] }
    }

    fn iter(&self) -> impl Iterator<Item = &[Gf128]> {
        self.bits.chunks_exact(self.blocks)
    }

    /// `stream` times the number `x` of GF(2^4), added to the four columns of group `g`.
    fn add(&mut self, g: usize, x: usize, stream: &[Gf128]) {
        debug_assert!(x < GROUP_SEEDS);
        for bit in (0..GROUP_BITS).filter(|bit| (x >> bit) & 1 == 1) {
            let start = (g * GROUP_BITS + bit) * self.blocks;
            add_all(&mut self.bits[start..start + self.blocks], stream);
        }
    }

    /// `stream` added to those columns of group `g` whose bit of `delta` is set.
    fn add_masked(&mut self, g: usize, delta: Gf128, stream: &[Gf128]) {
        for j in g * GROUP_BITS..(g + 1) * GROUP_BITS {
            let column = &mut self.bits[j * self.blocks..(j + 1) * self.blocks];
            column.iter_mut().zip(stream).for_each(|(sum, block)| *sum ^= masked(*block, delta, j));
        }
    }

    /// One element a row, bit j from column j.
    fn into_rows(self) -> Vec<Gf128> {
        let mut rows = Vec::with_capacity(self.blocks * ROW_BLOCK);
        let mut square = [0; ROW_BLOCK];
        for block in 0..self.blocks {
            for (j, line) in square.iter_mut().enumerate() {
                *line = self.bits[j * self.blocks + block].bits();
            }
            transpose(&mut square);
            rows.extend(square.map(Gf128::from_bits));
        }
        rows
    }
}

/// Bit j of line i becomes bit i of line j: squares of half the size change places, then within each, seven times.
fn transpose(square: &mut [u128; ROW_BLOCK]) {
    let mut width = ROW_BLOCK / 2;
    let mut low_mask = u128::MAX >> width;
    while width > 0 {
        for start in (0..ROW_BLOCK).step_by(2 * width) {
            for i in start..start + width {
                let exchanged = ((square[i] >> width) ^ square[i + width]) & low_mask;
                square[i + width] ^= exchanged;
                square[i] ^= exchanged << width;
            }
        }
        width /= 2;
        low_mask ^= low_mask << width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::seeds;

    const CONTEXT: [u8; 32] = [4; 32];
    const SESSION: [u8; 32] = [8; 32];

    fn seeds(delta: Gf128) -> (AllSeeds, ButOneSeeds) {
        let pairs: Vec<[Key; 2]> = (0..128_u8).map(|j| [[j; 16], [j + 128; 16]]).collect();
        let choices = seeds::base_choices(delta.bits());
        let chosen: Vec<Key> = pairs.iter().enumerate().map(|(j, pair)| pair[(choices >> j) as usize & 1]).collect();
        let (all, message) = seeds::send(&CONTEXT, &pairs);
        (all, seeds::receive(&CONTEXT, &chosen, delta.bits(), &message).unwrap())
    }

    fn delta_and_bits() -> (Gf128, Vec<Gf128>) {
        let mut blocks = vec![Gf128::ZERO; 6];
        Stream::new(&[7; 16]).fill(&mut blocks);
        (blocks.pop().unwrap(), blocks)
    }

    #[test]
    fn rows_differ_by_delta_where_the_bit_is_set() {
        let (delta, u) = delta_and_bits();
        let (all, but_one) = seeds(delta);
        let (v, message) = extend_bits(&all, &SESSION, &u);
        let q = extend_delta(&but_one, &SESSION, delta, &message, u.len()).unwrap();
        for i in 0..u.len() * ROW_BLOCK {
            let bit = (u[i / ROW_BLOCK].bits() >> (i % ROW_BLOCK)) & 1;
            assert_eq!(q[i] ^ v[i], if bit == 1 { delta } else { Gf128::ZERO }, "row {i}");
        }
    }

    /// The message of a prover who sends other bits for one group and proves the honest ones, with the challenge that belongs to it.
    fn lie(session: &[u8; 32], u: &[Gf128], v: &[Gf128], honest: &[u8], group: usize) -> Vec<u8> {
        let mut message = honest[..correction_bytes(v.len())].to_vec();
        message[group * u.len() * GF128_BYTES] ^= 1;
        let challenge = challenge(session, &message);
        message.extend_from_slice(&universal_hash(challenge, u).to_bytes());
        let mut columns = vec![Vec::new(); BASE_TRANSFERS];
        for rows in v.as_chunks::<ROW_BLOCK>().0 {
            let mut square = rows.map(Gf128::bits);
            transpose(&mut square);
            columns.iter_mut().zip(square).for_each(|(column, bits)| column.push(Gf128::from_bits(bits)));
        }
        message.extend(columns.iter().flat_map(|column| universal_hash(challenge, column).to_bytes()));
        message
    }

    #[test]
    fn a_lie_about_one_group_passes_only_where_delta_has_no_bit_there() {
        let (delta, u) = delta_and_bits();
        for group in [0, 1, 30, 31] {
            for delta in [delta, Gf128::from_bits(delta.bits() & !(15 << (4 * group)))] {
                let (all, but_one) = seeds(delta);
                let (v, honest) = extend_bits(&all, &SESSION, &u);
                let accepted = |message: &[u8]| extend_delta(&but_one, &SESSION, delta, message, u.len()).is_some();
                assert!(accepted(&honest));
                let guessed = (delta.bits() >> (4 * group)) & 15 == 0;
                assert_eq!(accepted(&lie(&SESSION, &u, &v, &honest, group)), guessed, "group {group}");
            }
        }
    }

    #[test]
    fn any_changed_byte_of_message_and_proof_is_noticed() {
        let (delta, u) = delta_and_bits();
        let (all, but_one) = seeds(delta);
        let (_, message) = extend_bits(&all, &SESSION, &u);
        let corrections = correction_bytes(u.len() * ROW_BLOCK);
        for place in [0, 77, corrections - 1, corrections, corrections + 16, message.len() - 1] {
            let mut damaged = message.clone();
            damaged[place] ^= 0x10;
            assert!(extend_delta(&but_one, &SESSION, delta, &damaged, u.len()).is_none(), "byte {place}");
        }
    }

    #[test]
    fn another_session_gives_other_rows() {
        let (delta, u) = delta_and_bits();
        let (all, _) = seeds(delta);
        let (first, _) = extend_bits(&all, &SESSION, &u);
        let (second, _) = extend_bits(&all, &[0; 32], &u);
        assert!(first.iter().zip(&second).all(|(first, second)| first != second));
    }
}
