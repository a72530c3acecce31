//! Numbers encrypted so that others can add them up: exponential ElGamal over ristretto255.
//!
//! Under a key pair `(k, K = k G)` a number `m`, which may be negative, is `r G, r K + m G`. Adding ciphertexts place by place adds the
//! numbers. Who added has `R, B` opened without showing it (blind decoding: Sakurai, Yamane, Information Hiding 1996): it sends
//! `X = R + t G`, which is uniform for a random `t`; the holder of the key gives the decryption share `k X`; `B - k X + t K` is
//! the sum times the generator, and nothing else. The sum is small, and is found by baby steps and giant steps (Shanks 1971). The
//! key holder encrypts, so it multiplies by the generator only.

use std::collections::HashMap;
use std::convert::Infallible;

use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use zeroize::Zeroizing;

use crate::curve::{self, BadPoint, Kernel};
use crate::group::{Encoding, POINT_BYTES, parse_point};
use crate::parallel;
use crate::scalars::SecretScalars;

/// Elements of a ciphertext.
pub const PARTS: usize = 2;
/// Bytes of a ciphertext.
pub const CIPHERTEXT_BYTES: usize = PARTS * POINT_BYTES;
/// Largest sum, either way, that is looked for: 2^27 steps.
pub const MAX_BOUND: u64 = 1 << 47;
/// Most baby steps: a table of 70 MiB.
const MAX_BABY_STEPS: u64 = 1 << 21;
/// Steps in a row, and how many such spans a thread takes at a time.
const SPAN: u64 = 1 << 13;
const SPANS: usize = 16;

/// The public key.
///
/// # Panics
/// When `key` is not one scalar; so with every other key or randomness below.
pub fn public_key(key: &SecretScalars) -> Encoding {
    RistrettoPoint::mul_base(one(key)).compress().to_bytes()
}

/// Each number encrypted, packed in order.
///
/// # Panics
/// When there is not one `randomness` a number, or the processor lacks the kernel.
pub fn encrypt(kernel: Kernel, numbers: &[i64], key: &SecretScalars, randomness: &SecretScalars, threads: usize) -> Vec<u8> {
    assert_eq!(numbers.len(), randomness.len(), "fresh randomness for each number");
    let key = one(key);
    let encodings: Result<_, Infallible> = parallel::map_chunks(numbers, threads, |start, chunk| {
        let mut exponents = Zeroizing::new(Vec::with_capacity(chunk.len() * PARTS));
        for (number, r) in chunk.iter().zip(&randomness.as_slice()[start..]) {
            exponents.extend([*r, r * key + scalar(*number)]);
        }
        Ok(curve::multiply_base_each(kernel, &exponents))
    });
    let Ok(encodings) = encodings;
    encodings.into_flattened()
}

/// `total` plus the ciphertexts at `places`; all ciphertexts are checked, so that what is refused does not depend on the places.
///
/// # Errors
/// [`BadPoint`] with the lowest index, counted in elements, of what is no element other than the identity.
///
/// # Panics
/// When `total` is not what this function or [`zero`] gave, ciphertexts are not whole, or a place is past the last.
pub fn add_up(total: &[u8], ciphertexts: &[u8], places: &[u32], threads: usize) -> Result<Vec<u8>, BadPoint> {
    let (elements, rest) = ciphertexts.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty() && elements.len().is_multiple_of(PARTS), "whole ciphertexts");
    let points = parallel::map_chunks(elements, threads, |start, chunk| {
        let parse = |(i, bytes): (usize, &Encoding)| parse_point(bytes).ok_or(BadPoint { index: start + i });
        chunk.iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()
    })?;
    let mut sums = parse_total(total);
    for place in places {
        let ciphertext = &points[*place as usize * PARTS..(*place as usize + 1) * PARTS];
        sums.iter_mut().zip(ciphertext).for_each(|(sum, point)| *sum += point);
    }
    Ok(encode_total(&sums))
}

/// The encryption of nothing under no randomness, where adding begins.
pub fn zero() -> Vec<u8> {
    encode_total(&[RistrettoPoint::identity(); PARTS])
}

/// `X = R + t G` for the first part `R` of `total`: uniform, whatever was added.
///
/// # Panics
/// When `total` is not what [`add_up`] or [`zero`] gave.
pub fn blind(total: &[u8], randomness: &SecretScalars) -> Encoding {
    (parse_total(total)[0] + RistrettoPoint::mul_base(one(randomness))).compress().to_bytes()
}

/// `k X`.
///
/// # Errors
/// [`BadPoint`] when `blinded` is no element other than the identity.
pub fn decryption_share(blinded: &Encoding, key: &SecretScalars) -> Result<Encoding, BadPoint> {
    let point = parse_point(blinded).ok_or(BadPoint { index: 0 })?;
    Ok((point * one(key)).compress().to_bytes())
}

