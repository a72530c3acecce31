"""Bearer tokens for the API: made once, shown once, kept as digests."""

from __future__ import annotations

import hashlib

from atoll.ports import Entropy
from atoll.storage.store import NodeStore

TOKEN_BYTES = 32


def create_token(store: NodeStore, role: str, label: str, entropy: Entropy) -> str:
    """A new bearer token of a role; only its digest is kept."""
    token = entropy.bytes(TOKEN_BYTES).hex()
    store.add_token(digest_token(token), role, label)
    return token


def digest_token(token: str) -> bytes:
    """What is kept of a token; a token has 256 random bits, so its digest tells nothing."""
    return hashlib.sha256(b"ATOLL-V1-TOKEN" + token.encode()).digest()
