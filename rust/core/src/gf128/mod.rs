//! The field of 2^128 elements as a tower over the field of 2^64, so that the smaller one is simply the elements with `hi = 0`.
//!
//! GF(2^64) is GF(2)\[x\] / (x^64 + x^4 + x^3 + x + 1), a primitive polynomial; bit i of a word is the coefficient of x^i.
//! GF(2^128) is GF(2^64)\[Y\] / (Y^2 + Y + x^61), irreducible because x^61 has trace 1; an element is `lo + hi Y`.
//! Bytes are `lo` then `hi`, each little-endian. This is *not* the representation of GCM or of other libraries' GF(2^128).
//!
//! Products take the processor's carry-less multiplication where there is one, otherwise a multiplication by masked shifts; both
//! run in a time that does not depend on the operands.

mod each;
#[cfg(target_arch = "x86_64")]
mod each_simd;
mod portable;
#[cfg(target_arch = "x86_64")]
mod simd;
#[cfg(not(target_arch = "x86_64"))]
mod simd {
    //! No vectors here: everything is left to the portable code.
    use super::Gf128;

    pub(super) fn carryless(_left: u64, _right: u64) -> Option<u128> {
        None
    }

    pub(super) fn add_scaled(_sum: &mut [Gf128], _scalar: Gf128, _terms: &[Gf128]) -> usize {
        0
    }

    pub(super) fn evaluate(_point: Gf128, _coefficients: &[Gf128]) -> Option<Gf128> {
        None
    }
}

pub use each::{multiply_each, scale_each};

use std::ops::{Add, AddAssign, BitXor, BitXorAssign, Mul, MulAssign};

use zeroize::DefaultIsZeroes;

/// Bytes of an element.
pub const GF128_BYTES: usize = 16;
/// Bytes of an element of the subfield.
pub const GF64_BYTES: usize = 8;

/// An element of the field of 2^128 elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(16))]
pub struct Gf128 {
    /// The coefficient of 1.
    pub lo: u64,
    /// The coefficient of Y; 0 for an element of the subfield.
    pub hi: u64,
}

impl DefaultIsZeroes for Gf128 {}

impl Gf128 {
    /// Nothing.
    pub const ZERO: Self = Self { lo: 0, hi: 0 };
    /// The neutral element of multiplication.
    pub const ONE: Self = Self { lo: 1, hi: 0 };

    /// The element of the subfield, seen in the whole field.
    pub const fn from_subfield(value: u64) -> Self {
        Self { lo: value, hi: 0 }
    }

    /// The basis element that bit `i` of the encoding stands for, 0 to 127.
    pub const fn basis(i: usize) -> Self {
        if i < 64 { Self { lo: 1 << i, hi: 0 } } else { Self { lo: 0, hi: 1 << (i - 64) } }
    }

    /// What `to_bytes` wrote; every 16 bytes are an element.
    pub fn from_bytes(bytes: [u8; GF128_BYTES]) -> Self {
        let bits = u128::from_le_bytes(bytes);
        Self { lo: bits as u64, hi: (bits >> 64) as u64 }
    }

    /// `lo` then `hi`, little-endian.
    pub fn to_bytes(self) -> [u8; GF128_BYTES] {
        self.bits().to_le_bytes()
    }

    /// The encoding as one number; bit i belongs to `basis(i)`.
    pub const fn bits(self) -> u128 {
        self.lo as u128 | ((self.hi as u128) << 64)
    }

    /// The element with this encoding.
    pub const fn from_bits(bits: u128) -> Self {
        Self { lo: bits as u64, hi: (bits >> 64) as u64 }
    }

    /// The product with x of the subfield.
    pub(crate) fn times_x(self) -> Self {
        let half = |word: u64| (word << 1) ^ (0x1b & (word >> 63).wrapping_neg());
        Self { lo: half(self.lo), hi: half(self.hi) }
    }

    /// The product with an element of the subfield, cheaper than the general one.
    pub fn scale(self, scalar: u64) -> Self {
        Self { lo: multiply_subfield(self.lo, scalar), hi: multiply_subfield(self.hi, scalar) }
    }
}

impl BitXor for Gf128 {
    type Output = Self;
    fn bitxor(self, other: Self) -> Self {
        Self { lo: self.lo ^ other.lo, hi: self.hi ^ other.hi }
    }
}

impl BitXorAssign for Gf128 {
    fn bitxor_assign(&mut self, other: Self) {
        *self = *self ^ other;
    }
}

impl Add for Gf128 {
    type Output = Self;
    #[allow(clippy::suspicious_arithmetic_impl)] // characteristic 2
    fn add(self, other: Self) -> Self {
        self ^ other
    }
}

impl AddAssign for Gf128 {
    #[allow(clippy::suspicious_op_assign_impl)] // characteristic 2
    fn add_assign(&mut self, other: Self) {
        *self ^= other;
    }
}

impl Mul for Gf128 {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        portable::multiply(self, other, carryless)
    }
}

