//! SHA-256 of many short messages behind one prefix, two at a time where the processor has instructions for it.

use sha2::block_api::compress256;

#[cfg(target_arch = "x86_64")]
mod pair_simd;

/// Bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 64;
/// FIPS 180-4, section 5.3.3.
const INITIAL_STATE: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
/// Messages of more blocks are hashed one at a time.
const MOST_PAIRED_BLOCKS: usize = 32;

type Block = [u8; BLOCK_BYTES];

/// What SHA-256 has in hand after some whole blocks.
pub(crate) fn state_after(blocks: &[Block]) -> [u32; 8] {
    let mut state = INITIAL_STATE;
    compress256(&mut state, blocks);
    state
}

/// Whether [`digest_pair`] is faster than two of [`digest_one`].
pub(crate) fn has_pairs() -> bool {
    #[cfg(target_arch = "x86_64")]
    return pair_simd::is_supported();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The digest of a message that begins at `state` and goes on with padded blocks.
pub(crate) fn digest_one(state: &[u32; 8], blocks: &[Block]) -> [u8; 32] {
    let mut state = *state;
    compress256(&mut state, blocks);
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

/// The digests of two messages of equally many blocks.
///
/// # Panics
/// When one has more blocks.
pub(crate) fn digest_pair(state: &[u32; 8], first: &[Block], second: &[Block]) -> [[u8; 32]; 2] {
    assert_eq!(first.len(), second.len());
    #[cfg(target_arch = "x86_64")]
    if pair_simd::is_supported() {
        return pair_simd::digest_pair(state, first, second);
    }
    [digest_one(state, first), digest_one(state, second)]
}

/// Messages that wait to be hashed behind one prefix of whole blocks, each padded to whole blocks.
pub(crate) struct Messages {
    state: [u32; 8],
    prefix_bytes: usize,
    blocks: Vec<u8>,
    /// Where each message starts; the last one is being written.
    starts: Vec<usize>,
}

impl Messages {
    /// None yet; all of them are hashed behind `prefix`.
    pub(crate) fn new(prefix: &Block) -> Self {
        let state = state_after(std::slice::from_ref(prefix));
        Self { state, prefix_bytes: BLOCK_BYTES, blocks: Vec::new(), starts: vec![0] }
    }

    /// Bytes in hand.
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.blocks
    }

    /// Ends the message whose bytes were appended to [`Messages::bytes`] since the last call.
    pub(crate) fn end(&mut self) {
        let start = self.starts[self.starts.len() - 1];
        let length = self.blocks.len() - start;
        let padded = (length + 9).next_multiple_of(BLOCK_BYTES);
        self.blocks.push(0x80);
        self.blocks.resize(start + padded - 8, 0);
        self.blocks.extend_from_slice(&(8 * (self.prefix_bytes + length) as u64).to_be_bytes());
        self.starts.push(self.blocks.len());
    }

    /// The digests of all messages, in order; afterwards there are none.
    pub(crate) fn digest(&mut self, digests: &mut Vec<[u8; 32]>) {
        let count = self.starts.len() - 1;
        digests.clear();
        digests.resize(count, [0; 32]);
        let has_pairs = has_pairs();
        let mut waiting = [usize::MAX; MOST_PAIRED_BLOCKS + 1];
        let (blocks, _) = self.blocks.as_chunks::<BLOCK_BYTES>();
        let message = |at: usize| &blocks[self.starts[at] / BLOCK_BYTES..self.starts[at + 1] / BLOCK_BYTES];
        for at in 0..count {
            let ours = message(at);
            if !has_pairs || ours.len() > MOST_PAIRED_BLOCKS {
                digests[at] = digest_one(&self.state, ours);
                continue;
            }
            let other = std::mem::replace(&mut waiting[ours.len()], at);
            if other != usize::MAX {
                waiting[ours.len()] = usize::MAX;
                [digests[other], digests[at]] = digest_pair(&self.state, message(other), ours);
            }
        }
        for at in waiting.into_iter().filter(|&at| at != usize::MAX) {
            digests[at] = digest_one(&self.state, message(at));
        }
        self.blocks.clear();
        self.starts.truncate(1);
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn every_message_gets_the_digest_of_sha256() {
        let prefix = [9; BLOCK_BYTES];
        let texts: Vec<Vec<u8>> = (0..700usize).map(|n| (0..n * 7 % 3000).map(|i| (i * 31 + n) as u8).collect()).collect();
        let mut messages = Messages::new(&prefix);
        let mut digests = Vec::new();
        for _ in 0..2 {
            for text in &texts {
                messages.bytes().extend_from_slice(text);
                messages.end();
            }
            messages.digest(&mut digests);
            for (text, digest) in texts.iter().zip(&digests) {
                assert_eq!(digest[..], Sha256::new().chain_update(prefix).chain_update(text).finalize()[..]);
            }
        }
    }

    #[test]
    fn a_pair_gets_the_digests_of_its_messages() {
        let blocks: Vec<Block> = (0..10).map(|n| [n; BLOCK_BYTES]).collect();
        let state = state_after(&blocks[..1]);
        for length in 0..5 {
            let [first, second] = digest_pair(&state, &blocks[..length], &blocks[5..5 + length]);
            assert_eq!(first, digest_one(&state, &blocks[..length]));
            assert_eq!(second, digest_one(&state, &blocks[5..5 + length]));
        }
    }
}
