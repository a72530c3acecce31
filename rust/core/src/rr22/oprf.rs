//! The oblivious pseudorandom function: the receiver gets F(x) for its keys, the sender can compute F for any key.
//!
//! ```text
//! receiver                                      sender
//!   store P with P(x) = H_B(x)                    vole: Delta, B
//!   vole: A', C = A' Delta + B
//!   A = P + A'                 -- A -->           K = B + Delta A   (= C + Delta P)
//!   F(x) = H_o(C(x) + w, x)                       F(y) = H_o(K(y) - Delta H_B(y) + w, y)
//! ```
//!
//! S(x) is the value of x in store S; w is zero and x no argument of H_o against semi-honest parties. In the malicious form the sender
//! commits to its half of the coin w before it sees A, and the receiver sends its half with A.
//!
//! **Security** (Theorem 1 of ePrint 2022/320; ePrint 2021/266 for malicious parties): A is masked by A' and tells nothing. A value
//! F(y) for y that the receiver did not encode is random to it unless P(y) = H_B(y) by chance, 2^-128 each, or 2^-64 over the subfield,
//! so that over the subfield at most 2^24 keys of the sender may be evaluated in a job (2^-40). A malicious receiver can encode more keys than it
//! should, up to the store's length at the least; the exact number is open, so a job's label names the size that the proof covers.

use zeroize::Zeroize;

use super::hashes::Oracles;
use crate::gf128::{Gf128, add_scaled, add_scaled_subfield};
use crate::okvs::{self, Filler, Key, Rows, Shape, Unencodable};
use crate::parallel;
use crate::vole::{DeltaOutput, Multipliers, VectorOutput, VoleError, VoleParams};

/// A value of the function.
pub type Output = [u8; 16];

/// Elements multiplied in one piece of work.
const CHUNK: usize = 1 << 14;

/// What both sides agreed on for an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OprfParams {
    shape: Shape,
    vole: VoleParams,
}

impl OprfParams {
    /// An instance for `keys` keys of the receiver.
    ///
    /// `subfield` takes the store without clusters over GF(2^64): fewer bytes, more time; `malicious` stands for the form against malicious
    /// parties, which is not combined with it; `failure_bits` is the store's, see [`Shape`].
    ///
    /// # Errors
    /// [`VoleError::BadParams`] for both, or for more keys than a store or a VOLE can have.
    pub fn new(keys: usize, subfield: bool, malicious: bool, failure_bits: u32) -> Result<Self, VoleError> {
        if (subfield && malicious) || keys > okvs::shape::MOST_KEYS {
            return Err(VoleError::BadParams);
        }
        let shape = if subfield { Shape::single(keys, failure_bits) } else { Shape::clustered(keys, failure_bits) };
        if shape.sparse > okvs::shape::MOST_COLUMNS {
            return Err(VoleError::BadParams);
        }
        Ok(Self { shape, vole: VoleParams::new(shape.len(), subfield, malicious)? })
    }

    /// The VOLE that it needs.
    pub const fn vole(&self) -> VoleParams {
        self.vole
    }

    /// Keys of the receiver, at most.
    pub const fn keys(&self) -> usize {
        self.shape.keys
    }

    /// Bytes of the masked store.
    pub const fn masked_bytes(&self) -> usize {
        self.shape.len() * self.element_bytes()
    }

    const fn element_bytes(&self) -> usize {
        if self.vole.subfield() { 8 } else { 16 }
    }
}

enum Store {
    Full(Vec<Gf128>),
    Subfield(Vec<u64>),
}

/// The receiver's half of an instance, from its keys on.
pub struct Receiver {
    oracles: Oracles,
    rows: Rows,
    keys: Vec<Key>,
    store: Store,
    masked_bytes: usize,
    is_subfield: bool,
    is_malicious: bool,
    threads: usize,
}

impl Receiver {
    /// Encodes the keys: distinct, at most as many as agreed. `domain`: 32 bytes that both sides know, drawn after the keys were fixed, and no
    /// other instance has.
    ///
    /// # Errors
    /// [`Unencodable`].
    pub fn new(params: &OprfParams, domain: &[u8; 32], keys: Vec<Key>, threads: usize) -> Result<Self, Unencodable> {
        let oracles = Oracles::new(domain);
        let rows = Rows::new(&oracles.rows, params.shape);
        let store = if params.vole.subfield() {
            let values = |keys: &[Key], _: &[u32]| oracles.to_field(keys, 1).iter().map(|element| element.lo).collect();
            Store::Subfield(okvs::encode::<u64, u64>(&rows, &keys, values, Filler::Zeros, |bits| bits as u64, threads)?)
        } else {
            let values = |keys: &[Key], _: &[u32]| oracles.to_field(keys, 1);
            Store::Full(okvs::encode::<Gf128, Gf128>(&rows, &keys, values, Filler::Zeros, Gf128::from_bits, threads)?)
        };
        Ok(Self {
            oracles,
            rows,
            keys,
            store,
            masked_bytes: params.masked_bytes(),
            is_subfield: params.vole.subfield(),
            is_malicious: params.vole.malicious(),
            threads,
        })
    }