impl MulAssign for Gf128 {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

/// The product in the subfield GF(2^64).
pub fn multiply_subfield(left: u64, right: u64) -> u64 {
    portable::multiply_subfield(left, right, carryless)
}

fn carryless(left: u64, right: u64) -> u128 {
    simd::carryless(left, right).unwrap_or_else(|| portable::carryless(left, right))
}

/// `sum[i] += scalar * terms[i]` for all i.
///
/// # Panics
/// When the slices differ in length.
pub fn add_scaled(sum: &mut [Gf128], scalar: Gf128, terms: &[Gf128]) {
    assert_eq!(sum.len(), terms.len(), "as many terms as sums");
    let done = simd::add_scaled(sum, scalar, terms);
    for (sum, &term) in sum.iter_mut().zip(terms).skip(done) {
        *sum += scalar * term;
    }
}

/// `sum[i] += scalar * terms[i]` for terms of the subfield.
///
/// # Panics
/// When the slices differ in length.
pub fn add_scaled_subfield(sum: &mut [Gf128], scalar: Gf128, terms: &[u64]) {
    assert_eq!(sum.len(), terms.len(), "as many terms as sums");
    for (sum, &term) in sum.iter_mut().zip(terms) {
        *sum += scalar.scale(term);
    }
}

/// The sum of `coefficients[i] * point^(i + 1)`.
pub fn evaluate(point: Gf128, coefficients: &[Gf128]) -> Gf128 {
    simd::evaluate(point, coefficients)
        .unwrap_or_else(|| coefficients.iter().rev().fold(Gf128::ZERO, |sum, &coefficient| (sum + coefficient) * point))
}

/// `point` to the power of `exponent`, in a time that depends on neither.
pub fn power(point: Gf128, exponent: u32) -> Gf128 {
    (0..u32::BITS).rev().fold(Gf128::ONE, |power, bit| {
        let square = power * power;
        let chosen = u64::from((exponent >> bit) & 1).wrapping_neg();
        let product = square * point;
        Gf128 { lo: square.lo ^ ((square.lo ^ product.lo) & chosen), hi: square.hi ^ ((square.hi ^ product.hi) & chosen) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed_key::Stream;

    fn elements(count: usize) -> Vec<Gf128> {
        let mut elements = vec![Gf128::ZERO; count];
        Stream::new(&[1; 16]).fill(&mut elements);
        let edges = [0, 1, 1 << 63, 1 << 64, 1 << 127, u128::MAX, u128::from(u64::MAX)];
        elements.iter_mut().zip(edges).for_each(|(element, edge)| *element = Gf128::from_bits(edge));
        elements
    }

    fn slow(left: Gf128, right: Gf128) -> Gf128 {
        portable::multiply(left, right, portable::carryless)
    }

    #[test]
    fn the_field_is_a_field() {
        let elements = elements(40);
        for (&a, &b, &c) in elements.iter().flat_map(|a| elements.iter().zip(&elements[1..]).map(move |(b, c)| (a, b, c))) {
            assert_eq!(a * b, slow(a, b));
            assert_eq!(a * b, b * a);
            assert_eq!((a * b) * c, a * (b * c));
            assert_eq!(a * (b + c), a * b + a * c);
            assert_eq!(a.scale(b.lo), a * Gf128::from_subfield(b.lo));
        }
    }

    #[test]
    fn the_modulus_of_the_tower_is_irreducible_and_x_is_primitive() {
        // y^(2^64) is not y but y + trace(x^61) = y + 1, so that Y^2 + Y + x^61 has no root in the subfield
        let conjugate = (0..64).fold(Gf128::basis(64), |power, _| power * power);
        assert_eq!(conjugate, Gf128::basis(64) + Gf128::ONE);
        // x has the full order 2^64 - 1 = 3 * 5 * 17 * 257 * 641 * 65537 * 6700417
        let order = |exponent: u64| {
            (0..64).rev().fold(1, |power, bit| {
                let square = multiply_subfield(power, power);
                if (exponent >> bit) & 1 == 1 { multiply_subfield(square, 2) } else { square }
            })
        };
        assert_eq!(order(u64::MAX), 1);
        for prime in [3, 5, 17, 257, 641, 65537, 6_700_417] {
            assert_ne!(order(u64::MAX / prime), 1);
        }
    }

    #[test]
    fn bulk_operations_are_those_of_single_elements() {
        let terms = elements(301);
        let scalar = Gf128 { lo: 0xdead_beef_0123_4567, hi: 0xfeed_0000_1111_2222 };
        for length in [0, 1, 3, 4, 5, 63, 64, 65, 79, 80, 300, 301] {
            let mut sums = elements(length);
            add_scaled(&mut sums, scalar, &terms[..length]);
            let expected: Vec<Gf128> =
                elements(length).iter().zip(&terms).map(|(&sum, &term)| sum + slow(scalar, term)).collect();
            assert_eq!(sums, expected);
            let value = (0..length).fold(Gf128::ZERO, |sum, i| sum + slow(power(scalar, i as u32 + 1), terms[i]));
            assert_eq!(evaluate(scalar, &terms[..length]), value, "{length}");
        }
    }
}
