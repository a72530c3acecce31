//! Many multiples of one point: a point a lane, plus its own multiple of a base that is known beforehand.
//!
//! A scalar is 43 odd digits to base 64, from -63 to 63, so a multiple is a sum of 43 points out of a table that holds, for
//! every digit's place, the base's 32 odd multiples there; no doublings. How a place's entries are kept, and how every lane gets the
//! one that its digit means, is the instruction set's (`lookup_simd`); all of a place is read for every digit, so neither time nor
//! addresses tell a digit. Groups take turns at each place, which keeps its 4 kB in the fastest cache.
//!
//! Source: Brickell, Gordon, McCurley, Wilson, "Fast exponentiation with precomputation" (Eurocrypt 1992), for the table; Joye and
//! Tunstall (Africacrypt 2009) for odd digits.

use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroize;

use super::constants::TWICE_D;
use super::digits::odd_words;
use super::field_simd::Tight;
use super::lookup_simd::{Place, choice};
use super::point_simd::{Affine, Extended, Left};
use super::roots_simd::inverse;
use super::vectorised;
use super::words_simd::LANES;

/// Bits of a digit.
pub const WIDTH: usize = 6;
/// Digits of a number below 2^258.
pub const PLACES: usize = 43;
/// Odd multiples 1, 3, ..., 63.
pub const ENTRIES: usize = 1 << (WIDTH - 1);
/// Words of 64 bits of a scalar.
pub const WORDS: usize = 5;

/// The odd multiples of one point at each place, 165 kB. The point is public.
pub struct Table(Vec<Place>);

/// A scalar a lane, wiped when dropped: words of 64 bits of (k + 2^258 - 1) / 2 for odd k.
pub struct LaneScalars([[u64; LANES]; WORDS]);

impl LaneScalars {
    /// Of up to as many as there are lanes; lanes without one get zero's.
    pub fn new(scalars: &[Scalar]) -> Self {
        let mut all = [[0; LANES]; WORDS];
        for lane in 0..LANES {
            let mut words = odd_words(scalars.get(lane).unwrap_or(&Scalar::ZERO));
            for (at, lanes) in all.iter_mut().enumerate() {
                let word = |at: usize| words.get(at).copied().unwrap_or(0);
                lanes[lane] = word(at) >> 1 | word(at + 1) << 63;
            }
            all[WORDS - 1][lane] = 1 << (WIDTH * PLACES - 1 - 64 * (WORDS - 1));
            words.zeroize();
        }
        Self(all)
    }
}

impl Drop for LaneScalars {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Table {
    /// Of the point in the lowest lane.
    #[vectorised]
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
        let multiples = affine(&multiples);
        Self(multiples.as_chunks::<ENTRIES>().0.iter().map(|entries| Place::new(entries)).collect())
    }

    /// To each of `points` the multiple of the base by its scalar is added.
    #[vectorised]
    pub fn add_multiples(&self, points: &mut [Extended], scalars: &[LaneScalars]) {
        let mut running: Vec<Left> = points.iter().map(|point| point.left()).collect();
        let (last, rest) = self.0.split_last().expect("there are places");
        for (at, place) in rest.iter().enumerate() {
            for (left, scalars) in running.iter_mut().zip(scalars) {
                let (entry, negative) = choice(&scalars.0, at);
                *left = left.plus_affine(&place.select(entry, negative), negative).left();
            }
        }
        for ((point, left), scalars) in points.iter_mut().zip(&running).zip(scalars) {
            let (entry, negative) = choice(&scalars.0, PLACES - 1);
            *point = left.plus_affine(&last.select(entry, negative), negative).extended();
        }
    }
}

/// Divided by Z, with one inversion for all (Montgomery's trick); no Z is zero.
#[vectorised]
pub fn affine(points: &[Extended]) -> Vec<Affine> {
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
#[vectorised]
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
