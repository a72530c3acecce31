//! Base transfers: endemic oblivious transfer of Masny and Rindal (ePrint 2019/706, figure 8) over ristretto255.
//!
//! The receiver of transfer j with choice c draws a point R for the side it does not want, a scalar x, and sends (r_0, r_1) with
//! r_{1-c} = R and r_c = xG - H(R). The sender answers M = yG and has the keys KDF(y (r_b + H(r_{1-b}))) for b = 0, 1; the
//! receiver has KDF(xM) for b = c. UC-secure against malicious parties in the random-oracle model under CDH; a cheating party
//! may choose its own keys (hence "endemic"), which the extension here tolerates. Every transfer has an x and a y of its own,
//! and both hashes contain the context, j, the side and the receiver's points.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use zeroize::{Zeroize, Zeroizing};

use super::{BASE_TRANSFERS, digest, short_digest};
use crate::fixed_key::{Key, Stream};
use crate::group::{Encoding, POINT_BYTES, hash_to_group, parse_point};

/// Bytes of the receiver's message.
pub const RECEIVER_BYTES: usize = BASE_TRANSFERS * 2 * POINT_BYTES;
/// Bytes of the sender's message.
pub const SENDER_BYTES: usize = BASE_TRANSFERS * POINT_BYTES;

const HASH_TAG: &[u8] = b"atoll-vole-v1 base transfer, hash to ristretto255";

/// A message holds what is not a canonical encoding of an element other than the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPoint {
    /// Which one, from 0.
    pub index: usize,
}

/// The receiver, between its message and the answer.
pub struct BaseReceiver {
    context: [u8; 32],
    choices: u128,
    scalars: Vec<Scalar>,
    message: Vec<u8>,
}

impl BaseReceiver {
    /// Chooses side `choices >> j & 1` in transfer j; all randomness follows from `seed`.
    pub fn new(seed: &[u8; 32], context: &[u8; 32], choices: u128) -> Self {
        let mut stream = Stream::new(&short_digest("base receiver", &[seed, context]));
        let mut scalars = Vec::with_capacity(BASE_TRANSFERS);
        let mut message = Vec::with_capacity(RECEIVER_BYTES);
        for j in 0..BASE_TRANSFERS {
            let choice = (choices >> j) as u8 & 1;
            let x = scalar(&mut stream);
            let mut uniform = [0; 64];
            stream.fill_bytes(&mut uniform);
            let unwanted = RistrettoPoint::from_uniform_bytes(&uniform).compress().to_bytes();
            let wanted = RistrettoPoint::mul_base(&x) - masking_point(context, j, choice, &unwanted);
            let (mut first, mut second) = (wanted.compress().to_bytes(), unwanted);
            swap_if(choice, &mut first, &mut second);
            message.extend_from_slice(&first);
            message.extend_from_slice(&second);
            scalars.push(x);
        }
        Self { context: *context, choices, scalars, message }
    }

    /// The points r_0, r_1 of each transfer, packed.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// One key a transfer, from the sender's message of [`SENDER_BYTES`].
    ///
    /// # Errors
    /// [`BadPoint`].
    ///
    /// # Panics
    /// When the message has another length.
    pub fn keys(&self, answer: &[u8]) -> Result<Vec<Key>, BadPoint> {
        assert_eq!(answer.len(), SENDER_BYTES, "the caller checks the length");
        let answers = answer.as_chunks::<POINT_BYTES>().0.iter();
        let points = self.message.as_chunks::<{ 2 * POINT_BYTES }>().0.iter();
        answers
            .zip(points)
            .enumerate()
            .map(|(j, (answer, points))| {
                let point = parse_point(answer).ok_or(BadPoint { index: j })?;
                let choice = (self.choices >> j) as u8 & 1;
                Ok(key(&self.context, j, choice, points, answer, &(point * self.scalars[j])))
            })
            .collect()
    }
}

impl Drop for BaseReceiver {
    fn drop(&mut self) {
        self.choices.zeroize();
        self.scalars.zeroize();
    }
}

