//! What a store can hold: values that a field of scalars multiplies.

use std::ops::BitXorAssign;

use super::rows::BATCH;
use crate::gf128::{self, Gf128, multiply_subfield};

/// An element of a field of characteristic two; rows have its powers in their dense columns.
pub trait Scalar: Copy + Default + PartialEq + BitXorAssign + Send + Sync {
    /// From 128 uniform bits.
    fn from_hash(hash: u128) -> Self;

    /// The product.
    fn times(self, other: Self) -> Self;

    /// The inverse of an element that is not zero.
    fn inverse(self) -> Self;
}

/// A vector over the scalars: adding is exclusive or.
pub trait Value<S: Scalar>: Copy + Default + PartialEq + BitXorAssign + Send + Sync {
    /// The multiple.
    fn scaled(self, by: S) -> Self;

    /// Multiplies each value by its scalar.
    fn scale_each(values: &mut [Self], scalars: &[S]) {
        values.iter_mut().zip(scalars).for_each(|(value, &scalar)| *value = value.scaled(scalar));
    }
}

impl Scalar for Gf128 {
    fn from_hash(hash: u128) -> Self {
        Self::from_bits(hash)
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn inverse(self) -> Self {
        invert(self, Self::ONE, 128)
    }
}

/// The subfield of 2^64 elements.
impl Scalar for u64 {
    fn from_hash(hash: u128) -> Self {
        hash as Self
    }

    fn times(self, other: Self) -> Self {
        multiply_subfield(self, other)
    }

    fn inverse(self) -> Self {
        invert(self, 1, 64)
    }
}

impl Value<Self> for Gf128 {
    fn scaled(self, by: Self) -> Self {
        self * by
    }

    fn scale_each(values: &mut [Self], scalars: &[Self]) {
        gf128::multiply_each(values, scalars);
    }
}

impl Value<u64> for Gf128 {
    fn scaled(self, by: u64) -> Self {
        self.scale(by)
    }

    fn scale_each(values: &mut [Self], scalars: &[u64]) {
        for (values, scalars) in values.chunks_mut(BATCH).zip(scalars.chunks(BATCH)) {
            gf128::scale_each(values, &widened(scalars)[..values.len()]);
        }
    }
}

impl Value<Self> for u64 {
    fn scaled(self, by: Self) -> Self {
        multiply_subfield(self, by)
    }

    fn scale_each(values: &mut [Self], scalars: &[Self]) {
        for (values, scalars) in values.chunks_mut(BATCH).zip(scalars.chunks(BATCH)) {
            let mut products = widened(values);
            gf128::scale_each(&mut products[..values.len()], &widened(scalars)[..values.len()]);
            values.iter_mut().zip(products).for_each(|(value, product)| *value = product.lo);
        }
    }
}

fn widened(elements: &[u64]) -> [Gf128; BATCH] {
    let mut wide = [Gf128::ZERO; BATCH];
    wide.iter_mut().zip(elements).for_each(|(wide, &element)| *wide = Gf128::from_subfield(element));
    wide
}

/// x^(2^bits - 2), in a time that does not depend on x.
fn invert<S: Scalar>(x: S, one: S, bits: usize) -> S {
    let (mut result, mut power) = (one, x);
    for _ in 1..bits {
        power = power.times(power);
        result = result.times(power);
    }
    result
}
