//! The vector kernel of `super::oblivious`: lists of any length, cut into groups of an element a lane and batches of groups.
//!
//! The key's holder multiplies by the ladder of X25519, which needs u alone, and gets the product's v from the ladder's
//! last two points: Okeya and Sakurai, "Efficient elliptic curve cryptosystems from a scalar multiplication algorithm with recovery
//! of the y-coordinate on a Montgomery-form elliptic curve" (CHES 2001).
#![allow(unsafe_code)]

use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED;
use curve25519_dalek::scalar::Scalar;

use super::constants::{D, ONE, SQRT_MINUS_A_PLUS_2};
use super::elligator_simd::edwards_from_uniform;
use super::field_simd::{LaneMask, Loose, Tight};
use super::fixed_base_simd::{LaneScalars, Table, inverses};
use super::montgomery_simd::{Ratio, neighbours};
use super::point_simd::Extended;
use super::roots_simd::sqrt_ratio;
use super::vectorised;
use super::words_simd::LANES;
use super::x25519_simd::expand;
use crate::group::Encoding;

/// Elements that share inversions, and a place of a table.
const BATCH: usize = 64 * LANES;
/// 2 * 486662.
const TWICE_A: u64 = 973_324;

/// The generator's multiples, made once.
fn generator() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        // SAFETY: the caller has checked for the instructions.
        unsafe { table(&ED25519_BASEPOINT_COMPRESSED.to_bytes(), 0) }
    })
}

/// The table of the negative of a point.
pub fn negative(point: &Encoding) -> Table {
    // SAFETY: the processor has the instructions, as the caller has checked.
    unsafe { table(point, 0xff) }
}

#[vectorised]
fn table(point: &Encoding, negate: LaneMask) -> Table {
    let (_, [mut point, _]) = decode(&[[*point; LANES]; 2]);
    (point.x, point.t) = (point.x.negated_where(negate), point.t.negated_where(negate));
    Table::new(&point)
}

/// Hashes under a tag of 1 to 255 bytes, each plus the generator times its blinder.
pub fn blind<M: AsRef<[u8]>>(messages: &[M], blinders: &[Scalar], tag: &[u8]) -> Vec<Encoding> {
    let batches = messages.chunks(BATCH).zip(blinders.chunks(BATCH));
    // SAFETY: the processor has the instructions, as the caller has checked.
    batches.flat_map(|(messages, blinders)| unsafe { blind_batch(messages, blinders, tag) }).collect()
}

#[vectorised]
fn blind_batch<M: AsRef<[u8]>>(messages: &[M], blinders: &[Scalar], tag: &[u8]) -> Vec<Encoding> {
    let mut points: Vec<Extended> = expand(messages, tag).iter().map(|uniform| edwards_from_uniform(uniform)).collect();
    generator().add_multiples(&mut points, &laned(blinders));
    let z: Vec<Tight> = points.iter().map(|point| point.z).collect();
    let coordinates = points.iter().zip(inverses(&z)).map(|(point, inverse)| {
        let (x, y) = (point.x.times(&inverse).tight(), point.y.times(&inverse).tight());
        encode(&x, &y)
    });
    first(coordinates, messages.len())
}

/// For each answer, the u of what is left once the multiple of the table's point is added, zero for the neutral element; and
/// whether the answer is on the curve.
pub fn unblind(answers: &[Encoding], blinders: &[Scalar], table: &Table) -> (Vec<Encoding>, Vec<bool>) {
    // SAFETY: the processor has the instructions, as the caller has checked.
    let work = |(answers, blinders)| unsafe { unblind_batch(answers, blinders, table) };
    joined(answers.chunks(BATCH).zip(blinders.chunks(BATCH)).map(work))
}

