"""The mathematics: digests to points, points to tags. No messages in sight.

A key under the joint salt is a digest x, which becomes H(x), a point of Curve25519 whose discrete logarithm nobody knows. The
receiver masks with a secret a, the sender with a secret b; a (b H(x)) = b (a H(x)) is the same point exactly when the digests
are, and under the decisional Diffie-Hellman assumption everything else that is sent looks random. Points go by their u alone,
so a point and its negative are one. H is bound to the plan, so points of one job mean nothing in another.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from atoll.primitives import x25519
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.shuffle import permutation_packed
from atoll.primitives.tags import tags_packed
from atoll.primitives.x25519 import ClampedSecret
from atoll.protocols.psi.items import DIGEST_BYTES
from atoll.protocols.psi_ecdh.params import HASH_DOMAIN, TAG_BYTES, TAG_DOMAIN

Places: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]
"""Numbers of places in a list."""


def derive_secret(seed: bytes) -> ClampedSecret:
    """The side's mask for this run, from its seed."""
    return x25519.draw_secret(SeededEntropy(seed).fork("psi-ecdh mask"))


def derive_order(seed: bytes, keys: int) -> Places:
    """The order in which the side sends its keys: at place i the key of that index. From its seed."""
    return np.frombuffer(permutation_packed(SeededEntropy(seed).fork("psi-ecdh order").bytes(32), keys), "<u4")


def hash_domain(context: bytes) -> bytes:
    """The domain tag under which digests of the job are hashed to the curve."""
    return HASH_DOMAIN + context.hex().encode()


def mask(digests: bytes, secret: ClampedSecret, context: bytes) -> bytes:
    """Each of the packed digests hashed to the curve and masked with `secret`; packed, 32 bytes each, same order.

    Leaks: the number of digests. Cost: one hash to the curve and one multiplication a digest, in one call of the kernel.
    """
    return x25519.blind_packed(digests, DIGEST_BYTES, secret, hash_domain(context))


def tags(points: bytes, secret: ClampedSecret, context: bytes) -> bytes:
    """The packed tags of the other side's masked digests, once `secret` is on them too; same order.

    Args:
        points: packed, as received.
        secret: this side's.
        context: the plan's digest.

    Raises:
        PointError: `.index` is the first that is no number below p, or of small order.

    Cost: one multiplication and one hash of two blocks a point.
    """
    return tags_packed(x25519.multiply(points, secret), TAG_DOMAIN + context, TAG_BYTES)
