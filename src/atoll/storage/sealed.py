"""Values at rest under the node's storage key: AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce and the value's name as
associated data.

The key is one of the keystore's secrets. A node seals far fewer than 2^32 values under it, the bound for random nonces.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atoll.ports import Entropy
from atoll.storage.errors import StoreCorrupt

NONCE_BYTES = 12
KEY_BYTES = 32


class Sealer:
    """Seals and opens values; it cannot be printed."""

    __slots__ = ("_aead", "_entropy")

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        self._aead = AESGCM(key)
        self._entropy = entropy

    def seal(self, name: str, value: bytes) -> bytes:
        """Nonce and ciphertext of `value`, openable only under the same name."""
        nonce = self._entropy.bytes(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, value, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """The value.

        Raises:
            StoreCorrupt: damaged, cut short, or of another name or key.
        """
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as err:
            raise StoreCorrupt(reason=f"the sealed value {name} does not open") from err

    def __repr__(self) -> str:
        return "Sealer(...)"
