"""A digest of long data under a secret key, for whoever wants to know its own data again.

    digest = SHA-256(label || for each part: u64 length || for each piece of it: GMAC(key, nonce = number of the piece, piece))

GMAC (NIST SP 800-38D) is AES-256-GCM over associated data alone: a universal hash under a secret point, masked. Two lists of
parts that differ have one digest with probability below 2^-100, whoever chose them, as long as the key was not known to whoever
did. Its tags must not be shown, because the same nonces come again with other data when the data was changed: they go into
SHA-256 here, and only that is kept. A tenth of what SHA-256 of the data costs.
"""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
PIECE_BYTES = 1 << 28
"""A part is cut into pieces of so many bytes, 2^24 blocks, and a last one that may be shorter."""


class PrivateDigest:
    """Takes data part by part; where one part ends and the next begins counts."""

    def __init__(self, key: bytes, label: bytes) -> None:
        """Args: key: KEY_BYTES, secret, for this purpose alone. label: what else the digest is bound to; of any length."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._mac = AESGCM(key)
        self._tags = sha256(label)
        self._pieces = 0

    def update(self, data: bytes) -> None:
        """Add one part, which may be empty."""
        view = memoryview(data)
        self._tags.update(len(view).to_bytes(8, "big"))
        for at in range(0, len(view), PIECE_BYTES):
            self._tags.update(self._mac.encrypt(self._pieces.to_bytes(12, "big"), b"", view[at : at + PIECE_BYTES]))
            self._pieces += 1

    def digest(self) -> bytes:
        """32 bytes."""
        return self._tags.digest()
