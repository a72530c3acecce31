//! An oblivious function on Curve25519, its blinders added and not multiplied: the client multiplies fixed points only.
//!
//! The holder of a key k has the function m -> k.H(m), where H hashes to the group (RFC 9380, `edwards25519_XMD:SHA-512_ELL2_RO_`)
//! and only the u of the value counts. Its public key is K = k.G, for the generator G.
//!
//! * [`blind`]: H(m) + r.G for each message and a uniform r of its own, which hides H(m) perfectly.
//! * [`answer`]: k times each point, checked. K itself is the answer to [`generator`].
//! * [`unblind`]: u of each answer less r.K, which is the value at m.
//! * [`evaluate`]: u of k.H(m) for each message: what the key's holder can do alone.
//!
//! Points are encoded as in RFC 8032 section 5.1.2, 32 bytes, and are taken when they are canonical, on the curve, and not of
//! small order; a public key besides only without a part of small order. A key is clamped (RFC 7748), a multiple of the cofactor,
//! so such a part of a hostile question is lost; in a hostile answer it stays, and spoils that answer. The key is also the same
//! function for all messages only if the answers are honest: who uses this must bear that an answer holds something else
//! ("multiplicative blinding" in Jarecki, Krawczyk, Xu, "On the (in)security of the Diffie-Hellman oblivious PRF with
//! multiplicative blinding", PKC 2021, which writes groups as products).
//!
//! **Time** depends on numbers and lengths alone. **Cost** in ticks of a 2.6 GHz clock, vector kernel: see `specs/psi-ecdh.md`.

use curve25519_dalek::constants::{ED25519_BASEPOINT_COMPRESSED, ED25519_BASEPOINT_TABLE};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsBasepointTable, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::BasepointTable;
use sha2::Sha512;

use super::x25519::{ClampedSecret, is_canonical};
use super::{BadPoint, Kernel, runnable};
#[cfg(target_arch = "x86_64")]
use super::{avx2, ifma};
use crate::group::Encoding;
use crate::hash::{Hash, short_tag};
use crate::parallel;
use crate::scalars::SecretScalars;

/// y of the points of order 1, 2, 4 and 8, whatever the sign.
const SMALL_ORDER: [Encoding; 5] = [
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [0; 32],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05,
        0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa,
        0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// The generator's encoding.
pub fn generator() -> Encoding {
    ED25519_BASEPOINT_COMPRESSED.to_bytes()
}

/// A public key, made ready for many answers.
pub struct PublicKey(Multiples);

/// Multiples of the key's negative, as the kernel wants them.
enum Multiples {
    #[cfg(target_arch = "x86_64")]
    Ifma(ifma::fixed_base_simd::Table),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::fixed_base_simd::Table),
    Portable(Box<EdwardsBasepointTable>),
}

impl PublicKey {
    /// `None` unless the encoding is a good public key (see the module): the kernels may take any number that is equal to a
    /// blinder modulo L, which gives the same multiple of points of order L only. Takes about a millisecond.
    ///
    /// # Panics
    /// When the processor lacks the kernel.
    pub fn new(kernel: Kernel, encoding: &Encoding) -> Option<Self> {
        let point = parse(encoding).filter(EdwardsPoint::is_torsion_free)?;
        Some(Self(match runnable(kernel) {
            #[cfg(target_arch = "x86_64")]
            Kernel::Ifma => Multiples::Ifma(ifma::oblivious_simd::negative(encoding)),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => Multiples::Avx2(avx2::oblivious_simd::negative(encoding)),
            _ => Multiples::Portable(Box::new(EdwardsBasepointTable::create(&-point))),
        }))
    }
}

/// Each of the messages hashed to the group under `dst`, plus the generator times the blinder of its place.
///
/// # Panics
/// When there are not as many blinders as messages, `dst` is empty, or the processor lacks the kernel.
pub fn blind<M: AsRef<[u8]>>(kernel: Kernel, messages: &[M], blinders: &[Scalar], dst: &[u8]) -> Vec<Encoding> {
    assert_eq!(messages.len(), blinders.len(), "a blinder for each message");
    assert!(!dst.is_empty(), "the tag is not empty");
    let tag = short_tag(Hash::Sha512, dst);
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => ifma::oblivious_simd::blind(messages, blinders, &tag),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::oblivious_simd::blind(messages, blinders, &tag),
        _ => {
            let blind = |(message, blinder): (&M, &Scalar)| hash(message, &tag) + ED25519_BASEPOINT_TABLE * blinder;
            messages.iter().zip(blinders).map(|pair| blind(pair).compress().to_bytes()).collect()
        }
    }
}

