"""From a content to what consortia compare: HMAC-SHA-256 under a key that their registering nodes share.

    fingerprint = HMAC-SHA-256(key, "ATOLL-V1-FOREIGN-FINGERPRINT" || content root)
    key id      = first 16 bytes of HMAC-SHA-256(key, "ATOLL-V1-FOREIGN-KEY-ID")

The content root is the order-free digest of a table's rows (specs/fingerprint.md). Nobody without the key can tell whether two
fingerprints are of one content, or try guesses. **Whoever holds the key can**: offline against the fingerprints on its own
consortium's ledger, and by one question a guess against the others'. HMAC (RFC 2104, FIPS 198-1) under a 256-bit key: about
2^128 work to find the key or two contents with one fingerprint.
"""

from __future__ import annotations

import hmac

KEY_BYTES = 32
_FINGERPRINT = b"ATOLL-V1-FOREIGN-FINGERPRINT"
_KEY_ID = b"ATOLL-V1-FOREIGN-KEY-ID"


def derive_fingerprint(key: bytes, content_root: bytes) -> bytes:
    """The keyed fingerprint, 32 bytes.

    Args:
        key: KEY_BYTES, shared by the registering nodes of the consortia, on no ledger.
        content_root: 32 bytes.
    """
    if len(key) != KEY_BYTES or len(content_root) != 32:
        raise ValueError("a key and a content root have 32 bytes")
    return hmac.digest(key, _FINGERPRINT + content_root, "sha256")


def derive_key_id(key: bytes) -> bytes:
    """What an agreement says of its key, 16 bytes: enough to see that two nodes hold the same one."""
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return hmac.digest(key, _KEY_ID, "sha256")[:16]
