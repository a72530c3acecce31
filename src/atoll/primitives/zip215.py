"""Ed25519 as CometBFT's validators count votes: ZIP 215, for their votes alone.

Looser than `atoll.primitives.ed25519`, which everything that Atoll's members sign is held to: any encoding of a point, points
of small order, and the equation with the cofactor are accepted. Whoever verifies a header has to count the votes that the
validators counted; a stricter rule would let one of them sign so that they count its vote and nobody afterwards does. No
state depends on the difference, and only who has the key can make such a signature. Source: ZIP 215.
"""

from __future__ import annotations

from collections.abc import Sequence

from atoll import _core


def are_signatures(claims: Sequence[tuple[bytes, bytes, bytes]], *, threads: int = 0) -> list[bool]:
    """Whether ZIP 215 accepts each (public, message, signature), in order; anything malformed is a no.

    Each one's equation is computed by itself, over `threads` threads (0: as many as the process may run), while other Python
    threads go on. All inputs are public, so time may vary with them.
    """
    return _core.zip215_verify_many(claims, threads)
