"""HPKE over X25519, by the letter of RFC 9180: the key schedule from HMAC, and the AEAD of `cryptography`.

An oracle for tests and for readers: it shows every intermediate value and forgets no secret. All four modes, HKDF-SHA256 and
HKDF-SHA512, AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305 and export only.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

KEM_X25519 = 0x0020
KDFS = {1: "sha256", 3: "sha512"}
KEY_BYTES = {1: 16, 2: 32, 3: 32, 0xFFFF: 0}


@dataclass(frozen=True)
class Hkdf:
    """LabeledExtract and LabeledExpand of section 4 for one hash and suite identifier."""

    hash_name: str
    suite: bytes

    def extract(self, salt: bytes, label: bytes, key_material: bytes) -> bytes:
        size = hashlib.new(self.hash_name).digest_size
        return hmac.digest(salt or bytes(size), b"HPKE-v1" + self.suite + label + key_material, self.hash_name)

    def expand(self, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
        info = length.to_bytes(2, "big") + b"HPKE-v1" + self.suite + label + info
        block, output = b"", b""
        for i in range(1, 256):
            if len(output) >= length:
                break
            block = hmac.digest(key, block + info + bytes([i]), self.hash_name)
            output += block
        return output[:length]


_KEM = Hkdf("sha256", b"KEM" + KEM_X25519.to_bytes(2, "big"))


def derive_secret(key_material: bytes) -> bytes:
    """DeriveKeyPair, section 7.1.3: the secret half."""
    return _KEM.expand(_KEM.extract(b"", b"dkp_prk", key_material), b"sk", b"", 32)


def public_of(secret: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def agree(secret: bytes, public: bytes) -> bytes:
    """X25519; an all-zero result is an error (section 7.1.4)."""
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def shared_secret(agreed: bytes, *publics: bytes) -> bytes:
    """ExtractAndExpand, section 4.1; `publics`: the encapsulation, the recipient's key, in authenticated modes the sender's."""
    return _KEM.expand(_KEM.extract(b"", b"eae_prk", agreed), b"shared_secret", b"".join(publics), 32)


def encapsulate(ephemeral: bytes, recipient: bytes, sender_secret: bytes = b"") -> tuple[bytes, bytes]:
    """Encap, or AuthEncap with a sender's secret: (shared secret, encapsulation)."""
    encapsulation = public_of(ephemeral)
    if not sender_secret:
        return shared_secret(agree(ephemeral, recipient), encapsulation, recipient), encapsulation
    agreed = agree(ephemeral, recipient) + agree(sender_secret, recipient)
    return shared_secret(agreed, encapsulation, recipient, public_of(sender_secret)), encapsulation


def decapsulate(encapsulation: bytes, recipient_secret: bytes, sender: bytes = b"") -> bytes:
    """Decap, or AuthDecap with a sender's public key."""
    recipient = public_of(recipient_secret)
    agreed = agree(recipient_secret, encapsulation)
    if not sender:
        return shared_secret(agreed, encapsulation, recipient)
    return shared_secret(agreed + agree(recipient_secret, sender), encapsulation, recipient, sender)


@dataclass(frozen=True)
class Context:
    """What both ends hold after the key schedule, section 5.1."""

    kdf: Hkdf
    aead_id: int
    key_schedule_context: bytes
    secret: bytes
    key: bytes
    base_nonce: bytes
    exporter_secret: bytes

    def nonce(self, sequence: int) -> bytes:
        return (int.from_bytes(self.base_nonce, "big") ^ sequence).to_bytes(12, "big")

    def seal(self, sequence: int, aad: bytes, plaintext: bytes) -> bytes:
        return self._aead().encrypt(self.nonce(sequence), plaintext, aad)

    def open(self, sequence: int, aad: bytes, ciphertext: bytes) -> bytes:
        """Raises `cryptography.exceptions.InvalidTag`."""
        return self._aead().decrypt(self.nonce(sequence), ciphertext, aad)

    def export(self, context: bytes, length: int) -> bytes:
        return self.kdf.expand(self.exporter_secret, b"sec", context, length)

    def _aead(self) -> AESGCM | ChaCha20Poly1305:
        return ChaCha20Poly1305(self.key) if self.aead_id == 3 else AESGCM(self.key)


def schedule(
    mode: int, shared: bytes, info: bytes, *, kdf_id: int = 1, aead_id: int = 2, psk: bytes = b"", psk_id: bytes = b""
) -> Context:
    """KeySchedule, section 5.1; the defaults are Atoll's suite."""
    numbers = (KEM_X25519, kdf_id, aead_id)
    kdf = Hkdf(KDFS[kdf_id], b"HPKE" + b"".join(number.to_bytes(2, "big") for number in numbers))
    context = bytes([mode]) + kdf.extract(b"", b"psk_id_hash", psk_id) + kdf.extract(b"", b"info_hash", info)
    secret = kdf.extract(shared, b"secret", psk)
    return Context(
        kdf=kdf,
        aead_id=aead_id,
        key_schedule_context=context,
        secret=secret,
        key=kdf.expand(secret, b"key", context, KEY_BYTES[aead_id]),
        base_nonce=kdf.expand(secret, b"base_nonce", context, 12 if aead_id != 0xFFFF else 0),
        exporter_secret=kdf.expand(secret, b"exp", context, hashlib.new(kdf.hash_name).digest_size),
    )
