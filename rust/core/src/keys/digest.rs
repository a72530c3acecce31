//! SHA-256 of many short keys behind one prefix, cut to sixteen bytes.
//!
//! A prefix of whole blocks is hashed once; a key of up to 55 bytes then is one block more, and blocks of several keys go through
//! the processor together where it has instructions for SHA-256. Everything else takes the ordinary way.

use sha2::{Digest, Sha256};

use super::{DIGEST_BYTES, Record};
use crate::sha256::{self, BLOCK_BYTES};

/// Longest key that fits in one block with the padding and the length.
const ONE_BLOCK: usize = BLOCK_BYTES - 9;

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
        let state = rest.is_empty().then(|| sha256::state_after(blocks));
        Self { hasher: Sha256::new_with_prefix(prefix), state, prefix_bytes: prefix.len(), has_lanes: sha256::has_pairs() }
    }

    /// The same without the processor's lanes, to be compared with.
    #[cfg(test)]
    fn portable(prefix: &[u8]) -> Self {
        Self { has_lanes: false, ..Self::new(prefix) }
    }

    /// Fills in a record for each key, in order; there are as many of both.
    pub(super) fn digest<'a>(&self, keys: impl Iterator<Item = (u32, &'a [u8])>, records: &mut [Record]) {
        let mut blocks = [[[0; BLOCK_BYTES]]; 2];
        let mut places = [0; 2];
        let mut waiting = 0;
        for (place, (row, key)) in keys.enumerate() {
            records[place][DIGEST_BYTES..].copy_from_slice(&row.to_le_bytes());
            let Some(state) = self.state.as_ref().filter(|_| key.len() <= ONE_BLOCK) else {
                let digest = self.hasher.clone().chain_update(key).finalize();
                records[place][..DIGEST_BYTES].copy_from_slice(&digest[..DIGEST_BYTES]);
                continue;
            };
            blocks[waiting][0] = self.last_block(key);
            places[waiting] = place;
            waiting += 1;
            if self.has_lanes && waiting == 2 {
                for (place, digest) in places.iter().zip(sha256::digest_pair(state, &blocks[0], &blocks[1])) {
                    records[*place][..DIGEST_BYTES].copy_from_slice(&digest[..DIGEST_BYTES]);
                }
                waiting = 0;
            } else if !self.has_lanes {
                records[place][..DIGEST_BYTES].copy_from_slice(&sha256::digest_one(state, &blocks[0])[..DIGEST_BYTES]);
                waiting = 0;
            }
        }
        for (place, block) in places[..waiting].iter().zip(&blocks) {
            let digest = sha256::digest_one(&self.state.unwrap_or_default(), block);
            records[*place][..DIGEST_BYTES].copy_from_slice(&digest[..DIGEST_BYTES]);
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
