//! A vector kernel: lists of any length, cut into groups of an element a lane and batches of groups.
#![allow(unsafe_code)]

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use zeroize::{Zeroize, Zeroizing};

use super::BadPoint;
use super::digits::{DIGITS, Digit, digits, lane_digits};
use super::fixed_base_simd::affine;
use super::point_simd::Extended;
use super::ristretto_simd::{decode, encode_doubled, first_bad, from_uniform};
use super::sha512_simd::Expander;
use super::vectorised;
use super::words_simd::LANES;
use crate::group::{Encoding, SecretScalar};
use crate::hash::{Hash, expand_message_xmd, short_tag};

/// Elements whose encodings share an inversion.
const BATCH: usize = 32 * LANES;
/// Any good encoding, for lanes that nobody asked for: the generator's.
const FILLER: Encoding = [
    0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58, 0xe3, 0x0b, 0x6a,
    0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76,
];

/// Half of the secret as digits, wiped when dropped: encoding doubles what was multiplied.
struct HalfDigits([Digit; DIGITS]);

impl HalfDigits {
    fn of(secret: &SecretScalar) -> Self {
        Self(digits(secret.half()))
    }
}

/// What points are multiplied by, halved already.
#[derive(Clone, Copy)]
enum Halves<'a> {
    /// All by one.
    Same(&'a [Digit; DIGITS]),
    /// Each by the scalar of its place.
    Each(&'a [Scalar]),
}

impl Drop for HalfDigits {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// As [`super::multiply`]; the processor has the instructions, as the caller has checked.
pub fn multiply(encodings: &[Encoding], secret: &SecretScalar) -> Result<Vec<Encoding>, BadPoint> {
    let half = HalfDigits::of(secret);
    let mut products = Vec::with_capacity(encodings.len());
    for batch in encodings.chunks(BATCH) {
        // SAFETY: the processor has the instructions.
        let part = unsafe { multiply_batch(batch, Halves::Same(&half.0)) };
        products.extend(part.map_err(|BadPoint { index }| BadPoint { index: products.len() + index })?);
    }
    Ok(products)
}

/// As [`super::hash_multiply`]; the processor has the instructions, as the caller has checked.
pub fn hash_multiply<M: AsRef<[u8]>>(messages: &[M], secret: &SecretScalar, dst: &[u8]) -> Vec<Encoding> {
    let half = HalfDigits::of(secret);
    let mut products = Vec::with_capacity(messages.len());
    assert!(!dst.is_empty(), "the tag is not empty");
    for batch in messages.chunks(BATCH) {
        // SAFETY: the processor has the instructions.
        products.extend(unsafe { hash_multiply_batch(batch, Halves::Same(&half.0), dst) });
    }
    products
}

/// As [`super::multiply_each`], with halves of the scalars; the processor has the instructions, as the caller has checked.
pub fn multiply_each(encodings: &[Encoding], halves: &[Scalar]) -> Result<Vec<Encoding>, BadPoint> {
    let mut products = Vec::with_capacity(encodings.len());
    for (batch, halves) in encodings.chunks(BATCH).zip(halves.chunks(BATCH)) {
        // SAFETY: the processor has the instructions.
        let part = unsafe { multiply_batch(batch, Halves::Each(halves)) };
        products.extend(part.map_err(|BadPoint { index }| BadPoint { index: products.len() + index })?);
    }
    Ok(products)
}

/// As [`super::hash_multiply_each`], with halves of the scalars; the processor has the instructions, as the caller has checked.
pub fn hash_multiply_each<M: AsRef<[u8]>>(messages: &[M], halves: &[Scalar], dst: &[u8]) -> Vec<Encoding> {
    let mut products = Vec::with_capacity(messages.len());
    assert!(!dst.is_empty(), "the tag is not empty");
    for (batch, halves) in messages.chunks(BATCH).zip(halves.chunks(BATCH)) {
        // SAFETY: the processor has the instructions.
        products.extend(unsafe { hash_multiply_batch(batch, Halves::Each(halves), dst) });
    }
    products
}

/// As [`super::progression`], of halves; the processor has the instructions, as the caller has checked.
pub fn progression(first: RistrettoPoint, step: RistrettoPoint, count: usize) -> Vec<Encoding> {
    let rows = count.div_ceil(LANES);
    let jump = step * Scalar::from(rows as u64);
    let mut starts = std::iter::successors(Some(first), |start| Some(start + jump)).map(|start| start.compress().to_bytes());
    let starts = std::array::from_fn(|_| starts.next().expect("there is always one more"));
    // SAFETY: the processor has the instructions.
    let walked = unsafe { walk(&starts, &step.compress().to_bytes(), rows) };
    let mut encodings: Vec<_> = (0..LANES).flat_map(|lane| walked.iter().map(move |row| row[lane])).collect();
    encodings.truncate(count);
    encodings
}

/// Each lane from its own start; the doubles of where it comes by, `rows` of them.
#[vectorised]
fn walk(starts: &[Encoding; LANES], step: &Encoding, rows: usize) -> Vec<[Encoding; LANES]> {
    let (_, [mut at, step]) = decode(&[*starts, [*step; LANES]]); // our own, of which the identity is not called good
    let step = affine(&[step])[0];
    let mut encodings = Vec::with_capacity(rows);
    let mut points = Vec::with_capacity(BATCH / LANES);
    for row in 0..rows {
        points.push(at);
        at = at.left().plus_affine(&step, 0).extended();
        if points.len() == BATCH / LANES || row == rows - 1 {
            encodings.extend(encode_doubled(&points));
            points.clear();
        }
    }
    encodings
}

#[vectorised]
fn multiply_batch(encodings: &[Encoding], halves: Halves<'_>) -> Result<Vec<Encoding>, BadPoint> {
    let mut points = Vec::with_capacity(BATCH / LANES);
    for (at, pair) in encodings.chunks(2 * LANES).enumerate() {
        let mut bytes = [[FILLER; LANES]; 2];
        bytes.as_flattened_mut()[..pair.len()].copy_from_slice(pair);
        let (good, decoded) = decode(&bytes);
        if let Some(bad) = first_bad(&good) {
            return Err(BadPoint { index: at * 2 * LANES + bad });
        }
        points.extend(decoded);
    }
    points.truncate(encodings.len().div_ceil(LANES));
    Ok(finish(&mut points, halves, encodings.len()))
}

#[vectorised]
fn hash_multiply_batch<M: AsRef<[u8]>>(messages: &[M], halves: Halves<'_>, dst: &[u8]) -> Vec<Encoding> {
    let mut expander = Expander::new(&short_tag(Hash::Sha512, dst));
    let mut points = Vec::with_capacity(BATCH / LANES);
    for group in messages.chunks(LANES) {
        let group: [&[u8]; LANES] = std::array::from_fn(|lane| group.get(lane).unwrap_or(&group[0]).as_ref());
        let uniform = if group.iter().all(|message| message.len() == group[0].len()) {
            expander.expand(&group)
        } else {
            group.map(|message| expand_one(message, dst))
        };
        points.push(from_uniform(&uniform));
    }
    finish(&mut points, halves, messages.len())
}

fn expand_one(message: &[u8], dst: &[u8]) -> [u8; 64] {
    let mut uniform = [0; 64];
    uniform.copy_from_slice(&expand_message_xmd(Hash::Sha512, message, dst, 64).expect("the tag is not empty"));
    uniform
}

/// Multiplied and encoded: `count` elements.
#[vectorised]
fn finish(points: &mut [Extended], halves: Halves<'_>, count: usize) -> Vec<Encoding> {
    match halves {
        Halves::Same(half) => points.iter_mut().for_each(|point| *point = point.times(half)),
        Halves::Each(scalars) => {
            for (point, group) in points.iter_mut().zip(scalars.chunks(LANES)) {
                let half = Zeroizing::new(lane_digits::<LANES>(group));
                *point = point.times(&half);
            }
        }
    }
    let mut encodings = encode_doubled(points).into_flattened();
    encodings.truncate(count);
    encodings
}
