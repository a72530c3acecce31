//! The Merkle tree of RFC 6962, section 2.1, whose leaves are 64 consecutive records each, the last one of fewer.
//!
//! A leaf of one record would cost three blocks of SHA-256 a record instead of six tenths of one. To show that a row is or is not
//! there takes its leaf, at most 2.3 KB, and 32 bytes a level.

use sha2::{Digest, Sha256};

/// Records of a leaf.
const LEAF_RECORDS: usize = 64;

/// A tree to which records are added in their order; memory does not grow.
#[derive(Default)]
pub(super) struct Tree<const RECORD_BYTES: usize> {
    leaf: Vec<u8>,
    leaves: u64,
    /// Roots of the whole subtrees to the left, the largest first: one for each bit that is set in `leaves`.
    subtrees: Vec<[u8; 32]>,
}

impl<const RECORD_BYTES: usize> Tree<RECORD_BYTES> {
    pub(super) fn add(&mut self, record: &[u8; RECORD_BYTES]) {
        self.leaf.extend_from_slice(record);
        if self.leaf.len() == LEAF_RECORDS * RECORD_BYTES {
            self.end_leaf();
        }
    }

    pub(super) fn root(mut self) -> [u8; 32] {
        if !self.leaf.is_empty() {
            self.end_leaf();
        }
        let root = self.subtrees.into_iter().rev().reduce(|right, left| hash_node(&left, &right));
        root.unwrap_or_else(|| Sha256::digest([]).into())
    }

    fn end_leaf(&mut self) {
        let mut root: [u8; 32] = Sha256::new_with_prefix([0]).chain_update(&self.leaf).finalize().into();
        self.leaf.clear();
        for _ in 0..self.leaves.trailing_ones() {
            let left = self.subtrees.pop().expect("one for each bit that is set");
            root = hash_node(&left, &root);
        }
        self.subtrees.push(root);
        self.leaves += 1;
    }
}

fn hash_node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 as it is written.
    fn slow_root(leaves: &[&[u8]]) -> [u8; 32] {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => Sha256::new_with_prefix([0]).chain_update(leaf).finalize().into(),
            _ => {
                let half = leaves.len().next_power_of_two() / 2;
                hash_node(&slow_root(&leaves[..half]), &slow_root(&leaves[half..]))
            }
        }
    }

    const RECORD_BYTES: usize = 36;

    #[test]
    fn the_root_is_that_of_rfc_6962() {
        let text: Vec<u8> = (0..RECORD_BYTES * 1000).map(|n| ((n * n) >> 3) as u8).collect();
        for records in [0, 1, 63, 64, 65, 128, 129, 192, 300, 448, 449, 999, 1000] {
            let text = &text[..records * RECORD_BYTES];
            let mut tree = Tree::<RECORD_BYTES>::default();
            text.as_chunks::<RECORD_BYTES>().0.iter().for_each(|record| tree.add(record));
            let leaves: Vec<&[u8]> = text.chunks(LEAF_RECORDS * RECORD_BYTES).collect();
            assert_eq!(tree.root(), slow_root(&leaves), "{records}");
        }
    }
}
