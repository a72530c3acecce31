//! Ed25519 as CometBFT's validators count votes: ZIP 215, for their votes alone.
//!
//! Accepted: any encoding of A and R that decodes to a point (y is reduced modulo p, a negative zero is zero, small order is
//! allowed), canonical S, and the equation with the cofactor, `[8]R = [8]([S]B - [k]A)`, where k is over the bytes as received.
//! Each claim's equation is computed by itself. Everything else in Atoll is signed under the stricter rule of `ed25519`.
//! Source: ZIP 215, "Explicitly Defining and Modifying Ed25519 Validation Rules".

use std::convert::Infallible;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};

use crate::ed25519::{Claim, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use crate::parallel;

/// One verdict a claim, in order, over `threads` threads. Variable time: all inputs are public.
pub fn are_signatures<M: AsRef<[u8]> + Sync>(claims: &[Claim<M>], threads: usize) -> Vec<bool> {
    let verdicts: Result<_, Infallible> = parallel::map_chunks(claims, threads, |_, chunk| {
        Ok(chunk
            .iter()
            .map(|(public, message, signature)| is_signature(public.as_ref(), message.as_ref(), signature.as_ref()))
            .collect())
    });
    let Ok(verdicts) = verdicts;
    verdicts
}

/// Whether ZIP 215 accepts `signature` as `public`'s on `message`; anything malformed is a no.
pub fn is_signature(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    residue(public, message, signature).is_some_and(|residue| residue.mul_by_cofactor().is_identity())
}

/// `R - ([S]B - [k]A)`.
fn residue(public: &[u8], message: &[u8], signature: &[u8]) -> Option<EdwardsPoint> {
    let public: [u8; PUBLIC_KEY_BYTES] = public.try_into().ok()?;
    let signature: &[u8; SIGNATURE_BYTES] = signature.try_into().ok()?;
    let (r_bytes, s_bytes) = signature.split_at(32);
    let key = CompressedEdwardsY(public).decompress()?;
    let r = CompressedEdwardsY(r_bytes.try_into().ok()?).decompress()?;
    let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s_bytes.try_into().ok()?))?;
    let digest = Sha512::new().chain_update(r_bytes).chain_update(public).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.into());
    Some(r - EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-key, &s))
}
