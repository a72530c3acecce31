//! Shares of zero that a party computes alone, one a digest, from the keys it has with each of the others.
//!
//! share(x) = PRF(k_1, x) xor ... xor PRF(k_n, x), with AES-128 as the PRF on the 16 bytes of a digest. Each key belongs to two
//! parties, so over all parties that have x every term stands there twice and the shares of x cancel; whoever misses one party's
//! share sees uniform bytes. A permutation for a function: telling them apart after 2^32 digests succeeds with 2^-65.

use std::convert::Infallible;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

use crate::parallel;

/// Bytes of a key.
pub const KEY_BYTES: usize = 16;
/// Bytes of a digest, one block of the cipher.
pub const DIGEST_BYTES: usize = 16;

const BATCH: usize = 256;

/// The first `share_bytes` bytes of each digest's share, packed in order. Time depends on the counts alone.
///
/// # Panics
/// Unless `share_bytes` is 1 to 16.
pub fn zero_shares(digests: &[[u8; DIGEST_BYTES]], keys: &[[u8; KEY_BYTES]], share_bytes: usize, threads: usize) -> Vec<u8> {
    assert!((1..=DIGEST_BYTES).contains(&share_bytes), "a share has 1 to 16 bytes");
    let ciphers: Vec<Aes128> = keys.iter().map(|key| Aes128::new(&Array(*key))).collect();
    let packed: Result<_, Infallible> = parallel::map_chunks(digests, threads, |_, chunk| {
        let mut packed = Vec::with_capacity(chunk.len() * share_bytes);
        let mut blocks = Vec::with_capacity(BATCH);
        let mut shares = vec![0_u128; BATCH];
        for batch in chunk.chunks(BATCH) {
            shares.fill(0);
            for cipher in &ciphers {
                blocks.clear();
                blocks.extend(batch.iter().map(|digest| Array(*digest)));
                cipher.encrypt_blocks(&mut blocks);
                for (share, block) in shares.iter_mut().zip(&blocks) {
                    *share ^= u128::from_le_bytes(block.0);
                }
            }
            for share in &shares[..batch.len()] {
                packed.extend_from_slice(&share.to_le_bytes()[..share_bytes]);
            }
        }
        Ok(packed)
    });
    let Ok(packed) = packed;
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(count: u32) -> Vec<[u8; 16]> {
        (0..u128::from(count)).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).to_le_bytes()).collect()
    }

    #[test]
    fn one_key_is_fips_197() {
        let key = std::array::from_fn(|i| i as u8);
        let block = std::array::from_fn(|i| (0x11 * i) as u8);
        let expected = [0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a];
        assert_eq!(zero_shares(&[block], &[key], 16, 1), expected);
        assert_eq!(zero_shares(&[block], &[key], 8, 1), expected[..8]);
    }

    #[test]
    fn the_shares_of_all_parties_cancel_and_those_of_fewer_do_not() {
        let items = digests(1000);
        let key = |i: u8, j: u8| [i.min(j) * 16 + i.max(j); 16];
        let of = |i: u8| zero_shares(&items, &(0..4).filter(|&j| j != i).map(|j| key(i, j)).collect::<Vec<_>>(), 9, 2);
        let sum = |parties: &[u8]| {
            parties.iter().fold(vec![0; 9000], |sum: Vec<u8>, &i| sum.iter().zip(of(i)).map(|(a, b)| a ^ b).collect())
        };
        assert!(sum(&[0, 1, 2, 3]).iter().all(|&byte| byte == 0));
        assert!(sum(&[0, 1, 2]).chunks(9).all(|share| share.iter().any(|&byte| byte != 0)));
    }
}
