//! SHA-256 of two messages at a time, with the processor's SHA instructions.
//!
//! The instructions of one message wait for each other; those of a second fill the gaps. FIPS 180-4, section 6.2.2, in the order of
//! words that Intel's instructions want (Intel SDM, SHA256RNDS2, SHA256MSG1, SHA256MSG2).
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_loadu_si128, _mm_set_epi64x, _mm_setzero_si128,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_storeu_si128,
};

use super::{Block, Digest, ROUND_CONSTANTS};

/// Messages at a time.
pub(super) const LANES: usize = 2;

pub(super) fn is_supported() -> bool {
    std::arch::is_x86_feature_detected!("sha")
        && std::arch::is_x86_feature_detected!("ssse3")
        && std::arch::is_x86_feature_detected!("sse4.1")
}

/// The digests of two messages that begin at `state` and go on with equally many padded blocks.
///
/// # Panics
/// Where [`is_supported`] is false, or one has more blocks.
pub(super) fn digest_pair(state: &[u32; 8], first: &[Block], second: &[Block]) -> [Digest; LANES] {
    assert!(is_supported() && first.len() == second.len());
    // SAFETY: the processor has the instructions.
    unsafe { digest_lanes(state, first, second) }
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn digest_lanes(state: &[u32; 8], first: &[Block], second: &[Block]) -> [Digest; LANES] {
    let big_endian = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    // SAFETY: eight words, read in two halves.
    let (dcba, hgfe) = unsafe { (_mm_loadu_si128(state.as_ptr().cast()), _mm_loadu_si128(state.as_ptr().add(4).cast())) };
    let (cdab, efgh) = (_mm_shuffle_epi32(dcba, 0xB1), _mm_shuffle_epi32(hgfe, 0x1B));
    let mut abef = [_mm_alignr_epi8(cdab, efgh, 8); LANES];
    let mut cdgh = [_mm_blend_epi16(efgh, cdab, 0xF0); LANES];
    let mut words = [[_mm_setzero_si128(); 4]; LANES];
    for pair in first.iter().zip(second) {
        let before = (abef, cdgh);
        for (lane, block) in [pair.0, pair.1].into_iter().enumerate() {
            for (word, bytes) in words[lane].iter_mut().zip(block.as_chunks::<16>().0) {
                // SAFETY: sixteen bytes are read.
                *word = _mm_shuffle_epi8(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }, big_endian);
            }
        }
        for (round, constants) in ROUND_CONSTANTS.as_chunks::<4>().0.iter().enumerate() {
            // SAFETY: four words are read.
            let constants = unsafe { _mm_loadu_si128(constants.as_ptr().cast()) };
            for lane in 0..LANES {
                let [first, second, third, fourth] = words[lane];
                let keyed = _mm_add_epi32(first, constants);
                cdgh[lane] = _mm_sha256rnds2_epu32(cdgh[lane], abef[lane], keyed);
                abef[lane] = _mm_sha256rnds2_epu32(abef[lane], cdgh[lane], _mm_shuffle_epi32(keyed, 0x0E));
                let expanded = if round < 12 { expand(first, second, third, fourth) } else { first };
                words[lane] = [second, third, fourth, expanded];
            }
        }
        for lane in 0..LANES {
            abef[lane] = _mm_add_epi32(abef[lane], before.0[lane]);
            cdgh[lane] = _mm_add_epi32(cdgh[lane], before.1[lane]);
        }
    }
    let mut digests = [[0; 32]; LANES];
    for (lane, digest) in digests.iter_mut().enumerate() {
        let abef = _mm_shuffle_epi32(abef[lane], 0x1B); // feba
        let cdgh = _mm_shuffle_epi32(cdgh[lane], 0xB1); // dchg
        let words = [_mm_blend_epi16(abef, cdgh, 0xF0), _mm_alignr_epi8(cdgh, abef, 8)];
        for (half, words) in digest.as_chunks_mut::<16>().0.iter_mut().zip(words) {
            // SAFETY: sixteen bytes are written.
            unsafe { _mm_storeu_si128(half.as_mut_ptr().cast(), _mm_shuffle_epi8(words, big_endian)) };
        }
    }
    digests
}

/// The next four words of the message schedule.
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn expand(first: __m128i, second: __m128i, third: __m128i, fourth: __m128i) -> __m128i {
    let partial = _mm_add_epi32(_mm_sha256msg1_epu32(first, second), _mm_alignr_epi8(fourth, third, 4));
    _mm_sha256msg2_epu32(partial, fourth)
}
