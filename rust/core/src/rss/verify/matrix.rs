//! Matrix products, checked on random sums of rows and columns: the cost stays with the operands.
//!
//! For random subsets S of the rows and T of the columns, the sum of z over S and T is the inner product of the sum of the rows of x
//! in S and the sum of the columns of y in T. A wrong z, halved until an entry is odd, is a matrix over GF(2) that is not zero, and
//! such a sum is odd with at least 1/4; so all of 128 sums are right with 2^-53 at the most (Freivalds, IFIP 1977).

use super::coins::{Coin, Use};
use super::numbers::{Behind, Claims};
use crate::rss::ring::Shares;
use crate::rss::streams::{Side, Streams};

/// Sums taken of a product.
pub(super) const SUMS: usize = 128;

/// Shares of a matrix product of `rows` by `inner` and `inner` by `columns`.
#[derive(Clone, Copy, Debug)]
pub struct Matrices<'a> {
    /// Names the masks.
    pub ticket: u64,
    /// Rows, inner length, columns.
    pub shape: (usize, usize, usize),
    /// The left factor.
    pub x: Shares<'a>,
    /// The right factor.
    pub y: Shares<'a>,
    /// The next node's share of the product.
    pub z_next: &'a [u64],
}

/// Inner products of random sums of rows and columns, in the place of a matrix product.
pub(super) struct Projected {
    inner: usize,
    /// x own, x next, y own, y next: a row a sum.
    factors: [Vec<u64>; 4],
    /// z next, F own, F next.
    behind: [Vec<u64>; 3],
}

impl Projected {
    pub(super) fn claims(&self) -> Claims<'_> {
        let [x_own, x_next, y_own, y_next] = &self.factors;
        let [z_next, own, next] = &self.behind;
        Claims::Products {
            inner: self.inner,
            x: Shares { own: x_own, next: x_next },
            y: Shares { own: y_own, next: y_next },
            masks: Behind::Summed([z_next, own, next]),
        }
    }
}

/// Words of columns that a matrix product is turned to.
pub(super) fn projected_length(matrices: &Matrices<'_>) -> usize {
    SUMS * matrices.shape.1
}

/// Takes the sums; `first` is where the matrix's rows and columns stand among all.
pub(super) fn project(matrices: &Matrices<'_>, streams: &Streams, coin: &Coin, first: &mut [u64; 2]) -> Projected {
    let (rows, inner, columns) = matrices.shape;
    let draw = |of: Use, first: &mut u64, count: usize| {
        let mut words = vec![0; count * SUMS / 64];
        coin.fill(of, *first, &mut words);
        *first += words.len() as u64;
        words
    };
    let in_rows = draw(Use::Rows, &mut first[0], rows);
    let in_columns = draw(Use::Columns, &mut first[1], columns);
    let mut masks = [Side::Own, Side::Next].map(|side| {
        let mut words = vec![0; rows * columns];
        streams.fill(side, matrices.ticket, 0, &mut words);
        words
    });
    let [own, next] = &mut masks;
    let behind = [matrices.z_next, own, next].map(|all| {
        // first the rows of each sum, then its columns of them
        let of_rows = sum_rows(all, columns, &in_rows);
        (0..SUMS).map(|sum| sum_of(&of_rows[sum * columns..(sum + 1) * columns], &in_columns, sum)).collect()
    });
    let x = [matrices.x.own, matrices.x.next].map(|x| sum_rows(x, inner, &in_rows));
    let y = [matrices.y.own, matrices.y.next].map(|y| sum_rows(&transposed(y, inner, columns), inner, &in_columns));
    let ([x_own, x_next], [y_own, y_next]) = (x, y);
    Projected { inner, factors: [x_own, x_next, y_own, y_next], behind }
}

/// All ones if row `at` is in a sum.
fn chosen(subsets: &[u64], at: usize, sum: usize) -> u64 {
    (subsets[at * SUMS / 64 + sum / 64] >> (sum % 64) & 1).wrapping_neg()
}

/// For each sum the sum of its rows.
fn sum_rows(matrix: &[u64], columns: usize, subsets: &[u64]) -> Vec<u64> {
    let mut sums = vec![0_u64; SUMS * columns];
    if columns == 0 {
        return sums;
    }
    for (sum, to) in sums.chunks_exact_mut(columns).enumerate() {
        for (at, row) in matrix.chunks_exact(columns).enumerate() {
            if chosen(subsets, at, sum) != 0 {
                to.iter_mut().zip(row).for_each(|(to, &word)| *to = to.wrapping_add(word));
            }
        }
    }
    sums
}

fn sum_of(row: &[u64], subsets: &[u64], sum: usize) -> u64 {
    row.iter().enumerate().fold(0, |total, (at, &word)| total.wrapping_add(word & chosen(subsets, at, sum)))
}

fn transposed(matrix: &[u64], rows: usize, columns: usize) -> Vec<u64> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| matrix[row * columns + column])).collect()
}
