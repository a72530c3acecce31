//! expand_message_xmd of RFC 9380 section 5.3.1: a hash stretched to any length under a domain tag.

use std::borrow::Cow;

use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

/// The longest tag that is used as it is; longer ones are hashed first (RFC 9380 section 5.3.3).
const LONGEST_TAG: usize = 255;
const LONG_TAG_PREFIX: &[u8] = b"H2C-OVERSIZE-DST-";

/// The hash that is stretched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256, blocks of 64 bytes.
    Sha256,
    /// SHA-512, blocks of 128 bytes.
    Sha512,
}

/// `length` uniform bytes from `message` under the domain tag `dst`; `None` when the length is 0 or above what RFC 9380 allows
/// (255 digests, 65,535 bytes), or the tag is empty.
pub fn expand_message_xmd(hash: Hash, message: &[u8], dst: &[u8], length: usize) -> Option<Vec<u8>> {
    match hash {
        Hash::Sha256 => expand::<Sha256>(64, message, dst, length),
        Hash::Sha512 => expand::<Sha512>(128, message, dst, length),
    }
}

/// The tag as it is used: a long one is hashed first (RFC 9380 section 5.3.3).
pub(crate) fn short_tag(hash: Hash, dst: &[u8]) -> Cow<'_, [u8]> {
    match hash {
        Hash::Sha256 => shorten::<Sha256>(dst),
        Hash::Sha512 => shorten::<Sha512>(dst),
    }
}

fn shorten<D: Digest>(dst: &[u8]) -> Cow<'_, [u8]> {
    if dst.len() <= LONGEST_TAG {
        return dst.into();
    }
    D::new().chain_update(LONG_TAG_PREFIX).chain_update(dst).finalize().to_vec().into()
}

fn expand<D: Digest>(block_bytes: usize, message: &[u8], dst: &[u8], length: usize) -> Option<Vec<u8>> {
    let digest_bytes = <D as Digest>::output_size();
    let ell = length.div_ceil(digest_bytes);
    if length == 0 || length > usize::from(u16::MAX) || ell > 255 || dst.is_empty() {
        return None;
    }
    let tag = shorten::<D>(dst);
    let tag_length = [tag.len() as u8];

    let b_0 = D::new()
        .chain_update(vec![0; block_bytes])
        .chain_update(message)
        .chain_update((length as u16).to_be_bytes())
        .chain_update([0])
        .chain_update(&tag)
        .chain_update(tag_length)
        .finalize();
    let mut uniform = Vec::with_capacity(ell * digest_bytes);
    let mut previous = vec![0; digest_bytes];
    for i in 1..=ell {
        let mixed: Vec<u8> = b_0.iter().zip(&previous).map(|(left, right)| left ^ right).collect();
        let b_i = D::new().chain_update(&mixed).chain_update([i as u8]).chain_update(&tag).chain_update(tag_length).finalize();
        uniform.extend_from_slice(&b_i);
        previous = b_i.to_vec();
    }
    uniform.truncate(length);
    Some(uniform)
}
