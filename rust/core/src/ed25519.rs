//! The one Ed25519 verifier, strict so that every node gives the same verdict.
//!
//! Accepted: RFC 8032 section 5.1.7 with canonical A, R and S, no A or R of small order, and the equation without cofactor,
//! `R = [S]B - [k]A`, compared as encodings. One signature and many go through this same function, which computes the equation
//! of each; batching them into one random linear combination is not done, because it accepts torsion cases that this function
//! refuses.

use std::collections::HashMap;
use std::convert::Infallible;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};

use crate::parallel;

/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = 32;
/// Bytes of a signature, R then S.
pub const SIGNATURE_BYTES: usize = 64;

/// A claim to check: public key, message, signature.
pub type Claim<M> = (M, M, M);

/// The point that `bytes` encode, unless the encoding is not canonical, not on the curve, or of small order.
fn parse_point(bytes: [u8; PUBLIC_KEY_BYTES]) -> Option<EdwardsPoint> {
    let encoding = CompressedEdwardsY(bytes);
    let point = encoding.decompress()?;
    // Decompression reduces y modulo p and accepts a negative zero; only the canonical form comes back unchanged.
    (point.compress() == encoding && !point.is_small_order()).then_some(point)
}

/// Whether signatures under this public key can be accepted at all.
pub fn is_acceptable_key(public: &[u8]) -> bool {
    public.try_into().is_ok_and(|bytes| parse_point(bytes).is_some())
}

/// Whether `signature` is `public`'s on `message`; anything malformed is a no. Variable time: all inputs are public.
pub fn is_signature(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    verdicts(&[(public, message, signature)]) == [true]
}

/// One verdict a claim, in order, over `threads` threads.
pub fn are_signatures<M: AsRef<[u8]> + Sync>(claims: &[Claim<M>], threads: usize) -> Vec<bool> {
    let verdicts: Result<_, Infallible> = parallel::map_chunks(claims, threads, |_, chunk| Ok(self::verdicts(chunk)));
    let Ok(verdicts) = verdicts;
    verdicts
}

/// The check, of one claim or of many. Each claim's equation is computed by itself; what the claims share is that a key is
/// parsed once, and one inversion for the encodings of all results.
fn verdicts<M: AsRef<[u8]>>(claims: &[Claim<M>]) -> Vec<bool> {
    let mut keys = HashMap::new();
    let expected: Vec<Option<EdwardsPoint>> = claims
        .iter()
        .map(|(public, message, signature)| {
            let public = public.as_ref().try_into().ok()?;
            let key = *keys.entry(public).or_insert_with(|| parse_point(public));
            expected_r(public, &key?, message.as_ref(), signature.as_ref())
        })
        .collect();
    let points: Vec<EdwardsPoint> = expected.iter().map(|point| point.unwrap_or_default()).collect();
    let encodings = EdwardsPoint::compress_batch_alloc(&points);
    let equals = |encoding: &CompressedEdwardsY, (_, _, signature): &Claim<M>| {
        signature.as_ref().starts_with(encoding.as_bytes()) // so R was canonical, since compressing gives nothing else
    };
    let verdict = |(point, (encoding, claim)): (Option<EdwardsPoint>, (&CompressedEdwardsY, &Claim<M>))| {
        point.is_some_and(|point| equals(encoding, claim) && !point.is_small_order())
    };
    expected.into_iter().zip(encodings.iter().zip(claims)).map(verdict).collect()
}

/// What R must be: `[S]B - [k]A`.
fn expected_r(public: [u8; PUBLIC_KEY_BYTES], key: &EdwardsPoint, message: &[u8], signature: &[u8]) -> Option<EdwardsPoint> {
    let signature: &[u8; SIGNATURE_BYTES] = signature.try_into().ok()?;
    let (r_bytes, s_bytes) = signature.split_at(32);
    let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s_bytes.try_into().ok()?))?;
    let digest = Sha512::new().chain_update(r_bytes).chain_update(public).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.into());
    Some(EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-key, &s))
}
