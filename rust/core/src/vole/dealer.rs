//! The ideal functionality in one place, for tests of what is built on it.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

use super::{DeltaOutput, Multipliers, SEED_BYTES, VectorOutput, VoleParams};
use crate::gf128::{Gf128, add_scaled, add_scaled_subfield};

/// Gives both sides their halves. Whoever runs it knows both: for tests alone.
pub struct InsecureDealer {
    stream: ChaCha20,
    delta: Gf128,
}

impl InsecureDealer {
    /// A dealer with one Delta; all it deals follows from the seed.
    pub fn new(seed: &[u8; SEED_BYTES]) -> Self {
        let mut stream = ChaCha20::new(seed.into(), &[0; 12].into());
        let delta = draw(&mut stream, 1)[0];
        Self { stream, delta }
    }

    /// The halves of the next instance.
    pub fn deal(&mut self, params: VoleParams) -> (DeltaOutput, VectorOutput) {
        let b = draw(&mut self.stream, params.length());
        let uniform = draw(&mut self.stream, params.length());
        let mut c = b.clone();
        let a = if params.subfield() {
            let a: Vec<u64> = uniform.iter().map(|element| element.lo).collect();
            add_scaled_subfield(&mut c, self.delta, &a);
            Multipliers::Subfield(a)
        } else {
            add_scaled(&mut c, self.delta, &uniform);
            Multipliers::Full(uniform)
        };
        (DeltaOutput { delta: self.delta, b }, VectorOutput { a, c })
    }
}

fn draw(stream: &mut ChaCha20, length: usize) -> Vec<Gf128> {
    let mut bytes = vec![[0; 16]; length];
    stream.apply_keystream(bytes.as_flattened_mut());
    bytes.into_iter().map(Gf128::from_bytes).collect()
}
