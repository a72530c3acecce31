//! What the two sides of an instance do alike.

use zeroize::Zeroizing;

use super::VoleError;
use super::params::{NOISE_WEIGHT, VoleParams};
use super::setup::Session;
use crate::fixed_key::{CorrelationHash, TreeStep};
use crate::gf128::{Gf128, evaluate, power};
use crate::ot::{digest, short_digest};

/// Trees whose leaves are systematic places of the code.
pub(super) const HALF: usize = NOISE_WEIGHT / 2;

/// The step after an error.
const FAILED: usize = usize::MAX;

/// The next step must be `k`; it counts as failed until it is done.
pub(super) fn begin(next: &mut usize, k: usize, params: &VoleParams) -> Result<(), VoleError> {
    let in_turn = *next == k && k < params.messages();
    *next = FAILED;
    if in_turn { Ok(()) } else { Err(VoleError::OutOfOrder) }
}

/// The masks of the sums: for each shift and row the hash of row plus shift. The key is public and new for every message 0, the
/// tweak is the row's number.
pub(super) fn tree_masks<const N: usize>(
    session: &Session,
    first: &[u8; 32],
    shifts: [Gf128; N],
    rows: &[Gf128],
) -> [Zeroizing<Vec<Gf128>>; N] {
    let hash = CorrelationHash::new(&short_digest("masks", &[session, first]));
    shifts.map(|shift| {
        let mut masks = Zeroizing::new(rows.iter().map(|&row| row ^ shift).collect::<Vec<Gf128>>());
        hash.hash(&mut masks, 0);
        masks
    })
}

pub(super) fn tree_step(session: &Session, first: &[u8; 32], tree: usize) -> TreeStep {
    let keys = digest("tree", &[session, first, &(tree as u64).to_le_bytes()]);
    TreeStep::new(&[0, 1].map(|side| keys.as_chunks().0[side]))
}

/// The sum of `rows[i] * basis(i)`: correlations of bits become one of the field element they make.
pub(super) fn weighted(rows: &[Gf128]) -> Gf128 {
    let horner = |rows: &[Gf128]| rows.iter().rev().fold(Gf128::ZERO, |sum, &row| sum.times_x() ^ row);
    match rows.split_at_checked(64) {
        Some((low, high)) if !high.is_empty() => horner(low) + horner(high) * Gf128::basis(64),
        _ => horner(rows),
    }
}

/// The extension's share of noise value `tree` times Delta.
pub(super) fn base_value(params: &VoleParams, rows: &[Gf128], tree: usize) -> Gf128 {
    let bits = params.noise_bits();
    weighted(&rows[params.choice_rows() + tree * bits..][..bits])
}

/// `evaluate` of one slice behind the other.
pub(super) fn evaluate_halves(point: Gf128, first: &[Gf128], second: &[Gf128]) -> Gf128 {
    evaluate(point, first) + power(point, first.len() as u32) * evaluate(point, second)
}

pub(super) fn check_digest(session: &Session, message: &[u8], sum: Gf128) -> [u8; 32] {
    digest("check", &[session, message, &sum.to_bytes()])
}
