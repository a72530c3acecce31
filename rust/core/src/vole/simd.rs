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

/// Does the places `start..start + PLACES_AT_ONCE` of all states, which are equally long, three bytes of coins each; `false`, having
/// done nothing, where the processor lacks the instructions or the states end too soon.
pub(super) fn convolute<const N: usize>(
    states: &mut [&mut [Gf128]; N],
    start: usize,
    coins: &[u8; 3 * PLACES_AT_ONCE],
) -> bool {
    let detected = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("bmi2");
    let reached = start..start + PLACES_AT_ONCE + REACH;
    if !detected || states.iter().any(|state| state.len() < reached.end) {
        return false;
    }
    // SAFETY: the processor has the instructions.
    unsafe { convolute_detected(states.each_mut().map(|state| &mut state[reached.clone()]), coins) };
    true
}

/// A state begins with the places to do and goes on for `REACH` more.
///
/// Lane l of vector v stands for place 4 v + l from here. Place r of the four (0 to 3) goes to r + 1 .. r + 24 by its coins, to
/// vectors 0 to 6, and to r + 25 always, which is then multiplied by x: lanes 1 to 3 of vector 6 and lane 0 of vector 7. Nothing
/// reached those four before, so their product is taken from memory and added to what the coins brought meanwhile. What a coin costs is
/// mostly making a mask of it, so a second state costs little.
#[target_feature(enable = "avx512f,bmi2")]
fn convolute_detected<const N: usize>(states: [&mut [Gf128]; N], coins: &[u8; 3 * PLACES_AT_ONCE]) {
    assert!(states.iter().all(|state| state.len() == PLACES_AT_ONCE + REACH));
    let places: [*mut Gf128; N] = states.map(|state| state.as_mut_ptr());
    let zero = _mm512_setzero_si512();
    // SAFETY, here and below: places up to PLACES_AT_ONCE + REACH - 1 are in the slices, and a vector is four of them.
    let load = |n: usize, place: usize| unsafe { _mm512_loadu_si512(places[n].add(place).cast()) };
    let store = |n: usize, place: usize, vector: __m512i| unsafe { _mm512_storeu_si512(places[n].add(place).cast(), vector) };
    let mut windows = [[zero; WINDOW + 1]; N];
    for (n, window) in windows.iter_mut().enumerate() {
        for (v, vector) in window.iter_mut().enumerate() {
            *vector = load(n, v * LANES);
        }
    }
    for (block, coins) in coins.as_chunks::<{ 3 * LANES }>().0.iter().enumerate() {
        let place = block * LANES;
        let mut untouched = [zero; N];
        for n in 0..N {
            windows[n][WINDOW] = load(n, place + WINDOW * LANES);
            untouched[n] = load(n, place + 25);
        }
        for r in 0..LANES {
            let mut here = [zero; N];
            for n in 0..N {
                let first = windows[n][0];
                here[n] = match r {
                    0 => _mm512_shuffle_i64x2::<0b00_00_00_00>(first, first),
                    1 => _mm512_shuffle_i64x2::<0b01_01_01_01>(first, first),
                    2 => _mm512_shuffle_i64x2::<0b10_10_10_10>(first, first),
                    _ => _mm512_shuffle_i64x2::<0b11_11_11_11>(first, first),
                };
            }
            let coins = u32::from_le_bytes([coins[3 * r], coins[3 * r + 1], coins[3 * r + 2], 0]);
            // two bits for the two words of a place
            let masks = (_pdep_u64(coins.into(), 0x5555_5555_5555) * 3) << (2 * (r + 1));
            for v in 0..WINDOW {
                let mask = (masks >> (8 * v)) as u8;
                for (window, here) in windows.iter_mut().zip(here) {
                    window[v] = _mm512_mask_xor_epi64(window[v], mask, window[v], here);
                }
            }
        }
        for n in 0..N {
            let window = &mut windows[n];
            let change = _mm512_xor_si512(times_x(_mm512_xor_si512(untouched[n], window[0])), untouched[n]);
            window[WINDOW - 1] = _mm512_xor_si512(window[WINDOW - 1], _mm512_alignr_epi64::<6>(change, zero));
            window[WINDOW] = _mm512_xor_si512(window[WINDOW], _mm512_alignr_epi64::<6>(zero, change));
            store(n, place, window[0]);
            window.copy_within(1.., 0);
        }
    }
    for (n, window) in windows.iter().enumerate() {
        for (v, vector) in window[..WINDOW].iter().enumerate() {
            store(n, PLACES_AT_ONCE + v * LANES, *vector);
        }
    }
}

/// Each word times x in GF(2^64).
#[target_feature(enable = "avx512f")]
fn times_x(words: __m512i) -> __m512i {
    let carried = _mm512_and_si512(_mm512_srai_epi64::<63>(words), _mm512_set1_epi64(0x1b));
    _mm512_xor_si512(_mm512_slli_epi64::<1>(words), carried)
}
