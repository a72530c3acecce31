//! The first level of the proof for numbers: from claims modulo 2^64 to one claim modulo a prime.
//!
//! A ring has too few units to fold in, so the claims leave it. For each of 48 random subsets S of the claims, which are on words
//! as integers,
//!
//! ```text
//! sum over S of (x_i y_(i+1) + x_(i+1) y_i) = C + D + 2^64 H,    C = sum of c modulo 2^64,  D = sum of d modulo 2^64
//! ```
//!
//! and the prover gives out H in shares that are integers of bounded size. A wrong claim makes half of the equations wrong whatever H
//! is: not zero, and below 2^228. Then a coin chooses a prime of 50 bits; a wrong equation stays wrong modulo all but four of the
//! 2^43.8 there are. One more coin weighs the equations, and the columns are x times the weight of its claim, and y.
//!
//! That an identity of integers is checked modulo a random prime is the fingerprint of Freivalds and of Karp and Rabin; the subset
//! sums are the Galois ring's random elements of Boyle et al., ePrint 2019/1390, section 4, taken coefficient by coefficient.

use super::coins::{Coin, Masks, Use};
use super::field::Field;
use super::inner::Inner;
use super::moves::Moved;
use super::prime::Prime;
use super::subsets::subset_sums;
use super::weighted::Weighted;
use crate::rss::ring::Shares;
use crate::rss::streams::{Side, Streams};

/// Subsets: a wrong claim goes unnoticed with 2^-48.
pub(super) const SUBSETS: usize = 48;
/// Words of a share of H.
pub(super) const SHARE_WORDS: usize = 3;
/// Bits of the mask of H, which is below 2^100.
const MASK_BITS: usize = 160;
/// Words of the prover's message.
pub(super) const MESSAGE_WORDS: usize = SUBSETS * SHARE_WORDS;

/// Claims of one kind.
pub(super) enum Claims<'a> {
    /// Inner products: z\[j\] is the sum of the products of row j of x and of y.
    Products {
        /// Factors of each claim.
        inner: usize,
        x: Shares<'a>,
        y: Shares<'a>,
        /// What is behind the products: z_next less F(next), and F(own), F(next), claim by claim.
        masks: Behind<'a>,
    },
    /// Rows of a step of a shuffle.
    Moved(Moved<'a>),
}

