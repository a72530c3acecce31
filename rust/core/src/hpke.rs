//! Sealed messages between two known parties: RFC 9180 in mode_auth.
//!
//! One suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, by the `hpke` crate. A sender makes one encapsulation with
//! fresh randomness of the operating system and then seals messages in order; the receiver opens them in the same order.

use hpke::aead::{AeadCtxR, AeadCtxS, AeadTag, AesGcm256};
use hpke::inout::InOutBuf;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender};
use zeroize::Zeroizing;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type Tag = AeadTag<AesGcm256>;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Bytes of a secret key, a public key and an encapsulation.
pub const KEY_BYTES: usize = 32;
/// Bytes by which a sealed message is longer than its plaintext.
pub const TAG_BYTES: usize = 16;

/// What went wrong; no more is told, so that an answer helps nobody to forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A key or encapsulation is malformed, or the agreement gave the all-zero secret.
    Key,
    /// The message was not sealed by this sender for this receiver at this place.
    Message,
}

/// A key pair, secret then public, from at least 32 bytes of key material (RFC 9180 section 7.1.3); `None` if there are fewer.
pub fn derive_key_pair(key_material: &[u8]) -> Option<(Zeroizing<Vec<u8>>, Vec<u8>)> {
    (key_material.len() >= KEY_BYTES).then(|| {
        let (secret, public) = X25519HkdfSha256::derive_keypair(key_material);
        (Zeroizing::new(secret.to_bytes().to_vec()), public.to_bytes().to_vec())
    })
}

/// The sending end.
pub struct Sender {
    context: AeadCtxS<AesGcm256, HkdfSha256, X25519HkdfSha256>,
    encapsulation: Vec<u8>,
}

impl Sender {
    /// Agree on fresh keys with the holder of `recipient_public`, as the holder of `sender_secret`.
    ///
    /// # Errors
    /// [`Refusal::Key`].
    pub fn new(sender_secret: &[u8], recipient_public: &[u8], info: &[u8]) -> Result<Self, Refusal> {
        let secret = PrivateKey::from_bytes(sender_secret).map_err(|_| Refusal::Key)?;
        let recipient = PublicKey::from_bytes(recipient_public).map_err(|_| Refusal::Key)?;
        let public = X25519HkdfSha256::sk_to_pk(&secret);
        let mode = OpModeS::Auth((secret, public));
        let (encapsulation, context) = setup_sender(&mode, &recipient, info).map_err(|_| Refusal::Key)?;
        Ok(Self { context, encapsulation: encapsulation.to_bytes().to_vec() })
    }

    /// What the receiver needs before the first message; public.
    pub fn encapsulation(&self) -> &[u8] {
        &self.encapsulation
    }

    /// A secret that both ends derive for one purpose (RFC 9180 section 5.3), as long as `out`.
    ///
    /// # Errors
    /// [`Refusal::Key`] above 8,160 bytes.
    pub fn export(&self, purpose: &[u8], out: &mut [u8]) -> Result<(), Refusal> {
        self.context.export(purpose, out).map_err(|_| Refusal::Key)
    }

    /// The next message, sealed into `sealed`, which is TAG_BYTES longer; `aad` is bound to it but not sent.
    ///
    /// # Errors
    /// [`Refusal::Message`] past 2^64 messages or 2^36 bytes, or when the lengths do not fit.
    pub fn seal(&mut self, aad: &[u8], plaintext: &[u8], sealed: &mut [u8]) -> Result<(), Refusal> {
        let (text, tag) = sealed.split_at_mut_checked(plaintext.len()).ok_or(Refusal::Message)?;
        let tag: &mut [u8; TAG_BYTES] = tag.try_into().map_err(|_| Refusal::Message)?;
        let buffer = InOutBuf::new(plaintext, text).map_err(|_| Refusal::Message)?;
        let made = self.context.seal_inout_detached(buffer, aad).map_err(|_| Refusal::Message)?;
        made.write_exact(tag);
        Ok(())
    }
}

/// The receiving end.
pub struct Receiver {
    context: AeadCtxR<AesGcm256, HkdfSha256, X25519HkdfSha256>,
}

impl Receiver {
    /// Take up the keys that the holder of `sender_public` encapsulated for `recipient_secret`.
    ///
    /// # Errors
    /// [`Refusal::Key`].
    pub fn new(recipient_secret: &[u8], sender_public: &[u8], encapsulation: &[u8], info: &[u8]) -> Result<Self, Refusal> {
        let secret = PrivateKey::from_bytes(recipient_secret).map_err(|_| Refusal::Key)?;
        let sender = PublicKey::from_bytes(sender_public).map_err(|_| Refusal::Key)?;
        let encapsulation = EncappedKey::from_bytes(encapsulation).map_err(|_| Refusal::Key)?;
        let context = setup_receiver(&OpModeR::Auth(sender), &secret, &encapsulation, info).map_err(|_| Refusal::Key)?;
        Ok(Self { context })
    }

    /// As the sender's.
    ///
    /// # Errors
    /// [`Refusal::Key`] above 8,160 bytes.
    pub fn export(&self, purpose: &[u8], out: &mut [u8]) -> Result<(), Refusal> {
        self.context.export(purpose, out).map_err(|_| Refusal::Key)
    }

    /// The plaintext of the next message, into `opened`, which is TAG_BYTES shorter. After a refusal the place stays the same.
    ///
    /// # Errors
    /// [`Refusal::Message`]; nothing of `opened` is to be used then.
    pub fn open(&mut self, aad: &[u8], sealed: &[u8], opened: &mut [u8]) -> Result<(), Refusal> {
        let (text, tag) = sealed.split_at_checked(opened.len()).ok_or(Refusal::Message)?;
        let tag = Tag::from_bytes(tag).map_err(|_| Refusal::Message)?;
        let buffer = InOutBuf::new(text, opened).map_err(|_| Refusal::Message)?;
        self.context.open_inout_detached(buffer, aad, &tag).map_err(|_| Refusal::Message)
    }
}
