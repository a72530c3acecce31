//! SHA-256 of many short keys behind one prefix, cut to sixteen bytes.
//!
//! A prefix of whole blocks is hashed once; a key of up to 55 bytes then is one block more, and blocks of several keys go through
//! the processor together where it has instructions for SHA-256. Everything else takes the ordinary way.

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

#[cfg(target_arch = "x86_64")]
use super::sha_simd as lanes;
use super::{DIGEST_BYTES, Record};

#[cfg(not(target_arch = "x86_64"))]
mod lanes {
    pub(super) const LANES: usize = 1;

    pub(super) fn is_supported() -> bool {
        false
    }

    pub(super) fn finish(_: &[u32; 8], _: &[[u8; 64]; LANES]) -> [[u8; 16]; LANES] {
        unreachable!("there are no lanes")
    }
}

const BLOCK_BYTES: usize = 64;
/// Longest key that fits in one block with the padding and the length.
const ONE_BLOCK: usize = BLOCK_BYTES - 9;
/// FIPS 180-4, section 5.3.3.
const INITIAL_STATE: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// Hashes keys under one prefix.
#[derive(Clone)]
pub(super) struct KeyHasher {
    hasher: Sha256,
    /// After the prefix, if it is made of whole blocks.
    state: Option<[u32; 8]>,
    prefix_bytes: usize,
    has_lanes: bool,
}

impl KeyHasher {
    pub(super) fn new(prefix: &[u8]) -> Self {
        let (blocks, rest) = prefix.as_chunks::<BLOCK_BYTES>();
        let state = rest.is_empty().then(|| {
            let mut state = INITIAL_STATE;
            compress256(&mut state, blocks);
            state
        });
        Self { hasher: Sha256::new_with_prefix(prefix), state, prefix_bytes: prefix.len(), has_lanes: lanes::is_supported() }
    }

    /// The same without the processor's lanes, to be compared with.
    #[cfg(test)]
    fn portable(prefix: &[u8]) -> Self {
        Self { has_lanes: false, ..Self::new(prefix) }
    }

    /// Fills in a record for each key, in order; there are as many of both.
    pub(super) fn digest<'a>(&self, keys: impl Iterator<Item = (u32, &'a [u8])>, records: &mut [Record]) {
        let mut blocks = [[0; BLOCK_BYTES]; lanes::LANES];
        let mut places = [0; lanes::LANES];
        let mut waiting = 0;
        for (place, (row, key)) in keys.enumerate() {
            records[place][DIGEST_BYTES..].copy_from_slice(&row.to_le_bytes());
            let Some(state) = self.state.as_ref().filter(|_| key.len() <= ONE_BLOCK) else {
                let digest = self.hasher.clone().chain_update(key).finalize();
                records[place][..DIGEST_BYTES].copy_from_slice(&digest[..DIGEST_BYTES]);
                continue;
            };
            blocks[waiting] = self.last_block(key);
            places[waiting] = place;
            waiting += 1;
            if self.has_lanes && waiting == lanes::LANES {
                for (place, digest) in places.iter().zip(lanes::finish(state, &blocks)) {
                    records[*place][..DIGEST_BYTES].copy_from_slice(&digest);
                }
                waiting = 0;
            } else if !self.has_lanes {
                records[place][..DIGEST_BYTES].copy_from_slice(&finish(*state, &blocks[0]));
                waiting = 0;
            }
        }
        for (place, block) in places[..waiting].iter().zip(&blocks) {
            let digest = finish(self.state.unwrap_or_default(), block);
            records[*place][..DIGEST_BYTES].copy_from_slice(&digest);
        }
    }

    fn last_block(&self, key: &[u8]) -> [u8; BLOCK_BYTES] {
        let mut block = [0; BLOCK_BYTES];
        block[..key.len()].copy_from_slice(key);
        block[key.len()] = 0x80;
        let bits = 8 * (self.prefix_bytes + key.len()) as u64;
        block[BLOCK_BYTES - 8..].copy_from_slice(&bits.to_be_bytes());
        block
    }
}

fn finish(mut state: [u32; 8], block: &[u8; BLOCK_BYTES]) -> [u8; DIGEST_BYTES] {
    compress256(&mut state, std::slice::from_ref(block));
    let mut digest = [0; DIGEST_BYTES];
    for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::RECORD_BYTES;

    #[test]
    fn every_way_gives_the_digest_of_sha256() {
        let keys: Vec<Vec<u8>> = (0..400usize).map(|n| (0..n % 131).map(|i| (i * 31 + n) as u8).collect()).collect();
        for prefix in [vec![], vec![7; 49], vec![8; 64], vec![9; 128]] {
            let asked = || keys.iter().enumerate().map(|(row, key)| (row as u32, &key[..]));
            let (mut native, mut portable) = (vec![[0; RECORD_BYTES]; keys.len()], vec![[1; RECORD_BYTES]; keys.len()]);
            KeyHasher::new(&prefix).digest(asked(), &mut native);
            KeyHasher::portable(&prefix).digest(asked(), &mut portable);
            assert_eq!(native, portable);
            for ((row, key), record) in asked().zip(&native) {
                assert_eq!(record[..16], Sha256::new().chain_update(&prefix).chain_update(key).finalize()[..16]);
                assert_eq!(record[16..], row.to_le_bytes());
            }
        }
    }
}
