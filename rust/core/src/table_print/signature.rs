//! MinHash of a set, and its bands.
//!
//! The share of equal values in the signatures of two sets estimates Jaccard's index (Broder, "On the resemblance and containment
//! of documents", 1997). One hash for each element is enough: its first seven bits choose one of 128 places, which keeps the least
//! (one permutation hashing; Li, Owen, Zhang, NIPS 2012). A place that got nothing borrows from one that the number of the place
//! and of the attempt choose, alike for every set (optimal densification; Shrivastava, ICML 2017).

use sha2::{Digest, Sha256};

/// Values of a signature.
pub const VALUES: usize = 128;
/// Groups of values, of which one must be equal for two sets to be looked at.
pub const BANDS: usize = 32;
/// Bytes of a band's tag.
pub const TAG_BYTES: usize = 16;

const BAND_DOMAIN: &[u8] = b"atoll table-print/1 band";

/// The signature of a set of which hashes are added in any order, each as often as one likes.
#[derive(Clone)]
pub struct Signature([u64; VALUES]);

impl Default for Signature {
    fn default() -> Self {
        Self([u64::MAX; VALUES])
    }
}

impl Signature {
    /// Adds an element by its hash.
    pub fn add(&mut self, hash: u64) {
        let place = &mut self.0[(hash >> (64 - VALUES.ilog2())) as usize];
        *place = hash.min(*place);
    }

    /// Adds the elements of another set.
    pub fn merge(&mut self, other: &Self) {
        for (place, value) in self.0.iter_mut().zip(other.0) {
            *place = value.min(*place);
        }
    }

    /// The values, no place without one; all of them 2^64 - 1 for the empty set.
    pub fn values(&self) -> [u64; VALUES] {
        let mut values = self.0;
        if self.0.iter().all(|&value| value == u64::MAX) {
            return values;
        }
        for (place, value) in values.iter_mut().enumerate() {
            let mut attempt = 0;
            while *value == u64::MAX {
                attempt += 1;
                *value = self.0[donor(place as u64, attempt)];
            }
        }
        values
    }

    /// The same as bytes, eight a value, big-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.values().into_iter().flat_map(u64::to_be_bytes).collect()
    }

    /// One tag for each band; none for the empty set.
    pub fn bands(&self) -> Vec<[u8; TAG_BYTES]> {
        let values = self.values();
        if values == [u64::MAX; VALUES] {
            return Vec::new();
        }
        let tag = |(band, values): (usize, &[u64])| {
            let mut hasher = Sha256::new_with_prefix(BAND_DOMAIN);
            hasher.update([band as u8]);
            values.iter().for_each(|value| hasher.update(value.to_be_bytes()));
            hasher.finalize()[..TAG_BYTES].try_into().expect("a digest is longer")
        };
        values.chunks(VALUES / BANDS).enumerate().map(tag).collect()
    }
}

/// Where a place without a value looks at its n-th attempt: the first bits of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
fn donor(place: u64, attempt: u64) -> usize {
    let mut mixed = (place << 32 | attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ mixed >> 31) >> (64 - VALUES.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hashes: impl Iterator<Item = u64>) -> Signature {
        let mut signature = Signature::default();
        hashes.for_each(|hash| signature.add(hash));
        signature
    }

    fn hash(number: u64) -> u64 {
        twox_hash::XxHash64::oneshot(0, &number.to_be_bytes())
    }

    fn agreement(one: &Signature, other: &Signature) -> f64 {
        let (one, other) = (one.values(), other.values());
        one.iter().zip(other).filter(|&(&left, right)| left == right).count() as f64 / VALUES as f64
    }

    #[test]
    fn agreement_estimates_the_index_of_large_and_small_sets() {
        for (size, error) in [(100_000, 0.16), (1000, 0.16), (64, 0.3)] {
            for shared in [0, size / 2, size * 9 / 10] {
                let (mut sum, rounds) = (0.0, 8);
                let index = shared as f64 / (2 * size - shared) as f64;
                for round in 0..rounds {
                    let base = round << 40;
                    let one = of((0..size).map(|n| hash(base + n)));
                    let other = of((size - shared..2 * size - shared).map(|n| hash(base + n)));
                    let found = agreement(&one, &other);
                    assert!((found - index).abs() < error, "{size} {index} {found}");
                    sum += found;
                }
                assert!((sum / rounds as f64 - index).abs() < error / 2.0);
            }
        }
    }

    #[test]
    fn nothing_has_no_bands() {
        assert!(Signature::default().bands().is_empty());
        assert_eq!(of([7].into_iter()).bands().len(), BANDS);
        assert_eq!(of([7].into_iter()).values(), [7; VALUES]);
    }
}
