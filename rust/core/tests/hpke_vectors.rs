//! The RFC 9180 test vectors for X25519, all modes, both hash functions, every AEAD: replayed through the crate that seals our frames.
//!
//! `ATOLL_VECTORS` names the folder with `x25519.json`; without it nothing is run, which the line printed says. Each set that passes is
//! one line `set N: ...`, and `tests/vectors/test_hpke.py` counts them.

use std::convert::Infallible;

use hpke::aead::{Aead, AesGcm128, ChaCha20Poly1305, ExportOnlyAead};
use hpke::kdf::{HkdfSha256, HkdfSha512, Kdf};
use hpke::kem::X25519HkdfSha256 as X25519;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, PskBundle, Serializable, setup_receiver, setup_sender_with_rng};
use serde_json::Value;

#[test]
fn every_set_is_reproduced() {
    let Ok(folder) = std::env::var("ATOLL_VECTORS") else {
        println!("no set: ATOLL_VECTORS is not set");
        return;
    };
    let text = std::fs::read_to_string(format!("{folder}/x25519.json")).expect("x25519.json is readable");
    let sets: Vec<Value> = serde_json::from_str(&text).expect("x25519.json is JSON");
    for (i, set) in sets.iter().enumerate() {
        let set = Set(set);
        assert_eq!(set.number("kem_id"), 32, "DHKEM(X25519, HKDF-SHA256)");
        match (set.number("kdf_id"), set.number("aead_id")) {
            (1, 1) => set.check_messages::<AesGcm128, HkdfSha256>(),
            (1, 3) => set.check_messages::<ChaCha20Poly1305, HkdfSha256>(),
            (1, 65535) => set.check_exports::<ExportOnlyAead, HkdfSha256>(),
            (3, 1) => set.check_messages::<AesGcm128, HkdfSha512>(),
            (3, 3) => set.check_messages::<ChaCha20Poly1305, HkdfSha512>(),
            (3, 65535) => set.check_exports::<ExportOnlyAead, HkdfSha512>(),
            suite => panic!("set {i} has an unknown suite {suite:?}"),
        }
        println!(
            "set {i}: mode {} kdf {} aead {} encryptions {} exports {}",
            set.number("mode"),
            set.number("kdf_id"),
            set.number("aead_id"),
            set.list("encryptions").len(),
            set.list("exports").len()
        );
    }
}

struct Set<'a>(&'a Value);

impl<'a> Set<'a> {
    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("{name} is a number"))
    }

    fn list(&self, name: &str) -> &'a [Value] {
        self.0[name].as_array().unwrap_or_else(|| panic!("{name} is a list"))
    }

    fn hex(&self, name: &str) -> Vec<u8> {
        let text = self.0[name].as_str().unwrap_or_else(|| panic!("{name} is a text"));
        let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).expect("a hexadecimal digit") as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// The pair that the key material gives, which must be the one that is printed.
    fn key_pair(&self, party: char) -> (<X25519 as Kem>::PrivateKey, <X25519 as Kem>::PublicKey) {
        let (secret, public) = X25519::derive_keypair(&self.hex(&format!("ikm{party}")));
        // The crate keeps secrets clamped (RFC 7748 section 5); the collection prints them as they were before.
        let mut printed = self.hex(&format!("sk{party}m"));
        printed[0] &= 0b1111_1000;
        printed[31] = printed[31] & 0b0111_1111 | 0b0100_0000;
        assert_eq!(secret.to_bytes().to_vec(), printed);
        assert_eq!(public.to_bytes().to_vec(), self.hex(&format!("pk{party}m")));
        (secret, public)
    }

    fn contexts<A: Aead, K: Kdf>(&self) -> (hpke::aead::AeadCtxS<A, K, X25519>, hpke::aead::AeadCtxR<A, K, X25519>) {
        let mode = self.number("mode");
        let (recipient_secret, recipient_public) = self.key_pair('R');
        let (psk, psk_id) = if mode & 1 == 1 { (self.hex("psk"), self.hex("psk_id")) } else { (vec![], vec![]) };
        let psk = PskBundle::new(&psk, &psk_id).expect("key and identity come together");
        let (sending, receiving) = match mode {
            0 => (OpModeS::Base, OpModeR::Base),
            1 => (OpModeS::Psk(psk), OpModeR::Psk(psk)),
            2 => (OpModeS::Auth(self.key_pair('S')), OpModeR::Auth(self.key_pair('S').1)),
            3 => (OpModeS::AuthPsk(self.key_pair('S'), psk), OpModeR::AuthPsk(self.key_pair('S').1, psk)),
            _ => panic!("unknown mode {mode}"),
        };
        let info = self.hex("info");
        let (encapsulation, sender) =
            setup_sender_with_rng::<A, K, X25519>(&sending, &recipient_public, &info, &mut Fixed(self.hex("ikmE")))
                .expect("setup");
        assert_eq!(encapsulation.to_bytes().to_vec(), self.hex("enc"));
        let encapsulation = <X25519 as Kem>::EncappedKey::from_bytes(&self.hex("enc")).expect("an encapsulation");
        let receiver = setup_receiver::<A, K, X25519>(&receiving, &recipient_secret, &encapsulation, &info).expect("setup");
        (sender, receiver)
    }

    fn check_exports<A: Aead, K: Kdf>(&self) {
        let (sender, receiver) = self.contexts::<A, K>();
        for export in self.list("exports").iter().map(Set) {
            let mut exported = [vec![0; export.number("L") as usize], vec![0; export.number("L") as usize]];
            sender.export(&export.hex("exporter_context"), &mut exported[0]).expect("export");
            receiver.export(&export.hex("exporter_context"), &mut exported[1]).expect("export");
            assert_eq!(exported, [export.hex("exported_value"), export.hex("exported_value")]);
        }
    }

    fn check_messages<A: Aead, K: Kdf>(&self) {
        self.check_exports::<A, K>();
        let (mut sender, mut receiver) = self.contexts::<A, K>();
        let mut sequence = 0;
        for message in self.list("encryptions").iter().map(Set) {
            // Messages that the collection leaves out move both ends on.
            while sequence < message.number("sequence") {
                let filler = sender.seal(b"", b"").expect("seal");
                assert_eq!(receiver.open(&filler, b"").expect("open"), b"");
                sequence += 1;
            }
            let (plaintext, aad, ciphertext) = (message.hex("pt"), message.hex("aad"), message.hex("ct"));
            assert_eq!(sender.seal(&plaintext, &aad).expect("seal"), ciphertext);
            for i in [0, ciphertext.len() - 1] {
                let mut changed = ciphertext.clone();
                changed[i] ^= 1;
                assert!(receiver.open(&changed, &aad).is_err(), "a flipped bit opens");
            }
            assert_eq!(receiver.open(&ciphertext, &aad).expect("open"), plaintext);
            sequence += 1;
        }
    }
}

/// A generator that gives the printed key material of the ephemeral key.
struct Fixed(Vec<u8>);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("key generation asks for bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("key generation asks for bytes")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}