/// The sender's message of [`SENDER_BYTES`] and its two keys a transfer, from the receiver's message.
///
/// # Errors
/// [`BadPoint`].
///
/// # Panics
/// When `message` has not [`RECEIVER_BYTES`].
pub fn answer(seed: &[u8; 32], context: &[u8; 32], message: &[u8]) -> Result<(Vec<u8>, Vec<[Key; 2]>), BadPoint> {
    assert_eq!(message.len(), RECEIVER_BYTES, "the caller checks the length");
    let mut stream = Stream::new(&short_digest("base sender", &[seed, context, &digest("base points", &[message])]));
    let mut answers = Vec::with_capacity(SENDER_BYTES);
    let mut keys = Vec::with_capacity(BASE_TRANSFERS);
    for (j, points) in message.as_chunks::<{ 2 * POINT_BYTES }>().0.iter().enumerate() {
        let [first, second] = points.as_chunks::<POINT_BYTES>().0 else { unreachable!("two points") };
        let y = Zeroizing::new(scalar(&mut stream));
        let answer = RistrettoPoint::mul_base(&y).compress().to_bytes();
        let of_side = |side: u8, own: &Encoding, other: &Encoding| {
            let point = parse_point(own).ok_or(BadPoint { index: 2 * j + usize::from(side) })?;
            let shared = (point + masking_point(context, j, side, other)) * *y;
            Ok(key(context, j, side, points, &answer, &shared))
        };
        keys.push([of_side(0, first, second)?, of_side(1, second, first)?]);
        answers.extend_from_slice(&answer);
    }
    Ok((answers, keys))
}

fn scalar(stream: &mut Stream) -> Scalar {
    let mut wide = Zeroizing::new([0; 64]);
    stream.fill_bytes(&mut *wide);
    Scalar::from_bytes_mod_order_wide(&wide)
}

fn masking_point(context: &[u8; 32], j: usize, side: u8, other: &Encoding) -> RistrettoPoint {
    let mut message = Vec::with_capacity(66);
    message.extend_from_slice(context);
    message.extend_from_slice(&[j as u8, side]);
    message.extend_from_slice(other);
    hash_to_group(&message, HASH_TAG).expect("the tag is not empty")
}

fn key(context: &[u8; 32], j: usize, side: u8, points: &[u8; 64], answer: &Encoding, shared: &RistrettoPoint) -> Key {
    let shared = Zeroizing::new(shared.compress().to_bytes());
    short_digest("base key", &[context, &[j as u8, side], points, answer, &*shared])
}

/// Swaps the two when `swap` is 1, in a time that does not tell.
fn swap_if(swap: u8, first: &mut Encoding, second: &mut Encoding) {
    let mask = swap.wrapping_neg();
    for (left, right) in first.iter_mut().zip(second) {
        let difference = (*left ^ *right) & mask;
        *left ^= difference;
        *right ^= difference;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: [u8; 32] = [5; 32];

    #[test]
    fn the_receiver_has_the_key_of_its_side_and_not_the_other() {
        let choices = 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978;
        let receiver = BaseReceiver::new(&[1; 32], &CONTEXT, choices);
        let (message, pairs) = answer(&[2; 32], &CONTEXT, receiver.message()).unwrap();
        let keys = receiver.keys(&message).unwrap();
        for (j, (key, pair)) in keys.iter().zip(&pairs).enumerate() {
            let choice = (choices >> j) as usize & 1;
            assert_eq!(key, &pair[choice]);
            assert_ne!(key, &pair[1 - choice]);
        }
    }

    #[test]
    fn what_is_no_element_is_refused_with_its_place() {
        let receiver = BaseReceiver::new(&[1; 32], &CONTEXT, 7);
        let mut points = receiver.message().to_vec();
        points[32 * 5..32 * 6].fill(0);
        assert_eq!(answer(&[2; 32], &CONTEXT, &points).unwrap_err(), BadPoint { index: 5 });
        let (mut message, _) = answer(&[2; 32], &CONTEXT, receiver.message()).unwrap();
        message[32 * 9..32 * 10].fill(0xff);
        assert_eq!(receiver.keys(&message).unwrap_err(), BadPoint { index: 9 });
    }

    #[test]
    fn another_context_gives_other_keys() {
        let receiver = BaseReceiver::new(&[1; 32], &CONTEXT, 7);
        let (message, pairs) = answer(&[2; 32], &[6; 32], receiver.message()).unwrap();
        let keys = receiver.keys(&message).unwrap();
        assert!(keys.iter().zip(&pairs).all(|(key, pair)| !pair.contains(key)));
    }
}
