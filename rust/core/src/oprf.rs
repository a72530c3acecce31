//! What the oblivious pseudorandom functions of RFC 9497 need beyond multiplication, suite ristretto255-SHA512: keys, proofs of
//! equal logarithms, and the last hash. Names follow the RFC.

use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::curve::BadPoint;
use crate::group::{Encoding, POINT_BYTES, SCALAR_BYTES, SecretScalar, parse_point};
use crate::hash::{Hash, expand_message_xmd};
use crate::parallel;

/// Bytes of a proof: challenge and response.
pub const PROOF_BYTES: usize = 2 * SCALAR_BYTES;
/// Bytes of an output.
pub const OUTPUT_BYTES: usize = 64;
/// Most elements of one proof; their places are numbered with two bytes.
pub const MAX_BATCH: usize = 1 << 16;

const SUITE: &[u8] = b"ristretto255-SHA512";

/// Which of the three functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Without proof.
    Oprf,
    /// The server proves that it used its public key's secret.
    Voprf,
    /// The same, with a public input.
    Poprf,
}

impl Mode {
    /// The mode of that number (RFC 9497 section 3.1).
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Oprf, Self::Voprf, Self::Poprf].get(usize::from(number)).copied()
    }

    /// `label` followed by the context string (RFC 9497 section 3.1).
    pub fn tag(self, label: &[u8]) -> Vec<u8> {
        [label, b"OPRFV1-", &[self as u8], b"-", SUITE].concat()
    }

    fn hash_to_scalar(self, message: &[u8]) -> Scalar {
        hash_to_scalar(message, &self.tag(b"HashToScalar-"))
    }

    /// DeriveKeyPair (RFC 9497 section 3.2.1): the secret key for a seed; `None` when `info` is above 65,535 bytes.
    pub fn derive_secret(self, seed: &[u8; 32], info: &[u8]) -> Option<SecretScalar> {
        let mut input = Zeroizing::new([seed.as_slice(), &length(info)?, info, &[0]].concat());
        let dst = self.tag(b"DeriveKeyPair");
        (0..=u8::MAX).find_map(|counter| {
            *input.last_mut()? = counter;
            SecretScalar::from_canonical(hash_to_scalar(&input, &dst).to_bytes())
        })
    }

    /// The public scalar that a public input adds to the key (RFC 9497 section 3.3.3); `None` when `info` is too long.
    pub fn tweak(self, info: &[u8]) -> Option<Scalar> {
        Some(self.hash_to_scalar(&[b"Info", length(info)?.as_slice(), info].concat()))
    }

    /// GenerateProof (RFC 9497 section 2.2.1): each of `after` is `secret` times its element of `before`, and `public` is the
    /// generator times `secret`. `nonce` is fresh and never used again.
    ///
    /// # Errors
    /// [`BadPoint`] with the place of the first pair that has no element.
    ///
    /// # Panics
    /// When the lists are of different lengths, or too long.
    pub fn prove(
        self,
        secret: &SecretScalar,
        before: &[u8],
        after: &[u8],
        nonce: &SecretScalar,
    ) -> Result<[u8; PROOF_BYTES], BadPoint> {
        let public = RistrettoPoint::mul_base(secret.scalar());
        let (befores, weights) = self.weigh(&public, before, after)?;
        let m = RistrettoPoint::vartime_multiscalar_mul(&weights, &befores);
        let z = m * secret.scalar();
        let (t2, t3) = (RistrettoPoint::mul_base(nonce.scalar()), m * nonce.scalar());
        let c = self.challenge(&[public, m, z, t2, t3]);
        let s = nonce.scalar() - c * secret.scalar();
        let mut proof = [0; PROOF_BYTES];
        proof[..SCALAR_BYTES].copy_from_slice(c.as_bytes());
        proof[SCALAR_BYTES..].copy_from_slice(s.as_bytes());
        Ok(proof)
    }

    /// VerifyProof (RFC 9497 section 2.2.2).
    ///
    /// # Errors
    /// [`BadPoint`] as [`Mode::prove`].
    ///
    /// # Panics
    /// As [`Mode::prove`].
    pub fn is_proof(self, public: &RistrettoPoint, before: &[u8], after: &[u8], proof: &[u8]) -> Result<bool, BadPoint> {
        let (befores, weights) = self.weigh(public, before, after)?;
        let afters = parse_all(after)?;
        let Some((c, s)) = parse_proof(proof) else { return Ok(false) };
        let m = RistrettoPoint::vartime_multiscalar_mul(&weights, &befores);
        let z = RistrettoPoint::vartime_multiscalar_mul(&weights, &afters);
        let t2 = RistrettoPoint::vartime_double_scalar_mul_basepoint(&c, public, &s);
        let t3 = RistrettoPoint::vartime_multiscalar_mul([s, c], [m, z]);
        Ok(self.challenge(&[*public, m, z, t2, t3]) == c)
    }

    /// The elements of `before`, and the weight of each pair (RFC 9497 section 2.2.1, ComputeComposites).
    fn weigh(
        self,
        public: &RistrettoPoint,
        before: &[u8],
        after: &[u8],
    ) -> Result<(Vec<RistrettoPoint>, Vec<Scalar>), BadPoint> {
        assert_eq!(before.len(), after.len(), "as many elements after as before");
        assert!(before.len() <= POINT_BYTES * MAX_BATCH, "few enough for one proof");
        let befores = parse_all(before)?;
        let seed_tag = self.tag(b"Seed-");
        let public = public.compress();
        let seed = Sha512::new().chain_update(framed(public.as_bytes())).chain_update(framed(&seed_tag)).finalize();
        let pairs = before.as_chunks::<POINT_BYTES>().0.iter().zip(after.as_chunks::<POINT_BYTES>().0);
        let weights = pairs.enumerate().map(|(i, (c, d))| {
            let place = (i as u16).to_be_bytes();
            self.hash_to_scalar(&[&framed(&seed), place.as_slice(), &framed(c), &framed(d), b"Composite"].concat())
        });
        Ok((befores, weights.collect()))
    }

    fn challenge(self, points: &[RistrettoPoint]) -> Scalar {
        let mut transcript: Vec<u8> = points.iter().flat_map(|point| framed(point.compress().as_bytes())).collect();
        transcript.extend_from_slice(b"Challenge");
        self.hash_to_scalar(&transcript)
    }
}

