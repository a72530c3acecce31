//! From 128 base transfers to 32 times "all seeds of sixteen but one": what the extension begins with.
//!
//! Roy, "SoftSpokenOT", ePrint 2022/192, section 5 (figures 13 and 14, k = 4): group g is a tree of four levels whose sixteen
//! leaves are seeds; the side with Delta lacks the leaf numbered by four bits of Delta. For each level the sums of all left and of
//! all right nodes are sent under the two keys of a base transfer. A check value over all leaves stops a sender whose sums fit no
//! tree, except that it may guess bits of Delta and be caught when it guesses wrong.

use zeroize::Zeroize;

use super::{BASE_TRANSFERS, digest, short_digest};
use crate::fixed_key::Key;

/// Bits of Delta a group stands for.
pub const GROUP_BITS: usize = 4;
/// Seeds of a group.
pub const GROUP_SEEDS: usize = 1 << GROUP_BITS;
/// Groups of a setup.
pub const GROUPS: usize = BASE_TRANSFERS / GROUP_BITS;
/// Bytes sent for all groups: two sums for each level but the first, the sum of the check values and their digest.
pub const MESSAGE_BYTES: usize = GROUPS * GROUP_BYTES;

const GROUP_BYTES: usize = (GROUP_BITS - 1) * 2 * 16 + 32 + 32;

/// The seeds of each group, by number.
pub struct AllSeeds(pub(super) Vec<[Key; GROUP_SEEDS]>);

/// The seeds of each group but one. At place y stands seed `y ^ d`, where d is the number of the missing one; place 0 is unused.
pub struct ButOneSeeds(pub(super) Vec<[Key; GROUP_SEEDS]>);

