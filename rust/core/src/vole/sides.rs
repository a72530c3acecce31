//! The machines. INSECURE for now: both sides run the dealer; messages have their final number and lengths.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{DeltaOutput, InsecureDealer, SEED_BYTES, VectorOutput, VoleError, VoleParams, setup_message_bytes};

fn expect(bytes: &[u8], expected: usize) -> Result<(), VoleError> {
    if bytes.len() == expected { Ok(()) } else { Err(VoleError::WrongLength { expected, found: bytes.len() }) }
}

/// The setup of the side that knows Delta: `send_0`, `receive_1`.
pub struct DeltaSetup {
    seed: [u8; SEED_BYTES],
    ready: bool,
    used: BTreeSet<u64>,
}

impl DeltaSetup {
    /// All it sends follows from `seed`, which is used for nothing else; `context` names job and pair, the same on both sides.
    pub fn new(seed: &[u8; SEED_BYTES], _context: &[u8]) -> Self {
        Self { seed: *seed, ready: false, used: BTreeSet::new() }
    }

    /// Message 0.
    pub fn send_0(&mut self) -> Vec<u8> {
        let mut message = vec![0; setup_message_bytes(0)];
        message[..SEED_BYTES].copy_from_slice(&self.seed);
        message
    }

    /// Takes message 1; instances may follow.
    ///
    /// # Errors
    /// [`VoleError`], whose variants say what the peer did.
    pub fn receive_1(&mut self, message: &[u8]) -> Result<(), VoleError> {
        expect(message, setup_message_bytes(1))?;
        self.ready = true;
        Ok(())
    }
}

/// The setup of the side that knows the vectors: `receive_0`, `send_1`.
pub struct VectorSetup {
    shared: Option<[u8; SEED_BYTES]>,
    used: BTreeSet<u64>,
}

impl VectorSetup {
    /// All it sends follows from `seed`, which is used for nothing else; `context` names job and pair, the same on both sides.
    pub fn new(_seed: &[u8; SEED_BYTES], _context: &[u8]) -> Self {
        Self { shared: None, used: BTreeSet::new() }
    }

    /// Takes message 0.
    ///
    /// # Errors
    /// [`VoleError`], whose variants say what the peer did.
    pub fn receive_0(&mut self, message: &[u8]) -> Result<(), VoleError> {
        expect(message, setup_message_bytes(0))?;
        self.shared = message[..SEED_BYTES].try_into().ok();
        Ok(())
    }

    /// Message 1; instances may follow.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`] before `receive_0`.
    pub fn send_1(&mut self) -> Result<Vec<u8>, VoleError> {
        self.shared.map(|_| vec![0; setup_message_bytes(1)]).ok_or(VoleError::OutOfOrder)
    }
}

fn deal(shared: &[u8; SEED_BYTES], instance: u64, params: VoleParams) -> (DeltaOutput, VectorOutput) {
    let _ = instance;
    let seed: [u8; SEED_BYTES] = Sha256::digest(shared).into();
    InsecureDealer::new(&seed).deal(params)
}

/// The side that knows Delta, one instance: `receive_0`, `send_1`, against malicious parties `receive_2`, `send_3`, then `finish`.
pub struct DeltaSide {
    params: VoleParams,
    output: DeltaOutput,
    next: usize,
}

impl DeltaSide {
    /// Instance `instance`, never used before in this setup; `threads` 1 or more.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`] while the setup is not done, [`VoleError::InstanceReused`].
    pub fn new(setup: &mut DeltaSetup, instance: u64, params: VoleParams, _threads: usize) -> Result<Self, VoleError> {
        if !setup.ready {
            return Err(VoleError::OutOfOrder);
        }
        if !setup.used.insert(instance) {
            return Err(VoleError::InstanceReused { instance });
        }
        Ok(Self { params, output: deal(&setup.seed, instance, params).0, next: 0 })
    }