/// The sum in `total`; `None` if it is not `-bound` to `bound`.
///
/// # Errors
/// [`BadPoint`] for a public key, with index 0, or a share, with index 1, that is no element other than the identity.
///
/// # Panics
/// When `total` is not what [`add_up`] or [`zero`] gave, `bound` is above [`MAX_BOUND`], or the processor lacks the kernel.
///
/// Cost: additions and encodings, as many whatever the sum is and whether it is found: 2 sqrt(2 bound), or above a bound of
/// 2^41 rather 2^21 and bound / 2^20. Up to 80 MiB.
pub fn open(
    kernel: Kernel,
    total: &[u8],
    public: &Encoding,
    share: &Encoding,
    randomness: &SecretScalars,
    bound: u64,
    threads: usize,
) -> Result<Option<i64>, BadPoint> {
    assert!(bound <= MAX_BOUND, "a bound that can be searched");
    let public = parse_point(public).ok_or(BadPoint { index: 0 })?;
    let share = parse_point(share).ok_or(BadPoint { index: 1 })?;
    let sum = parse_total(total)[1] - share + public * one(randomness);
    let shifted = sum + RistrettoPoint::mul_base(&Scalar::from(bound));
    Ok(logarithm(kernel, shifted, 2 * bound, threads).map(|found| found as i64 - bound as i64))
}

/// The number at most `bound` whose multiple of the generator `point` is. Takes all steps, found or not: who gave `point` may
/// see how long it takes.
fn logarithm(kernel: Kernel, point: RistrettoPoint, bound: u64, threads: usize) -> Option<u64> {
    let generator = RistrettoPoint::mul_base(&Scalar::ONE);
    let baby_steps = ((bound + 1).isqrt() + 1).min(MAX_BABY_STEPS);
    let walk = |first: RistrettoPoint, step: RistrettoPoint, steps: u64, start: u64| {
        curve::progression(kernel, first + step * Scalar::from(start), step, SPAN.min(steps - start) as usize)
    };
    let mut small = HashMap::with_capacity(baby_steps as usize);
    extend_by_spans(&mut small, baby_steps, threads, |start| {
        let keys = walk(RistrettoPoint::identity(), generator, baby_steps, start);
        keys.iter().zip(start as u32..).map(|(key, number)| (short(key), number)).collect()
    });
    let giant = -RistrettoPoint::mul_base(&Scalar::from(baby_steps));
    let giant_steps = bound / baby_steps + 1;
    let mut found: Vec<u64> = Vec::new();
    extend_by_spans(&mut found, giant_steps, threads, |start| {
        let keys = walk(point, giant, giant_steps, start);
        let all = keys.iter().zip(start..);
        all.filter_map(|(key, step)| Some(step * baby_steps + u64::from(*small.get(&short(key))?))).collect()
    });
    found.into_iter().find(|number| *number <= bound && RistrettoPoint::mul_base(&Scalar::from(*number)) == point)
}

/// By what `work` gives for the start of each span of `steps`, some spans of every thread at a time.
fn extend_by_spans<R: Send>(all: &mut impl Extend<R>, steps: u64, threads: usize, work: impl Fn(u64) -> Vec<R> + Sync) {
    let starts: Vec<_> = (0..steps).step_by(SPAN as usize).collect();
    for some in starts.chunks(SPANS * threads) {
        let given: Result<Vec<R>, Infallible> =
            parallel::map_chunks(some, threads, |_, chunk| Ok(chunk.iter().flat_map(|start| work(*start)).collect()));
        let Ok(given) = given;
        all.extend(given);
    }
}

fn short(encoding: &Encoding) -> u64 {
    u64::from_le_bytes(*encoding.first_chunk().expect("long enough"))
}

/// In constant time.
fn scalar(number: i64) -> Scalar {
    Scalar::from(number as u64 ^ 1 << 63) - Scalar::from(1_u64 << 63)
}

fn one(secret: &SecretScalars) -> &Scalar {
    let [scalar] = secret.as_slice() else { panic!("one scalar") };
    scalar
}

fn parse_total(total: &[u8]) -> [RistrettoPoint; PARTS] {
    let (encodings, rest) = total.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty() && encodings.len() == PARTS, "two elements");
    std::array::from_fn(|at| CompressedRistretto(encodings[at]).decompress().expect("our own sum"))
}

