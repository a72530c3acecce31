//! The digests of a file's bytes.

use sha2::Sha256;
use sm3::{Digest, Sm3};

/// SHA-256 (FIPS 180-4) of a stream, and SM3 (GB/T 32905-2016) where it is wanted, which takes two and a half times as long.
#[derive(Clone)]
pub struct FileDigests {
    sha256: Sha256,
    sm3: Option<Sm3>,
}

impl FileDigests {
    /// Of no bytes yet.
    pub fn new(with_sm3: bool) -> Self {
        Self { sha256: Sha256::new(), sm3: with_sm3.then(Sm3::new) }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, data: &[u8]) {
        for piece in data.chunks(1 << 14) {
            self.sha256.update(piece); // while it is in the nearest cache
            if let Some(sm3) = &mut self.sm3 {
                sm3.update(piece);
            }
        }
    }

    /// SHA-256, and SM3 if it was wanted.
    pub fn finish(self) -> ([u8; 32], Option<[u8; 32]>) {
        (self.sha256.finalize().into(), self.sm3.map(|sm3| sm3.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abc_has_the_digests_of_the_standards() {
        let hex = |bytes: [u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
        for with_sm3 in [false, true] {
            let mut digests = FileDigests::new(with_sm3);
            digests.update(b"a");
            digests.update(b"bc");
            let (sha256, sm3) = digests.finish();
            assert_eq!(hex(sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
            let expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
            assert_eq!(sm3.map(hex), with_sm3.then(|| expected.into()));
        }
    }
}
