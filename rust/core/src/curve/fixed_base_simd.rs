//! Many multiples of one point: each of eight points at once, plus its own multiple of a base that is known beforehand.
//!
//! A scalar is 43 odd digits to base 64, from -63 to 63, so a multiple is a sum of 43 points out of a table that holds, for
//! every digit's place, the base's 32 odd multiples there; no doublings. A place's entries are 60 registers of eight lanes, one
//! limb of eight entries each, and `vpermi2q` takes for every lane the one that its digit means out of two registers at a time.
//! All of a place's registers are read for every digit, so neither time nor addresses tell a digit. Groups of eight take turns
//! at each place, which keeps its 4 kB in the fastest cache.
//!
//! Source: Brickell, Gordon, McCurley, Wilson, "Fast exponentiation with precomputation" (Eurocrypt 1992), for the table; Joye and
//! Tunstall (Africacrypt 2009) for odd digits.
#![allow(unsafe_code)]

use core::arch::x86_64::*;
use core::hint::black_box;

use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroize;

use super::constants::TWICE_D;
use super::digits::odd_words;
use super::field_simd::{LaneMask, Lanes, Tight, lanes, numbers};
use super::point_simd::{Affine, Extended, Left};
use super::roots_simd::inverse;

/// Bits of a digit.
const WIDTH: usize = 6;
/// Digits of a number below 2^258.
const PLACES: usize = 43;
/// Odd multiples 1, 3, ..., 63.
const ENTRIES: usize = 1 << (WIDTH - 1);
/// Numbers of an entry: y + x, y - x, 2 d x y.
const PARTS: usize = 3;
/// Limbs of a number.
const LIMBS: usize = 5;
const LANES: usize = 8;

/// One limb of all entries of a place.
type Limb = [Lanes; ENTRIES / LANES];
/// All entries of a place.
type Place = [[Limb; LIMBS]; PARTS];

/// The odd multiples of one point at each place, 165 kB. The point is public.
pub struct Table(Vec<Place>);

/// The scalars of eight lanes, wiped when dropped: words of 64 bits of (k + 2^258 - 1) / 2 for odd k.
pub struct EightScalars([[u64; LANES]; LIMBS]);

impl EightScalars {
    /// Of up to eight; lanes without one get zero's.
    pub fn new(scalars: &[Scalar]) -> Self {
        let mut all = [[0; LANES]; LIMBS];
        for lane in 0..LANES {
            let mut words = odd_words(scalars.get(lane).unwrap_or(&Scalar::ZERO));
            for (at, lanes) in all.iter_mut().enumerate() {
                let word = |at: usize| words.get(at).copied().unwrap_or(0);
                lanes[lane] = word(at) >> 1 | word(at + 1) << 63;
            }
            all[LIMBS - 1][lane] = 1 << (WIDTH * PLACES - 1 - 64 * (LIMBS - 1));
            words.zeroize();
        }
        Self(all)
    }

    /// What the digits of a place choose: an entry a lane, and ones where the digit is negative.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn choice(&self, place: usize) -> (Lanes, LaneMask) {
        let (word, shift) = (WIDTH * place / 64, (WIDTH * place % 64) as i64);
        let low = _mm512_srlv_epi64(lanes(&self.0[word]), _mm512_set1_epi64(shift));
        let next = self.0.get(word + 1).map_or(_mm512_setzero_si512(), |next| lanes(next));
        let high = _mm512_sllv_epi64(next, _mm512_set1_epi64(64 - shift)); // zero when that is 64
        let window = _mm512_or_si512(low, high);
        let negative = _mm512_testn_epi64_mask(window, _mm512_set1_epi64(ENTRIES as i64));
        let every = _mm512_set1_epi64(ENTRIES as i64 - 1);
        let entry = _mm512_mask_xor_epi64(window, negative, window, every); // w - 32 above, 31 - w below
        (_mm512_and_si512(entry, every), black_box(negative))
    }
}