/// Each of the points, checked, times `key`.
///
/// # Errors
/// [`BadPoint`] with the lowest index of what is not the canonical encoding of a point, or of one of small order.
///
/// # Panics
/// When the processor lacks the kernel.
pub fn answer(kernel: Kernel, points: &[Encoding], key: &ClampedSecret) -> Result<Vec<Encoding>, BadPoint> {
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => checked(points, ifma::oblivious_simd::answer(points, key.expose())),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => checked(points, avx2::oblivious_simd::answer(points, key.expose())),
        _ => {
            let eighth = key.eighth();
            portable(points, |_, point| (point * *eighth).mul_by_cofactor().compress().to_bytes())
        }
    }
}

/// The u of each answer, checked, less `key` times the blinder of its place.
///
/// # Errors
/// As [`answer`].
///
/// # Panics
/// When there are not as many blinders as answers, or the processor lacks the kernel that the key was made for.
pub fn unblind(answers: &[Encoding], blinders: &[Scalar], key: &PublicKey) -> Result<Vec<Encoding>, BadPoint> {
    assert_eq!(answers.len(), blinders.len(), "a blinder for each answer");
    match &key.0 {
        #[cfg(target_arch = "x86_64")]
        Multiples::Ifma(table) => checked(answers, ifma::oblivious_simd::unblind(answers, blinders, table)),
        #[cfg(target_arch = "x86_64")]
        Multiples::Avx2(table) => checked(answers, avx2::oblivious_simd::unblind(answers, blinders, table)),
        Multiples::Portable(table) => {
            portable(answers, |at, point| (point + table.as_ref() * &blinders[at]).to_montgomery().to_bytes())
        }
    }
}

/// The u of each of the messages, hashed to the group under `dst`, times `key`.
///
/// # Panics
/// When `dst` is empty, or the processor lacks the kernel.
pub fn evaluate<M: AsRef<[u8]>>(kernel: Kernel, messages: &[M], key: &ClampedSecret, dst: &[u8]) -> Vec<Encoding> {
    assert!(!dst.is_empty(), "the tag is not empty");
    let tag = short_tag(Hash::Sha512, dst);
    match runnable(kernel) {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ifma => ifma::x25519_simd::hash_multiply(messages, key.expose(), &tag, COFACTOR_DOUBLINGS),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::x25519_simd::hash_multiply(messages, key.expose(), &tag, COFACTOR_DOUBLINGS),
        _ => {
            let eighth = key.eighth();
            let value = |message: &M| (hash(message, &tag) * *eighth).mul_by_cofactor();
            messages.iter().map(|message| value(message).to_montgomery().to_bytes()).collect()
        }
    }
}

/// The cofactor is 2^3: the vector kernel's hash leaves it to the multiplication.
#[cfg(target_arch = "x86_64")]
const COFACTOR_DOUBLINGS: usize = 3;

/// RFC 9380's hash, its cofactor cleared.
fn hash<M: AsRef<[u8]>>(message: &M, tag: &[u8]) -> EdwardsPoint {
    EdwardsPoint::hash_to_curve::<Sha512>(&[message.as_ref()], &[tag])
}

/// Whether y is below p, and not that of a point of small order.
fn is_plausible(encoding: &Encoding) -> bool {
    let mut y = *encoding;
    y[31] &= 0x7f;
    is_canonical(&y) && !SMALL_ORDER.contains(&y)
}

fn parse(encoding: &Encoding) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*encoding).decompress().filter(|_| is_plausible(encoding))
}

fn portable(encodings: &[Encoding], work: impl Fn(usize, EdwardsPoint) -> Encoding) -> Result<Vec<Encoding>, BadPoint> {
    let each = |(index, encoding)| parse(encoding).map(|point| work(index, point)).ok_or(BadPoint { index });
    encodings.iter().enumerate().map(each).collect()
}

