//! Numbers encrypted so that others can add them up: exponential ElGamal over ristretto255, a number in limbs of 16 bits.
//!
//! Limb `l` has a key pair `(k_l, K_l = k_l G)` of its own, so all limbs of a number share one random `r` (Kurosawa, PKC 2002;
//! Bellare, Boldyreva, Staddon, PKC 2003): a ciphertext is `r G, r K_1 + m_1 G, ..., r K_L + m_L G`, `L + 1` elements. Adding
//! ciphertexts place by place adds the limbs; the holder of the keys gets each sum times the generator, and finds the sum, which
//! is small, by baby steps and giant steps (Shanks 1971). The key holder encrypts, so it multiplies by the generator only.

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

/// Bits of a limb.
pub const LIMB_BITS: usize = 16;
/// Most limbs of a number.
pub const MAX_LIMBS: usize = 4;
/// Largest sum of limbs that is looked for: 2^24 steps of either kind.
pub const MAX_BOUND: u64 = (1 << 48) - 1;
/// Giant steps that are encoded at once.
const STRIDE: usize = 1024;

/// The public keys, packed in the order of the limbs.
pub fn public_keys(keys: &SecretScalars) -> Vec<u8> {
    keys.as_slice().iter().flat_map(|key| RistrettoPoint::mul_base(key).compress().to_bytes()).collect()
}

/// Each number encrypted, packed in order: `L + 1` elements a number, for `L` keys.
///
/// # Panics
/// When there are not 1 to [`MAX_LIMBS`] keys, a number does not fit its limbs, there is not one `randomness` a number, or the
/// processor lacks the kernel.
pub fn encrypt(kernel: Kernel, numbers: &[u64], keys: &SecretScalars, randomness: &SecretScalars, threads: usize) -> Vec<u8> {
    let limbs = keys.len();
    assert!((1..=MAX_LIMBS).contains(&limbs), "1 to 4 limbs");
    assert!(numbers.iter().all(|number| limbs == MAX_LIMBS || number >> (LIMB_BITS * limbs) == 0), "numbers fit");
    assert_eq!(numbers.len(), randomness.len(), "fresh randomness for each number");
    let encodings: Result<_, Infallible> = parallel::map_chunks(numbers, threads, |start, chunk| {
        let mut exponents = Zeroizing::new(Vec::with_capacity(chunk.len() * (limbs + 1)));
        for (number, r) in chunk.iter().zip(&randomness.as_slice()[start..]) {
            exponents.push(*r);
            let limb = |l: usize| Scalar::from(number >> (LIMB_BITS * l) & 0xffff);
            exponents.extend(keys.as_slice().iter().enumerate().map(|(l, key)| r * key + limb(l)));
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
    let width = total.len() / POINT_BYTES;
    let (elements, rest) = ciphertexts.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty() && elements.len().is_multiple_of(width), "whole ciphertexts");
    let points = parallel::map_chunks(elements, threads, |start, chunk| {
        let parse = |(i, bytes): (usize, &Encoding)| parse_point(bytes).ok_or(BadPoint { index: start + i });
        chunk.iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()
    })?;
    let mut sums = parse_total(total);
    for place in places {
        let ciphertext = &points[*place as usize * width..(*place as usize + 1) * width];
        sums.iter_mut().zip(ciphertext).for_each(|(sum, point)| *sum += point);
    }
    Ok(encode_total(&sums))
}

/// The encryption of nothing under no randomness, where adding begins.
pub fn zero(limbs: usize) -> Vec<u8> {
    encode_total(&vec![RistrettoPoint::identity(); limbs + 1])
}

/// `total` under fresh randomness, so that its sum no longer shows which ciphertexts are in it.
///
/// # Errors
/// [`BadPoint`] for a public key that is no element.
///
/// # Panics
/// When `publics` are not as many as the limbs of `total`, or `randomness` is not one scalar.
pub fn refresh(total: &[u8], publics: &[u8], randomness: &SecretScalars) -> Result<Vec<u8>, BadPoint> {
    let [r] = randomness.as_slice() else { panic!("one scalar") };
    let mut sums = parse_total(total);
    let (publics, rest) = publics.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty() && publics.len() + 1 == sums.len(), "a public key a limb");
    sums[0] += RistrettoPoint::mul_base(r);
    for (index, (sum, public)) in sums[1..].iter_mut().zip(publics).enumerate() {
        *sum += parse_point(public).ok_or(BadPoint { index })? * r;
    }
    Ok(encode_total(&sums))
}

/// The sum of each limb of a ciphertext, lowest first; `None` for one that is above `bound`.
///
/// # Errors
/// [`BadPoint`] with the index of the first part that is no element other than the identity.
///
/// # Panics
/// When the ciphertext does not have one part more than there are keys.
///
/// Cost: about 2 sqrt(bound) additions and encodings a limb, and 16 sqrt(bound) bytes.
pub fn decrypt(ciphertext: &[u8], keys: &SecretScalars, bound: u64) -> Result<Option<Vec<u64>>, BadPoint> {
    let (parts, rest) = ciphertext.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty() && parts.len() == keys.len() + 1, "a part a limb, and one");
    let parse = |(index, bytes): (usize, &Encoding)| parse_point(bytes).ok_or(BadPoint { index });
    let points: Vec<_> = parts.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
    let steps = Steps::new(bound);
    let limbs = keys.as_slice().iter().zip(&points[1..]).map(|(key, point)| {
        let secret = Zeroizing::new(-key);
        steps.logarithm(point + points[0] * *secret)
    });
    Ok(limbs.collect())
}

