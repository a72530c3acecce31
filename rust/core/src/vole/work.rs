//! Pieces of work for threads.

use std::thread;

use crate::parallel::available_threads;

/// The size of pieces of `total` items, a multiple of `multiple`, so that there is one a thread; 0 threads are all there are.
pub(super) fn piece(total: usize, multiple: usize, threads: usize) -> usize {
    let threads = if threads == 0 { available_threads() } else { threads };
    total.div_ceil(threads).next_multiple_of(multiple)
}

/// Does `work` for each of the pieces, each but the last in a thread of its own.
pub(super) fn for_each_piece<P: Send>(pieces: impl Iterator<Item = P>, work: impl Fn(P) + Sync) {
    let mut pieces = pieces.peekable();
    thread::scope(|scope| {
        let work = &work;
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_some() {
                scope.spawn(move || work(piece));
            } else {
                work(piece);
            }
        }
    });
}