#[vectorised]
fn unblind_batch(answers: &[Encoding], blinders: &[Scalar], table: &Table) -> (Vec<Encoding>, Vec<bool>) {
    let (good, mut points) = decode_all(answers);
    table.add_multiples(&mut points, &laned(blinders));
    let (zero, one) = (Tight::splat(&[0; 5]), Tight::splat(&ONE));
    let mut fractions = Vec::with_capacity(points.len());
    for point in &points {
        let (y, z) = (point.y.loose(), point.z.loose());
        let below = z.minus(&y).tight();
        let neutral = below.is_zero();
        fractions.push((z.plus(&y).tight().blend(neutral, &zero), below.blend(neutral, &one)));
    }
    let divisors: Vec<Tight> = fractions.iter().map(|(_, below)| *below).collect();
    let values =
        fractions.iter().zip(inverses(&divisors)).map(|((above, _), inverse)| above.times(&inverse).tight().to_bytes());
    (first(values, answers.len()), good)
}

/// The points times the clamped secret; and whether they are on the curve.
pub fn answer(points: &[Encoding], clamped: &[u8; 32]) -> (Vec<Encoding>, Vec<bool>) {
    // SAFETY: the processor has the instructions, as the caller has checked.
    joined(points.chunks(BATCH).map(|batch| unsafe { answer_batch(batch, clamped) }))
}

#[vectorised]
fn answer_batch(encodings: &[Encoding], clamped: &[u8; 32]) -> (Vec<Encoding>, Vec<bool>) {
    let (good, points) = decode_all(encodings);
    let one = Tight::splat(&ONE);
    let divisors: Vec<Tight> =
        points.iter().map(|point| one.loose().minus(&point.y.loose()).tight().times(&point.x).tight()).collect();
    let divisors: Vec<Tight> = divisors.iter().map(|number| number.blend(number.is_zero(), &one)).collect();
    let mut products = Vec::with_capacity(points.len());
    for (point, inverse) in points.iter().zip(inverses(&divisors)) {
        let scaled = one.loose().plus(&point.y.loose()).tight().times(&inverse).tight(); // (1 + y) / ((1 - y) x)
        let u = scaled.times(&point.x).tight();
        products.push(Product::new(&u, &scaled, &neighbours(&u, clamped)));
    }
    let divisors: Vec<Tight> = products.iter().map(|product| product.divisor.blend(product.divisor.is_zero(), &one)).collect();
    let coordinates = products.iter().zip(inverses(&divisors)).map(|(product, inverse)| {
        let (x, y) = (product.x.times(&inverse).tight(), product.y.times(&inverse).tight());
        encode(&x, &y)
    });
    (first(coordinates, encodings.len()), good)
}

/// A multiple of a point of the Edwards curve, x and y over one divisor.
struct Product {
    x: Tight,
    y: Tight,
    divisor: Tight,
}

impl Product {
    /// From the point's u and u over x there, which is v up to a constant; the ladder's two points, the multiple and its sum
    /// with the point.
    ///
    /// 2 v Z1^2 Z2 times the multiple's v is Z2 ((u X1 + Z1) (X1 + u Z1 + 2 A Z1) - 2 A Z1^2) - (X1 - u Z1)^2 X2.
    #[vectorised]
    fn new(u: &Tight, u_over_x: &Tight, (multiple, next): &(Ratio, Ratio)) -> Self {
        let (x1, z1, x2, z2) = (multiple.x.tight(), multiple.z.tight(), next.x.tight(), next.z.tight());
        let (x1_loose, z1_loose) = (x1.loose(), z1.loose());
        let (ux1, uz1) = (u.times(&x1), u.times(&z1));
        let left = ux1.plus(&z1_loose).tight();
        let right = x1_loose.plus(&uz1).plus_small_times(TWICE_A, &z1).tight();
        let square = z1.squared().tight();
        let twice_a_square = Loose::zero().plus_small_times(TWICE_A, &square);
        let inner = left.times(&right).minus(&twice_a_square).tight();
        let difference = x1_loose.minus(&uz1).tight().squared().tight();
        let v = z2.times(&inner).minus(&difference.times(&x2)).tight();
        let (sum, c) = (x1_loose.plus(&z1_loose).tight(), Tight::splat(&SQRT_MINUS_A_PLUS_2));
        let c_squared = c.times(&c).tight();
        let factor = u_over_x.times(&c_squared);
        let twice = factor.plus(&factor).tight(); // c times 2 v
        let zzx = z1.times(&z2).tight().times(&x1).tight();
        Self {
            x: twice.times(&zzx).tight().times(&sum).tight(),
            y: x1_loose.minus(&z1_loose).tight().times(&v).tight(),
            divisor: sum.times(&v).tight(),
        }
    }
}

