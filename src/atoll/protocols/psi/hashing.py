"""Keys to digests: the one place that says how."""

from __future__ import annotations

from hashlib import sha256

from atoll.protocols.psi.items import DIGEST_BYTES

KEY_DOMAIN = b"ATOLL-V01-PSI-KEY".ljust(32, b"\0")
"""With the salt it fills a block of SHA-256, which is so hashed once a set and not once a key."""


def digest_key(salt: bytes, key: bytes) -> bytes:
    """The key under the job's salt, DIGEST_BYTES bytes. `salt` has a fixed length, so the input can be read in one way only."""
    return sha256(KEY_DOMAIN + salt + key).digest()[:DIGEST_BYTES]


def bucket_of(digest: bytes, buckets: int) -> int:
    """The bucket of a digest, 0 to `buckets` - 1; digests in ascending order have ascending buckets."""
    return int.from_bytes(digest[:4], "big") * buckets >> 32
