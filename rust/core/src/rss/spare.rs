//! Working memory that one run of a circuit leaves for the next: fresh pages cost as much as the gates computed on them.

use std::sync::{Mutex, PoisonError};

use super::lanes::Lane;

/// Lanes kept at most, 64 MiB.
const MOST_LANES: usize = 1 << 20;

/// Memory nobody uses now. What stands in it are shares of this node's, like everything else it has in memory.
#[derive(Default)]
pub(super) struct Spare(Mutex<Vec<Vec<Lane>>>);

impl Spare {
    /// At least so many lanes with anything in them.
    pub(super) fn take(&self, lanes: usize) -> Vec<Lane> {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = pieces.iter().enumerate().filter(|(_, piece)| piece.len() >= lanes);
        match fitting.min_by_key(|(_, piece)| piece.len()).map(|(at, _)| at) {
            Some(at) => pieces.swap_remove(at),
            None => bytemuck::zeroed_vec(lanes),
        }
    }

    /// Keeps a piece, unless there is enough already.
    pub(super) fn give(&self, piece: Vec<Lane>) {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !piece.is_empty() && pieces.iter().map(Vec::len).sum::<usize>() + piece.len() <= MOST_LANES {
            pieces.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_piece_that_fits_is_used_again_and_no_more_than_enough_is_kept() {
        let spare = Spare::default();
        for lanes in [5, 100, 20, MOST_LANES] {
            spare.give(vec![Lane::default(); lanes]);
        }
        assert_eq!([10, 10, 10].map(|lanes| spare.take(lanes).len()), [20, 100, 10]);
        assert_eq!(spare.take(1).len(), 5);
    }
}