fn encode_total(points: &[RistrettoPoint; PARTS]) -> Vec<u8> {
    points.iter().flat_map(|point| point.compress().to_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars(seed: u8, count: u32) -> SecretScalars {
        SecretScalars::derive(&[seed; 32], 0, count).unwrap()
    }

    fn encrypted(numbers: &[i64], key: &SecretScalars) -> Vec<u8> {
        encrypt(Kernel::best(), numbers, key, &scalars(2, numbers.len() as u32), 1)
    }

    fn opened(total: &[u8], key: &SecretScalars, bound: u64) -> Option<i64> {
        let t = scalars(3, 1);
        let share = decryption_share(&blind(total, &t), key).unwrap();
        open(Kernel::best(), total, &public_key(key), &share, &t, bound, 1).unwrap()
    }

    #[test]
    fn a_sum_of_some_ciphertexts_opens_to_the_sum_of_their_numbers() {
        let key = scalars(1, 1);
        let ciphertexts = encrypted(&[70_000, 0, -4_294_967_295, 3], &key);
        assert_eq!(ciphertexts.len(), 4 * CIPHERTEXT_BYTES);
        let total = add_up(&zero(), &ciphertexts, &[0, 2], 1).unwrap();
        let total = add_up(&total, &ciphertexts, &[3], 1).unwrap();
        assert_eq!(opened(&total, &key, 1 << 33), Some(70_003 - 4_294_967_295));
        assert_eq!(opened(&zero(), &key, 0), Some(0));
    }

    #[test]
    fn numbers_of_all_widths_cancel() {
        let key = scalars(1, 1);
        let ciphertexts = encrypted(&[i64::MIN, i64::MAX, i64::MIN + 1, i64::MAX - 6], &key);
        let total = add_up(&zero(), &ciphertexts, &[0, 1, 2, 3], 2).unwrap();
        assert_eq!(opened(&total, &key, 10), Some(-7));
    }

    #[test]
    fn what_is_sent_to_be_opened_is_no_part_of_what_was_added() {
        let key = scalars(1, 1);
        let ciphertext = encrypted(&[7], &key);
        let total = add_up(&zero(), &ciphertext, &[0], 1).unwrap();
        assert_eq!(total, ciphertext);
        assert_ne!(blind(&total, &scalars(3, 1))[..], ciphertext[..POINT_BYTES]);
        assert_ne!(blind(&total, &scalars(3, 1)), blind(&total, &scalars(4, 1)));
    }

    #[test]
    fn a_share_under_another_key_opens_nothing() {
        let (key, other, t) = (scalars(1, 1), scalars(9, 1), scalars(3, 1));
        let total = encrypted(&[70_000], &key);
        let share = decryption_share(&blind(&total, &t), &other).unwrap();
        for public in [&key, &other] {
            assert_eq!(open(Kernel::best(), &total, &public_key(public), &share, &t, 1 << 20, 1), Ok(None));
        }
    }

    #[test]
    fn a_sum_beyond_the_bound_is_not_found() {
        let key = scalars(1, 1);
        for (number, bound) in [(0_i64, 0), (1, 0), (5000, 5000), (5000, 4999), (65_535, 70_000)] {
            for number in [number, -number] {
                let found = (number.unsigned_abs() <= bound).then_some(number);
                assert_eq!(opened(&encrypted(&[number], &key), &key, bound), found, "{number} of {bound}");
            }
        }
    }

    /// The largest bound takes several spans of either kind of steps.
    #[test]
    fn every_logarithm_up_to_the_bound_is_found() {
        for bound in [0_u64, 1, 2, 10, 1000, 3 << 30] {
            for number in [0, 1, bound / 3, bound / 2 + 1, bound.saturating_sub(1), bound, bound + 1] {
                let point = RistrettoPoint::mul_base(&Scalar::from(number));
                for kernel in Kernel::available() {
                    for threads in [1, 2] {
                        let found = logarithm(kernel, point, bound, threads);
                        assert_eq!(found, (number <= bound).then_some(number), "{number} of {bound}, {kernel:?}");
                    }
                }
            }
            let stranger = -RistrettoPoint::mul_base(&Scalar::ONE);
            assert_eq!(logarithm(Kernel::best(), stranger, bound, 1), None);
        }
    }

    #[test]
    fn a_bad_part_is_refused_wherever_it_stands() {
        let key = scalars(1, 1);
        let mut ciphertexts = encrypted(&[1, 2], &key);
        ciphertexts[3 * POINT_BYTES..].fill(0);
        assert_eq!(add_up(&zero(), &ciphertexts, &[0], 1), Err(BadPoint { index: 3 }));
        assert_eq!(decryption_share(&[0; POINT_BYTES], &key), Err(BadPoint { index: 0 }));
        let good = public_key(&key);
        let open_with =
            |public: &Encoding, share: &Encoding| open(Kernel::best(), &zero(), public, share, &scalars(3, 1), 9, 1);
        assert_eq!(open_with(&good, &[0xff; POINT_BYTES]), Err(BadPoint { index: 1 }));
        assert_eq!(open_with(&[0; POINT_BYTES], &good), Err(BadPoint { index: 0 }));
    }
}