impl Drop for EightScalars {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Table {
    /// Of the point in the lowest lane.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub fn new(base: &Extended) -> Self {
        let mut multiples = Vec::with_capacity(PLACES * ENTRIES);
        let mut shifted = *base;
        for _ in 0..PLACES {
            let twice = shifted.doubled(1);
            let mut odd = shifted;
            for _ in 0..ENTRIES {
                multiples.push(odd);
                odd = odd.plus(&twice);
            }
            shifted = shifted.doubled(WIDTH);
        }
        let mut places = vec![[[[_mm512_setzero_si512(); ENTRIES / LANES]; LIMBS]; PARTS]; PLACES];
        for (at, point) in affine(&multiples).iter().enumerate() {
            let (place, entry) = (&mut places[at / ENTRIES], at % ENTRIES);
            for (part, number) in place.iter_mut().zip([point.sum, point.difference, point.twice_dt]) {
                for (limb, value) in part.iter_mut().zip(number.0) {
                    let mut eight = numbers(limb[entry / LANES]);
                    eight[entry % LANES] = numbers(value)[0];
                    limb[entry / LANES] = lanes(&eight);
                }
            }
        }
        Self(places)
    }

    /// To each of `points` the multiple of the base by its scalar is added.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub fn add_multiples(&self, points: &mut [Extended], scalars: &[EightScalars]) {
        let mut running: Vec<Left> = points.iter().map(|point| point.left()).collect();
        let (last, rest) = self.0.split_last().expect("there are places");
        for (at, place) in rest.iter().enumerate() {
            for (left, scalars) in running.iter_mut().zip(scalars) {
                let (entry, negative) = scalars.choice(at);
                *left = left.plus_affine(&select(place, entry, negative), negative).left();
            }
        }
        for ((point, left), scalars) in points.iter_mut().zip(&running).zip(scalars) {
            let (entry, negative) = scalars.choice(PLACES - 1);
            *point = left.plus_affine(&select(last, entry, negative), negative).extended();
        }
    }
}

/// The entries without their signs, except that the first two parts are exchanged where they are negative.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn select(place: &Place, entry: Lanes, negative: LaneMask) -> Affine {
    let upper = _mm512_test_epi64_mask(entry, _mm512_set1_epi64(ENTRIES as i64 / 2));
    let part = |at: usize| {
        let mut number = [_mm512_setzero_si512(); LIMBS];
        for (lanes, limb) in number.iter_mut().zip(&place[at]) {
            let low = _mm512_permutex2var_epi64(limb[0], entry, limb[1]);
            *lanes = _mm512_mask_mov_epi64(low, upper, _mm512_permutex2var_epi64(limb[2], entry, limb[3]));
        }
        Tight(number)
    };
    let (sum, difference) = (part(0), part(1));
    Affine { sum: sum.blend(negative, &difference), difference: difference.blend(negative, &sum), twice_dt: part(2) }
}

/// Divided by Z, with one inversion for all (Montgomery's trick); no Z is zero.
#[target_feature(enable = "avx512f,avx512ifma")]
fn affine(points: &[Extended]) -> Vec<Affine> {
    let mut inverses = inverses(&points.iter().map(|point| point.z).collect::<Vec<_>>());
    let each = points.iter().zip(&mut inverses).map(|(point, inverse)| {
        let (x, y) = (point.x.times(inverse).tight(), point.y.times(inverse));
        let t = x.times(&y.tight()).tight();
        let x = x.loose();
        Affine { sum: y.plus(&x).tight(), difference: y.minus(&x).tight(), twice_dt: t.times(&Tight::splat(&TWICE_D)).tight() }
    });
    each.collect()
}

/// The inverses of numbers none of which is zero, with one inversion for all.
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn inverses(numbers: &[Tight]) -> Vec<Tight> {
    let Some((first, rest)) = numbers.split_first() else { return Vec::new() };
    let mut products = vec![*first]; // of the first, the first two, ...
    for number in rest {
        products.push(products[products.len() - 1].times(number).tight());
    }
    let [mut inverted] = inverse(&[products[products.len() - 1]]);
    for at in (1..numbers.len()).rev() {
        let own = inverted.times(&products[at - 1]).tight();
        inverted = inverted.times(&numbers[at]).tight();
        products[at] = own;
    }
    products[0] = inverted;
    products
}
