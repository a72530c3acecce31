//! The random oracles of the protocol, bound to one instance.
//!
//! H_B maps a key to the field, x -> AES-128 under key x of a constant; H_o maps a decoded element u to the output, u -> AES-128 under
//! key u of another. With AES-128 as an ideal cipher, the encryptions of one constant under all keys are a random function, and a
//! perfect simulator answers queries for other plaintexts: both are indifferentiable from random oracles. Against malicious parties
//! H_o takes u and x, and is SHA-256.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use sha2::{Digest, Sha256};

use super::oprf::Output;
use crate::gf128::Gf128;
use crate::okvs::{Key, ROW_SEED_BYTES};

/// A block of the cipher.
pub(super) type Block = [u8; 16];

/// The constants of one instance.
pub(super) struct Oracles {
    /// Seed of the store's rows.
    pub rows: [u8; ROW_SEED_BYTES],
    to_field: Block,
    to_output: Block,
    bound: Block,
}

impl Oracles {
    /// From what both sides know of the instance and nobody else's instance has.
    pub fn new(domain: &[u8; 32]) -> Self {
        let derive = |label: &[u8]| -> [u8; 32] { Sha256::new_with_prefix(label).chain_update(domain).finalize().into() };
        let block = |label: &[u8]| -> Block { derive(label).first_chunk().copied().expect("a digest is longer") };
        Self {
            rows: derive(b"ATOLL-V01-RR22-ROWS"),
            to_field: block(b"ATOLL-V01-RR22-TO-FIELD"),
            to_output: block(b"ATOLL-V01-RR22-TO-OUTPUT"),
            bound: block(b"ATOLL-V01-RR22-TO-BOUND-OUTPUT"),
        }
    }

    /// H_B of each key.
    pub fn to_field(&self, keys: &[Key]) -> Vec<Gf128> {
        let mut blocks = keys.to_vec();
        encrypt_under_each(&mut blocks, &self.to_field);
        blocks.into_iter().map(Gf128::from_bytes).collect()
    }

    /// H_o of each element; with a coin, of the element plus the coin and its key.
    pub fn to_output(&self, decoded: &[Gf128], keys: &[Key], coin: Option<Gf128>, outputs: &mut [Output]) {
        let Some(coin) = coin else {
            outputs.iter_mut().zip(decoded).for_each(|(block, element)| *block = element.to_bytes());
            return encrypt_under_each(outputs, &self.to_output);
        };
        for ((output, &element), key) in outputs.iter_mut().zip(decoded).zip(keys) {
            let bound = Sha256::new_with_prefix(self.bound).chain_update((element + coin).to_bytes()).chain_update(key);
            *output = bound.finalize().first_chunk().copied().expect("a digest is longer");
        }
    }
}

/// Replaces each block by the encryption of `plaintext` under it.
pub(super) fn encrypt_under_each(keys: &mut [Block], plaintext: &Block) {
    let done = keys.len() - encrypt_vectors(keys, plaintext);
    encrypt_one_by_one(&mut keys[done..], plaintext);
}

/// The same without vectors.
pub(super) fn encrypt_one_by_one(keys: &mut [Block], plaintext: &Block) {
    for key in keys {
        let mut block = (*plaintext).into();
        Aes128::new(&(*key).into()).encrypt_block(&mut block);
        *key = block.into();
    }
}

/// As far as vectors go; returns how many are left at the end.
#[cfg(target_arch = "x86_64")]
fn encrypt_vectors(keys: &mut [Block], plaintext: &Block) -> usize {
    super::keyed_simd::encrypt_under_each(keys, plaintext).unwrap_or(keys.len())
}

/// As far as vectors go; returns how many are left at the end.
#[cfg(not(target_arch = "x86_64"))]
fn encrypt_vectors(keys: &mut [Block], _: &Block) -> usize {
    keys.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_encrypt_as_one_by_one() {
        let plaintext = [7; 16];
        for length in 0..20_u8 {
            let keys: Vec<Block> =
                (0..length).map(|i| std::array::from_fn(|j| i.wrapping_mul(31) ^ (j as u8).wrapping_mul(17))).collect();
            let mut encrypted = keys.clone();
            encrypt_under_each(&mut encrypted, &plaintext);
            for (key, found) in keys.iter().zip(encrypted) {
                let mut block = plaintext.into();
                Aes128::new(&(*key).into()).encrypt_block(&mut block);
                assert_eq!(found, <Block>::from(block));
            }
        }
    }
}
