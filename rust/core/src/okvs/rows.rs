//! A key's row: which cluster, which sparse columns, which powers.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use super::shape::{MOST_COLUMNS, Shape, WEIGHT};

/// Bytes of a key of the store; for a set's items, their digests.
pub const KEY_BYTES: usize = 16;

/// A key of the store.
pub type Key = [u8; KEY_BYTES];

/// Bytes of the seed of all rows of a store.
pub const ROW_SEED_BYTES: usize = 32;

/// Sparse columns of a row within its cluster, all different.
pub(super) type Columns = [u32; WEIGHT];

/// Keys hashed at a time.
pub(super) const BATCH: usize = 256;

/// Bits of a hash that choose one column; a column is as likely as another up to 2^-(42 - log2 columns).
const COLUMN_BITS: u32 = 42;

/// Rows under one seed: two AES-128 permutations of the key, keyed by the two halves of the seed.
///
/// The first gives the field element of the dense columns and, in its upper half, the cluster; the second the sparse columns. As
/// the seed is drawn once keys are fixed, a pseudorandom function is all that the analysis needs. Different keys have different
/// field elements (of 128 bits), so never the same row.
pub struct Rows {
    dense: Aes128,
    sparse: Aes128,
    shape: Shape,
}

impl Rows {
    /// The rows of a store of that shape; the seed is uniform.
    ///
    /// # Panics
    /// When a cluster has more than [`MOST_COLUMNS`](super::shape::MOST_COLUMNS).
    pub fn new(seed: &[u8; ROW_SEED_BYTES], shape: Shape) -> Self {
        assert!(shape.sparse <= MOST_COLUMNS, "columns that a part of a hash can choose from");
        let (dense, sparse) = seed.split_at(ROW_SEED_BYTES / 2);
        let cipher = |key: &[u8]| Aes128::new(&Array(key.try_into().expect("half of the seed")));
        Self { dense: cipher(dense), sparse: cipher(sparse), shape }
    }

    /// The sizes of the store.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The clusters of a batch of keys.
    pub(super) fn clusters(&self, keys: &[Key], out: &mut [u32]) {
        let mut blocks = [0; BATCH];
        self.dense_keys(keys, &mut blocks);
        for (cluster, block) in out.iter_mut().zip(blocks) {
            *cluster = self.cluster(block);
        }
    }

    /// The cluster of the key with this dense hash.
    pub(super) fn cluster(&self, dense: u128) -> u32 {
        (((dense >> 64) * self.shape.clusters as u128) >> 64) as u32
    }

    /// The dense hashes of a batch of keys.
    pub(super) fn dense_keys(&self, keys: &[Key], out: &mut [u128; BATCH]) {
        encrypt(&self.dense, keys, out);
    }

    /// The sparse columns of a batch of keys.
    pub(super) fn columns(&self, keys: &[Key], out: &mut [Columns; BATCH]) {
        let mut blocks = [0; BATCH];
        encrypt(&self.sparse, keys, &mut blocks);
        let columns = self.shape.sparse as u64;
        let scaled =
            |block: u128, at: u32, below: u64| (((block >> at) as u64 & ((1 << COLUMN_BITS) - 1)) * below) >> COLUMN_BITS;
        for (row, block) in out.iter_mut().zip(blocks).take(keys.len()) {
            let first = scaled(block, 0, columns);
            let second = scaled(block, COLUMN_BITS, columns - 1);
            let second = second + u64::from(second >= first);
            let third = scaled(block, 2 * COLUMN_BITS, columns - 2);
            let third = third + u64::from(third >= first.min(second));
            let third = third + u64::from(third >= first.max(second));
            *row = [first as u32, second as u32, third as u32];
        }
    }
}

fn encrypt(cipher: &Aes128, keys: &[Key], out: &mut [u128; BATCH]) {
    let mut blocks = [[0; KEY_BYTES]; BATCH];
    let blocks = &mut blocks[..keys.len()];
    blocks.copy_from_slice(keys);
    cipher.encrypt_blocks(Array::cast_slice_from_core_mut(blocks));
    for (word, block) in out.iter_mut().zip(blocks) {
        *word = u128::from_le_bytes(*block);
    }
}
