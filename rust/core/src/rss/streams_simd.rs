//! The streams with VAES: 32 blocks of counter mode at a time, both streams joined before they leave the registers. Here are round
//! keys and the kernel of 512 bits; `streams_avx2` has that of 256.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::streams::{Join, KEY_BYTES};
use super::streams_avx2;

/// Words made together.
pub(super) const WORDS: usize = 64;
/// Vectors of four blocks.
const VECTORS: usize = WORDS / 8;

/// The round keys of AES-128 (FIPS 197, section 5.2); wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct RoundKeys {
    pub(super) rounds: [[u8; KEY_BYTES]; 11],
    /// Whether vectors have 512 bits, not 256.
    is_wide: bool,
}

impl RoundKeys {
    /// The widest kernel's; `None` on a processor without the instructions.
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Option<Self> {
        Self::of_width(key, true).or_else(|| Self::of_width(key, false))
    }

    /// Those for vectors of 512 bits or of 256; `None` on a processor without them.
    pub(super) fn of_width(key: &[u8; KEY_BYTES], is_wide: bool) -> Option<Self> {
        use std::arch::is_x86_feature_detected as detected;
        let has_vectors = if is_wide { detected!("avx512f") } else { detected!("avx2") };
        let supported = has_vectors && detected!("vaes") && detected!("aes");
        // SAFETY: the features were asked for
        supported.then(|| unsafe { expand(key, is_wide) })
    }
}

/// Makes `WORDS` words from a block on.
type Make = unsafe fn(&RoundKeys, Option<&RoundKeys>, Join, u64, u64, &mut [u64; WORDS]);

/// Words `first`, `first + 1`, ... of the own stream of a ticket, joined with those of the next one.
pub(super) fn fill(own: &RoundKeys, next: Option<&RoundKeys>, join: Join, ticket: u64, first: u64, words: &mut [u64]) {
    let is_wide = own.is_wide && next.is_none_or(|next| next.is_wide);
    let make: Make = if is_wide { make } else { streams_avx2::make };
    let (mut at, mut rest) = (first, words);
    while !rest.is_empty() {
        let skipped = (at % 2) as usize;
        let count = rest.len().min(WORDS - skipped);
        let (here, others) = rest.split_at_mut(count);
        // SAFETY: round keys exist only where the features were found
        match <&mut [u64; WORDS]>::try_from(&mut *here) {
            Ok(here) => unsafe { make(own, next, join, ticket, at / 2, here) },
            Err(_) => {
                let mut whole = [0; WORDS];
                unsafe { make(own, next, join, ticket, at / 2, &mut whole) };
                here.copy_from_slice(&whole[skipped..skipped + count]);
            }
        }
        (at, rest) = (at + count as u64, others);
    }
}

#[target_feature(enable = "avx512f,vaes")]
fn make(own: &RoundKeys, next: Option<&RoundKeys>, join: Join, ticket: u64, block: u64, words: &mut [u64; WORDS]) {
    let (ticket, block) = (ticket as i64, block as i64);
    let first = _mm512_add_epi64(
        _mm512_set_epi64(block, ticket, block, ticket, block, ticket, block, ticket),
        _mm512_set_epi64(3, 0, 2, 0, 1, 0, 0, 0),
    );
    let step = |vector: usize| _mm512_mask_add_epi64(first, 0xaa, first, _mm512_set1_epi64(4 * vector as i64));
    let counters: [__m512i; VECTORS] = std::array::from_fn(step);
    let mut streams = encrypt(own, counters);
    if let Some(next) = next {
        let others = encrypt(next, counters);
        for (own, next) in streams.iter_mut().zip(others) {
            *own = match join {
                Join::Difference => _mm512_sub_epi64(*own, next),
                Join::Xor => _mm512_xor_si512(*own, next),
            };
        }
    }
    for (words, vector) in words.as_chunks_mut::<8>().0.iter_mut().zip(streams) {
        // SAFETY: eight words are as long as a vector, and the store needs no alignment
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
    }
}

#[target_feature(enable = "avx512f,vaes")]
fn encrypt(keys: &RoundKeys, mut blocks: [__m512i; VECTORS]) -> [__m512i; VECTORS] {
    // SAFETY: a round key is as long as the load, which needs no alignment
    let key = |round: usize| _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(keys.rounds[round].as_ptr().cast()) });
    let whitening = key(0);
    blocks = blocks.map(|block| _mm512_xor_si512(block, whitening));
    for round in 1..10 {
        let key = key(round);
        blocks = blocks.map(|block| _mm512_aesenc_epi128(block, key));
    }
    let last = key(10);
    blocks.map(|block| _mm512_aesenclast_epi128(block, last))
}

#[target_feature(enable = "aes")]
fn expand(key: &[u8; KEY_BYTES], is_wide: bool) -> RoundKeys {
    let mut keys = [*key; 11];
    macro_rules! next_key {
        ($round:literal, $constant:literal) => {
            // SAFETY: a round key is as long as the load and the store, which need no alignment
            let last = unsafe { _mm_loadu_si128(keys[$round - 1].as_ptr().cast()) };
            let word = _mm_shuffle_epi32::<0xff>(_mm_aeskeygenassist_si128::<$constant>(last));
            let two = _mm_xor_si128(last, _mm_slli_si128::<4>(last));
            let four = _mm_xor_si128(two, _mm_slli_si128::<8>(two));
            // SAFETY: as above
            unsafe { _mm_storeu_si128(keys[$round].as_mut_ptr().cast(), _mm_xor_si128(four, word)) };
        };
    }
    next_key!(1, 0x01);
    next_key!(2, 0x02);
    next_key!(3, 0x04);
    next_key!(4, 0x08);
    next_key!(5, 0x10);
    next_key!(6, 0x20);
    next_key!(7, 0x40);
    next_key!(8, 0x80);
    next_key!(9, 0x1b);
    next_key!(10, 0x36);
    let made = RoundKeys { rounds: keys, is_wide };
    keys.zeroize();
    made
}