/// The points of encodings (RFC 8032 section 5.1.3), and the lanes in which there is one; others hold nonsense. That y is below p
/// is the caller's to see, and that x is not zero with a sign.
#[vectorised]
fn decode<const N: usize>(bytes: &[[Encoding; LANES]; N]) -> ([LaneMask; N], [Extended; N]) {
    let (one, d) = (Tight::splat(&ONE), Tight::splat(&D));
    let mut y = [one; N];
    let (mut numerators, mut denominators) = (y, y);
    for k in 0..N {
        y[k] = Tight::from_bytes(&bytes[k]);
        let square = y[k].squared();
        numerators[k] = square.minus(&one.loose()).tight();
        denominators[k] = square.tight().times(&d).plus(&one.loose()).tight();
    }
    let (good, roots) = sqrt_ratio(&numerators, &denominators);
    let mut points = [Extended::neutral(); N];
    for k in 0..N {
        let mut signs = 0;
        for (lane, encoding) in bytes[k].iter().enumerate() {
            signs |= (encoding[31] >> 7) << lane;
        }
        let x = roots[k].negated_where(signs);
        points[k] = Extended { x, y: y[k], z: one, t: x.times(&y[k]).tight() };
    }
    (good, points)
}

/// Of a list, two groups at a time.
#[vectorised]
fn decode_all(encodings: &[Encoding]) -> (Vec<bool>, Vec<Extended>) {
    let (mut good, mut points) = (Vec::with_capacity(encodings.len()), Vec::with_capacity(encodings.len().div_ceil(LANES)));
    for group in encodings.chunks(2 * LANES) {
        let mut pair = [[ED25519_BASEPOINT_COMPRESSED.to_bytes(); LANES]; 2];
        pair.as_flattened_mut()[..group.len()].copy_from_slice(group);
        let (masks, decoded) = decode(&pair);
        good.extend((0..group.len()).map(|at| masks[at / LANES] >> (at % LANES) & 1 == 1));
        points.extend(&decoded[..group.len().div_ceil(LANES)]);
    }
    (good, points)
}

/// Encodings of affine points (RFC 8032 section 5.1.2).
#[vectorised]
fn encode(x: &Tight, y: &Tight) -> [Encoding; LANES] {
    let signs = x.is_odd();
    let mut bytes = y.to_bytes();
    for (lane, encoding) in bytes.iter_mut().enumerate() {
        encoding[31] |= (signs >> lane & 1) << 7;
    }
    bytes
}

fn laned(scalars: &[Scalar]) -> Vec<LaneScalars> {
    scalars.chunks(LANES).map(LaneScalars::new).collect()
}

fn first(groups: impl Iterator<Item = [Encoding; LANES]>, count: usize) -> Vec<Encoding> {
    let mut all = Vec::with_capacity(count + LANES);
    groups.for_each(|group| all.extend(group));
    all.truncate(count);
    all
}

fn joined(parts: impl Iterator<Item = (Vec<Encoding>, Vec<bool>)>) -> (Vec<Encoding>, Vec<bool>) {
    let (mut encodings, mut good) = (Vec::new(), Vec::new());
    for (part, flags) in parts {
        encodings.extend(part);
        good.extend(flags);
    }
    (encodings, good)
}
