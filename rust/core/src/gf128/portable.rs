//! Products of single elements: the reductions, and a multiplication without special instructions, in constant time.

use super::Gf128;

/// The polynomial product of two words by 64 masked shifts.
pub(super) fn carryless(left: u64, right: u64) -> u128 {
    let wide = u128::from(left);
    (0..64).fold(0, |product, i| product ^ ((wide << i) & u128::from((right >> i) & 1).wrapping_neg()))
}

/// A product modulo x^64 + x^4 + x^3 + x + 1: x^64 is x^4 + x^3 + x + 1, folded twice because the first fold leaves four bits.
pub(super) const fn reduce(product: u128) -> u64 {
    let (low, high) = (product as u64, (product >> 64) as u64);
    let spill = (high >> 63) ^ (high >> 61) ^ (high >> 60);
    low ^ fold(high) ^ fold(spill)
}

const fn fold(word: u64) -> u64 {
    word ^ (word << 1) ^ (word << 3) ^ (word << 4)
}

pub(super) fn multiply_subfield(left: u64, right: u64, carryless: impl Fn(u64, u64) -> u128) -> u64 {
    reduce(carryless(left, right))
}

/// Three products, by Karatsuba: (a + bY)(c + dY) = ac + x^61 bd + ((a + b)(c + d) + ac) Y.
pub(super) fn multiply(left: Gf128, right: Gf128, carryless: impl Fn(u64, u64) -> u128) -> Gf128 {
    let low = carryless(left.lo, right.lo);
    let high = reduce(carryless(left.hi, right.hi));
    let middle = carryless(left.lo ^ left.hi, right.lo ^ right.hi);
    Gf128 { lo: reduce(low ^ (u128::from(high) << 61)), hi: reduce(middle ^ low) }
}
