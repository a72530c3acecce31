//! Randomness of a verification: common coins stretched to as many words as are needed, and masks that two nodes draw alike.

use crate::rss::streams::{KEY_BYTES, Side, Stream, Streams};

/// What words of a coin are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Weights of blocks of words of bits.
    Blocks,
    /// Which claims on numbers are in which subset sum.
    Subsets,
    /// Which rows of matrices are in which subset sum.
    Rows,
    /// Which columns of matrices are in which subset sum.
    Columns,
    /// Points at which bits are folded.
    BitPoints,
    /// Points at which numbers are folded.
    NumberPoints,
    /// Candidates for the prime.
    Prime,
    /// Weights of the subset sums.
    Sums,
    /// Weights of rows of words that moved.
    Moves,
}

/// A coin that nobody could foresee, stretched by AES-128 in counter mode. It is public once it is there.
pub(super) struct Coin(Stream);

impl Coin {
    pub(super) fn new(seed: &[u8; KEY_BYTES]) -> Self {
        Self(Stream::new(seed))
    }

    /// Words `first`, `first + 1`, ... of one use.
    pub(super) fn fill(&self, of: Use, first: u64, words: &mut [u64]) {
        self.0.fill(of as u64, first, words);
    }

    /// The first words of one use.
    pub(super) fn words(&self, of: Use, count: usize) -> Vec<u64> {
        let mut words = vec![0; count];
        self.fill(of, 0, &mut words);
        words
    }
}

/// One ticket's words of both streams of a node, each position once; all nodes draw alike.
pub(super) struct Masks {
    ticket: u64,
    at: u64,
}

impl Masks {
    pub(super) fn new(ticket: u64) -> Self {
        Self { ticket, at: 0 }
    }

    /// So many words of the own and of the next stream.
    pub(super) fn take(&mut self, streams: &Streams, count: usize) -> [Vec<u64>; 2] {
        let drawn = [Side::Own, Side::Next].map(|side| {
            let mut words = vec![0; count];
            streams.fill(side, self.ticket, self.at, &mut words);
            words
        });
        self.at += count as u64;
        drawn
    }
}
