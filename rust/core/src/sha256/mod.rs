//! SHA-256 of many short messages behind one prefix, sixteen or two at a time where the processor has instructions for it.

use sha2::block_api::compress256;

#[cfg(target_arch = "x86_64")]
mod pair_simd;
#[cfg(target_arch = "x86_64")]
mod sixteen_simd;

/// Bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 64;
/// FIPS 180-4, section 5.3.3.
const INITIAL_STATE: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
/// Most messages that are hashed together.
pub(crate) const MOST_LANES: usize = 16;

pub(crate) type Block = [u8; BLOCK_BYTES];
pub(crate) type Digest = [u8; 32];

/// FIPS 180-4, section 4.2.2.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
static ROUND_CONSTANTS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// What SHA-256 has in hand after some whole blocks.
pub(crate) fn state_after(blocks: &[Block]) -> [u32; 8] {
    let mut state = INITIAL_STATE;
    compress256(&mut state, blocks);
    state
}

/// How many messages of equally many blocks this processor hashes best together: [`MOST_LANES`], 2 or 1.
pub(crate) fn lanes() -> usize {
    #[cfg(target_arch = "x86_64")]
    if sixteen_simd::is_supported() {
        return sixteen_simd::LANES;
    } else if pair_simd::is_supported() {
        return pair_simd::LANES;
    }
    1
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

/// Fills in the digests of messages that begin at `state` and go on with equally many padded blocks; there are as many of both.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
pub(crate) fn digest_all(state: &[u32; 8], mut messages: &[&[Block]], mut digests: &mut [Digest]) {
    #[cfg(target_arch = "x86_64")]
    {
        if sixteen_simd::is_supported() {
            let (whole, rest) = messages.as_chunks();
            let (room, rest_of_room) = digests.as_chunks_mut();
            whole.iter().zip(room).for_each(|(messages, digests)| sixteen_simd::digest_sixteen(state, messages, digests));
            (messages, digests) = (rest, rest_of_room);
        }
        if pair_simd::is_supported() {
            let (pairs, rest) = messages.as_chunks();
            let (room, rest_of_room) = digests.as_chunks_mut();
            pairs.iter().zip(room).for_each(|([one, two], digests)| *digests = pair_simd::digest_pair(state, one, two));
            (messages, digests) = (rest, rest_of_room);
        }
    }
    messages.iter().zip(digests).for_each(|(message, digest)| *digest = digest_one(state, message));
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
    pub(crate) fn digest(&mut self, digests: &mut Vec<Digest>) {
        let (blocks, _) = self.blocks.as_chunks();
        let message = |at: usize| &blocks[self.starts[at] / BLOCK_BYTES..self.starts[at + 1] / BLOCK_BYTES];
        let mut order: Vec<usize> = (0..self.starts.len() - 1).collect();
        order.sort_by_key(|&at| message(at).len());
        digests.clear();
        digests.resize(order.len(), Digest::default());
        for alike in order.chunk_by(|&one, &other| message(one).len() == message(other).len()) {
            let messages: Vec<&[Block]> = alike.iter().map(|&at| message(at)).collect();
            let mut found = vec![Digest::default(); alike.len()];
            digest_all(&self.state, &messages, &mut found);
            alike.iter().zip(found).for_each(|(&at, digest)| digests[at] = digest);
        }
        self.blocks.clear();
        self.starts.truncate(1);
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

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
    fn messages_together_get_the_digests_that_each_has_alone() {
        let blocks: Vec<Block> = (0..99).map(|n| std::array::from_fn(|at| (n * 31 + at) as u8)).collect();
        let state = state_after(&blocks[..1]);
        for length in 0..4 {
            let messages: Vec<&[Block]> = (0..37).map(|at| &blocks[at..at + length]).collect();
            let mut digests = vec![[0; 32]; messages.len()];
            digest_all(&state, &messages, &mut digests);
            for (message, digest) in messages.iter().zip(digests) {
                assert_eq!(digest, digest_one(&state, message));
            }
        }
    }

    /// Every way that this processor has, not only the one that it prefers.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn every_kernel_gives_the_digests_of_one_message_alone() {
        let blocks: Vec<Block> = (0..64).map(|n| std::array::from_fn(|at| (n * 17 + at * 3) as u8)).collect();
        let state = state_after(&blocks[..2]);
        let messages: [&[Block]; sixteen_simd::LANES] = std::array::from_fn(|at| &blocks[at..at + 3]);
        if sixteen_simd::is_supported() {
            let mut digests = [[0; 32]; sixteen_simd::LANES];
            sixteen_simd::digest_sixteen(&state, &messages, &mut digests);
            assert_eq!(digests, messages.map(|message| digest_one(&state, message)));
        }
        if pair_simd::is_supported() {
            let expected = [digest_one(&state, messages[0]), digest_one(&state, messages[5])];
            assert_eq!(pair_simd::digest_pair(&state, messages[0], messages[5]), expected);
        }
    }
}
