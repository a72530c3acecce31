"""Messages sealed between two known parties: HPKE (RFC 9180) in mode_auth.

One suite, SECURITY.md 3.5: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, by the `hpke` crate. A sender draws a
fresh encapsulation from the operating system and seals messages in order; only the holder of the recipient's secret opens
them, in that order, and knows that the holder of the sender's secret sealed them. Whoever steals the *recipient's* secret can
pose as any sender to that recipient (RFC 9180 section 9.1.1), so keys live for one job.

    sender = HpkeSender(my_secret, their_public, info)
    receiver = HpkeReceiver(their_secret, my_public, sender.encapsulation, info)
    receiver.open(b"", sender.seal(b"", b"hello"))

Streams of large messages take only their keys from here (`export`, section 5.3) and are sealed by `sealed_stream`.
"""

from __future__ import annotations

from typing import NamedTuple

from atoll import _core
from atoll._core import HpkeReceiver, HpkeSender
from atoll.ports import Entropy

__all__ = ["KEY_BYTES", "TAG_BYTES", "HpkeReceiver", "HpkeSender", "KeyPair", "derive_key_pair", "draw_key_pair"]

KEY_BYTES = 32
"""Length of a secret key, of a public key, and of an encapsulation."""

TAG_BYTES = 16
"""A sealed message is this much longer than its plaintext."""


class KeyPair(NamedTuple):
    """An X25519 key pair; the secret half is not printed."""

    secret: bytes
    public: bytes

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public.hex()})"


def derive_key_pair(key_material: bytes) -> KeyPair:
    """The key pair for at least 32 secret bytes: DeriveKeyPair of RFC 9180 section 7.1.3.

    Raises:
        HpkeKeyError: fewer bytes.
    """
    return KeyPair(*_core.hpke_derive_key_pair(key_material))


def draw_key_pair(entropy: Entropy) -> KeyPair:
    """A fresh key pair from 32 bytes of `entropy`."""
    return derive_key_pair(entropy.bytes(KEY_BYTES))
