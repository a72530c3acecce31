//! 32 blocks of counter mode with VAES on 256 bits.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::streams::Join;
use super::streams_simd::{RoundKeys, WORDS};

/// Vectors of two blocks that are made together: so many hide the latency of a round.
const VECTORS: usize = 8;
const PART: usize = 4 * VECTORS;

/// As `streams_simd::fill`, from a block on.
#[target_feature(enable = "avx2,vaes")]
pub(super) fn make(own: &RoundKeys, next: Option<&RoundKeys>, join: Join, ticket: u64, block: u64, words: &mut [u64; WORDS]) {
    for (part, words) in words.as_chunks_mut::<PART>().0.iter_mut().enumerate() {
        let (ticket, block) = (ticket as i64, (block + (part * PART / 2) as u64) as i64);
        let first = _mm256_add_epi64(_mm256_set_epi64x(block, ticket, block, ticket), _mm256_set_epi64x(1, 0, 0, 0));
        let step = |vector: usize| _mm256_add_epi64(first, _mm256_set_epi64x(2 * vector as i64, 0, 2 * vector as i64, 0));
        let counters: [__m256i; VECTORS] = std::array::from_fn(step);
        let mut streams = encrypt(own, counters);
        if let Some(next) = next {
            let others = encrypt(next, counters);
            for (own, next) in streams.iter_mut().zip(others) {
                *own = match join {
                    Join::Difference => _mm256_sub_epi64(*own, next),
                    Join::Xor => _mm256_xor_si256(*own, next),
                };
            }
        }
        for (words, vector) in words.as_chunks_mut::<4>().0.iter_mut().zip(streams) {
            // SAFETY: four words are as long as a vector, and the store needs no alignment
            unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
        }
    }
}

#[target_feature(enable = "avx2,vaes")]
fn encrypt(keys: &RoundKeys, mut blocks: [__m256i; VECTORS]) -> [__m256i; VECTORS] {
    // SAFETY: a round key is as long as the load, which needs no alignment
    let key = |round: usize| _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(keys.rounds[round].as_ptr().cast()) });
    let whitening = key(0);
    blocks = blocks.map(|block| _mm256_xor_si256(block, whitening));
    for round in 1..10 {
        let key = key(round);
        blocks = blocks.map(|block| _mm256_aesenc_epi128(block, key));
    }
    let last = key(10);
    blocks.map(|block| _mm256_aesenclast_epi128(block, last))
}
