"""The name of a CometBFT node: its p2p connections are authenticated by an Ed25519 key of its own, and it is called after it.

Source: CometBFT v0.38, `p2p/key.go` and `crypto/ed25519`: the id is the hex of the first 20 bytes of SHA-256 over the public
key, which is also how a validator's address is made of its consensus key.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ADDRESS_BYTES = 20


def derive_address(public: bytes) -> bytes:
    """The 20 bytes that CometBFT calls a key by.

    Args:
        public: an Ed25519 key, 32 bytes.
    """
    return hashlib.sha256(public).digest()[:ADDRESS_BYTES]


def derive_node_id(seed: bytes) -> str:
    """The id of the node whose p2p key has this seed of 32 bytes, 40 letters of hex."""
    return derive_address(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()).hex()