    /// The store under the mask, to be sent, and what evaluates.
    ///
    /// # Errors
    /// [`VoleError::BadParams`] when the VOLE is of other parameters.
    pub fn mask(self, vole: VectorOutput) -> Result<(Vec<u8>, ReceiverValues), VoleError> {
        let (multipliers, c) = vole.into_parts();
        let mut masked = vec![0; self.masked_bytes];
        match (self.store, multipliers) {
            (Store::Full(store), Multipliers::Full(mut mask)) if store.len() == mask.len() => {
                let sums = store.iter().zip(&mask).map(|(&value, &mask)| (value + mask).to_bytes());
                masked.as_chunks_mut().0.iter_mut().zip(sums).for_each(|(bytes, sum)| *bytes = sum);
                mask.zeroize();
            }
            (Store::Subfield(store), Multipliers::Subfield(mut mask)) if store.len() == mask.len() => {
                let sums = store.iter().zip(&mask).map(|(value, mask)| (value ^ mask).to_le_bytes());
                masked.as_chunks_mut().0.iter_mut().zip(sums).for_each(|(bytes, sum)| *bytes = sum);
                mask.zeroize();
            }
            _ => return Err(VoleError::BadParams),
        }
        let Self { oracles, rows, keys, is_subfield, is_malicious, threads, .. } = self;
        Ok((masked, ReceiverValues { oracles, rows, keys, c, is_subfield, is_malicious, threads }))
    }
}

/// The receiver's half once its store is sent.
pub struct ReceiverValues {
    oracles: Oracles,
    rows: Rows,
    keys: Vec<Key>,
    c: Vec<Gf128>,
    is_subfield: bool,
    is_malicious: bool,
    threads: usize,
}

impl ReceiverValues {
    /// F of each of its keys, in order; `coin` in the malicious form, and there alone.
    ///
    /// # Errors
    /// [`VoleError::BadParams`] for a coin that is missing or too many.
    pub fn evaluate(&self, coin: Option<Gf128>) -> Result<Vec<Output>, VoleError> {
        verify_coin(coin, self.is_malicious)?;
        let mut decoded = decode(&self.rows, &self.c, &self.keys, self.is_subfield, self.threads);
        let outputs = self.oracles.to_output(&decoded, &self.keys, coin, self.threads);
        decoded.zeroize();
        Ok(outputs)
    }
}

/// The sender's half of an instance, once the masked store is there.
pub struct Sender {
    oracles: Oracles,
    rows: Rows,
    delta: Gf128,
    k: Vec<Gf128>,
    is_subfield: bool,
    is_malicious: bool,
    threads: usize,
}

impl Sender {
    /// From the VOLE and what the receiver sent.
    ///
    /// # Errors
    /// [`VoleError::WrongLength`] for the masked store, [`VoleError::BadParams`] for a VOLE of another length.
    pub fn new(
        params: &OprfParams,
        domain: &[u8; 32],
        vole: DeltaOutput,
        masked: &[u8],
        threads: usize,
    ) -> Result<Self, VoleError> {
        if masked.len() != params.masked_bytes() {
            return Err(VoleError::WrongLength { expected: params.masked_bytes(), found: masked.len() });
        }
        let (delta, mut k) = vole.into_parts();
        if k.len() != params.shape.len() {
            return Err(VoleError::BadParams);
        }
        let bytes = params.element_bytes();
        parallel::for_each_chunk(&mut k, CHUNK, threads, |chunk, k| {
            let masked = &masked[chunk * CHUNK * bytes..][..k.len() * bytes];
            if params.vole.subfield() {
                let masked: Vec<u64> = masked.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
                add_scaled_subfield(k, delta, &masked);
            } else {
                let masked: Vec<Gf128> = masked.as_chunks().0.iter().map(|bytes| Gf128::from_bytes(*bytes)).collect();
                add_scaled(k, delta, &masked);
            }
        });
        let oracles = Oracles::new(domain);
        let rows = Rows::new(&oracles.rows, params.shape);
        let (is_subfield, is_malicious) = (params.vole.subfield(), params.vole.malicious());
        Ok(Self { oracles, rows, delta, k, is_subfield, is_malicious, threads })
    }

    /// F of each key, in order; `coin` in the malicious form, and there alone.
    ///
    /// # Errors
    /// [`VoleError::BadParams`] for a coin that is missing or too many.
    pub fn evaluate(&self, keys: &[Key], coin: Option<Gf128>) -> Result<Vec<Output>, VoleError> {
        verify_coin(coin, self.is_malicious)?;
        let mut decoded = decode(&self.rows, &self.k, keys, self.is_subfield, self.threads);
        let hashed = self.oracles.to_field(keys, self.threads);
        parallel::for_each_chunk(&mut decoded, CHUNK, self.threads, |chunk, decoded| {
            let hashed = &hashed[chunk * CHUNK..][..decoded.len()];
            if self.is_subfield {
                let hashed: Vec<u64> = hashed.iter().map(|element| element.lo).collect();
                add_scaled_subfield(decoded, self.delta, &hashed);
            } else {
                add_scaled(decoded, self.delta, hashed);
            }
        });
        let outputs = self.oracles.to_output(&decoded, keys, coin, self.threads);
        decoded.zeroize();
        Ok(outputs)
    }
}

/// Without its coin a malicious instance would fall back to values that nothing binds to the key.
fn verify_coin(coin: Option<Gf128>, is_malicious: bool) -> Result<(), VoleError> {
    if coin.is_some() == is_malicious { Ok(()) } else { Err(VoleError::BadParams) }
}

fn decode(rows: &Rows, store: &[Gf128], keys: &[Key], subfield: bool, threads: usize) -> Vec<Gf128> {
    if subfield {
        okvs::decode::<u64, Gf128>(rows, store, keys, threads)
    } else {
        okvs::decode::<Gf128, Gf128>(rows, store, keys, threads)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.delta.zeroize();
        self.k.zeroize();
    }
}

impl Drop for ReceiverValues {
    fn drop(&mut self) {
        self.c.zeroize();
    }
}
