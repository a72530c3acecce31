"""Noise in a count that nobody sees whole: public dummies, of which the sender takes part of to its set.

Both sides know the same 2 s dummies. The receiver brings all of them, the sender d of them and 2 s - d values that nobody else
has; d - s is the noise. Sizes say nothing about d, and the shuffled answers do not tell a dummy from a key.
"""

from __future__ import annotations

from hashlib import sha256

from atoll.primitives.discrete_laplace import draw
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.psi.items import DIGEST_BYTES
from atoll.protocols.psi_cardinality.params import DUMMY_DOMAIN, Noise


def public_dummies(noise: Noise | None, *, salt: bytes, context: bytes) -> bytes:
    """The digests that the receiver adds to its set; none without noise."""
    if noise is None:
        return b""
    return SeededEntropy(sha256(DUMMY_DOMAIN + context + salt).digest()).bytes(DIGEST_BYTES * 2 * noise.shift)


def draw_dummies(noise: Noise | None, *, salt: bytes, context: bytes, entropy: SeededEntropy) -> bytes:
    """The digests that the sender adds to its set: as many, but only some of them the public ones.

    Args:
        noise: as agreed.
        salt: the joint salt.
        context: the plan's digest.
        entropy: the sender's own stream; the noise follows from it, so a resumed run has the same.
    """
    if noise is None:
        return b""
    taken = DIGEST_BYTES * (noise.shift + draw(noise.epsilon, noise.shift, entropy.fork("noise")))
    public = public_dummies(noise, salt=salt, context=context)
    return public[:taken] + entropy.fork("others").bytes(len(public) - taken)
