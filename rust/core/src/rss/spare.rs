//! Memory of sizes that a plan gives: a process that is held to a limit is told where there is none, instead of being ended. And
//! working memory that one run of a circuit leaves for the next: fresh pages cost as much as the gates computed on them.

use std::sync::{Mutex, PoisonError};

use super::lanes::Lane;

/// Lanes kept at most, 64 MiB.
const MOST_LANES: usize = 1 << 20;

/// There is no memory for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// So many zeros.
///
/// # Errors
/// There is no memory for them.
pub fn zeroed<T: bytemuck::Zeroable>(length: usize) -> Result<Vec<T>, NoMemory> {
    bytemuck::try_zeroed_vec(length).map_err(|()| NoMemory)
}

/// An empty list with room for so many.
pub(super) fn with_room<T>(length: usize) -> Result<Vec<T>, NoMemory> {
    let mut list = Vec::new();
    list.try_reserve_exact(length).map_err(|_| NoMemory)?;
    Ok(list)
}

/// Memory nobody uses now. What stands in it are shares of this node's, like everything else it has in memory.
#[derive(Default)]
pub(super) struct Spare(Mutex<Vec<Vec<Lane>>>);

impl Spare {
    /// At least so many lanes with anything in them.
    pub(super) fn take(&self, lanes: usize) -> Result<Vec<Lane>, NoMemory> {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = pieces.iter().enumerate().filter(|(_, piece)| piece.len() >= lanes);
        match fitting.min_by_key(|(_, piece)| piece.len()).map(|(at, _)| at) {
            Some(at) => Ok(pieces.swap_remove(at)),
            None => zeroed(lanes),
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
        assert_eq!([10, 10, 10].map(|lanes| spare.take(lanes).unwrap().len()), [20, 100, 10]);
        assert_eq!(spare.take(1).unwrap().len(), 5);
    }

    #[test]
    fn what_cannot_be_had_is_refused() {
        assert_eq!(Spare::default().take(usize::MAX >> 8), Err(NoMemory));
        assert_eq!(zeroed::<u64>(usize::MAX), Err(NoMemory));
        assert_eq!(with_room::<u32>(usize::MAX >> 4), Err(NoMemory));
    }
}
