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

pub use each::{multiply_each, scale_each};

use std::ops::{Add, AddAssign, BitXor, BitXorAssign, Mul, MulAssign};

use zeroize::DefaultIsZeroes;

/// Bytes of an element.
pub const GF128_BYTES: usize = 16;
/// Bytes of an element of the subfield.
pub const GF64_BYTES: usize = 8;

/// An element of the field of 2^128 elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
        portable::multiply(self, other)
    }
}

impl MulAssign for Gf128 {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

/// The product in the subfield GF(2^64).
pub fn multiply_subfield(left: u64, right: u64) -> u64 {
    portable::multiply_subfield(left, right)
}

/// `sum[i] += scalar * terms[i]` for all i.
///
/// # Panics
/// When the slices differ in length.
pub fn add_scaled(sum: &mut [Gf128], scalar: Gf128, terms: &[Gf128]) {
    assert_eq!(sum.len(), terms.len(), "as many terms as sums");
    for (sum, &term) in sum.iter_mut().zip(terms) {
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
    coefficients.iter().rev().fold(Gf128::ZERO, |sum, &coefficient| (sum ^ coefficient) * point)
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
