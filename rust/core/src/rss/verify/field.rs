//! The fields that proofs are folded in, and sums of products over columns of their elements.

#[cfg(target_arch = "x86_64")]
use super::lanes_simd::{self, Width};
use crate::gf128;

/// A field whose elements are words, with what folding needs of it.
pub(super) trait Field {
    /// The sum.
    fn add(&self, left: u64, right: u64) -> u64;
    /// The difference.
    fn subtract(&self, left: u64, right: u64) -> u64;
    /// The product.
    fn multiply(&self, left: u64, right: u64) -> u64;
    /// Whether the word is an element.
    fn has(&self, word: u64) -> bool;
    /// An element from 128 uniform bits; 2^-64 from uniform at most.
    fn draw(&self, words: [u64; 2]) -> u64;
    /// The sum of (a + a') (b + b') + (c + c') (d + d') over columns \[a, b, c, d\] and \[a', b', c', d'\] of one length.
    fn crossed(&self, left: [&[u64]; 4], right: [&[u64]; 4]) -> u64;
    /// The sum of a b + c d over columns \[a, b, c, d\] of one length.
    fn products(&self, columns: [&[u64]; 4]) -> u64;
    /// The sum of `points[l] * rows[l]` for rows of one length.
    fn combine(&self, points: &[u64], rows: &[&[u64]], to: &mut [u64]);
}

/// GF(2^64) as in `gf128`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gf64;

impl Field for Gf64 {
    fn add(&self, left: u64, right: u64) -> u64 {
        left ^ right
    }

    fn subtract(&self, left: u64, right: u64) -> u64 {
        left ^ right
    }

    fn multiply(&self, left: u64, right: u64) -> u64 {
        gf128::multiply_subfield(left, right)
    }

    fn has(&self, _word: u64) -> bool {
        true
    }

    fn draw(&self, words: [u64; 2]) -> u64 {
        words[0]
    }

    fn crossed(&self, left: [&[u64]; 4], right: [&[u64]; 4]) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if let Some(width) = Width::found() {
            return lanes_simd::crossed(width, left, right);
        }
        crossed_portable(left, right)
    }

    fn products(&self, columns: [&[u64]; 4]) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if let Some(width) = Width::found() {
            return lanes_simd::products(width, columns);
        }
        products_portable(columns)
    }

    fn combine(&self, points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(width) = Width::found() {
            return lanes_simd::combine(width, points, rows, to);
        }
        combine_portable(points, rows, to);
    }
}

/// `Gf64::products` anywhere.
pub(super) fn products_portable([a, b, c, d]: [&[u64]; 4]) -> u64 {
    let sums = a.iter().zip(b).zip(c.iter().zip(d));
    sums.fold(0, |sum, ((&a, &b), (&c, &d))| sum ^ gf128::multiply_subfield(a, b) ^ gf128::multiply_subfield(c, d))
}

/// `Gf64::crossed` anywhere.
pub(super) fn crossed_portable(left: [&[u64]; 4], right: [&[u64]; 4]) -> u64 {
    let at = |of: usize, i: usize| left[of][i] ^ right[of][i];
    (0..left[0].len())
        .fold(0, |sum, i| sum ^ gf128::multiply_subfield(at(0, i), at(1, i)) ^ gf128::multiply_subfield(at(2, i), at(3, i)))
}

/// `Gf64::combine` anywhere.
pub(super) fn combine_portable(points: &[u64], rows: &[&[u64]], to: &mut [u64]) {
    to.fill(0);
    for (&point, row) in points.iter().zip(rows) {
        for (to, &element) in to.iter_mut().zip(row.iter()) {
            *to ^= gf128::multiply_subfield(point, element);
        }
    }
}
