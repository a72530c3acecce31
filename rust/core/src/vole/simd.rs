//! The convolution with AVX-512: four places at once, those they reach held in registers.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::code::PLACES_AT_ONCE;
use crate::gf128::Gf128;

/// Places in a vector.
const LANES: usize = 4;
/// Vectors that four places reach by their coins.
const WINDOW: usize = 7;
/// Places behind the last one done that are read or written.
pub(super) const REACH: usize = (WINDOW + 1) * LANES;

/// Does the places `start..start + PLACES_AT_ONCE`, three bytes of coins each; `false`, having done nothing, where the processor
/// lacks the instructions or the vector ends too soon.
pub(super) fn convolute(state: &mut [Gf128], start: usize, coins: &[u8; 3 * PLACES_AT_ONCE]) -> bool {
    let detected = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("bmi2");
    match state.get_mut(start..start + PLACES_AT_ONCE + REACH) {
        // SAFETY: the processor has the instructions.
        Some(state) if detected => unsafe { convolute_detected(state, coins) },
        _ => return false,
    }
    true
}

/// `state` begins with the places to do and goes on for `REACH` more.
///
/// Lane l of vector v stands for place 4 v + l from here. Place r of the four (0 to 3) goes to r + 1 .. r + 24 by its coins, to
/// vectors 0 to 6, and to r + 25 always, which is then multiplied by x: lanes 1 to 3 of vector 6 and lane 0 of vector 7. Nothing
/// reached those four before, so their product is taken from memory and added to what the coins brought meanwhile.
#[target_feature(enable = "avx512f,bmi2")]
fn convolute_detected(state: &mut [Gf128], coins: &[u8; 3 * PLACES_AT_ONCE]) {
    assert_eq!(state.len(), PLACES_AT_ONCE + REACH);
    let places: *mut Gf128 = state.as_mut_ptr();
    let zero = _mm512_setzero_si512();
    // SAFETY, here and below: places up to PLACES_AT_ONCE + REACH - 1 are in the slice, and a vector is four of them.
    let load = |place: usize| unsafe { _mm512_loadu_si512(places.add(place).cast()) };
    let store = |place: usize, vector: __m512i| unsafe { _mm512_storeu_si512(places.add(place).cast(), vector) };
    let mut window: [__m512i; WINDOW + 1] = std::array::from_fn(|v| load(v * LANES));
    for (block, coins) in coins.as_chunks::<{ 3 * LANES }>().0.iter().enumerate() {
        let place = block * LANES;
        window[WINDOW] = load(place + WINDOW * LANES);
        let untouched = load(place + 25);
        for r in 0..LANES {
            let here = match r {
                0 => _mm512_shuffle_i64x2::<0b00_00_00_00>(window[0], window[0]),
                1 => _mm512_shuffle_i64x2::<0b01_01_01_01>(window[0], window[0]),
                2 => _mm512_shuffle_i64x2::<0b10_10_10_10>(window[0], window[0]),
                _ => _mm512_shuffle_i64x2::<0b11_11_11_11>(window[0], window[0]),
            };
            let coins = u32::from_le_bytes([coins[3 * r], coins[3 * r + 1], coins[3 * r + 2], 0]);
            // two bits for the two words of a place
            let masks = (_pdep_u64(coins.into(), 0x5555_5555_5555) * 3) << (2 * (r + 1));
            for (v, vector) in window[..WINDOW].iter_mut().enumerate() {
                *vector = _mm512_mask_xor_epi64(*vector, (masks >> (8 * v)) as u8, *vector, here);
            }
        }
        let change = _mm512_xor_si512(times_x(_mm512_xor_si512(untouched, window[0])), untouched);
        window[WINDOW - 1] = _mm512_xor_si512(window[WINDOW - 1], _mm512_alignr_epi64::<6>(change, zero));
        window[WINDOW] = _mm512_xor_si512(window[WINDOW], _mm512_alignr_epi64::<6>(zero, change));
        store(place, window[0]);
        window.copy_within(1.., 0);
    }
    for (v, vector) in window[..WINDOW].iter().enumerate() {
        store(PLACES_AT_ONCE + v * LANES, *vector);
    }
}

/// Each word times x in GF(2^64).
#[target_feature(enable = "avx512f")]
fn times_x(words: __m512i) -> __m512i {
    let carried = _mm512_and_si512(_mm512_srai_epi64::<63>(words), _mm512_set1_epi64(0x1b));
    _mm512_xor_si512(_mm512_slli_epi64::<1>(words), carried)
}
