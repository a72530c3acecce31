//! Rows that two nodes put in an order that the third does not know, as products with a permutation matrix.
//!
//! The matrix P of a step is known to nodes j - 1 and j: its part j is P, its other parts are zero. The product P x by the rule for
//! replicated shares leaves node j + 1 nothing to add, so the mask that would hide its zero is left out:
//!
//! ```text
//! node j - 1 sends    P x_(j-1) - F(k_j)                              to node j + 1
//! node j     sends    P (x_j + x_(j+1)) + F(k_j) - F(k_(j+1))         to node j - 1
//! node j + 1 has      F(k_(j+1)), and so has node j
//! ```
//!
//! A claim is a row of a product, and a random sum of rows with weights w is a product of x and of the weights in the order of the
//! rows before the step: element `order[r]` of y is w\[r\]. Who lacks the order has zeros there, and lacks nothing of what it checks.
//!
//! Over the bits a word is an element of GF(2^64), and the weights are uniform; over the numbers the claims go with those of all
//! other products (`numbers`).

use super::coins::{Coin, Use};
use super::field::{Field, Gf64};
use crate::rss::ring::Shares;
use crate::rss::streams::{Side, Streams};

/// Rows that are worked on together.
const STRIP: usize = 512;

/// Who knows the order of a step: the holders of a part.
#[derive(Clone, Copy, Debug)]
pub enum Order<'a> {
    /// This node and the previous one: row r of the result was row `order[r]`.
    Own(&'a [u32]),
    /// This node and the next one.
    Next(&'a [u32]),
    /// The two others.
    Hidden,
}

/// Notes of one step of a shuffle of one column.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// Names the masks.
    pub ticket: u64,
    /// The step's.
    pub order: Order<'a>,
    /// Whether parts add up by XOR.
    pub is_bits: bool,
    /// The column before the step.
    pub x: Shares<'a>,
    /// The next node's share of the column after it.
    pub z_next: &'a [u64],
}

impl Moved<'_> {
    pub(super) fn len(&self) -> usize {
        self.z_next.len()
    }

    /// F own and F next of some rows, zeros for the key whose mask is left out.
    pub(super) fn fill(&self, streams: &Streams, from: usize, own: &mut [u64], next: &mut [u64]) {
        match self.order {
            Order::Next(_) => own.fill(0),
            Order::Own(_) | Order::Hidden => streams.fill(Side::Own, self.ticket, from as u64, own),
        }
        match self.order {
            Order::Hidden => next.fill(0),
            Order::Own(_) | Order::Next(_) => streams.fill(Side::Next, self.ticket, from as u64, next),
        }
    }

    /// What this node proves of a row: the part that one verifier knows, in the order that the other one knows.
    pub(super) fn proved(&self, row: usize) -> u64 {
        match self.order {
            Order::Own(order) => self.x.next[order[row] as usize],
            Order::Next(order) => self.x.own[order[row] as usize],
            Order::Hidden => 0,
        }
    }

    /// What this node knows of a row that the next one proves.
    pub(super) fn known(&self, row: usize) -> u64 {
        match self.order {
            Order::Next(order) => self.x.next[order[row] as usize],
            Order::Own(_) | Order::Hidden => 0,
        }
    }

    /// Appends y own and y next for weights of rows from one on, as many zeros before where that is the first.
    pub(super) fn scatter(&self, columns: [&mut Vec<u64>; 2], from: usize, weights: &[u64]) {
        let [own, next] = columns;
        if from == 0 {
            own.resize(own.len() + self.len(), 0);
            next.resize(next.len() + self.len(), 0);
        }
        let (column, order) = match self.order {
            Order::Own(order) => (own, order),
            Order::Next(order) => (next, order),
            Order::Hidden => return,
        };
        let start = column.len() - self.len();
        for (&weight, &place) in weights.iter().zip(&order[from..]) {
            column[start + place as usize] = weight;
        }
    }
}

/// Appends moved words to the columns of the proof for bits (x own, y next, x next, y own), and their claims to those of the next and
/// the previous node.
pub(super) fn append_words(
    moves: &[Moved<'_>],
    streams: &Streams,
    points: &Coin,
    columns: &mut [Vec<u64>; 4],
    claims: &mut [u64; 2],
) {
    let (mut weights, mut c, mut d) = ([0; STRIP], [0; STRIP], [0; STRIP]);
    let mut first = 0;
    for moved in moves {
        let [x_own, y_next, x_next, y_own] = columns.each_mut();
        x_own.extend_from_slice(moved.x.own);
        x_next.extend_from_slice(moved.x.next);
        for from in (0..moved.len()).step_by(STRIP) {
            let count = (moved.len() - from).min(STRIP);
            let (weights, c, d) = (&mut weights[..count], &mut c[..count], &mut d[..count]);
            points.fill(Use::Moves, first, weights);
            first += count as u64;
            moved.fill(streams, from, d, c);
            for (at, c) in c.iter_mut().enumerate() {
                *c ^= moved.z_next[from + at] ^ moved.known(from + at);
            }
            moved.scatter([&mut *y_own, &mut *y_next], from, weights);
            let none = &[0; STRIP][..count];
            for (claim, terms) in claims.iter_mut().zip([c, d]) {
                *claim ^= Gf64.products([weights, terms, none, none]);
            }
        }
    }
}
