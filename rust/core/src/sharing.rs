//! Secrets shared among many (Shamir 1979), checked by commitments to the polynomial's coefficients (Feldman 1987), and proofs
//! that a dealer knows what it shares (Schnorr 1991, as FROST uses them: Komlo and Goldberg 2020, figure 1).
//!
//! A place is where the polynomial is evaluated: 1 and up, never 0, where the secret is. What touches a secret takes constant
//! time; commitments, places and weights are public.

use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use sha2::{Digest, Sha512};
use zeroize::Zeroize;

use crate::curve::BadPoint;
use crate::group::{Encoding, POINT_BYTES, SCALAR_BYTES, SecretScalar, parse_point};
use crate::scalars::{SEED_BYTES, SecretScalars};

/// Bytes of a proof of knowledge: a point and a response.
pub const KNOWLEDGE_BYTES: usize = POINT_BYTES + SCALAR_BYTES;

/// A secret polynomial over the scalars, the constant term first; wiped when dropped.
pub struct Polynomial(Vec<Scalar>);

impl Polynomial {
    /// The polynomial through `secret` at 0 whose other `threshold - 1` coefficients a seed gives; `None` for a threshold of 0.
    pub fn derive(secret: &SecretScalar, seed: &[u8; SEED_BYTES], threshold: u32) -> Option<Self> {
        let others = SecretScalars::derive(seed, 0, threshold.checked_sub(1)?)?;
        Some(Self([&[*secret.scalar()], others.as_slice()].concat()))
    }

    /// The polynomial with these coefficients, the constant term first; `None` when there is none.
    pub fn from_coefficients(coefficients: &SecretScalars) -> Option<Self> {
        (!coefficients.is_empty()).then(|| Self(coefficients.as_slice().to_vec()))
    }

    /// The share at a place; `None` at 0, and for the share of zero that never comes up.
    pub fn at(&self, place: u16) -> Option<SecretScalar> {
        let (x, mut value) = (Scalar::from(place), Scalar::ZERO);
        for coefficient in self.0.iter().rev() {
            value = value * x + coefficient;
        }
        let share = SecretScalar::from_canonical(value.to_bytes());
        value.zeroize();
        share.filter(|_| place != 0)
    }

    /// Feldman's commitments, packed: the generator times each coefficient.
    pub fn commitments(&self) -> Vec<u8> {
        self.0.iter().flat_map(|coefficient| RistrettoPoint::mul_base(coefficient).compress().to_bytes()).collect()
    }
}