    /// Takes message 0.
    ///
    /// # Errors
    /// [`VoleError`], whose variants say what the peer did.
    pub fn receive_0(&mut self, message: &[u8]) -> Result<(), VoleError> {
        self.receive(0, message)
    }

    /// Message 1.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_1(&mut self) -> Result<Vec<u8>, VoleError> {
        self.send(1)
    }

    /// Takes message 2, if malicious.
    ///
    /// # Errors
    /// [`VoleError`], whose variants say what the peer did.
    pub fn receive_2(&mut self, message: &[u8]) -> Result<(), VoleError> {
        self.receive(2, message)
    }

    /// Message 3, if malicious.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_3(&mut self) -> Result<Vec<u8>, VoleError> {
        self.send(3)
    }

    /// Delta and B.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn finish(self) -> Result<DeltaOutput, VoleError> {
        if self.next == self.params.messages() { Ok(self.output) } else { Err(VoleError::OutOfOrder) }
    }

    fn receive(&mut self, k: usize, message: &[u8]) -> Result<(), VoleError> {
        if self.next != k || k >= self.params.messages() {
            return Err(VoleError::OutOfOrder);
        }
        expect(message, self.params.message_bytes(k))?;
        self.next = k + 1;
        Ok(())
    }

    fn send(&mut self, k: usize) -> Result<Vec<u8>, VoleError> {
        if self.next != k || k >= self.params.messages() {
            return Err(VoleError::OutOfOrder);
        }
        self.next = k + 1;
        Ok(vec![0; self.params.message_bytes(k)])
    }
}

/// The side that knows the vectors, one instance: `send_0`, `receive_1`, against malicious parties `send_2`, `receive_3`, then
/// `finish`.
pub struct VectorSide {
    params: VoleParams,
    output: VectorOutput,
    next: usize,
}

impl VectorSide {
    /// Instance `instance`, never used before in this setup; `threads` 1 or more.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`] while the setup is not done, [`VoleError::InstanceReused`].
    pub fn new(setup: &mut VectorSetup, instance: u64, params: VoleParams, _threads: usize) -> Result<Self, VoleError> {
        let shared = setup.shared.ok_or(VoleError::OutOfOrder)?;
        if !setup.used.insert(instance) {
            return Err(VoleError::InstanceReused { instance });
        }
        Ok(Self { params, output: deal(&shared, instance, params).1, next: 0 })
    }

    /// Message 0.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_0(&mut self) -> Result<Vec<u8>, VoleError> {
        self.send(0)
    }

    /// Takes message 1.
    ///
    /// # Errors
    /// [`VoleError`], whose variants say what the peer did.
    pub fn receive_1(&mut self, message: &[u8]) -> Result<(), VoleError> {
        self.receive(1, message)
    }

    /// Message 2, if malicious.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn send_2(&mut self) -> Result<Vec<u8>, VoleError> {
        self.send(2)
    }

    /// Takes message 3, if malicious.
    ///
    /// # Errors
    /// [`VoleError`], whose variants say what the peer did.
    pub fn receive_3(&mut self, message: &[u8]) -> Result<(), VoleError> {
        self.receive(3, message)
    }

    /// A and C.
    ///
    /// # Errors
    /// [`VoleError::OutOfOrder`].
    pub fn finish(self) -> Result<VectorOutput, VoleError> {
        if self.next == self.params.messages() { Ok(self.output) } else { Err(VoleError::OutOfOrder) }
    }

    fn receive(&mut self, k: usize, message: &[u8]) -> Result<(), VoleError> {
        if self.next != k || k >= self.params.messages() {
            return Err(VoleError::OutOfOrder);
        }
        expect(message, self.params.message_bytes(k))?;
        self.next = k + 1;
        Ok(())
    }

    fn send(&mut self, k: usize) -> Result<Vec<u8>, VoleError> {
        if self.next != k || k >= self.params.messages() {
            return Err(VoleError::OutOfOrder);
        }
        self.next = k + 1;
        Ok(vec![0; self.params.message_bytes(k)])
    }
}
