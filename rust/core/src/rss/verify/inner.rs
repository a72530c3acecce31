//! The recursive proof of an inner product: columns become shorter, level by level, until one masked product is left.
//!
//! The claim of the node's proof is sum(x_own y_next + x_next y_own) = t, and t lies in two shares at the two verifiers. A level
//! cuts columns in L rows. The prover gives out, in shares, the symmetric sums M(l, k) of the products of rows l and k; the
//! verifiers take M(0, 0) as what is missing to t. At random points r_l the sum of r_l r_k M(l, k) is the claim on columns that are
//! sums of r_l times row l. The last level has rows of one element and one row more of random elements, with the point 1, which
//! makes what is left uniform.

use super::coins::Masks;
use super::field::Field;
use crate::rss::level::Level;
use crate::rss::streams::Streams;

/// Rows of the last level at most.
const LAST: usize = 64;

/// Longer columns are read from their source at their first level and never written down: fresh memory costs more.
const WRITTEN: usize = 1 << 16;

/// Elements of a row that are worked on together, at most.
const STRIP: usize = 256;

/// Elements of a row that are worked on together: eight rows of four columns stay in the first-level cache where vectors are wide,
/// and elsewhere there are fewer strips.
fn strip() -> usize {
    if Level::found() == Level::Avx512 { STRIP / 2 } else { STRIP }
}

/// Elements of four columns.
type Strip = [[u64; STRIP]; 4];

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

/// Where long columns come from.
pub(super) trait Source {
    /// Elements of each.
    fn len(&self) -> usize;
    /// Elements from one on, and zeros beyond the last one.
    fn read(&self, from: usize, to: [&mut [u64]; 4]);
}

/// What a node holds of the three proofs.
pub(super) struct Inner<F> {
    pub(super) field: F,
    /// x own, y next, x next, y own: the prover's claim is on the products of the first two and of the last two. None while they
    /// are read from a source.
    pub(super) columns: [Vec<u64>; 4],
    /// Elements of a column.
    length: usize,
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
        let length = columns[0].len();
        Self { field, columns, length, claims, shares: [Vec::new(), Vec::new()], rows: 0, is_last: false }
    }

    /// Of columns that their source gives again and again.
    pub(super) fn read_from(field: F, source: &impl Source, claims: [u64; 2]) -> Self {
        let length = source.len();
        let mut columns = [const { Vec::new() }; 4];
        if length <= WRITTEN {
            columns = std::array::from_fn(|_| vec![0; length]);
            source.read(0, columns.each_mut().map(|column| &mut column[..]));
        }
        Self { length, ..Self::new(field, columns, claims) }
    }

    /// The prover's message for the previous node.
    pub(super) fn message(&mut self, source: Option<&dyn Source>, streams: &Streams, masks: &mut Masks) -> Vec<u64> {
        self.is_last = self.length <= LAST;
        let mut rows = fan(self.length);
        let groups = self.length.div_ceil(rows);
        let source = source.filter(|_| self.columns[0].is_empty());
        if source.is_none() {
            for column in &mut self.columns {
                column.resize(rows * groups, 0);
            }
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
        let mut message = self.matrix(source, rows, groups);
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
    pub(super) fn fold(&mut self, source: Option<&dyn Source>, words: &[u64]) -> bool {
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
        let groups = self.length.div_ceil(fan(self.length));
        let mut folded: [Vec<u64>; 4] = std::array::from_fn(|_| vec![0; groups]);
        self.each_strip(source, rows, groups, |from, strip| {
            for (column, folded) in folded.iter_mut().enumerate() {
                let parts: Vec<&[u64]> = strip.iter().map(|row| row[column]).collect();
                self.field.combine(&points, &parts, &mut folded[from..from + parts[0].len()]);
            }
        });
        (self.columns, self.length) = (folded, groups);
        self.is_last
    }

    fn matrix(&self, source: Option<&dyn Source>, rows: usize, groups: usize) -> Vec<u64> {
        let field = &self.field;
        let mut sums = vec![0; entries(rows)];
        self.each_strip(source, rows, groups, |_, strip| {
            let own: Vec<u64> = strip.iter().map(|&row| field.products(row)).collect();
            for (sum, (l, k)) in sums.iter_mut().zip(pairs(rows)) {
                let entry = if l == k {
                    own[l]
                } else {
                    let both = field.crossed(strip[l], strip[k]);
                    field.subtract(field.subtract(both, own[l]), own[k])
                };
                *sum = field.add(*sum, entry);
            }
        });
        sums
    }

    /// Shows some elements of all rows at a time, four columns each, and where they begin in their rows.
    fn each_strip(&self, source: Option<&dyn Source>, rows: usize, groups: usize, mut show: impl FnMut(usize, &[[&[u64]; 4]])) {
        let source = source.filter(|_| self.columns[0].is_empty());
        let mut read: Vec<Strip> = vec![[[0; STRIP]; 4]; if source.is_some() { rows } else { 0 }];
        for from in (0..groups).step_by(strip()) {
            let count = strip().min(groups - from);
            if let Some(source) = source {
                for (row, to) in read.iter_mut().enumerate() {
                    source.read(row * groups + from, to.each_mut().map(|column| &mut column[..count]));
                }
            }
            let row = |row: usize| -> [&[u64]; 4] {
                std::array::from_fn(|column| match source {
                    Some(_) => &read[row][column][..count],
                    None => &self.columns[column][row * groups + from..row * groups + from + count],
                })
            };
            let strip: Vec<[&[u64]; 4]> = (0..rows).map(row).collect();
            show(from, &strip);
        }
    }
}