impl Drop for Polynomial {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The public share at a place, by the commitments alone; the identity is encoded like any other.
///
/// # Errors
/// [`BadPoint`] with the index of the first commitment that is no element other than the identity.
pub fn commitment_at(commitments: &[u8], place: u16) -> Result<Encoding, BadPoint> {
    let points = parse_all(commitments)?;
    let sum = points.iter().rev().fold(RistrettoPoint::identity(), |sum, point| small_multiple(&sum, place) + point);
    Ok(sum.compress().to_bytes())
}

/// The sum of packed points, each times the packed public weight of its place; the identity is encoded like any other.
/// `None` when a weight is not reduced.
///
/// # Errors
/// [`BadPoint`] as [`commitment_at`].
///
/// # Panics
/// When there are not as many weights as points.
pub fn add_weighted(points: &[u8], weights: &[u8]) -> Result<Option<Encoding>, BadPoint> {
    let points = parse_all(points)?;
    let Some(weights) = parse_weights(weights) else { return Ok(None) };
    assert_eq!(points.len(), weights.len(), "a weight for each point");
    Ok(Some(RistrettoPoint::vartime_multiscalar_mul(&weights, &points).compress().to_bytes()))
}

/// The sum of shares, each times the packed public weight of its place; `None` when a weight is not reduced, or for the sum of
/// zero that never comes up.
///
/// # Panics
/// When there are not as many weights as shares.
pub fn add_shares(shares: &[&SecretScalar], weights: &[u8]) -> Option<SecretScalar> {
    let weights = parse_weights(weights)?;
    assert_eq!(shares.len(), weights.len(), "a weight for each share");
    let mut sum = Scalar::ZERO;
    for (share, weight) in shares.iter().zip(&weights) {
        sum += share.scalar() * weight;
    }
    let total = SecretScalar::from_canonical(sum.to_bytes());
    sum.zeroize();
    total
}

/// A proof that whoever makes it knows `secret`: the nonce's point, and the response. `nonce` is fresh for each secret and
/// prefix, and `prefix` of one length in one use.
pub fn prove_knowledge(secret: &SecretScalar, prefix: &[u8], nonce: &SecretScalar) -> [u8; KNOWLEDGE_BYTES] {
    let public = RistrettoPoint::mul_base(secret.scalar()).compress().to_bytes();
    let point = RistrettoPoint::mul_base(nonce.scalar()).compress().to_bytes();
    let response = nonce.scalar() + challenge(prefix, &public, &point) * secret.scalar();
    let mut proof = [0; KNOWLEDGE_BYTES];
    proof[..POINT_BYTES].copy_from_slice(&point);
    proof[POINT_BYTES..].copy_from_slice(response.as_bytes());
    proof
}

/// Whether a proof shows that its maker knew the secret of `public`.
pub fn is_knowledge(public: &Encoding, prefix: &[u8], proof: &[u8; KNOWLEDGE_BYTES]) -> bool {
    let (halves, _) = proof.as_chunks::<32>();
    let response: Option<Scalar> = Scalar::from_canonical_bytes(halves[1]).into();
    let (Some(point), Some(response)) = (parse_point(public), response) else { return false };
    let c = challenge(prefix, public, &halves[0]);
    RistrettoPoint::vartime_double_scalar_mul_basepoint(&-c, &point, &response).compress().to_bytes() == halves[0]
}

fn challenge(prefix: &[u8], public: &Encoding, point: &Encoding) -> Scalar {
    Scalar::from_hash(Sha512::new().chain_update(prefix).chain_update(public).chain_update(point))
}

/// A public multiple, by doubling and adding: places are small.
fn small_multiple(point: &RistrettoPoint, factor: u16) -> RistrettoPoint {
    let bits = (0..u16::BITS - factor.leading_zeros()).rev();
    bits.fold(RistrettoPoint::identity(), |sum, bit| {
        let doubled = sum + sum;
        if factor >> bit & 1 == 1 { doubled + point } else { doubled }
    })
}

fn parse_all(packed: &[u8]) -> Result<Vec<RistrettoPoint>, BadPoint> {
    let (points, rest) = packed.as_chunks::<POINT_BYTES>();
    if !rest.is_empty() {
        return Err(BadPoint { index: points.len() });
    }
    points.iter().enumerate().map(|(index, bytes)| parse_point(bytes).ok_or(BadPoint { index })).collect()
}

fn parse_weights(packed: &[u8]) -> Option<Vec<Scalar>> {
    let (weights, rest) = packed.as_chunks::<SCALAR_BYTES>();
    let weights = weights.iter().map(|bytes| Scalar::from_canonical_bytes(*bytes).into()).collect::<Option<Vec<_>>>();
    weights.filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::multiply_base;

    fn secret(tag: u8) -> SecretScalar {
        SecretScalar::from_wide(&[tag; 64]).unwrap()
    }

    #[test]
    fn a_share_is_what_the_commitments_say_at_its_place_and_nowhere_else() {
        let polynomial = Polynomial::derive(&secret(1), &[7; 32], 4).unwrap();
        let commitments = polynomial.commitments();
        assert_eq!(commitments[..POINT_BYTES], multiply_base(&secret(1)));
        for place in [1, 2, 3, 100, u16::MAX] {
            let public = multiply_base(&polynomial.at(place).unwrap());
            assert_eq!(commitment_at(&commitments, place), Ok(public));
            assert_ne!(commitment_at(&commitments, place - 1), Ok(public));
        }
        assert!(polynomial.at(0).is_none());
    }

    #[test]
    fn shares_with_their_weights_add_up_to_what_their_points_add_up_to() {
        let shares: Vec<SecretScalar> = (1..4).map(secret).collect();
        let points: Vec<u8> = (1..4).flat_map(|tag| multiply_base(&secret(tag))).collect();
        let weights: Vec<u8> = (7_u64..10).flat_map(|weight| Scalar::from(weight).to_bytes()).collect();
        let sum = add_shares(&shares.iter().collect::<Vec<_>>(), &weights).unwrap();
        assert_eq!(add_weighted(&points, &weights), Ok(Some(multiply_base(&sum))));
        assert_eq!(add_weighted(&points, &[0xff; 96]), Ok(None));
    }

    #[test]
    fn a_proof_of_knowledge_holds_for_its_secret_and_prefix_only() {
        let public = multiply_base(&secret(1));
        let proof = prove_knowledge(&secret(1), b"here", &secret(2));
        assert!(is_knowledge(&public, b"here", &proof));
        assert!(!is_knowledge(&public, b"else", &proof));
        assert!(!is_knowledge(&multiply_base(&secret(3)), b"here", &proof));
        for at in [0, 31, 32, 63] {
            let mut bad = proof;
            bad[at] ^= 1;
            assert!(!is_knowledge(&public, b"here", &bad), "byte {at}");
        }
        assert!(!is_knowledge(&[0; 32], b"here", &proof));
    }
}
