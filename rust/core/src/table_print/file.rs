//! The digests of a file's bytes.

use sha2::Sha256;
use sm3::{Digest, Sm3};

/// SHA-256 (FIPS 180-4) and SM3 (GB/T 32905-2016) of one stream.
#[derive(Clone, Default)]
pub struct FileDigests {
    sha256: Sha256,
    sm3: Sm3,
}

impl FileDigests {
    /// Adds the next bytes.
    pub fn update(&mut self, data: &[u8]) {
        for piece in data.chunks(1 << 14) {
            self.sha256.update(piece); // while it is in the nearest cache
            self.sm3.update(piece);
        }
    }

    /// Both digests.
    pub fn finish(self) -> ([u8; 32], [u8; 32]) {
        (self.sha256.finalize().into(), self.sm3.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abc_has_the_digests_of_the_standards() {
        let mut digests = FileDigests::default();
        digests.update(b"a");
        digests.update(b"bc");
        let hex = |bytes: [u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
        let (sha256, sm3) = digests.finish();
        assert_eq!(hex(sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hex(sm3), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    }
}