/// The table of small multiples of the generator.
struct Steps {
    bound: u64,
    length: u64,
    baby: HashMap<[u8; 8], u32>,
}

impl Steps {
    fn new(bound: u64) -> Self {
        let length = (bound + 1).isqrt() + 1;
        let g = RistrettoPoint::mul_base(&Scalar::ONE);
        let mut baby = HashMap::with_capacity(length as usize);
        let mut points = std::iter::successors(Some(RistrettoPoint::identity()), |point| Some(point + g));
        for start in (0..length).step_by(STRIDE) {
            let batch: Vec<_> = points.by_ref().take(STRIDE.min((length - start) as usize)).collect();
            let keys = RistrettoPoint::double_and_compress_batch(&batch);
            baby.extend(keys.iter().zip(start as u32..).map(|(key, number)| (short(key), number)));
        }
        Self { bound, length, baby }
    }

    /// The number at most `bound` whose multiple of the generator `point` is.
    fn logarithm(&self, point: RistrettoPoint) -> Option<u64> {
        let giant = -RistrettoPoint::mul_base(&Scalar::from(self.length));
        let mut points = std::iter::successors(Some(point), |point| Some(point + giant));
        let steps = self.bound / self.length + 1;
        for start in (0..steps).step_by(STRIDE) {
            let batch: Vec<_> = points.by_ref().take(STRIDE.min((steps - start) as usize)).collect();
            let keys = RistrettoPoint::double_and_compress_batch(&batch);
            let found = keys.iter().zip(start..).find_map(|(key, step)| {
                let number = step * self.length + u64::from(*self.baby.get(&short(key))?);
                (RistrettoPoint::mul_base(&Scalar::from(number)) == point).then_some(number)
            });
            if found.is_some() {
                return found.filter(|number| *number <= self.bound);
            }
        }
        None
    }
}

fn short(encoding: &CompressedRistretto) -> [u8; 8] {
    *encoding.as_bytes().first_chunk().expect("long enough")
}

fn parse_total(total: &[u8]) -> Vec<RistrettoPoint> {
    let (encodings, rest) = total.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty(), "whole encodings");
    encodings.iter().map(|bytes| CompressedRistretto(*bytes).decompress().expect("our own sum")).collect()
}

fn encode_total(points: &[RistrettoPoint]) -> Vec<u8> {
    points.iter().flat_map(|point| point.compress().to_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(seed: u8, count: u32) -> SecretScalars {
        SecretScalars::derive(&[seed; 32], 0, count).unwrap()
    }

    #[test]
    fn a_sum_of_some_ciphertexts_opens_to_the_sum_of_their_numbers() {
        let (keys, numbers) = (keys(1, 2), [70_000, 0, 4_294_967_295, 3]);
        let ciphertexts = encrypt(Kernel::best(), &numbers, &keys, &self::keys(2, 4), 1);
        assert_eq!(ciphertexts.len(), 4 * 3 * POINT_BYTES);
        let total = add_up(&zero(2), &ciphertexts, &[0, 2], 1).unwrap();
        let total = add_up(&total, &ciphertexts, &[3], 1).unwrap();
        let fresh = refresh(&total, &public_keys(&keys), &self::keys(3, 1)).unwrap();
        assert_ne!(fresh, total);
        for sum in [total, fresh] {
            assert_eq!(decrypt(&sum, &keys, 3 * 0xffff), Ok(Some(vec![4464 + 0xffff + 3, 1 + 0xffff])));
        }
    }

    #[test]
    fn a_limb_above_the_bound_is_not_found() {
        let keys = keys(1, 1);
        for (number, bound, found) in
            [(0, 0, true), (1, 0, false), (5000, 5000, true), (5000, 4999, false), (65_535, 70_000, true)]
        {
            let ciphertext = encrypt(Kernel::best(), &[number], &keys, &self::keys(2, 1), 1);
            assert_eq!(decrypt(&ciphertext, &keys, bound), Ok(found.then_some(vec![number])), "{number} of {bound}");
        }
    }

    #[test]
    fn a_bad_part_is_refused_wherever_it_stands() {
        let keys = keys(1, 1);
        let mut ciphertexts = encrypt(Kernel::best(), &[1, 2], &keys, &self::keys(2, 2), 1);
        ciphertexts[3 * POINT_BYTES..].fill(0);
        assert_eq!(add_up(&zero(1), &ciphertexts, &[0], 1), Err(BadPoint { index: 3 }));
    }
}
