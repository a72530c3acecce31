//! Oblivious transfer: 128 base transfers by curve arithmetic, and their extension to any number by symmetric cryptography.

pub mod base;
pub mod extension;
pub mod seeds;

use sha2::{Digest, Sha256};

/// Base transfers of a setup, one for each bit of Delta.
pub const BASE_TRANSFERS: usize = 128;

/// SHA-256 of a tag and parts, each behind its length so that no two lists of parts look alike.
pub(crate) fn digest(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [b"atoll-vole-v1", tag.as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The first 16 bytes of [`digest`].
pub(crate) fn short_digest(tag: &str, parts: &[&[u8]]) -> [u8; 16] {
    digest(tag, parts).as_chunks().0[0]
}
