//! AES-128 of one block under many keys: key schedules and rounds of one or of four keys in a vector, round by round.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::hashes::Block;

/// Replaces each block by the encryption of `plaintext` under it as far as vectors go; how many are left at the end, or `None` where
/// the instructions are missing.
pub(super) fn encrypt_under_each(keys: &mut [Block], plaintext: &Block) -> Option<usize> {
    if is_x86_feature_detected!("vaes") && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
        // SAFETY: the features were asked for
        Some(unsafe { encrypt_wide(keys, plaintext) })
    } else if is_x86_feature_detected!("aes") && is_x86_feature_detected!("ssse3") {
        // SAFETY: the features were asked for
        Some(unsafe { encrypt_narrow(keys, plaintext) })
    } else {
        None
    }
}

macro_rules! kernel {
    ($name:ident, $features:literal, $lanes:literal, $vector:ty, $load:ident, $store:ident, $repeat:expr, $words:ident, $bytes:ident,
     $shift:ident, $xor:ident, $round:ident, $last:ident) => {
        #[target_feature(enable = $features)]
        fn $name(keys: &mut [Block], plaintext: &Block) -> usize {
            // SAFETY: a block is as long as the load
            let plaintext = $repeat(unsafe { _mm_loadu_si128(plaintext.as_ptr().cast()) });
            let turned = $repeat(_mm_set1_epi32(0x0c0f_0e0d));
            // the last word of the key, turned, through the S-box: with four equal columns the last round's row shift does nothing
            let next = |key: $vector, constant: i32| -> $vector {
                let word = $last($bytes(key, turned), $words(constant));
                let key = $xor(key, $shift::<4>(key));
                $xor($xor(key, $shift::<8>(key)), word)
            };
            let (chunks, rest) = keys.as_chunks_mut::<$lanes>();
            for chunk in chunks {
                // SAFETY: a chunk is as long as a vector, and the loads and stores need no alignment
                let mut key = unsafe { $load(chunk.as_ptr().cast()) };
                let mut state = $xor(plaintext, key);
                for constant in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b] {
                    key = next(key, constant);
                    state = $round(state, key);
                }
                state = $last(state, next(key, 0x36));
                // SAFETY: as above
                unsafe { $store(chunk.as_mut_ptr().cast(), state) };
            }
            rest.len()
        }
    };
}

kernel!(
    encrypt_narrow,
    "aes,ssse3",
    1,
    __m128i,
    _mm_loadu_si128,
    _mm_storeu_si128,
    std::convert::identity,
    _mm_set1_epi32,
    _mm_shuffle_epi8,
    _mm_bslli_si128,
    _mm_xor_si128,
    _mm_aesenc_si128,
    _mm_aesenclast_si128
);
kernel!(
    encrypt_wide,
    "vaes,avx512f,avx512bw",
    4,
    __m512i,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_broadcast_i32x4,
    _mm512_set1_epi32,
    _mm512_shuffle_epi8,
    _mm512_bslli_epi128,
    _mm512_xor_si512,
    _mm512_aesenc_epi128,
    _mm512_aesenclast_epi128
);
