//! SHA-512 (FIPS 180-4) of a message a lane at once, and with it expand_message_xmd for messages of one length.
//!
//! Hashing to the group takes four or five blocks an item; one after the other they would take as long as half of the
//! multiplication that follows.

use super::vectorised;
use super::words_simd::{LANES, Lanes, choose, lanes, majority, numbers, plus, rotated, shifted, splat, xor3};

const BLOCK: usize = 128;
const DIGEST: usize = 64;

#[rustfmt::skip]
const ROUND: [u64; 80] = [
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
];

const INITIAL: [u64; 8] = [
    0x6a09e667f3bcc908,
    0xbb67ae8584caa73b,
    0x3c6ef372fe94f82b,
    0xa54ff53a5f1d36f1,
    0x510e527fade682d1,
    0x9b05688c2b3e6c1f,
    0x1f83d9abfb41bd6b,
    0x5be0cd19137e2179,
];

#[derive(Clone, Copy)]
struct State([Lanes; 8]);

impl State {
    #[inline]
    #[vectorised]
    fn new() -> Self {
        let mut state = [splat(0); 8];
        for (lanes, word) in state.iter_mut().zip(INITIAL) {
            *lanes = splat(word);
        }
        Self(state)
    }

    /// One block of each message; `words` are its 16 words, each for all messages.
    #[vectorised]
    fn compress(&mut self, words: &[[u64; LANES]; 16]) {
        let mut w = [splat(0); 16];
        for (lanes_, word) in w.iter_mut().zip(words) {
            *lanes_ = lanes(word);
        }
        let mut s = self.0;
        for start in (0..80).step_by(16) {
            for t in 0..16 {
                if start > 0 {
                    let (before_15, before_2) = (w[(t + 1) % 16], w[(t + 14) % 16]);
                    let sigma_0 = xor3(rotated::<1>(before_15), rotated::<8>(before_15), shifted::<7>(before_15));
                    let sigma_1 = xor3(rotated::<19>(before_2), rotated::<61>(before_2), shifted::<6>(before_2));
                    w[t] = plus(plus(w[t], sigma_0), plus(w[(t + 9) % 16], sigma_1));
                }
                let [a, b, c, d, e, f, g, h] = s;
                let sum_1 = xor3(rotated::<14>(e), rotated::<18>(e), rotated::<41>(e));
                let chosen = choose(e, f, g);
                let keyed = plus(plus(h, w[t]), splat(ROUND[start + t]));
                let first = plus(plus(keyed, chosen), sum_1);
                let sum_0 = xor3(rotated::<28>(a), rotated::<34>(a), rotated::<39>(a));
                let second = plus(sum_0, majority(a, b, c));
                s = [plus(first, second), a, b, c, plus(d, first), e, f, g];
            }
        }
        for (lanes_, word) in self.0.iter_mut().zip(s) {
            *lanes_ = plus(*lanes_, word);
        }
    }

    /// Messages of whole blocks, padding included.
    #[vectorised]
    fn absorb(&mut self, messages: &[Vec<u8>; LANES]) {
        for at in (0..messages[0].len()).step_by(BLOCK) {
            let mut words = [[0; LANES]; 16];
            for (lane, message) in messages.iter().enumerate() {
                for (word, bytes) in words.iter_mut().zip(message[at..at + BLOCK].as_chunks::<8>().0) {
                    word[lane] = u64::from_be_bytes(*bytes);
                }
            }
            self.compress(&words);
        }
    }

    #[vectorised]
    fn digests(&self) -> [[u8; 64]; LANES] {
        let mut digests = [[0; 64]; LANES];
        for (at, lanes) in self.0.iter().enumerate() {
            for (digest, word) in digests.iter_mut().zip(numbers(*lanes)) {
                digest[8 * at..][..8].copy_from_slice(&word.to_be_bytes());
            }
        }
        digests
    }
}

/// expand_message_xmd (RFC 9380 section 5.3.1) with SHA-512, messages of one length, a lane each.
pub struct Expander {
    /// After the block of zeros that the message stands behind.
    zeros: State,
    /// The tag and its length.
    dst_prime: Vec<u8>,
    /// Room for the padded messages.
    blocks: [Vec<u8>; LANES],
}

impl Expander {
    /// `tag` has 1 to 255 bytes.
    #[vectorised]
    pub fn new(tag: &[u8]) -> Self {
        let mut zeros = State::new();
        zeros.compress(&[[0; LANES]; 16]);
        let mut dst_prime = tag.to_vec();
        dst_prime.push(u8::try_from(tag.len()).expect("a tag of up to 255 bytes"));
        Self { zeros, dst_prime, blocks: Default::default() }
    }

    /// Uniform bytes for each message, at most 255 digests' worth; all messages are equally long.
    #[vectorised]
    pub fn expand<const BYTES: usize>(&mut self, messages: &[&[u8]; LANES]) -> [[u8; BYTES]; LANES] {
        let [high, low] = u16::try_from(BYTES).expect("a length of two bytes").to_be_bytes();
        let length = [high, low, 0];
        let zeroth = self.hash(self.zeros, BLOCK, &messages.map(|message| (message, length.as_slice())));
        let mut uniform = [[0; BYTES]; LANES];
        let mut before = [[0; DIGEST]; LANES];
        for (number, at) in (1_u8..).zip((0..BYTES).step_by(DIGEST)) {
            for (digest, byte) in before.as_flattened_mut().iter_mut().zip(zeroth.as_flattened()) {
                *digest ^= byte;
            }
            let number = [number];
            before = self.hash(State::new(), 0, &before.each_ref().map(|mixed| (mixed.as_slice(), number.as_slice())));
            let end = BYTES.min(at + DIGEST);
            for (bytes, digest) in uniform.iter_mut().zip(&before) {
                bytes[at..end].copy_from_slice(&digest[..end - at]);
            }
        }
        uniform
    }

    /// Digests of `start`, which has taken in `taken` bytes, then the two parts of each message, then the tag.
    #[vectorised]
    fn hash(&mut self, start: State, taken: usize, messages: &[(&[u8], &[u8]); LANES]) -> [[u8; 64]; LANES] {
        for (block, (head, tail)) in self.blocks.iter_mut().zip(messages) {
            block.clear();
            block.extend_from_slice(head);
            block.extend_from_slice(tail);
            block.extend_from_slice(&self.dst_prime);
            let bits = 8 * (taken + block.len()) as u128;
            block.push(0x80);
            block.resize((block.len() + 16).next_multiple_of(BLOCK) - 16, 0);
            block.extend_from_slice(&bits.to_be_bytes());
        }
        let mut state = start;
        state.absorb(&self.blocks);
        state.digests()
    }
}
