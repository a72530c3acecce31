//! SHA-256 of sixteen messages at a time, a word of each in a vector of AVX-512.
//!
//! FIPS 180-4, section 6.2.2, as it stands there: nothing waits for anything but its own lane, and a rotation is one instruction,
//! so that sixteen messages are through sooner than by the SHA instructions, two at a time.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_loadu_si512, _mm512_ror_epi32, _mm512_set1_epi32, _mm512_set4_epi32,
    _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_storeu_si512,
    _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::{Block, Digest, ROUND_CONSTANTS};

/// Messages at a time.
pub(super) const LANES: usize = 16;
/// Words of a block.
const WORDS: usize = 16;

/// One word of every message.
type Word = __m512i;

pub(super) fn is_supported() -> bool {
    std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512bw")
}

/// The digests of sixteen messages that begin at `state` and go on with equally many padded blocks.
///
/// # Panics
/// Where [`is_supported`] is false, or one has more blocks.
pub(super) fn digest_sixteen(state: &[u32; 8], messages: &[&[Block]; LANES], digests: &mut [Digest; LANES]) {
    assert!(is_supported() && messages.iter().all(|message| message.len() == messages[0].len()));
    // SAFETY: the processor has the instructions.
    unsafe { digest_lanes(state, messages, digests) }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn digest_lanes(state: &[u32; 8], messages: &[&[Block]; LANES], digests: &mut [Digest; LANES]) {
    let mut now = state.map(|word| _mm512_set1_epi32(word.cast_signed()));
    for number in 0..messages[0].len() {
        let before = now;
        compress(&mut now, &mut words_of(messages, number));
        for (word, before) in now.iter_mut().zip(before) {
            *word = _mm512_add_epi32(*word, before);
        }
    }
    for (half, words) in now.as_chunks::<4>().0.iter().enumerate() {
        for (first, four) in in_rows(words).into_iter().enumerate() {
            let mut bytes = [[0; 16]; LANES / 4];
            // SAFETY: 64 bytes are written.
            unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), big_endian(four)) };
            for (place, bytes) in bytes.into_iter().enumerate() {
                digests[4 * place + first].as_chunks_mut().0[half] = bytes;
            }
        }
    }
}

/// The rounds of one block, whose words are used up. Sixteen rounds are written out, so that all words stay in registers.
#[target_feature(enable = "avx512f,avx512bw")]
fn compress(state: &mut [Word; 8], words: &mut [Word; WORDS]) {
    let mut now = *state;
    for (turn, constants) in ROUND_CONSTANTS.as_chunks::<WORDS>().0.iter().enumerate() {
        macro_rules! rounds {
            ($($at:literal)*) => {
                $(
                    if turn > 0 {
                        words[$at] = expanded(words, $at);
                    }
                    now = round(now, _mm512_add_epi32(words[$at], _mm512_set1_epi32(constants[$at].cast_signed())));
                )*
            };
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    }
    *state = now;
}

/// The word that takes the place of the one 16 rounds before.
#[inline]
#[target_feature(enable = "avx512f")]
fn expanded(words: &[Word; WORDS], at: usize) -> Word {
    let (late, early) = (words[(at + 14) % WORDS], words[(at + 1) % WORDS]);
    let late = xor(_mm512_ror_epi32(late, 17), _mm512_ror_epi32(late, 19), _mm512_srli_epi32(late, 10));
    let early = xor(_mm512_ror_epi32(early, 7), _mm512_ror_epi32(early, 18), _mm512_srli_epi32(early, 3));
    _mm512_add_epi32(_mm512_add_epi32(words[at], words[(at + 9) % WORDS]), _mm512_add_epi32(late, early))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn round([a, b, c, d, e, f, g, h]: [Word; 8], keyed: Word) -> [Word; 8] {
    let chosen = _mm512_ternarylogic_epi32(e, f, g, 0xCA);
    let turned = xor(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
    let first = _mm512_add_epi32(_mm512_add_epi32(h, keyed), _mm512_add_epi32(chosen, turned));
    let most = _mm512_ternarylogic_epi32(a, b, c, 0xE8);
    let turned = xor(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
    [_mm512_add_epi32(first, _mm512_add_epi32(most, turned)), a, b, c, _mm512_add_epi32(d, first), e, f, g]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(one: Word, two: Word, three: Word) -> Word {
    _mm512_ternarylogic_epi32(one, two, three, 0x96)
}

/// Block `number` of every message: from a message a vector to a word a vector.
#[target_feature(enable = "avx512f,avx512bw")]
fn words_of(messages: &[&[Block]; LANES], number: usize) -> [Word; WORDS] {
    let mut fours = [[_mm512_setzero_si512(); 4]; 4]; // of four messages each
    for (fours, messages) in fours.iter_mut().zip(messages.as_chunks::<4>().0) {
        // SAFETY: 64 bytes are read of each.
        let blocks = messages.map(|message| big_endian(unsafe { _mm512_loadu_si512(message[number].as_ptr().cast()) }));
        *fours = in_rows(&blocks);
    }
    let mut words = [_mm512_setzero_si512(); WORDS];
    for at in 0..4 {
        let [one, two, three, four] = fours.map(|fours| fours[at]);
        let even = (_mm512_shuffle_i32x4(one, two, 0x88), _mm512_shuffle_i32x4(three, four, 0x88));
        let odd = (_mm512_shuffle_i32x4(one, two, 0xDD), _mm512_shuffle_i32x4(three, four, 0xDD));
        words[at] = _mm512_shuffle_i32x4(even.0, even.1, 0x88);
        words[at + 4] = _mm512_shuffle_i32x4(odd.0, odd.1, 0x88);
        words[at + 8] = _mm512_shuffle_i32x4(even.0, even.1, 0xDD);
        words[at + 12] = _mm512_shuffle_i32x4(odd.0, odd.1, 0xDD);
    }
    words
}

/// Four vectors as four rows of four by four words: rows and columns change places in each quarter.
#[target_feature(enable = "avx512f")]
fn in_rows(vectors: &[Word; 4]) -> [Word; 4] {
    let [one, two, three, four] = *vectors;
    let (low, high) = (_mm512_unpacklo_epi32(one, two), _mm512_unpackhi_epi32(one, two));
    let (other_low, other_high) = (_mm512_unpacklo_epi32(three, four), _mm512_unpackhi_epi32(three, four));
    [
        _mm512_unpacklo_epi64(low, other_low),
        _mm512_unpackhi_epi64(low, other_low),
        _mm512_unpacklo_epi64(high, other_high),
        _mm512_unpackhi_epi64(high, other_high),
    ]
}

/// Every word with its bytes turned round.
#[target_feature(enable = "avx512f,avx512bw")]
fn big_endian(words: Word) -> Word {
    _mm512_shuffle_epi8(words, _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203))
}
