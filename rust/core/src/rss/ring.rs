//! Products over Z/2^64 of shares: what a node computes before the one round they take.

use super::level::Level;
use super::matmul::{self, Matrix};
use super::streams::Streams;
use super::wide;

/// Words masked at a time: they stay in the first-level cache.
const BATCH: usize = 1024;

/// Two shares of a column, the node's own and the next one's, of one length.
#[derive(Clone, Copy, Debug)]
pub struct Shares<'a> {
    /// x_i.
    pub own: &'a [u64],
    /// x_(i+1).
    pub next: &'a [u64],
}

/// The node's own share of x y, element by element.
///
/// # Panics
/// Unless all have one length.
pub fn multiply(x: Shares<'_>, y: Shares<'_>, streams: &Streams, ticket: u64, product: &mut [u64]) {
    assert!([x.own, x.next, y.own, y.next].iter().all(|share| share.len() == product.len()), "columns of one length");
    let level = Level::found();
    for (batch, product) in product.chunks_mut(BATCH).enumerate() {
        let here = batch * BATCH..batch * BATCH + product.len();
        streams.fill_zero_words(ticket, here.start as u64, product);
        let (x, y) = (x.part(here.clone()), y.part(here));
        wide::add_each(level, x, y, product);
    }
}

/// Adds the products without their masks.
#[inline(always)]
pub(super) fn add_each(x: Shares<'_>, y: Shares<'_>, product: &mut [u64]) {
    let factors = x.own.iter().zip(x.next).zip(y.own.iter().zip(y.next));
    for (z, ((&x_own, &x_next), (&y_own, &y_next))) in product.iter_mut().zip(factors) {
        let own = x_own.wrapping_mul(y_own.wrapping_add(y_next));
        *z = z.wrapping_add(own).wrapping_add(x_next.wrapping_mul(y_own));
    }
}

/// The node's own share of the matrix product, row after row.
///
/// # Panics
/// Unless `x` has as many columns as `y` has rows, and `product` as many words as their product.
pub fn matmul(x: Matrix<'_>, y: Matrix<'_>, streams: &Streams, ticket: u64, product: &mut [u64]) {
    assert_eq!(x.columns, y.rows, "as many columns as rows");
    assert_eq!(product.len(), x.rows * y.columns, "a word for each row and column");
    streams.fill_zero_words(ticket, 0, product);
    let level = Level::found();
    wide::add_product(level, x, y, matmul::tile_product(level), product);
}

impl Shares<'_> {
    /// Some elements of both.
    pub(super) fn part(&self, here: std::ops::Range<usize>) -> Self {
        Self { own: &self.own[here.clone()], next: &self.next[here] }
    }
}
