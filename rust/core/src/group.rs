//! ristretto255 (RFC 9496): a group of prime order with one encoding per element, 32 bytes.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use zeroize::Zeroize;

use crate::hash::{Hash, expand_message_xmd};

/// Bytes of an encoded element.
pub const POINT_BYTES: usize = 32;
/// Bytes of an encoded scalar.
pub const SCALAR_BYTES: usize = 32;

/// An element's encoding.
pub type Encoding = [u8; POINT_BYTES];

/// A secret exponent, never zero, wiped when dropped.
///
/// The half of it is kept beside it: kernels multiply by the half and let a batch encoding double the result.
pub struct SecretScalar {
    scalar: Scalar,
    half: Scalar,
}

impl SecretScalar {
    fn new(scalar: Scalar) -> Option<Self> {
        let half = scalar * Scalar::from(2_u8).invert();
        (scalar != Scalar::ZERO).then_some(Self { scalar, half })
    }

    /// 64 uniform bytes, little-endian, modulo the group order (bias below 2^-250); `None` for the zero that never comes up.
    pub fn from_wide(bytes: &[u8; 64]) -> Option<Self> {
        Self::new(Scalar::from_bytes_mod_order_wide(bytes))
    }

    /// The scalar that [`SecretScalar::expose`] wrote; `None` unless it is reduced and not zero.
    pub fn from_canonical(bytes: [u8; SCALAR_BYTES]) -> Option<Self> {
        Option::from(Scalar::from_canonical_bytes(bytes)).and_then(Self::new)
    }

    /// The secret that undoes this one.
    pub fn inverse(&self) -> Self {
        Self::new(self.scalar.invert()).expect("no secret is zero")
    }

    /// The secret in the open, for a sealed checkpoint; the caller keeps it safe.
    pub fn expose(&self) -> [u8; SCALAR_BYTES] {
        self.scalar.to_bytes()
    }

    /// The exponent.
    pub(crate) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    /// Half of the exponent modulo the group order.
    pub(crate) fn half(&self) -> &Scalar {
        &self.half
    }
}

impl Drop for SecretScalar {
    fn drop(&mut self) {
        self.scalar.zeroize();
        self.half.zeroize();
    }
}

/// The element that `bytes` encode; `None` for anything not canonical and for the identity.
pub fn parse_point(bytes: &[u8]) -> Option<RistrettoPoint> {
    let point = CompressedRistretto::from_slice(bytes).ok()?.decompress()?;
    (!point.is_identity()).then_some(point)
}

/// 64 uniform bytes to an element, the one-way map of RFC 9496 section 4.3.4.
pub fn point_from_uniform(bytes: &[u8; 64]) -> Encoding {
    RistrettoPoint::from_uniform_bytes(bytes).compress().to_bytes()
}

/// hash_to_ristretto255 of RFC 9380 appendix B, with expand_message_xmd and SHA-512; `None` when `dst` is empty.
pub fn hash_to_group(message: &[u8], dst: &[u8]) -> Option<RistrettoPoint> {
    let mut uniform = [0; 64];
    uniform.copy_from_slice(&expand_message_xmd(Hash::Sha512, message, dst, 64)?);
    Some(RistrettoPoint::from_uniform_bytes(&uniform))
}

/// The generator times `secret`.
pub fn multiply_base(secret: &SecretScalar) -> Encoding {
    RistrettoPoint::mul_base(secret.scalar()).compress().to_bytes()
}
