//! AES-128 under keys that are public or used for one stream: a key stream, a tree step, and a hash for correlated inputs.
//!
//! The block cipher is the maintained `aes` crate, which finds VAES, AES-NI or nothing at run time and is constant-time in all
//! three cases. Blocks are field elements, because that is what they end as.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use crate::gf128::{GF128_BYTES, Gf128};

/// Bytes of a key.
pub const KEY_BYTES: usize = 16;

/// A key.
pub type Key = [u8; KEY_BYTES];

type Block = Array<u8, aes::cipher::consts::U16>;

/// Blocks handed to the cipher at once: they and their copies stay in the first-level cache.
const BATCH: usize = 64;

/// The key stream of AES-128 in counter mode, counters from 0, little-endian; at most 2^64 blocks under a key.
pub struct Stream {
    cipher: Aes128,
    counter: u64,
}

impl Stream {
    /// The stream of `key`, which nothing else uses.
    pub fn new(key: &Key) -> Self {
        Self::starting_at(key, 0)
    }

    /// The same stream from block `counter`.
    pub fn starting_at(key: &Key, counter: u64) -> Self {
        Self { cipher: Aes128::new(&Array(*key)), counter }
    }

    /// The next blocks.
    pub fn fill(&mut self, blocks: &mut [Gf128]) {
        let mut batch = [Block::default(); BATCH];
        for chunk in blocks.chunks_mut(BATCH) {
            let batch = &mut batch[..chunk.len()];
            self.encrypt_counters(batch);
            for (block, bytes) in chunk.iter_mut().zip(batch) {
                *block = Gf128::from_bytes(bytes.0);
            }
        }
    }

    /// The next blocks as bytes.
    ///
    /// # Panics
    /// Unless the bytes make whole blocks.
    pub fn fill_bytes(&mut self, bytes: &mut [u8]) {
        let (blocks, rest) = bytes.as_chunks_mut::<GF128_BYTES>();
        assert!(rest.is_empty(), "whole blocks");
        self.encrypt_counters(Array::cast_slice_from_core_mut(blocks));
    }

    fn encrypt_counters(&mut self, blocks: &mut [Block]) {
        for block in blocks.iter_mut() {
            block.0 = u128::from(self.counter).to_le_bytes();
            self.counter += 1;
        }
        self.cipher.encrypt_blocks(blocks);
    }
}

/// The step of a tree after Goldreich, Goldwasser and Micali: a node x has the children AES(k_0, x) + x and AES(k_1, x) + x.
///
/// With the keys as part of the public salt this is a length-doubling generator in the ideal-cipher model (Guo, Katz, Wang, Weng
/// and Yu, ePrint 2019/1168, section 3); each tree has keys of its own, so that work on one helps with no other.
pub struct TreeStep {
    ciphers: [Aes128; 2],
}

impl TreeStep {
    /// The step under two public keys.
    pub fn new(keys: &[Key; 2]) -> Self {
        Self { ciphers: keys.map(|key| Aes128::new(&Array(key))) }
    }

    /// The children of `parents`, left beside right; the last right one is left out when `children` has an odd length.
    ///
    /// # Panics
    /// Unless there are two children a parent, or one less.
    pub fn expand(&self, parents: &[Gf128], children: &mut [Gf128]) {
        assert_eq!(parents.len(), children.len().div_ceil(2), "two children a parent");
        let mut batches = [[Block::default(); BATCH]; 2];
        for (parents, children) in parents.chunks(BATCH).zip(children.chunks_mut(2 * BATCH)) {
            for (cipher, batch) in self.ciphers.iter().zip(&mut batches) {
                let batch = &mut batch[..parents.len()];
                for (bytes, parent) in batch.iter_mut().zip(parents) {
                    bytes.0 = parent.to_bytes();
                }
                cipher.encrypt_blocks(batch);
            }
            let (pairs, last) = children.as_chunks_mut::<2>();
            for (i, pair) in pairs.iter_mut().enumerate() {
                *pair = [0, 1].map(|side| Gf128::from_bytes(batches[side][i].0) ^ parents[i]);
            }
            if let [only] = last {
                *only = Gf128::from_bytes(batches[0][parents.len() - 1].0) ^ parents[parents.len() - 1];
            }
        }
    }
}

/// A hash that stays pseudorandom on inputs whose differences involve one secret: H(x, i) = P(P(x) + i) + P(x), P = AES(key, .).
///
/// TMMO of Guo, Katz, Wang and Yu, "Efficient and secure multiparty computation from fixed-key block ciphers", ePrint 2019/074,
/// section 7.4: tweakable circular correlation robust in the ideal-cipher model.
pub struct CorrelationHash {
    cipher: Aes128,
}

impl CorrelationHash {
    /// The hash under a public key.
    pub fn new(key: &Key) -> Self {
        Self { cipher: Aes128::new(&Array(*key)) }
    }

    /// Replaces each x by H(x, i), where i counts from `first_tweak`; a tweak serves for inputs of one place only.
    pub fn hash(&self, blocks: &mut [Gf128], first_tweak: u64) {
        let mut batch = [Block::default(); BATCH];
        let mut tweak = first_tweak;
        for chunk in blocks.chunks_mut(BATCH) {
            let batch = &mut batch[..chunk.len()];
            for (bytes, block) in batch.iter_mut().zip(chunk.iter()) {
                bytes.0 = block.to_bytes();
            }
            self.cipher.encrypt_blocks(batch);
            for (bytes, block) in batch.iter_mut().zip(chunk.iter_mut()) {
                *block = Gf128::from_bytes(bytes.0);
                bytes.0 = (*block ^ Gf128::from_subfield(tweak)).to_bytes();
                tweak += 1;
            }
            self.cipher.encrypt_blocks(batch);
            for (bytes, block) in batch.iter().zip(chunk) {
                *block ^= Gf128::from_bytes(bytes.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_counter_mode_wherever_it_starts() {
        let key: Key = std::array::from_fn(|i| i as u8);
        let mut whole = [Gf128::ZERO; 200];
        Stream::new(&key).fill(&mut whole);
        let mut tail = [0; 16 * 70];
        Stream::starting_at(&key, 130).fill_bytes(&mut tail);
        assert_eq!(tail[..], *whole[130..].iter().flat_map(|block| block.to_bytes()).collect::<Vec<_>>());
        // AES-128 of the zero block under 000102..0f
        assert_eq!(whole[0].to_bytes()[..4], [0xc6, 0xa1, 0x3b, 0x37]);
    }

    #[test]
    fn a_tree_step_is_the_same_in_any_batch() {
        let step = TreeStep::new(&[[1; 16], [2; 16]]);
        let parents: Vec<Gf128> = (0..131).map(|i| Gf128 { lo: i, hi: !i }).collect();
        let mut children = vec![Gf128::ZERO; 261];
        step.expand(&parents, &mut children);
        for (i, &parent) in parents.iter().enumerate() {
            let mut pair = [Gf128::ZERO; 2];
            step.expand(&[parent], &mut pair);
            let here = &children[2 * i..(2 * i + 2).min(261)];
            assert_eq!(here, &pair[..here.len()]);
        }
    }

    #[test]
    fn the_hash_depends_on_the_tweak() {
        let hash = CorrelationHash::new(&[3; 16]);
        let mut blocks = [Gf128::ONE; 100];
        hash.hash(&mut blocks, 5);
        let mut alone = [Gf128::ONE];
        hash.hash(&mut alone, 5 + 77);
        assert_eq!(blocks[77], alone[0]);
        assert_ne!(blocks[77], blocks[78]);
    }
}
