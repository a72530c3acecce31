"""The mathematics: digests to points, points to tags. No messages in sight.

A key under the joint salt is a digest x, which becomes H(x), a point of Curve25519 whose discrete logarithm nobody knows. The
sender has a secret k, and with it the function x -> tag of x and k.H(x). It evaluates that at its own digests by itself, and
the receiver at its own by way of `atoll.primitives.oblivious`: H(x) + r.G is what the sender sees, a uniform point. Without
the sender's help the function looks random, so tags of what the receiver does not have tell it nothing. H and the tags are
bound to the plan, so nothing of one job means anything in another.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from atoll.primitives import oblivious, x25519
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.oblivious import ClampedSecret, ObliviousKey, SecretScalars
from atoll.primitives.shuffle import permutation_packed
from atoll.primitives.tags import tags_packed
from atoll.protocols.psi.items import DIGEST_BYTES
from atoll.protocols.psi_ecdh.params import HASH_DOMAIN, TAG_BYTES, TAG_DOMAIN

Places: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]
"""Numbers of places in a list."""


def derive_secret(seed: bytes) -> ClampedSecret:
    """The sender's secret for this run, from its seed."""
    return x25519.draw_secret(SeededEntropy(seed).fork("psi-ecdh secret"))


def derive_blinders(seed: bytes, part: range) -> SecretScalars:
    """The receiver's blinders for the places of `part`, from its seed: one a place, the same whenever they are asked for."""
    return SecretScalars.derive(SeededEntropy(seed).fork("psi-ecdh blinders").bytes(32), part.start, len(part))


def derive_order(seed: bytes, keys: int) -> Places:
    """The order in which the side sends its keys: at place i the key of that index. From its seed."""
    return np.frombuffer(permutation_packed(SeededEntropy(seed).fork("psi-ecdh order").bytes(32), keys), "<u4")


def hash_domain(context: bytes) -> bytes:
    """The domain tag under which digests of the job are hashed to the curve."""
    return HASH_DOMAIN + context.hex().encode()


def questions(digests: bytes, blinders: SecretScalars, context: bytes) -> bytes:
    """What the receiver sends for each of the packed digests, 32 bytes, same order.

    Leaks: the number of digests. Cost: one hash to the curve and one multiple of a fixed point a digest.
    """
    return oblivious.blind(digests, DIGEST_BYTES, blinders, hash_domain(context))


def tags_of_own(digests: bytes, secret: ClampedSecret, context: bytes) -> bytes:
    """The packed tags of the sender's digests, same order.

    Cost: one hash to the curve, one multiplication and one hash of two blocks a digest.
    """
    return value_tags(digests, oblivious.evaluate(digests, DIGEST_BYTES, secret, hash_domain(context)), context)


def tags_of_answers(digests: bytes, answers: bytes, blinders: SecretScalars, key: ObliviousKey, context: bytes) -> bytes:
    """The packed tags of the receiver's digests, out of the sender's answers to its questions.

    Raises:
        PointError: `.index` is the first answer that is no point, or of small order.

    Cost: one root, one multiple of a fixed point and one hash of two blocks a digest.
    """
    return value_tags(digests, oblivious.unblind(answers, blinders, key), context)


def value_tags(digests: bytes, values: bytes, context: bytes) -> bytes:
    """The digest goes into its tag: whoever sends n tags can have answers match at n digests, whatever it answers."""
    return tags_packed(values, TAG_DOMAIN + context, TAG_BYTES, items=digests)
