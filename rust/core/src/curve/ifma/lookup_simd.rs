//! A table's entry for each lane, by permutations of eight lanes.
//!
//! A place's entries are 60 registers of eight lanes, one limb of eight entries each, and `vpermi2q` takes for every lane the one
//! that its digit means out of two registers at a time. All of a place's registers are read for every digit.

use core::arch::x86_64::*;
use core::hint::black_box;

use super::field_simd::{LIMBS, LaneMask, Tight};
use super::fixed_base_simd::{ENTRIES, WIDTH, WORDS};
use super::point_simd::Affine;
use super::vectorised;
use super::words_simd::{LANES, Lanes, lanes, numbers};

/// Numbers of an entry: y + x, y - x, 2 d x y.
const PARTS: usize = 3;

/// One limb of all entries of a place.
type Limb = [Lanes; ENTRIES / LANES];

/// All entries of a place.
pub struct Place([[Limb; LIMBS]; PARTS]);

impl Place {
    /// Of the points in the lowest lanes.
    #[vectorised]
    pub fn new(entries: &[Affine; ENTRIES]) -> Self {
        let mut place = [[[_mm512_setzero_si512(); ENTRIES / LANES]; LIMBS]; PARTS];
        for (entry, point) in entries.iter().enumerate() {
            for (part, number) in place.iter_mut().zip([point.sum, point.difference, point.twice_dt]) {
                for (limb, value) in part.iter_mut().zip(number.0) {
                    let mut eight = numbers(limb[entry / LANES]);
                    eight[entry % LANES] = numbers(value)[0];
                    limb[entry / LANES] = lanes(&eight);
                }
            }
        }
        Self(place)
    }

    /// The entries without their signs, except that the first two parts are exchanged where they are negative.
    #[inline]
    #[vectorised]
    pub fn select(&self, entry: Lanes, negative: LaneMask) -> Affine {
        let upper = _mm512_test_epi64_mask(entry, _mm512_set1_epi64(ENTRIES as i64 / 2));
        let part = |at: usize| {
            let mut number = [_mm512_setzero_si512(); LIMBS];
            for (lanes, limb) in number.iter_mut().zip(&self.0[at]) {
                let low = _mm512_permutex2var_epi64(limb[0], entry, limb[1]);
                *lanes = _mm512_mask_mov_epi64(low, upper, _mm512_permutex2var_epi64(limb[2], entry, limb[3]));
            }
            Tight(number)
        };
        let (sum, difference) = (part(0), part(1));
        Affine { sum: sum.blend(negative, &difference), difference: difference.blend(negative, &sum), twice_dt: part(2) }
    }
}

/// What the digits of a place choose: an entry a lane, and ones where the digit is negative.
#[inline]
#[vectorised]
pub fn choice(scalars: &[[u64; LANES]; WORDS], place: usize) -> (Lanes, LaneMask) {
    let (word, shift) = (WIDTH * place / 64, (WIDTH * place % 64) as i64);
    let low = _mm512_srlv_epi64(lanes(&scalars[word]), _mm512_set1_epi64(shift));
    let next = scalars.get(word + 1).map_or(_mm512_setzero_si512(), |next| lanes(next));
    let high = _mm512_sllv_epi64(next, _mm512_set1_epi64(64 - shift)); // zero when that is 64
    let window = _mm512_or_si512(low, high);
    let negative = _mm512_testn_epi64_mask(window, _mm512_set1_epi64(ENTRIES as i64));
    let every = _mm512_set1_epi64(ENTRIES as i64 - 1);
    let entry = _mm512_mask_xor_epi64(window, negative, window, every); // w - 32 above, 31 - w below
    (_mm512_and_si512(entry, every), black_box(negative))
}
