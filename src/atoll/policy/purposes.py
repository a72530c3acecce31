"""What a purpose is called on the ledger: a pseudonym that owner, grantee and readers of the terms can tell, and nobody else.

    tag = HMAC-SHA256(salt of the lineage, "ATOLL-V1-PURPOSE" || length of purpose || purpose), first 16 bytes

The salt has 256 bits, is drawn by the owner once a lineage, and stands in the terms of every grant on it, so that one sub-cap
counts over all grants and versions. Without the salt a tag tells nothing, not even for a purpose that is guessed (HMAC as a
pseudorandom function, RFC 2104); equal tags of one lineage show an equal purpose. Stated leak: who holds a grant on a lineage
can test which purposes other grantees of it had.
"""

from __future__ import annotations

import hashlib
import hmac

TAG_BYTES = 16
_DOMAIN = b"ATOLL-V1-PURPOSE"


def derive_purpose_tag(salt: bytes, purpose: str) -> bytes:
    """The pseudonym, 16 bytes; empty where the terms have no salt, which then count nothing by purpose."""
    if not salt:
        return b""
    text = purpose.encode()
    return hmac.digest(salt, _DOMAIN + len(text).to_bytes(4, "big") + text, hashlib.sha256)[:TAG_BYTES]
