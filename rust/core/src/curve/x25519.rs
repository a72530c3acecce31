//! X25519 (RFC 7748) of many points and one secret: the u of points of Curve25519, 32 bytes each.
//!
//! A point and its negative have one u, so an element here is a pair of points; for Diffie-Hellman that is enough, and neither
//! reading nor writing one takes a root. Secrets are clamped, so they are multiples of the cofactor 8: whatever part of small
//! order a point has is lost, on the curve and on its twist. Any number below p is taken, on the curve or on its twist (whose
//! group has 4 times a prime of elements, so logarithms there are as hard: that is what the curve was made for), except those
//! of small order, whose product is zero.
//!
//! **Time.** Bits of the secret choose by masks; the ladder does the same for every secret and every point. Whether a point is
//! good is public.
//!
//! **Cost** of the vector kernel for eight elements: 251 steps of 760 instructions beside moves, counted in the binary, and a
//! few thousand more; at two a cycle 12,100 cycles an element, against 14,600 for `crate::curve::multiply` on ristretto255.
//! Measured in ticks of the 2.6 GHz clock, which the processor passes by a fifth: 10,400 against 13,400.

use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use zeroize::{Zeroize, Zeroizing};

use super::{BadPoint, Kernel, runnable};
#[cfg(target_arch = "x86_64")]
use super::{avx2, ifma};
use crate::group::Encoding;
use crate::parallel;

/// A secret scalar, clamped (RFC 7748 section 5), wiped when dropped.
pub struct ClampedSecret([u8; 32]);

impl ClampedSecret {
    /// From 32 uniform bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(clamp_integer(bytes))
    }

    /// The clamped bytes in the open; the caller keeps them safe.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// An eighth of it; below the order of the prime subgroup.
    pub(super) fn eighth(&self) -> Zeroizing<Scalar> {
        let mut shifted = Zeroizing::new([0; 32]);
        for (at, byte) in shifted.iter_mut().enumerate() {
            *byte = self.0[at] >> 3 | self.0.get(at + 1).map_or(0, |next| next << 5);
        }
        Zeroizing::new(Scalar::from_bytes_mod_order(*shifted))
    }
}

impl Drop for ClampedSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Each of the points, checked, times `secret`.
///
/// # Errors
/// [`BadPoint`] with the lowest index of what is not a number below p, or is of small order.
///
/// # Panics
/// When the processor lacks the kernel.
pub fn multiply(kernel: Kernel, points: &[Encoding], secret: &ClampedSecret) -> Result<Vec<Encoding>, BadPoint> {
    let products = match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => ifma::x25519_simd::multiply(points, &secret.0),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::x25519_simd::multiply(points, &secret.0),
        _ => {
            let eighth = secret.eighth();
            points.iter().map(|point| multiply_one(MontgomeryPoint(*point), secret, &eighth).to_bytes()).collect()
        }
    };
    let is_good = |(point, product): (&Encoding, &Encoding)| is_canonical(point) && *product != [0; 32];
    match points.iter().zip(&products).position(|pair| !is_good(pair)) {
        None => Ok(products),
        Some(index) => Err(BadPoint { index }),
    }
}

/// Points of the curve by way of its Edwards form, where dalek has AVX2 and a root is cheaper than a ladder; which they are is
/// public. The eighth first and the cofactor last, because only what has no part of small order may be reduced by the order.
fn multiply_one(point: MontgomeryPoint, secret: &ClampedSecret, eighth: &Scalar) -> MontgomeryPoint {
    match point.to_edwards(0) {
        Some(point) => (point * eighth).mul_by_cofactor().to_montgomery(),
        None => point.mul_clamped(secret.0),
    }
}

/// [`multiply`] for packed points, over `threads`; trailing bytes that make no whole point count as one more point.
///
/// # Errors
/// As [`multiply`].
///
/// # Panics
/// When the processor lacks the kernel.
pub fn multiply_packed(kernel: Kernel, points: &[u8], secret: &ClampedSecret, threads: usize) -> Result<Vec<u8>, BadPoint> {
    let (points, rest) = points.as_chunks::<32>();
    let products = parallel::map_chunks(points, threads, |start, chunk| {
        multiply(kernel, chunk, secret).map_err(|BadPoint { index }| BadPoint { index: start + index })
    })?;
    if rest.is_empty() { Ok(products.into_flattened()) } else { Err(BadPoint { index: points.len() }) }
}

/// Whether it is a number below p = 2^255 - 19.
pub(super) fn is_canonical(bytes: &Encoding) -> bool {
    let (lowest, rest) = (bytes[0], &bytes[1..31]);
    bytes[31] < 0x7f || bytes[31] == 0x7f && (lowest < 0xed || rest.iter().any(|byte| *byte != 0xff))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn encoding(seed: impl AsRef<[u8]>) -> Encoding {
        let mut bytes: Encoding = Sha256::digest(seed).into();
        bytes[31] &= 0x7f;
        bytes
    }

    #[test]
    fn kernels_agree_on_products_and_name_the_same_bad_point() {
        let secret = ClampedSecret::new([0x35; 32]);
        let points: Vec<Encoding> = (0..300_u32).map(|number| encoding(number.to_le_bytes())).collect();
        let mut p = [0xff; 32];
        (p[0], p[31]) = (0xed, 0x7f);
        let mut before_p = p;
        before_p[0] = 0xec;
        let mut one = [0; 32];
        one[0] = 1;
        for kernel in Kernel::available() {
            assert_eq!(multiply(kernel, &points, &secret), multiply(Kernel::Portable, &points, &secret));
            for bad in [[0; 32], one, before_p, p, [0xff; 32], points[0].map(|byte| byte | 0x80)] {
                let mut list = points.clone();
                (list[270], list[290]) = (bad, [0; 32]);
                assert_eq!(multiply(kernel, &list, &secret), Err(BadPoint { index: 270 }));
            }
        }
    }
}
