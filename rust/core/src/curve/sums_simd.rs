//! Sums, differences and signs of elements, whatever limbs they have.

use super::super::vectorised;
use super::super::words_simd::{minus, plus, splat};
use super::{LIMBS, LaneMask, Loose, Tight};

impl Tight {
    /// Lanes negated where `mask` has a bit.
    #[inline]
    #[vectorised]
    pub fn negated_where(&self, mask: LaneMask) -> Self {
        self.blend(mask, &Loose::zero().minus(&self.loose()).tight())
    }

    /// The one of x and -x that is not odd.
    #[inline]
    #[vectorised]
    pub fn absolute(self) -> Self {
        self.negated_where(self.is_odd())
    }
}

impl Loose {
    /// Zero.
    #[inline]
    #[vectorised]
    pub fn zero() -> Self {
        Self([splat(0); LIMBS])
    }

    /// The sum.
    #[inline]
    #[vectorised]
    pub fn plus(&self, other: &Self) -> Self {
        let mut out = self.0;
        for (lanes, addend) in out.iter_mut().zip(&other.0) {
            *lanes = plus(*lanes, *addend);
        }
        Self(out)
    }

    /// The difference as it is, perhaps negative.
    #[inline]
    #[vectorised]
    pub fn less(&self, other: &Self) -> Self {
        let mut out = self.0;
        for (lanes, subtrahend) in out.iter_mut().zip(&other.0) {
            *lanes = minus(*lanes, *subtrahend);
        }
        Self(out)
    }

    /// The difference, positive; see [`Loose::positive`].
    #[inline]
    #[vectorised]
    pub fn minus(&self, other: &Self) -> Self {
        self.less(other).positive()
    }
}
