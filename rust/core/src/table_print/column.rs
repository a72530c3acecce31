//! What is counted of one column.

use twox_hash::XxHash64;

use super::cell::Kind;
use super::distinct::Distinct;
use super::signature::Signature;

/// Of one column, over all rows so far.
#[derive(Clone, Default)]
pub struct ColumnPrint {
    /// Cells of each kind, in the order of [`Kind`].
    pub kinds: [u64; 6],
    /// Bytes of the shortest cell with a value, as it stands in the file; 0 while there is none.
    pub shortest: u64,
    /// Bytes of the longest.
    pub longest: u64,
    /// Bytes of all.
    pub bytes: u64,
    /// Of the set of values.
    pub signature: Signature,
    distinct: Distinct,
}

impl ColumnPrint {
    /// Adds a canonical cell that has a value, and the length that it has in the file.
    pub(super) fn add(&mut self, kind: Kind, cell: &[u8], length: u64) {
        self.kinds[kind as usize] += 1;
        self.shortest = if self.shortest == 0 { length } else { self.shortest.min(length) };
        self.longest = self.longest.max(length);
        self.bytes += length;
        let hash = XxHash64::oneshot(0, cell);
        self.signature.add(hash);
        self.distinct.add(hash);
    }

    /// Adds what was counted in other rows.
    pub(super) fn merge(&mut self, other: &Self) {
        self.kinds.iter_mut().zip(other.kinds).for_each(|(count, more)| *count += more);
        let least = self.shortest.min(other.shortest);
        self.shortest = if least == 0 { self.shortest.max(other.shortest) } else { least };
        self.longest = self.longest.max(other.longest);
        self.bytes += other.bytes;
        self.signature.merge(&other.signature);
        self.distinct.merge(&other.distinct);
    }

    /// About how many values are different.
    pub fn distinct(&self) -> u64 {
        self.distinct.count().min(self.kinds.iter().sum())
    }
}
