//! Payloads sealed under group elements: whoever can compute the element finds the record by its tag and opens it.
//!
//! SHA-512(prefix || encoding) gives a record's tag (bytes 0 to 15) and its AES-256-GCM key (bytes 32 to 63); with the hash as a
//! random oracle the two are independent. Every element seals one record, so a key is used once and the nonce is zero.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::group::{Encoding, POINT_BYTES};
use crate::parallel;

/// Bytes of a record's tag.
pub const TAG_BYTES: usize = 16;
/// Bytes that sealing adds to a payload.
pub const SEAL_BYTES: usize = 16;

/// The tag of each packed element's record, packed in order.
///
/// # Panics
/// When `elements` is not a whole number of encodings.
pub fn tags(elements: &[u8], prefix: &[u8], threads: usize) -> Vec<u8> {
    let tags: Result<Vec<[u8; TAG_BYTES]>, std::convert::Infallible> =
        parallel::map_chunks(whole(elements), threads, |_, chunk| {
            Ok(chunk.iter().map(|element| Derived::new(prefix, element).tag()).collect())
        });
    let Ok(tags) = tags;
    tags.into_flattened()
}

/// One record an element, packed in order: tag, sealed payload.
///
/// # Panics
/// When there are not as many payloads as elements.
pub fn seal(elements: &[u8], prefix: &[u8], payloads: &[u8], payload_bytes: usize, threads: usize) -> Vec<u8> {
    let elements = whole(elements);
    assert_eq!(payloads.len(), elements.len() * payload_bytes, "a payload for each element");
    let records: Result<Vec<u8>, std::convert::Infallible> = parallel::map_chunks(elements, threads, |start, chunk| {
        let mut records = Vec::with_capacity(chunk.len() * (TAG_BYTES + payload_bytes + SEAL_BYTES));
        for (i, element) in (start..).zip(chunk) {
            let derived = Derived::new(prefix, element);
            records.extend_from_slice(&derived.tag());
            let body = records.len();
            records.extend_from_slice(&payloads[i * payload_bytes..(i + 1) * payload_bytes]);
            let seal = derived
                .cipher()
                .encrypt_inout_detached(&Nonce::default(), &[], records[body..].as_mut().into())
                .expect("a payload is far below the limit of the mode");
            records.extend_from_slice(&seal);
        }
        Ok(records)
    });
    let Ok(records) = records;
    records
}

/// What is in records whose tags are taken off, packed in order: 1 and the payload, or as many zeros for a record that was not
/// sealed under its element. One that does not open keeps no other from being opened.
///
/// # Panics
/// When there are not as many records as elements.
pub fn open(elements: &[u8], prefix: &[u8], sealed: &[u8], payload_bytes: usize, threads: usize) -> Vec<u8> {
    let elements = whole(elements);
    let sealed_bytes = payload_bytes + SEAL_BYTES;
    assert_eq!(sealed.len(), elements.len() * sealed_bytes, "a record for each element");
    let opened: Result<Vec<u8>, std::convert::Infallible> = parallel::map_chunks(elements, threads, |start, chunk| {
        let mut opened = Vec::with_capacity(chunk.len() * (1 + payload_bytes));
        for (index, element) in (start..).zip(chunk) {
            let (body, seal) = sealed[index * sealed_bytes..(index + 1) * sealed_bytes].split_at(payload_bytes);
            let begin = opened.len();
            opened.push(1);
            opened.extend_from_slice(body);
            let seal = Tag::try_from(seal).expect("16 bytes");
            let cipher = Derived::new(prefix, element).cipher();
            if cipher.decrypt_inout_detached(&Nonce::default(), &[], opened[begin + 1..].as_mut().into(), &seal).is_err() {
                opened[begin..].fill(0);
            }
        }
        Ok(opened)
    });
    let Ok(opened) = opened;
    opened
}

struct Derived(Zeroizing<[u8; 64]>);

impl Derived {
    fn new(prefix: &[u8], element: &Encoding) -> Self {
        Self(Zeroizing::new(Sha512::new().chain_update(prefix).chain_update(element).finalize().into()))
    }

    fn tag(&self) -> [u8; TAG_BYTES] {
        *self.0.first_chunk().expect("long enough")
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new_from_slice(&self.0[32..]).expect("32 bytes")
    }
}

fn whole(elements: &[u8]) -> &[Encoding] {
    let (elements, rest) = elements.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty(), "whole encodings");
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_under_its_element_alone() {
        let elements = [[1; 32], [2; 32]].concat();
        let records = seal(&elements, b"prefix", b"onetwo", 3, 1);
        let (first, second) = records.split_at(TAG_BYTES + 3 + SEAL_BYTES);
        assert_eq!([&first[..TAG_BYTES], &second[..TAG_BYTES]].concat(), tags(&elements, b"prefix", 1));
        let bodies = [&first[TAG_BYTES..], &second[TAG_BYTES..]];
        assert_eq!(open(&elements, b"prefix", &bodies.concat(), 3, 1), b"\x01one\x01two");
        assert_eq!(open(&elements, b"prefix", &[bodies[1], bodies[1]].concat(), 3, 1), b"\0\0\0\0\x01two");
        assert_eq!(open(&elements, b"other", &bodies.concat(), 3, 1), [0; 8]);
    }
}