/// The results, if all encodings are on the curve and plausible.
#[cfg(target_arch = "x86_64")]
fn checked(encodings: &[Encoding], (results, on_curve): (Vec<Encoding>, Vec<bool>)) -> Result<Vec<Encoding>, BadPoint> {
    let is_bad = |(encoding, on_curve): (&Encoding, &bool)| !on_curve || !is_plausible(encoding);
    match encodings.iter().zip(&on_curve).position(is_bad) {
        None => Ok(results),
        Some(index) => Err(BadPoint { index }),
    }
}

/// [`blind`] for items of `item_bytes` each, packed, over `threads`.
///
/// # Panics
/// When `item_bytes` is 0, `items` is not a whole number of items, or as [`blind`].
pub fn blind_packed(
    kernel: Kernel,
    items: &[u8],
    item_bytes: usize,
    blinders: &SecretScalars,
    dst: &[u8],
    threads: usize,
) -> Vec<u8> {
    assert_eq!(items.len(), item_bytes * blinders.len(), "a blinder for each item");
    over_items(items, item_bytes, threads, |start, chunk| {
        blind(kernel, chunk, &blinders.as_slice()[start..start + chunk.len()], dst)
    })
}

/// [`evaluate`] for items of `item_bytes` each, packed, over `threads`.
///
/// # Panics
/// When `item_bytes` is 0, `items` is not a whole number of items, or as [`evaluate`].
pub fn evaluate_packed(
    kernel: Kernel,
    items: &[u8],
    item_bytes: usize,
    key: &ClampedSecret,
    dst: &[u8],
    threads: usize,
) -> Vec<u8> {
    over_items(items, item_bytes, threads, |_, chunk| evaluate(kernel, chunk, key, dst))
}

/// [`answer`] for packed points, over `threads`; trailing bytes that make no whole point count as one more point.
///
/// # Errors
/// As [`answer`].
///
/// # Panics
/// When the processor lacks the kernel.
pub fn answer_packed(kernel: Kernel, points: &[u8], key: &ClampedSecret, threads: usize) -> Result<Vec<u8>, BadPoint> {
    over_points(points, threads, |_, chunk| answer(kernel, chunk, key))
}

/// [`unblind`] for packed answers, over `threads`; trailing bytes that make no whole point count as one more point.
///
/// # Errors
/// As [`answer`].
///
/// # Panics
/// As [`unblind`].
pub fn unblind_packed(answers: &[u8], blinders: &SecretScalars, key: &PublicKey, threads: usize) -> Result<Vec<u8>, BadPoint> {
    assert_eq!(answers.len() / 32, blinders.len(), "a blinder for each answer");
    over_points(answers, threads, |start, chunk| unblind(chunk, &blinders.as_slice()[start..start + chunk.len()], key))
}

fn over_items(
    items: &[u8],
    item_bytes: usize,
    threads: usize,
    work: impl Fn(usize, &[&[u8]]) -> Vec<Encoding> + Sync,
) -> Vec<u8> {
    assert!(items.len().is_multiple_of(item_bytes), "whole items");
    let items: Vec<&[u8]> = items.chunks_exact(item_bytes).collect();
    let work = |start, chunk: &[&[u8]]| Ok::<_, std::convert::Infallible>(work(start, chunk));
    let Ok(encodings) = parallel::map_chunks(&items, threads, work);
    encodings.into_flattened()
}

fn over_points(
    points: &[u8],
    threads: usize,
    work: impl Fn(usize, &[Encoding]) -> Result<Vec<Encoding>, BadPoint> + Sync,
) -> Result<Vec<u8>, BadPoint> {
    let (points, rest) = points.as_chunks::<32>();
    let results = parallel::map_chunks(points, threads, |start, chunk| {
        work(start, chunk).map_err(|BadPoint { index }| BadPoint { index: start + index })
    })?;
    if rest.is_empty() { Ok(results.into_flattened()) } else { Err(BadPoint { index: points.len() }) }
}

#[cfg(test)]
#[path = "oblivious_tests.rs"]
mod tests;
