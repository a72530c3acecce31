//! Randomness that nodes have in common without a word: AES-128 in counter mode under keys of two nodes each.
//!
//! Node i has the keys k_i (its *own*, which the previous node has too) and k_(i+1) (the *next* one's). Block `b` of ticket `t` is
//! AES(k, t || b), both numbers of 64 bits, little-endian, and two words of a stream. What F(k_i) - F(k_(i+1)) gives the three
//! nodes adds up to zero and is uniform to each alone: a permutation for a function, told apart from uniform words after 2^40
//! blocks of a key with at most 2^-49.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use super::spare::Spare;
#[cfg(target_arch = "x86_64")]
use super::streams_simd;

/// Bytes of a key.
pub const KEY_BYTES: usize = 16;

/// Blocks of which two streams are made before they are joined: both stay in the first-level cache.
const BATCH: usize = 128;

/// The two streams of a node. Tickets are used once; the round keys are wiped when dropped.
pub struct Streams {
    own: Stream,
    next: Stream,
    pub(super) spare: Spare,
}

/// One key's stream.
pub(super) struct Stream {
    cipher: Aes128,
    #[cfg(target_arch = "x86_64")]
    wide: Option<streams_simd::RoundKeys>,
}

/// How the words of both streams become one.
#[derive(Clone, Copy)]
pub(super) enum Join {
    /// The own one less the next one.
    Difference,
    /// XOR.
    Xor,
}

/// Whose stream: the node's own, which the previous node has too, or the next node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Shared with the previous node.
    Own,
    /// Shared with the next node.
    Next,
}

impl Streams {
    /// The streams under two keys, drawn for one attempt of one computation.
    pub fn new(own: &[u8; KEY_BYTES], next: &[u8; KEY_BYTES]) -> Self {
        Self { own: Stream::new(own), next: Stream::new(next), spare: Spare::default() }
    }

    /// Words `first`, `first + 1`, ... of one stream's ticket.
    pub fn fill(&self, side: Side, ticket: u64, first: u64, words: &mut [u64]) {
        let stream = match side {
            Side::Own => &self.own,
            Side::Next => &self.next,
        };
        stream.fill(ticket, first, words);
    }

    /// Shares of zero over Z/2^64: the own stream less the next one.
    pub fn fill_zero_words(&self, ticket: u64, first: u64, words: &mut [u64]) {
        self.fill_both(Join::Difference, ticket, first, words);
    }

    /// Shares of zero over the bits: both streams XORed.
    pub fn fill_zero_bits(&self, ticket: u64, first: u64, words: &mut [u64]) {
        self.fill_both(Join::Xor, ticket, first, words);
    }

    fn fill_both(&self, join: Join, ticket: u64, first: u64, words: &mut [u64]) {
        #[cfg(target_arch = "x86_64")]
        if let (Some(own), Some(next)) = (&self.own.wide, &self.next.wide) {
            return streams_simd::fill(own, Some(next), join, ticket, first, words);
        }
        self.fill_both_portably(join, ticket, first, words);
    }

    fn fill_both_portably(&self, join: Join, ticket: u64, first: u64, words: &mut [u64]) {
        let mut others = [0; 2 * BATCH];
        let mut at = first;
        for words in words.chunks_mut(2 * BATCH) {
            let others = &mut others[..words.len()];
            fill(&self.own.cipher, ticket, at, words);
            fill(&self.next.cipher, ticket, at, others);
            for (word, &other) in words.iter_mut().zip(others.iter()) {
                *word = match join {
                    Join::Difference => word.wrapping_sub(other),
                    Join::Xor => *word ^ other,
                };
            }
            at += words.len() as u64;
        }
    }
}

impl Stream {
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self {
            cipher: Aes128::new(&Array(*key)),
            #[cfg(target_arch = "x86_64")]
            wide: streams_simd::RoundKeys::new(key),
        }
    }

    /// As `Streams::fill`.
    pub(super) fn fill(&self, ticket: u64, first: u64, words: &mut [u64]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = &self.wide {
            return streams_simd::fill(wide, None, Join::Xor, ticket, first, words);
        }
        fill(&self.cipher, ticket, first, words);
    }
}

