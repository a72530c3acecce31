//! What a pair of parties does once per job: base transfers and the seeds of the extension.

use std::collections::BTreeSet;
use std::sync::Arc;

use zeroize::Zeroize;

use super::params::expect_length;
use super::{SEED_BYTES, VoleError, VoleParams, setup_message_bytes};
use crate::gf128::Gf128;
use crate::ot::base::{self, BaseReceiver, SENDER_BYTES};
use crate::ot::seeds::{self, AllSeeds, ButOneSeeds};
use crate::ot::{digest, short_digest};

impl From<base::BadPoint> for VoleError {
    fn from(bad: base::BadPoint) -> Self {
        Self::BadPoint { index: bad.index }
    }
}

/// The setup of the side that knows Delta: `send_0`, `receive_1`.
pub struct DeltaSetup {
    seed: [u8; SEED_BYTES],
    context: [u8; 32],
    delta: Gf128,
    receiver: BaseReceiver,
    ready: Option<Ready<ButOneSeeds>>,
    used: BTreeSet<u64>,
}

/// The setup of the side that knows the vectors: `receive_0`, `send_1`.
pub struct VectorSetup {
    seed: [u8; SEED_BYTES],
    context: [u8; 32],
    answer: Vec<u8>,
    ready: Option<Ready<AllSeeds>>,
    used: BTreeSet<u64>,
}

/// What instances take from a setup that is done.
struct Ready<Seeds> {
    seeds: Arc<Seeds>,
    /// The digest of context and messages.
    transcript: [u8; 32],
}

/// What names an instance in every hash, the same on both sides and different for all instances.
pub(super) type Session = [u8; 32];

fn transcript(context: &[u8; 32], first: &[u8], second: &[u8]) -> [u8; 32] {
    digest("setup", &[context, first, second])
}

fn open<Seeds>(
    ready: Option<&Ready<Seeds>>,
    used: &mut BTreeSet<u64>,
    instance: u64,
    params: VoleParams,
) -> Result<(Session, Arc<Seeds>), VoleError> {
    let ready = ready.ok_or(VoleError::OutOfOrder)?;
    if !used.insert(instance) {
        return Err(VoleError::InstanceReused { instance });
    }
    let numbers = [instance, params.length() as u64].map(u64::to_le_bytes);
    let flags = [params.subfield(), params.malicious()].map(u8::from);
    let session = digest("instance", &[&ready.transcript, numbers.as_flattened(), &flags]);
    Ok((session, Arc::clone(&ready.seeds)))
}

impl DeltaSetup {
    /// All it sends, and Delta, follow from `seed`, which is used for nothing else; `context` names job and pair, the same on
    /// both sides.
    pub fn new(seed: &[u8; SEED_BYTES], context: &[u8]) -> Self {
        let context = digest("context", &[context]);
        let delta = Gf128::from_bytes(short_digest("delta", &[seed, &context]));
        let receiver = BaseReceiver::new(seed, &context, seeds::base_choices(delta.bits()));
        Self { seed: *seed, context, delta, receiver, ready: None, used: BTreeSet::new() }
    }

    /// Message 0.
    pub fn send_0(&mut self) -> Vec<u8> {
        self.receiver.message().to_vec()
    }

    /// Takes message 1; instances may follow.
    ///
    /// # Errors
    /// [`VoleError::WrongLength`], [`VoleError::BadPoint`], [`VoleError::CheckFailed`], [`VoleError::OutOfOrder`] the second time.
    pub fn receive_1(&mut self, message: &[u8]) -> Result<(), VoleError> {
        if self.ready.is_some() {
            return Err(VoleError::OutOfOrder);
        }
        expect_length(message, setup_message_bytes(1))?;
        let (answer, trees) = message.split_at(SENDER_BYTES);
        let mut keys = self.receiver.keys(answer)?;
        let seeds = seeds::receive(&self.context, &keys, self.delta.bits(), trees);
        keys.zeroize();
        let seeds = seeds.ok_or(VoleError::CheckFailed)?;
        self.ready =
            Some(Ready { seeds: Arc::new(seeds), transcript: transcript(&self.context, self.receiver.message(), message) });
        Ok(())
    }

    pub(super) fn open(&mut self, instance: u64, params: VoleParams) -> Result<(Session, Arc<ButOneSeeds>), VoleError> {
        open(self.ready.as_ref(), &mut self.used, instance, params)
    }

    pub(super) fn seed(&self) -> &[u8; SEED_BYTES] {
        &self.seed
    }

    pub(super) fn delta(&self) -> Gf128 {
        self.delta
    }
}

impl VectorSetup {
    /// All it sends follows from `seed`, which is used for nothing else; `context` names job and pair, the same on both sides.
    pub fn new(seed: &[u8; SEED_BYTES], context: &[u8]) -> Self {
        let context = digest("context", &[context]);
        Self { seed: *seed, context, answer: Vec::new(), ready: None, used: BTreeSet::new() }
    }

    /// Takes message 0.
    ///
    /// # Errors
    /// [`VoleError::WrongLength`], [`VoleError::BadPoint`], [`VoleError::OutOfOrder`] the second time.
    pub fn receive_0(&mut self, message: &[u8]) -> Result<(), VoleError> {
        if self.ready.is_some() {
            return Err(VoleError::OutOfOrder);
        }
        expect_length(message, setup_message_bytes(0))?;
        let (mut answer, mut keys) = base::answer(&self.seed, &self.context, message)?;
        let (seeds, trees) = seeds::send(&self.context, &keys);
        keys.zeroize();
        answer.extend_from_slice(&trees);
        self.ready = Some(Ready { seeds: Arc::new(seeds), transcript: transcript(&self.context, message, &answer) });
        self.answer = answer;
        Ok(())
    }

    /// Message 1; instances may follow.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`] before `receive_0`.
    pub fn send_1(&mut self) -> Result<Vec<u8>, VoleError> {
        self.ready.as_ref().map(|_| self.answer.clone()).ok_or(VoleError::OutOfOrder)
    }

    pub(super) fn open(&mut self, instance: u64, params: VoleParams) -> Result<(Session, Arc<AllSeeds>), VoleError> {
        open(self.ready.as_ref(), &mut self.used, instance, params)
    }

    pub(super) fn seed(&self) -> &[u8; SEED_BYTES] {
        &self.seed
    }
}

impl Drop for DeltaSetup {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.delta.zeroize();
    }
}

impl Drop for VectorSetup {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}
