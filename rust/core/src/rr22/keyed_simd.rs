//! AES-128 of one block under many keys: key schedules and rounds of one, two or four keys in a vector, round by round.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::hashes::Block;

/// Replaces each block by the encryption of `plaintext` under it as far as vectors go; how many are left at the end, or `None` where
/// the instructions are missing.
pub(super) fn encrypt_under_each(keys: &mut [Block], plaintext: &Block) -> Option<usize> {
    if is_x86_feature_detected!("vaes") && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
        // SAFETY: the features were asked for
        Some(unsafe { encrypt_wide(keys, plaintext) })
    } else if is_x86_feature_detected!("vaes") && is_x86_feature_detected!("avx2") {
        // SAFETY: the features were asked for
        Some(unsafe { encrypt_pairs(keys, plaintext) })
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
    encrypt_pairs,
    "vaes,avx2",
    2,
    __m256i,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_broadcastsi128_si256,
    _mm256_set1_epi32,
    _mm256_shuffle_epi8,
    _mm256_bslli_epi128,
    _mm256_xor_si256,
    _mm256_aesenc_epi128,
    _mm256_aesenclast_epi128
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_encrypts_as_single_keys_do() {
        let plaintext = [5; 16];
        let keys: Vec<Block> =
            (0..23_u8).map(|i| std::array::from_fn(|j| i.wrapping_mul(91) ^ (j as u8).wrapping_mul(29))).collect();
        let check = |name: &str, is_there: bool, lanes: usize, kernel: &dyn Fn(&mut [Block]) -> usize| {
            if !is_there {
                return eprintln!("{name} is not here");
            }
            for length in 0..keys.len() {
                let mut found = keys[..length].to_vec();
                assert_eq!(kernel(&mut found), length % lanes, "{name} {length}");
                let mut expected = keys[..length / lanes * lanes].to_vec();
                super::super::hashes::encrypt_one_by_one(&mut expected, &plaintext);
                assert_eq!(found[..expected.len()], expected, "{name} {length}");
                assert_eq!(found[expected.len()..], keys[expected.len()..length], "{name} {length}");
            }
        };
        let has_aes = is_x86_feature_detected!("aes") && is_x86_feature_detected!("ssse3");
        let has_vaes = is_x86_feature_detected!("vaes");
        let has_wide = has_vaes && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        // SAFETY, for the three: only called where the features are
        check("one", has_aes, 1, &|keys| unsafe { encrypt_narrow(keys, &plaintext) });
        check("two", has_vaes && is_x86_feature_detected!("avx2"), 2, &|keys| unsafe { encrypt_pairs(keys, &plaintext) });
        check("four", has_wide, 4, &|keys| unsafe { encrypt_wide(keys, &plaintext) });
    }
}
