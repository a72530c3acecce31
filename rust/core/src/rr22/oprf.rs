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

/// Keys or elements in one piece of work.
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
            let values = |keys: &[Key], _: &[u32]| oracles.to_field(keys).iter().map(|element| element.lo).collect();
            Store::Subfield(okvs::encode::<u64, u64>(&rows, &keys, values, Filler::Zeros, |bits| bits as u64, threads)?)
        } else {
            let values = |keys: &[Key], _: &[u32]| oracles.to_field(keys);
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

    /// Bytes of the masked store.
    pub const fn masked_bytes(&self) -> usize {
        self.masked_bytes
    }

    /// Fills in the store under the mask, to be sent, [`Receiver::masked_bytes`] long, and gives what evaluates.
    ///
    /// # Errors
    /// [`VoleError::BadParams`] when the VOLE is of other parameters, [`VoleError::WrongLength`] for `masked`.
    pub fn mask(self, vole: VectorOutput, masked: &mut [u8]) -> Result<ReceiverValues, VoleError> {
        if masked.len() != self.masked_bytes {
            return Err(VoleError::WrongLength { expected: self.masked_bytes, found: masked.len() });
        }
        let (multipliers, c) = vole.into_parts();
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
        Ok(ReceiverValues { oracles, rows, keys, c, is_subfield, is_malicious, threads })
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
    /// How many keys it has.
    pub const fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Fills in F of each of its keys, in order; `coin` in the malicious form, and there alone.
    ///
    /// # Errors
    /// [`VoleError::BadParams`] for a coin that is missing or too many, [`VoleError::WrongLength`] for other than a value for each key.
    pub fn evaluate(&self, coin: Option<Gf128>, outputs: &mut [Output]) -> Result<(), VoleError> {
        verify_coin(coin, self.is_malicious)?;
        for_each_part(&self.keys, outputs, self.threads, |keys, outputs| {
            let mut decoded = decode(&self.rows, &self.c, keys, self.is_subfield);
            self.oracles.to_output(&decoded, keys, coin, outputs);
            decoded.zeroize();
        })
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

    /// Fills in F of each key, in order; `coin` in the malicious form, and there alone.
    ///
    /// # Errors
    /// [`VoleError::BadParams`] for a coin that is missing or too many, [`VoleError::WrongLength`] for other than a value for each key.
    pub fn evaluate(&self, keys: &[Key], coin: Option<Gf128>, outputs: &mut [Output]) -> Result<(), VoleError> {
        verify_coin(coin, self.is_malicious)?;
        for_each_part(keys, outputs, self.threads, |keys, outputs| {
            let mut decoded = decode(&self.rows, &self.k, keys, self.is_subfield);
            let hashed = self.oracles.to_field(keys);
            if self.is_subfield {
                let hashed: Vec<u64> = hashed.iter().map(|element| element.lo).collect();
                add_scaled_subfield(&mut decoded, self.delta, &hashed);
            } else {
                add_scaled(&mut decoded, self.delta, &hashed);
            }
            self.oracles.to_output(&decoded, keys, coin, outputs);
            decoded.zeroize();
        })
    }
}

/// Does `work` for some keys and their values at a time, so few that what lies between them stays in the cache.
fn for_each_part(
    keys: &[Key],
    outputs: &mut [Output],
    threads: usize,
    work: impl Fn(&[Key], &mut [Output]) + Sync,
) -> Result<(), VoleError> {
    if keys.len() != outputs.len() {
        return Err(VoleError::WrongLength { expected: keys.len(), found: outputs.len() });
    }
    parallel::for_each_chunk(outputs, CHUNK, threads, |chunk, outputs| {
        work(&keys[chunk * CHUNK..][..outputs.len()], outputs);
    });
    Ok(())
}

/// Without its coin a malicious instance would fall back to values that nothing binds to the key.
fn verify_coin(coin: Option<Gf128>, is_malicious: bool) -> Result<(), VoleError> {
    if coin.is_some() == is_malicious { Ok(()) } else { Err(VoleError::BadParams) }
}

fn decode(rows: &Rows, store: &[Gf128], keys: &[Key], subfield: bool) -> Vec<Gf128> {
    let mut decoded = vec![Gf128::ZERO; keys.len()];
    if subfield {
        okvs::decode_part::<u64, Gf128>(rows, store, keys, &mut decoded);
    } else {
        okvs::decode_part::<Gf128, Gf128>(rows, store, keys, &mut decoded);
    }
    decoded
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