fn fill(cipher: &Aes128, ticket: u64, first: u64, words: &mut [u64]) {
    let (odd, rest) = words.split_at_mut(words.len().min((first % 2) as usize));
    if let [word] = odd {
        *word = block(cipher, ticket, first / 2)[1];
    }
    let mut at = first.div_ceil(2);
    let (blocks, last) = rest.as_chunks_mut::<2>();
    for blocks in blocks.chunks_mut(BATCH) {
        for block in blocks.iter_mut() {
            *block = [ticket, at];
            at += 1;
        }
        cipher.encrypt_blocks(Array::cast_slice_from_core_mut(bytemuck::cast_slice_mut::<_, [u8; 16]>(blocks)));
    }
    if let [word] = last {
        *word = block(cipher, ticket, at)[0];
    }
}

fn block(cipher: &Aes128, ticket: u64, at: u64) -> [u64; 2] {
    let mut block = [[ticket, at]];
    cipher.encrypt_blocks(Array::cast_slice_from_core_mut(bytemuck::cast_slice_mut::<_, [u8; 16]>(&mut block)));
    block[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tag: u8) -> [u8; KEY_BYTES] {
        std::array::from_fn(|i| tag.wrapping_mul(31).wrapping_add(i as u8))
    }

    #[test]
    fn a_block_is_fips_197() {
        let streams = Streams::new(&std::array::from_fn(|i| i as u8), &[0; 16]);
        // FIPS 197, appendix C.1, whose plaintext is this ticket and this block
        let words = block(&streams.own.cipher, 0x7766_5544_3322_1100, 0xffee_ddcc_bbaa_9988);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(bytes, [0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a]);
    }

    #[test]
    fn words_are_the_same_wherever_a_run_of_them_starts_and_ends() {
        let streams = Streams::new(&key(1), &key(2));
        let mut whole = vec![0; 1000];
        streams.fill(Side::Next, 7, 0, &mut whole);
        assert_eq!(whole[6..8], block(&streams.next.cipher, 7, 3));
        for (first, count) in [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (5, 300), (6, 257), (255, 513), (999, 1)] {
            let mut part = vec![0; count];
            streams.fill(Side::Next, 7, first as u64, &mut part);
            assert_eq!(part, whole[first..first + count], "{first} {count}");
            fill(&streams.next.cipher, 7, first as u64, &mut part);
            assert_eq!(part, whole[first..first + count], "portable: {first} {count}");
            for join in [Join::Difference, Join::Xor] {
                let mut portable = part.clone();
                streams.fill_both(join, 7, first as u64, &mut part);
                streams.fill_both_portably(join, 7, first as u64, &mut portable);
                assert_eq!(part, portable, "both: {first} {count}");
                #[cfg(target_arch = "x86_64")]
                for is_wide in [false, true] {
                    let keys = [1, 2].map(|tag| streams_simd::RoundKeys::of_width(&key(tag), is_wide));
                    if let [Some(own), Some(next)] = &keys {
                        part.fill(0);
                        streams_simd::fill(own, Some(next), join, 7, first as u64, &mut part);
                        assert_eq!(part, portable, "both, wide {is_wide}: {first} {count}");
                        streams_simd::fill(next, None, join, 7, first as u64, &mut part);
                        assert_eq!(part, whole[first..first + count], "one, wide {is_wide}: {first} {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_shares_of_zero_of_three_nodes_cancel() {
        let keys = [key(1), key(2), key(3)];
        let nodes: Vec<Streams> = (0..3).map(|i| Streams::new(&keys[i], &keys[(i + 1) % 3])).collect();
        let mut sums = vec![(0_u64, 0_u64); 777];
        for node in &nodes {
            let (mut words, mut bits) = (vec![0; 777], vec![0; 777]);
            node.fill_zero_words(3, 5, &mut words);
            node.fill_zero_bits(4, 5, &mut bits);
            assert!(words.iter().chain(&bits).all(|&word| word != 0));
            for (sum, (&word, &bits)) in sums.iter_mut().zip(words.iter().zip(&bits)) {
                *sum = (sum.0.wrapping_add(word), sum.1 ^ bits);
            }
        }
        assert!(sums.iter().all(|&sum| sum == (0, 0)));
    }

    #[test]
    fn tickets_have_words_of_their_own() {
        let streams = Streams::new(&key(1), &key(2));
        let [mut one, mut two] = [[0; 64]; 2];
        streams.fill(Side::Own, 1, 0, &mut one);
        streams.fill(Side::Own, 2, 0, &mut two);
        assert!(one.iter().all(|word| !two.contains(word)));
    }
}
