//! The one Ed25519 verifier, strict so that every node gives the same verdict.
//!
//! Accepted: RFC 8032 section 5.1.7 with canonical A, R and S, no A or R of small order, and the equation without cofactor,
//! `R = [S]B - [k]A`, compared as encodings. Many signatures are verified side by side, each by this same function; batching
//! them into one random linear combination is not done, because it accepts torsion cases that this function refuses.

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
    check(public, message, signature).is_some()
}

fn check(public: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let public_bytes: [u8; PUBLIC_KEY_BYTES] = public.try_into().ok()?;
    let signature: &[u8; SIGNATURE_BYTES] = signature.try_into().ok()?;
    let (r_bytes, s_bytes) = signature.split_at(32);

    let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s_bytes.try_into().ok()?))?;
    let a = parse_point(public_bytes)?;
    let digest = Sha512::new().chain_update(r_bytes).chain_update(public_bytes).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.into());

    let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-a, &s);
    // Equal encodings imply that R was canonical, since `compress` gives nothing else.
    (expected.compress().as_bytes() == r_bytes && !expected.is_small_order()).then_some(())
}

/// One verdict a claim, in order, over `threads` threads.
pub fn are_signatures<M: AsRef<[u8]> + Sync>(claims: &[Claim<M>], threads: usize) -> Vec<bool> {
    let verdicts: Result<_, Infallible> = parallel::map_chunks(claims, threads, |_, chunk| {
        let verdict =
            |(public, message, signature): &Claim<M>| is_signature(public.as_ref(), message.as_ref(), signature.as_ref());
        Ok(chunk.iter().map(verdict).collect())
    });
    let Ok(verdicts) = verdicts;
    verdicts
}
