//! SHA-256 of many short keys behind one prefix, cut to sixteen bytes.
//!
//! A prefix of whole blocks is hashed once; a key of up to 55 bytes then is one block more, and blocks of several keys go through
//! the processor together where it has instructions for that. Everything else takes the ordinary way.

use sha2::{Digest as _, Sha256};

use super::{DIGEST_BYTES, Record};
use crate::sha256::{self, BLOCK_BYTES, Block, Digest, MOST_LANES};

/// Longest key that fits in one block with the padding and the length.
const ONE_BLOCK: usize = BLOCK_BYTES - 9;

/// Hashes keys under one prefix.
#[derive(Clone)]
pub(super) struct KeyHasher {
    hasher: Sha256,
    /// After the prefix, if it is made of whole blocks.
    state: Option<[u32; 8]>,
    prefix_bytes: usize,
    /// Keys that are hashed together.
    lanes: usize,
}

/// A key as it lies in the text of a run: its row, the text from its start on, its length.
pub(super) type Placed<'a> = (u32, &'a [u8], usize);

impl KeyHasher {
    pub(super) fn new(prefix: &[u8]) -> Self {
        let (blocks, rest) = prefix.as_chunks::<BLOCK_BYTES>();
        let state = rest.is_empty().then(|| sha256::state_after(blocks));
        Self { hasher: Sha256::new_with_prefix(prefix), state, prefix_bytes: prefix.len(), lanes: sha256::lanes() }
    }

    /// The same one by one, to be compared with.
    #[cfg(test)]
    fn portable(prefix: &[u8]) -> Self {
        Self { lanes: 1, ..Self::new(prefix) }
    }

    /// Fills in a record for each key, in order; there are as many of both.
    pub(super) fn digest<'a>(&self, keys: impl Iterator<Item = Placed<'a>>, records: &mut [Record]) {
        let mut blocks = [[0; BLOCK_BYTES]; MOST_LANES];
        let mut places = [0; MOST_LANES];
        let mut waiting = 0;
        for (place, (row, text, length)) in keys.enumerate() {
            records[place][DIGEST_BYTES..].copy_from_slice(&row.to_le_bytes());
            if self.state.is_none() || length > ONE_BLOCK {
                let digest = self.hasher.clone().chain_update(&text[..length]).finalize();
                records[place][..DIGEST_BYTES].copy_from_slice(&digest[..DIGEST_BYTES]);
                continue;
            }
            self.write_block(text, length, &mut blocks[waiting]);
            places[waiting] = place;
            waiting += 1;
            if waiting == self.lanes {
                self.digest_blocks(&blocks[..waiting], &places, records);
                waiting = 0;
            }
        }
        self.digest_blocks(&blocks[..waiting], &places, records);
    }

    fn digest_blocks(&self, blocks: &[Block], places: &[usize; MOST_LANES], records: &mut [Record]) {
        let messages: [&[Block]; MOST_LANES] = std::array::from_fn(|at| blocks.get(at..=at).unwrap_or_default());
        let mut digests = [Digest::default(); MOST_LANES];
        let state = &self.state.unwrap_or_default();
        sha256::digest_all(state, &messages[..blocks.len()], &mut digests[..blocks.len()]);
        for (place, digest) in places.iter().zip(&digests[..blocks.len()]) {
            records[*place][..DIGEST_BYTES].copy_from_slice(&digest[..DIGEST_BYTES]);
        }
    }

    /// Writes the block of a key with its padding. Where the text is long enough the same 64 bytes are read whatever the length; nothing is
    /// read back, which would have to wait for the stores.
    fn write_block(&self, text: &[u8], length: usize, block: &mut Block) {
        let mut padded = [0; BLOCK_BYTES];
        let window = text.first_chunk().unwrap_or_else(|| {
            padded[..length].copy_from_slice(&text[..length]);
            &padded
        });
        for (at, (byte, found)) in (0..).zip(block.iter_mut().zip(window)) {
            *byte = found & u8::from(at < length as u8).wrapping_neg();
        }
        block[length] = 0x80;
        let bits = 8 * (self.prefix_bytes + length) as u64;
        block[BLOCK_BYTES - 8..].copy_from_slice(&bits.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::RECORD_BYTES;

    #[test]
    fn every_way_gives_the_digest_of_sha256() {
        let lengths: Vec<usize> = (0..400).map(|n| n % 131).collect();
        let text: Vec<u8> = (0..lengths.iter().sum()).map(|at: usize| (at * 31 + at / 257) as u8).collect();
        let starts: Vec<usize> = lengths.iter().scan(0, |end, length| Some(std::mem::replace(end, *end + length))).collect();
        for prefix in [vec![], vec![7; 49], vec![8; 64], vec![9; 128]] {
            let asked = || (0..).zip(starts.iter().zip(&lengths)).map(|(row, (&start, &length))| (row, &text[start..], length));
            let (mut native, mut portable) = (vec![[0; RECORD_BYTES]; lengths.len()], vec![[1; RECORD_BYTES]; lengths.len()]);
            KeyHasher::new(&prefix).digest(asked(), &mut native);
            KeyHasher::portable(&prefix).digest(asked(), &mut portable);
            assert_eq!(native, portable);
            for ((row, text, length), record) in asked().zip(&native) {
                let digest = Sha256::new().chain_update(&prefix).chain_update(&text[..length]).finalize();
                assert_eq!(record[..16], digest[..16]);
                assert_eq!(record[16..], row.to_le_bytes());
            }
        }
    }
}
