//! What is counted of one column.

use twox_hash::XxHash64;

use super::cell::Kind;
use super::distinct::Distinct;
use super::signature::Signature;

/// Of one column, over all rows so far.
#[derive(Clone, Default)]
pub struct ColumnPrint {
    /// Cells without a value.
    pub nulls: u64,
    /// Cells of each kind, in the order of [`Kind`].
    pub kinds: [u64; 6],
    /// Bytes of the shortest canonical cell; 0 while there is none.
    pub shortest: u64,
    /// Bytes of the longest.
    pub longest: u64,
    /// Of the set of values.
    pub signature: Signature,
    distinct: Distinct,
}

impl ColumnPrint {
    /// Adds a canonical cell that has a value.
    pub(super) fn add(&mut self, kind: Kind, cell: &[u8]) {
        let length = cell.len() as u64;
        self.kinds[kind as usize] += 1;
        self.shortest = if self.shortest == 0 { length } else { self.shortest.min(length) };
        self.longest = self.longest.max(length);
        let hash = XxHash64::oneshot(0, cell);
        self.signature.add(hash);
        self.distinct.add(hash);
    }

    /// About how many values are different.
    pub fn distinct(&self) -> u64 {
        self.distinct.count().min(self.kinds.iter().sum())
    }
}