/// The other terms of claims.
pub(super) enum Behind<'a> {
    /// As they were exchanged.
    Exchanged { ticket: u64, z_next: &'a [u64] },
    /// Sums of such: z next, F own, F next.
    Summed([&'a [u64]; 3]),
}

impl Claims<'_> {
    pub(super) fn len(&self) -> usize {
        self.z_next().len()
    }

    /// Elements that the columns take.
    pub(super) fn elements(&self) -> usize {
        match self {
            Self::Products { inner, .. } => self.len() * inner,
            Self::Moved(moved) => moved.len(),
        }
    }

    /// F own and F next of some claims.
    pub(super) fn fill(&self, streams: &Streams, from: usize, own: &mut [u64], next: &mut [u64]) {
        match self {
            Self::Products { masks: Behind::Exchanged { ticket, .. }, .. } => {
                streams.fill(Side::Own, *ticket, from as u64, own);
                streams.fill(Side::Next, *ticket, from as u64, next);
            }
            Self::Products { masks: Behind::Summed([_, all_own, all_next]), .. } => {
                own.copy_from_slice(&all_own[from..from + own.len()]);
                next.copy_from_slice(&all_next[from..from + next.len()]);
            }
            Self::Moved(moved) => moved.fill(streams, from, own, next),
        }
    }

    pub(super) fn z_next(&self) -> &[u64] {
        match self {
            Self::Products { masks: Behind::Exchanged { z_next, .. } | Behind::Summed([z_next, ..]), .. } => z_next,
            Self::Moved(moved) => moved.z_next,
        }
    }

    /// The products of a claim that this node proves, as an integer in limbs of 32 bits, and modulo 2^64 what it knows of the next
    /// node's.
    pub(super) fn sums(&self, at: usize) -> [u64; 5] {
        let mut sums = [0; 5];
        match self {
            Self::Products { inner, x, y, .. } => {
                let row = at * inner..(at + 1) * inner;
                let [x_own, x_next, y_own, y_next] = [x.own, x.next, y.own, y.next].map(|factor| &factor[row.clone()]);
                for ((&x_own, &x_next), (&y_own, &y_next)) in x_own.iter().zip(x_next).zip(y_own.iter().zip(y_next)) {
                    for product in [u128::from(x_own) * u128::from(y_next), u128::from(x_next) * u128::from(y_own)] {
                        let (low, high) = (product as u64, (product >> 64) as u64);
                        let limbs = [low & u64::from(u32::MAX), low >> 32, high & u64::from(u32::MAX), high >> 32];
                        sums.iter_mut().zip(limbs).for_each(|(sum, limb)| *sum += limb);
                    }
                    sums[4] = u64::wrapping_add(sums[4], x_next.wrapping_mul(y_next));
                }
            }
            Self::Moved(moved) => {
                let word = moved.proved(at);
                sums = [word & u64::from(u32::MAX), word >> 32, 0, 0, moved.known(at)];
            }
        }
        sums
    }
}

/// The state between the prover's message and the prime.
pub(super) struct Open {
    /// C of the next node's claims, D of the previous node's: for each subset.
    known: [Vec<u64>; 2],
    /// Shares of H of the next and the previous node.
    shares: [Vec<[u64; SHARE_WORDS]>; 2],
    coin: Coin,
}

/// The prover's message, and the node's parts as a verifier.
pub(super) fn message(claims: &[Claims<'_>], streams: &Streams, masks: &mut Masks, coin: Coin) -> (Vec<u64>, Open) {
    let sums = subset_sums(claims, streams, &coin);
    let [own, next] = masks.take(streams, SUBSETS * SHARE_WORDS);
    let masked = |words: &[u64]| -> Vec<[u64; SHARE_WORDS]> {
        words.as_chunks().0.iter().map(|&[low, middle, high]: &[u64; 3]| [low, middle, high >> (192 - MASK_BITS)]).collect()
    };
    let mut message = Vec::with_capacity(MESSAGE_WORDS);
    for (sums, mask) in sums.iter().zip(masked(&next)) {
        message.extend(less(sums.quotient(), mask));
    }
    let known = [sums.iter().map(|sums| sums.next).collect(), sums.iter().map(|sums| sums.own).collect()];
    (message, Open { known, shares: [Vec::new(), masked(&own)], coin })
}

impl Open {
    /// Takes the message of the next node on; false if a share is not an integer of its size.
    pub(super) fn hear(&mut self, message: &[u64]) -> bool {
        self.shares[0] = message.as_chunks().0.to_vec();
        let bound = 1 << (MASK_BITS + 1 - 128);
        self.shares[0].iter().all(|share| (-bound..bound).contains(&(share[2] as i64)))
    }

    /// What is left to be proved, modulo the prime of a coin, of columns that are weighed.
    pub(super) fn fold(self, claims: &[Claims<'_>], points: &Coin) -> (Inner<Prime>, Weighted) {
        let field = Prime::draw_from(points);
        let weights: Vec<u64> =
            points.words(Use::Sums, 2 * SUBSETS).as_chunks().0.iter().map(|&pair| field.draw(pair)).collect();
        let word = field.reduce_wide(1 << 64);
        let sums = std::array::from_fn(|side| {
            let equations = self.known[side].iter().zip(&self.shares[side]).zip(&weights);
            equations.fold(0, |sum, ((&known, share), &weight)| {
                let value = field.add(field.reduce(known), field.multiply(word, signed(&field, share)));
                field.add(sum, field.multiply(weight, value))
            })
        });
        let weighted = Weighted::new(field, self.coin, &weights, claims);
        (Inner::read_from(field, &weighted.columns(claims), sums), weighted)
    }
}

/// The difference of integers of 192 bits in two's complement.
pub(super) fn less(left: [u64; SHARE_WORDS], right: [u64; SHARE_WORDS]) -> [u64; SHARE_WORDS] {
    let mut borrow = false;
    std::array::from_fn(|i| {
        let (word, first) = left[i].overflowing_sub(right[i]);
        let (word, second) = word.overflowing_sub(u64::from(borrow));
        borrow = first | second;
        word
    })
}

/// An integer of 192 bits in two's complement, modulo the prime.
fn signed(field: &Prime, share: &[u64; SHARE_WORDS]) -> u64 {
    let word = field.reduce_wide(1 << 64);
    let high = field.subtract(field.reduce(share[2] ^ (1 << 63)), field.reduce(1 << 63));
    share[..2].iter().rev().fold(high, |sum, &limb| field.add(field.multiply(sum, word), field.reduce(limb)))
}
