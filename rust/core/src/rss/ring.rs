//! Products over Z/2^64 of shares: what a node computes before the one round they take.

use super::streams::Streams;

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
    for (batch, product) in product.chunks_mut(BATCH).enumerate() {
        let here = batch * BATCH..batch * BATCH + product.len();
        let (x, y) = (x.part(here.clone()), y.part(here.clone()));
        streams.fill_zero_words(ticket, here.start as u64, product);
        let factors = x.own.iter().zip(x.next).zip(y.own.iter().zip(y.next));
        for (z, ((&x_own, &x_next), (&y_own, &y_next))) in product.iter_mut().zip(factors) {
            let own = x_own.wrapping_mul(y_own.wrapping_add(y_next));
            *z = z.wrapping_add(own).wrapping_add(x_next.wrapping_mul(y_own));
        }
    }
}

/// The node's own share of the matrix product of x, `rows` by `inner`, and y, `inner` by `columns`; rows lie one after the other.
///
/// # Panics
/// Unless the lengths are products of these.
pub fn matmul(
    x: Shares<'_>,
    y: Shares<'_>,
    (rows, inner, columns): (usize, usize, usize),
    streams: &Streams,
    ticket: u64,
    product: &mut [u64],
) {
    assert_eq!(x.own.len(), rows * inner);
    assert_eq!(y.own.len(), inner * columns);
    assert_eq!(product.len(), rows * columns);
    streams.fill_zero_words(ticket, 0, product);
    let both: Vec<u64> = y.own.iter().zip(y.next).map(|(own, next)| own.wrapping_add(*next)).collect();
    for row in 0..rows {
        let product = &mut product[row * columns..(row + 1) * columns];
        for k in 0..inner {
            let (own, next) = (x.own[row * inner + k], x.next[row * inner + k]);
            let here = k * columns..(k + 1) * columns;
            for ((z, &both), &y) in product.iter_mut().zip(&both[here.clone()]).zip(&y.own[here]) {
                *z = z.wrapping_add(own.wrapping_mul(both)).wrapping_add(next.wrapping_mul(y));
            }
        }
    }
}

impl Shares<'_> {
    fn part(&self, here: std::ops::Range<usize>) -> Self {
        Self { own: &self.own[here.clone()], next: &self.next[here] }
    }
}
