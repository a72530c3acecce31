//! A table's entry for each lane, by permutations of words of 32 bits.
//!
//! A limb fits such a word, so a place's entries are 120 registers, one limb of eight entries each; `vpermd` takes for every lane
//! one out of each register, and the digit's upper bits choose among four of them. All of a place's registers are read for every
//! digit.

use core::arch::x86_64::*;
use core::hint::black_box;

use super::field_simd::{LIMBS, LaneMask, Tight, mask};
use super::fixed_base_simd::{ENTRIES, WIDTH, WORDS};
use super::point_simd::Affine;
use super::vectorised;
use super::words_simd::{LANES, Lanes, lanes, numbers};

/// Numbers of an entry: y + x, y - x, 2 d x y.
const PARTS: usize = 3;
/// Limbs in a register.
const PACKED: usize = 8;

/// One limb of all entries of a place.
type Limb = [Lanes; ENTRIES / PACKED];

/// All entries of a place.
pub struct Place([[Limb; LIMBS]; PARTS]);

impl Place {
    /// Of the points in the lowest lanes.
    #[vectorised]
    pub fn new(entries: &[Affine; ENTRIES]) -> Self {
        let mut place = [[[_mm256_setzero_si256(); ENTRIES / PACKED]; LIMBS]; PARTS];
        for (entry, point) in entries.iter().enumerate() {
            for (part, number) in place.iter_mut().zip([point.sum, point.difference, point.twice_dt]) {
                for (limb, value) in part.iter_mut().zip(number.0) {
                    let mut pairs = numbers(limb[entry / PACKED]);
                    pairs[entry % PACKED / 2] |= numbers(value)[0] << (32 * (entry % 2));
                    limb[entry / PACKED] = lanes(&pairs);
                }
            }
        }
        Self(place)
    }

    /// The entries without their signs, except that the first two parts are exchanged where they are negative.
    #[inline]
    #[vectorised]
    pub fn select(&self, entry: Lanes, negative: LaneMask) -> Affine {
        let bit = |number| _mm256_castsi256_pd(_mm256_sll_epi64(entry, _mm_cvtsi32_si128(63 - number))); // becomes the sign
        let (odd, upper) = (bit(3), bit(4));
        let low = _mm256_set1_epi64x(u32::MAX.into());
        let part = |at: usize| {
            let mut number = [_mm256_setzero_si256(); LIMBS];
            for (lanes, limb) in number.iter_mut().zip(&self.0[at]) {
                let taken = limb.map(|eight| _mm256_castsi256_pd(_mm256_permutevar8x32_epi32(eight, entry)));
                let halves = [_mm256_blendv_pd(taken[0], taken[1], odd), _mm256_blendv_pd(taken[2], taken[3], odd)];
                *lanes = _mm256_and_si256(_mm256_castpd_si256(_mm256_blendv_pd(halves[0], halves[1], upper)), low);
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
    let low = _mm256_srlv_epi64(lanes(&scalars[word]), _mm256_set1_epi64x(shift));
    let next = scalars.get(word + 1).map_or(_mm256_setzero_si256(), |next| lanes(next));
    let high = _mm256_sllv_epi64(next, _mm256_set1_epi64x(64 - shift)); // zero when that is 64
    let window = _mm256_or_si256(low, high);
    let sign = _mm256_and_si256(window, _mm256_set1_epi64x(ENTRIES as i64));
    let negative = _mm256_cmpeq_epi64(sign, _mm256_setzero_si256());
    let entry = _mm256_xor_si256(window, negative); // w - 32 above, 31 - w below
    (_mm256_and_si256(entry, _mm256_set1_epi64x(ENTRIES as i64 - 1)), black_box(mask(negative)))
}