/// The last hash (RFC 9497 sections 3.3.1 and 3.3.3): one output a packed input and its issued element.
///
/// # Panics
/// When inputs and elements are not equally many, or a length is above 65,535.
pub fn finalize(inputs: &[u8], input_bytes: usize, info: Option<&[u8]>, elements: &[u8], threads: usize) -> Vec<u8> {
    let (elements, rest) = elements.as_chunks::<POINT_BYTES>();
    assert!(rest.is_empty() && inputs.len() == elements.len() * input_bytes, "an element for each input");
    let info = info.map_or_else(Vec::new, framed);
    let length = u16::try_from(input_bytes).expect("a short input").to_be_bytes();
    let outputs: Result<_, std::convert::Infallible> = parallel::map_chunks(elements, threads, |start, chunk| {
        let inputs = &inputs[start * input_bytes..(start + chunk.len()) * input_bytes];
        let hash = |(i, element): (usize, &Encoding)| -> [u8; OUTPUT_BYTES] {
            Sha512::new()
                .chain_update(length)
                .chain_update(&inputs[i * input_bytes..(i + 1) * input_bytes])
                .chain_update(&info)
                .chain_update(framed(element))
                .chain_update(b"Finalize")
                .finalize()
                .into()
        };
        Ok(chunk.iter().enumerate().map(hash).collect())
    });
    let Ok(outputs) = outputs;
    outputs.into_flattened()
}

/// The public key tweaked by a public input; `None` for the identity.
pub fn tweaked_public(public: &RistrettoPoint, tweak: &Scalar) -> Option<RistrettoPoint> {
    let tweaked = RistrettoPoint::mul_base(tweak) + public;
    (tweaked != RistrettoPoint::identity()).then_some(tweaked)
}

/// The secret key tweaked by a public input, and its inverse; `None` when the sum is zero.
pub fn tweaked_secret(secret: &SecretScalar, tweak: &Scalar) -> Option<(SecretScalar, SecretScalar)> {
    let sum = secret.scalar() + tweak;
    Some((SecretScalar::from_canonical(sum.to_bytes())?, SecretScalar::from_canonical(sum.invert().to_bytes())?))
}

fn hash_to_scalar(message: &[u8], dst: &[u8]) -> Scalar {
    let mut wide = Zeroizing::new([0; 64]);
    wide.copy_from_slice(&expand_message_xmd(Hash::Sha512, message, dst, 64).expect("the tag is not empty"));
    Scalar::from_bytes_mod_order_wide(&wide)
}

fn parse_proof(proof: &[u8]) -> Option<(Scalar, Scalar)> {
    let proof: &[u8; PROOF_BYTES] = proof.try_into().ok()?;
    let (halves, _) = proof.as_chunks::<SCALAR_BYTES>();
    let parse = |bytes: [u8; SCALAR_BYTES]| Option::from(Scalar::from_canonical_bytes(bytes));
    Some((parse(halves[0])?, parse(halves[1])?))
}

fn parse_all(packed: &[u8]) -> Result<Vec<RistrettoPoint>, BadPoint> {
    let (points, rest) = packed.as_chunks::<POINT_BYTES>();
    if !rest.is_empty() {
        return Err(BadPoint { index: points.len() });
    }
    points.iter().enumerate().map(|(index, bytes)| parse_point(bytes).ok_or(BadPoint { index })).collect()
}

fn length(bytes: &[u8]) -> Option<[u8; 2]> {
    u16::try_from(bytes.len()).ok().map(u16::to_be_bytes)
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    [length(bytes).expect("short").as_slice(), bytes].concat()
}
