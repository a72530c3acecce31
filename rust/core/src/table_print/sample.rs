//! Whole rows, as they stand in the file: those with the smallest digests, so that the choice depends on the rows alone.

use std::collections::BTreeMap;

/// Most rows of a sample.
pub const MOST_ROWS: usize = 16_384;
/// Most bytes of a sample.
pub const MOST_BYTES: usize = 32 << 20;

/// Of each sampled row the cells of all columns, the first spelling that was met.
#[derive(Default)]
pub struct Sample {
    scale: u32,
    bytes: usize,
    rows: BTreeMap<u64, Box<[Box<[u8]>]>>,
}

impl Sample {
    /// Whether a row with this digest would be taken.
    pub fn wants(&self, digest: u64) -> bool {
        digest <= u64::MAX >> self.scale && !self.rows.contains_key(&digest)
    }

    /// Takes a row that is wanted.
    pub fn take(&mut self, digest: u64, cells: Box<[Box<[u8]>]>) {
        self.bytes += weight(&cells);
        self.rows.insert(digest, cells);
        self.shrink();
    }

    /// Takes the rows of another sample that are wanted.
    pub fn merge(&mut self, other: Self) {
        for (digest, cells) in other.rows {
            if self.wants(digest) {
                self.take(digest, cells);
            }
        }
        // What the other one has dropped is not known, so nothing beyond its limit may stay.
        self.scale = self.scale.max(other.scale);
        self.drop_beyond();
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.rows.len() > MOST_ROWS || (self.bytes > MOST_BYTES && self.rows.len() > 1) {
            self.scale += 1;
            self.drop_beyond();
        }
    }

    fn drop_beyond(&mut self) {
        if let Some(limit) = (u64::MAX >> self.scale).checked_add(1) {
            let dropped = self.rows.split_off(&limit);
            self.bytes -= dropped.values().map(|cells| weight(cells)).sum::<usize>();
        }
    }

    /// The rows in the order of their digests.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[Box<[u8]>]> {
        self.rows.values().map(|cells| &cells[..])
    }
}

fn weight(cells: &[Box<[u8]>]) -> usize {
    cells.iter().map(|cell| cell.len() + 16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_keeps_to_its_bounds_and_to_the_smallest() {
        let row = |text: &[u8]| -> Box<[Box<[u8]>]> { Box::new([text.into()]) };
        let mut sample = Sample::default();
        let digests = (0..200_000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for digest in digests.clone().chain(digests.clone()) {
            if sample.wants(digest) {
                sample.take(digest, row(&digest.to_be_bytes()));
            }
        }
        let mut expected: Vec<u64> = digests.filter(|&digest| digest >> (64 - sample.scale) == 0).collect();
        expected.sort_unstable();
        assert!((MOST_ROWS / 3..=MOST_ROWS).contains(&expected.len()));
        assert!(sample.rows().map(|cells| cells[0].to_vec()).eq(expected.iter().map(|digest| digest.to_be_bytes().to_vec())));

        let mut large = Sample::default();
        for digest in 0..100u64 {
            if large.wants(digest << 57) {
                large.take(digest << 57, row(&vec![7; 1 << 20]));
            }
        }
        assert!((8..32).contains(&large.rows().len()));
    }
}
