//! The recursive proof of an inner product: columns become shorter, level by level, until one masked product is left.
//!
//! The claim of the node's proof is sum(x_own y_next + x_next y_own) = t, and t lies in two shares at the two verifiers. A level
//! cuts columns in L rows. The prover gives out, in shares, the symmetric sums M(l, k) of the products of rows l and k; the
//! verifiers take M(0, 0) as what is missing to t. At random points r_l the sum of r_l r_k M(l, k) is the claim on columns that are
//! sums of r_l times row l. The last level has rows of one element and one row more of random elements, with the point 1, which
//! makes what is left uniform.

use super::coins::Masks;
use super::field::Field;
use crate::rss::streams::Streams;

/// Rows of the last level at most.
const LAST: usize = 64;

/// Elements of a row that are worked on together: some rows of four columns stay in the second-level cache.
const STRIP: usize = 128;

/// How many rows columns of so many elements are cut in.
///
/// Every row costs time, every level two rounds.
fn fan(length: usize) -> usize {
    match length {
        0..=LAST => length.max(1),
        65..=4096 => 64,
        4097..=65536 => 16,
        _ => 8,
    }
}

/// The words of every level's message for columns of so many elements, none for no columns.
pub(super) fn message_words(length: usize) -> Vec<usize> {
    let (mut words, mut length) = (Vec::new(), length);
    while length > LAST {
        let rows = fan(length);
        words.push(entries(rows) - 1);
        length = length.div_ceil(rows);
    }
    if length != 0 {
        words.push(entries(length + 1) - 1);
    }
    words
}

/// Symmetric pairs of rows.
fn entries(rows: usize) -> usize {
    rows * (rows + 1) / 2
}

/// All pairs l <= k, those with l = k first.
fn pairs(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).map(|l| (l, l)).chain((0..rows).flat_map(move |l| (l + 1..rows).map(move |k| (l, k))))
}

/// The sum of r_l r_k M(l, k).
pub(super) fn at_points<F: Field>(field: &F, points: &[u64], matrix: &[u64]) -> u64 {
    pairs(points.len())
        .zip(matrix)
        .fold(0, |sum, ((l, k), &entry)| field.add(sum, field.multiply(field.multiply(points[l], points[k]), entry)))
}

/// What a node holds of the three proofs.
pub(super) struct Inner<F> {
    pub(super) field: F,
    /// x own, y next, x next, y own: the prover's claim is on the products of the first two and of the last two.
    pub(super) columns: [Vec<u64>; 4],
    /// The node's shares of the sums that the next and the previous node claim.
    pub(super) claims: [u64; 2],
    /// The shares of the other entries of their matrices at the open level.
    shares: [Vec<u64>; 2],
    /// Rows of the open level, with the one of random elements if it is the last.
    rows: usize,
    is_last: bool,
}

impl<F: Field> Inner<F> {
    pub(super) fn new(field: F, columns: [Vec<u64>; 4], claims: [u64; 2]) -> Self {
        Self { field, columns, claims, shares: [Vec::new(), Vec::new()], rows: 0, is_last: false }
    }

    /// The prover's message for the previous node.
    pub(super) fn message(&mut self, streams: &Streams, masks: &mut Masks) -> Vec<u64> {
        let length = self.columns[0].len();
        self.is_last = length <= LAST;
        let mut rows = fan(length);
        let groups = length.div_ceil(rows);
        for column in &mut self.columns {
            column.resize(rows * groups, 0);
        }
        if self.is_last {
            // of each key two elements: nobody but its two holders knows them
            let [own, next] = masks.take(streams, 4);
            let extra = |words: &[u64]| [0, 2].map(|at| self.field.draw([words[at], words[at + 1]]));
            let ([x_own, y_own], [x_next, y_next]) = (extra(&own), extra(&next));
            for (column, element) in self.columns.iter_mut().zip([x_own, y_next, x_next, y_own]) {
                column.push(element);
            }
            rows += 1;
        }
        self.rows = rows;
        let mut message = self.matrix(rows, groups);
        message.remove(0);
        let [own, next] = masks.take(streams, 2 * message.len());
        let drawn = |words: Vec<u64>| words.as_chunks().0.iter().map(|&pair| self.field.draw(pair)).collect::<Vec<_>>();
        for (entry, mask) in message.iter_mut().zip(drawn(next)) {
            *entry = self.field.subtract(*entry, mask);
        }
        self.shares[1] = drawn(own);
        message
    }

    /// Takes the message of the next node on.
    pub(super) fn hear(&mut self, message: &[u64]) {
        self.shares[0] = message.to_vec();
    }

    /// Words of the coin that `fold` needs.
    pub(super) fn point_words(&self) -> usize {
        2 * self.rows
    }

    /// Ends the open level at random points; whether it was the last.
    pub(super) fn fold(&mut self, words: &[u64]) -> bool {
        let rows = self.rows;
        let mut points: Vec<u64> = words.as_chunks().0.iter().map(|&pair| self.field.draw(pair)).collect();
        if self.is_last {
            points[rows - 1] = 1;
        }
        // the products of the random elements belong to no claim
        let claimed = rows - 1 - usize::from(self.is_last);
        for (claim, shares) in self.claims.iter_mut().zip(&mut self.shares) {
            let known = shares[..claimed].iter().fold(0, |sum, &entry| self.field.add(sum, entry));
            let first = self.field.subtract(*claim, known);
            let matrix: Vec<u64> = std::iter::once(first).chain(shares.drain(..)).collect();
            *claim = at_points(&self.field, &points, &matrix);
        }
        for column in &mut self.columns {
            let groups = column.len() / rows;
            let mut folded = vec![0; groups];
            let parts: Vec<&[u64]> = column.chunks_exact(groups).collect();
            self.field.combine(&points, &parts, &mut folded);
            *column = folded;
        }
        self.is_last
    }

    fn matrix(&self, rows: usize, groups: usize) -> Vec<u64> {
        let field = &self.field;
        let mut sums = vec![0; entries(rows)];
        let row = |at: usize, from: usize, to: usize| -> [&[u64]; 4] {
            std::array::from_fn(|column| &self.columns[column][at * groups + from..at * groups + to])
        };
        for from in (0..groups).step_by(STRIP) {
            let to = (from + STRIP).min(groups);
            let own: Vec<u64> = (0..rows).map(|at| field.products(row(at, from, to))).collect();
            for (sum, (l, k)) in sums.iter_mut().zip(pairs(rows)) {
                let entry = if l == k {
                    own[l]
                } else {
                    let both = field.crossed(row(l, from, to), row(k, from, to));
                    field.subtract(field.subtract(both, own[l]), own[k])
                };
                *sum = field.add(*sum, entry);
            }
        }
        sums
    }
}
