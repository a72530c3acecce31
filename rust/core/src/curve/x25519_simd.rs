//! A vector kernel of `super::x25519`: lists of any length, cut into groups of an element a lane and batches of groups.
#![allow(unsafe_code)]

use super::elligator_simd::{UNIFORM_BYTES, from_uniform};
use super::field_simd::Tight;
use super::montgomery_simd::multiply as multiply_groups;
use super::sha512_simd::Expander;
use super::vectorised;
use super::words_simd::LANES;
use crate::group::Encoding;
use crate::hash::{Hash, expand_message_xmd};

/// Elements that share inversions.
const BATCH: usize = 32 * LANES;

/// Products, zero for the point at infinity; the processor has the instructions, as the caller has checked.
pub fn multiply(points: &[Encoding], clamped: &[u8; 32]) -> Vec<Encoding> {
    // SAFETY: the processor has the instructions.
    points.chunks(BATCH).flat_map(|batch| unsafe { multiply_batch(batch, clamped) }).collect()
}

/// Products of hashes under a tag of 1 to 255 bytes, the cofactor not cleared by the hash, times 2^`doublings`; the processor has
/// the instructions, as the caller has checked.
pub fn hash_multiply<M: AsRef<[u8]>>(messages: &[M], clamped: &[u8; 32], tag: &[u8], doublings: usize) -> Vec<Encoding> {
    // SAFETY: the processor has the instructions.
    messages.chunks(BATCH).flat_map(|batch| unsafe { hash_multiply_batch(batch, clamped, tag, doublings) }).collect()
}

#[vectorised]
fn multiply_batch(points: &[Encoding], clamped: &[u8; 32]) -> Vec<Encoding> {
    let mut numbers = Vec::with_capacity(BATCH / LANES);
    for group in points.chunks(LANES) {
        let mut lanes = [[0; 32]; LANES];
        lanes[..group.len()].copy_from_slice(group);
        numbers.push(Tight::from_bytes(&lanes));
    }
    finish(&numbers, clamped, 0, points.len())
}

#[vectorised]
fn hash_multiply_batch<M: AsRef<[u8]>>(messages: &[M], clamped: &[u8; 32], tag: &[u8], doublings: usize) -> Vec<Encoding> {
    finish(&from_uniform(&expand(messages, tag)), clamped, doublings, messages.len())
}

/// The uniform bytes of each message, a lane each; the last group is filled up with its first message.
#[vectorised]
pub fn expand<M: AsRef<[u8]>>(messages: &[M], tag: &[u8]) -> Vec<[[u8; UNIFORM_BYTES]; LANES]> {
    let mut expander = Expander::new(tag);
    let mut uniform = Vec::with_capacity(messages.len().div_ceil(LANES));
    for group in messages.chunks(LANES) {
        let group: [&[u8]; LANES] = std::array::from_fn(|lane| group.get(lane).unwrap_or(&group[0]).as_ref());
        uniform.push(if group.iter().all(|message| message.len() == group[0].len()) {
            expander.expand::<UNIFORM_BYTES>(&group)
        } else {
            group.map(|message| expand_one(message, tag))
        });
    }
    uniform
}

fn expand_one(message: &[u8], tag: &[u8]) -> [u8; UNIFORM_BYTES] {
    let mut uniform = [0; UNIFORM_BYTES];
    uniform.copy_from_slice(&expand_message_xmd(Hash::Sha512, message, tag, UNIFORM_BYTES).expect("the tag is not empty"));
    uniform
}

/// The first `count` products.
#[vectorised]
fn finish(numbers: &[Tight], clamped: &[u8; 32], doublings: usize, count: usize) -> Vec<Encoding> {
    let mut products = multiply_groups(numbers, clamped, doublings).into_flattened();
    products.truncate(count);
    products
}