impl Drop for AllSeeds {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for ButOneSeeds {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The sides to choose in the base transfers so that the missing leaves are numbered by `delta`: in each group the highest bit
/// comes first, and the chosen side is the other one.
pub fn base_choices(delta: u128) -> u128 {
    let bit = |j: usize| (!delta >> (j / GROUP_BITS * GROUP_BITS + GROUP_BITS - 1 - j % GROUP_BITS)) & 1;
    (0..BASE_TRANSFERS).fold(0, |choices, j| choices | bit(j) << j)
}

/// The seeds, and the message that gives the other side all but one of each group.
pub fn send(context: &[u8; 32], keys: &[[Key; 2]]) -> (AllSeeds, Vec<u8>) {
    let mut message = Vec::with_capacity(MESSAGE_BYTES);
    let groups = keys.as_chunks::<GROUP_BITS>().0.iter().enumerate().map(|(g, keys)| {
        let mut nodes: Vec<u128> = keys[0].iter().map(|&key| u128::from_le_bytes(key)).collect();
        for (level, keys) in keys.iter().enumerate().skip(1) {
            nodes = children(context, g, level, &nodes);
            for (side, &key) in keys.iter().enumerate() {
                let sum = nodes.iter().skip(side).step_by(2).fold(u128::from_le_bytes(key), |sum, node| sum ^ node);
                message.extend_from_slice(&sum.to_le_bytes());
            }
        }
        let checks: Vec<[u8; 32]> = nodes.iter().enumerate().map(|(x, node)| check_value(context, g, x, *node)).collect();
        message.extend_from_slice(&sum_of(&checks));
        message.extend_from_slice(&digest("leaves", &[context, checks.as_flattened()]));
        std::array::from_fn(|x| leaf_seed(context, g, x, nodes[x]))
    });
    (AllSeeds(groups.collect()), message)
}

/// The seeds but those that `delta` numbers; `None` when the check fails. Time does not depend on `delta`.
///
/// # Panics
/// When the message has not [`MESSAGE_BYTES`].
pub fn receive(context: &[u8; 32], keys: &[Key], delta: u128, message: &[u8]) -> Option<ButOneSeeds> {
    assert_eq!(message.len(), MESSAGE_BYTES, "the caller checks the length");
    let mut groups = Vec::with_capacity(GROUPS);
    let mut consistent = true;
    let messages = message.as_chunks::<GROUP_BYTES>().0.iter();
    for (g, (keys, message)) in keys.as_chunks::<GROUP_BITS>().0.iter().zip(messages).enumerate() {
        let missing = (delta >> (g * GROUP_BITS)) as usize % GROUP_SEEDS;
        let (sums, checks_sent) = message.split_at((GROUP_BITS - 1) * 2 * 16);
        let sums: Vec<u128> = sums.as_chunks().0.iter().map(|sum| u128::from_le_bytes(*sum)).collect();
        let known = u128::from_le_bytes(keys[0]);
        let path = missing >> (GROUP_BITS - 1);
        let mut nodes: Vec<u128> = (0..2).map(|x| known & !is_equal(x, path)).collect();
        for level in 1..GROUP_BITS {
            let parent = missing >> (GROUP_BITS - level);
            let path = missing >> (GROUP_BITS - 1 - level);
            nodes = children(context, g, level, &nodes);
            for (x, node) in nodes.iter_mut().enumerate() {
                *node &= !is_equal(x / 2, parent);
            }
            let wanted_right = is_equal(path % 2, 0);
            let sent = (sums[2 * level - 1] & wanted_right) | (sums[2 * level - 2] & !wanted_right);
            let of_side = |side: usize| nodes.iter().skip(side).step_by(2).fold(0, |sum, node| sum ^ node);
            let had = (of_side(1) & wanted_right) | (of_side(0) & !wanted_right);
            let sibling = sent ^ had ^ u128::from_le_bytes(keys[level]);
            for (x, node) in nodes.iter_mut().enumerate() {
                *node |= sibling & is_equal(x, path ^ 1);
            }
        }
        let mut checks: Vec<[u8; 32]> = (0..GROUP_SEEDS).map(|x| check_value(context, g, x, nodes[x])).collect();
        mask_place(&mut checks, missing);
        let mut lacking = sum_of(&checks);
        lacking.iter_mut().zip(checks_sent).for_each(|(byte, sent)| *byte ^= sent);
        for (x, check) in checks.iter_mut().enumerate() {
            let mask = is_equal(x, missing) as u8;
            check.iter_mut().zip(&lacking).for_each(|(byte, lacking)| *byte |= lacking & mask);
        }
        consistent &= digest("leaves", &[context, checks.as_flattened()]) == checks_sent[32..];
        let seeds: Vec<Key> = (0..GROUP_SEEDS).map(|x| leaf_seed(context, g, x, nodes[x])).collect();
        groups.push(relabelled(&seeds, missing));
    }
    consistent.then_some(ButOneSeeds(groups))
}

/// All ones when equal, otherwise zero; both are small.
fn is_equal(left: usize, right: usize) -> u128 {
    let differs = ((left ^ right) as u64).wrapping_neg() >> 63;
    u128::from(differs).wrapping_sub(1)
}

fn mask_place(checks: &mut [[u8; 32]], place: usize) {
    for (x, check) in checks.iter_mut().enumerate() {
        let mask = !is_equal(x, place) as u8;
        check.iter_mut().for_each(|byte| *byte &= mask);
    }
}

/// Place y gets seed `y ^ missing`, by exchanges of pairs that all happen; place 0 is emptied.
fn relabelled(seeds: &[Key], missing: usize) -> [Key; GROUP_SEEDS] {
    let mut words: [u128; GROUP_SEEDS] = std::array::from_fn(|x| u128::from_le_bytes(seeds[x]));
    for bit in 0..GROUP_BITS {
        let mask = !is_equal((missing >> bit) & 1, 0);
        for low in (0..GROUP_SEEDS).filter(|x| (x >> bit) & 1 == 0) {
            let high = low | (1 << bit);
            let difference = (words[low] ^ words[high]) & mask;
            words[low] ^= difference;
            words[high] ^= difference;
        }
    }
    words[0] = 0;
    words.map(u128::to_le_bytes)
}

fn sum_of(checks: &[[u8; 32]]) -> [u8; 32] {
    std::array::from_fn(|i| checks.iter().fold(0, |sum, check| sum ^ check[i]))
}

fn children(context: &[u8; 32], g: usize, level: usize, nodes: &[u128]) -> Vec<u128> {
    let of_node = |(x, node): (usize, &u128)| {
        let place = [g as u8, level as u8, x as u8];
        let both = digest("node", &[context, &place, &node.to_le_bytes()]);
        std::array::from_fn::<_, 2, _>(|side| u128::from_le_bytes(both.as_chunks().0[side]))
    };
    nodes.iter().enumerate().flat_map(of_node).collect()
}

fn check_value(context: &[u8; 32], g: usize, x: usize, node: u128) -> [u8; 32] {
    digest("leaf check", &[context, &[g as u8, x as u8], &node.to_le_bytes()])
}

fn leaf_seed(context: &[u8; 32], g: usize, x: usize, node: u128) -> Key {
    short_digest("leaf seed", &[context, &[g as u8, x as u8], &node.to_le_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELTA: u128 = 0xfedc_ba98_7654_3210_0123_4567_89ab_cdef;

    fn keys() -> (Vec<[Key; 2]>, Vec<Key>) {
        let pairs: Vec<[Key; 2]> = (0..128_u8).map(|j| [[j; 16], [j + 128; 16]]).collect();
        let choices = base_choices(DELTA);
        let chosen = pairs.iter().enumerate().map(|(j, pair)| pair[(choices >> j) as usize & 1]).collect();
        (pairs, chosen)
    }

    #[test]
    fn all_seeds_but_the_one_that_delta_numbers_arrive() {
        let (pairs, chosen) = keys();
        let (all, message) = send(&[9; 32], &pairs);
        let but_one = receive(&[9; 32], &chosen, DELTA, &message).unwrap();
        for (g, (all, but_one)) in all.0.iter().zip(&but_one.0).enumerate() {
            let missing = (DELTA >> (4 * g)) as usize % 16;
            for y in 1..16 {
                assert_eq!(but_one[y], all[y ^ missing]);
            }
            assert_eq!(but_one[0], [0; 16]);
        }
    }

    #[test]
    fn a_sum_that_fits_no_tree_is_noticed() {
        let (pairs, chosen) = keys();
        let (_, message) = send(&[9; 32], &pairs);
        for g in [0, 17, 31] {
            let refused = (0..GROUP_BYTES).filter(|i| {
                let mut damaged = message.clone();
                damaged[g * GROUP_BYTES + i] ^= 1;
                receive(&[9; 32], &chosen, DELTA, &damaged).is_none()
            });
            // half of the sums are never opened; whatever is opened or compared is noticed
            assert_eq!(refused.count(), GROUP_BYTES - 3 * 16);
        }
    }
}
