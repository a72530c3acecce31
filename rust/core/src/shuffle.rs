//! A uniform permutation from a seed, the same everywhere.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

const BUFFER_BYTES: usize = 4096;

/// The numbers 0 to `length` - 1 in the order that `seed` gives.
///
/// Fisher-Yates from the last place down: place `i` swaps with a uniform `j <= i`. The draws are the 32-bit little-endian words
/// of the ChaCha20 key stream (RFC 8439) under key `seed`, nonce zero and counter zero; a word at or above the largest multiple
/// of `i + 1` is thrown away, so no place is favoured. Memory is touched in an order that depends on the seed.
pub fn permutation(seed: &[u8; SEED_BYTES], length: u32) -> Vec<u32> {
    let mut words = Words::new(seed);
    let mut places: Vec<u32> = (0..length).collect();
    for i in (1..length).rev() {
        let j = words.below(i + 1);
        places.swap(i as usize, j as usize);
    }
    places
}

struct Words {
    stream: ChaCha20,
    buffer: [u8; BUFFER_BYTES],
    used: usize,
}

impl Words {
    fn new(seed: &[u8; SEED_BYTES]) -> Self {
        Self { stream: ChaCha20::new(seed.into(), &[0; 12].into()), buffer: [0; BUFFER_BYTES], used: BUFFER_BYTES }
    }

    fn next(&mut self) -> u32 {
        if self.used == BUFFER_BYTES {
            self.buffer.fill(0);
            self.stream.apply_keystream(&mut self.buffer);
            self.used = 0;
        }
        let (words, _) = self.buffer[self.used..].as_chunks::<4>();
        self.used += 4;
        u32::from_le_bytes(words[0])
    }

    /// Uniform below `bound`, which is at least 1.
    fn below(&mut self, bound: u32) -> u32 {
        let surplus = (u32::MAX % bound + 1) % bound;
        loop {
            let word = self.next();
            if word <= u32::MAX - surplus {
                return word % bound;
            }
        }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.buffer);
    }
}
