"""The mathematics: items to points, points to tags. No messages in sight.

An item x becomes H(x), a group element whose discrete logarithm nobody knows. The receiver masks with a secret a, the sender
with a secret b; a (b H(x)) = b (a H(x)) is the same element exactly when the items are, and under the decisional Diffie-Hellman
assumption everything else that is sent looks random. H is bound to the plan, so points of one job mean nothing in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from atoll.primitives import ristretto
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.ristretto import POINT_BYTES, SecretScalar
from atoll.primitives.shuffle import permutation
from atoll.protocols.psi_ecdh.params import HASH_DOMAIN, TAG_BYTES, TAG_DOMAIN


def derive_secret(seed: bytes) -> SecretScalar:
    """The side's mask for this run, from its seed."""
    return ristretto.draw_secret(SeededEntropy(seed).fork("psi-ecdh mask"))


def derive_order(seed: bytes, items: int) -> list[int]:
    """The order in which the side sends its items: at place i the item of that index. From its seed."""
    return permutation(SeededEntropy(seed).fork("psi-ecdh order").bytes(32), items)


def hash_domain(context: bytes) -> bytes:
    """The domain tag under which items of the job are hashed to the group."""
    return HASH_DOMAIN + context.hex().encode()


def mask(items: Sequence[bytes], secret: SecretScalar, context: bytes) -> bytes:
    """Each item hashed to the group and multiplied by `secret`; packed, 32 bytes each, same order.

    Leaks: the number of items. Cost: one hash to the group and one multiplication an item, in one call of the kernel.
    """
    return ristretto.blind(items, secret, hash_domain(context))


def tags(points: bytes, secret: SecretScalar, context: bytes) -> list[bytes]:
    """The tags of the other side's masked items, once `secret` is on them too; same order.

    Args:
        points: packed, as received.
        secret: this side's.
        context: the plan's digest.

    Raises:
        PointError: `.index` is the first that is not canonical, not in the group, or the identity.

    Cost: one multiplication and one hash of two blocks an item.
    """
    doubly_masked = ristretto.multiply(points, secret)
    prefix = TAG_DOMAIN + context
    return [
        sha256(prefix + doubly_masked[at : at + POINT_BYTES]).digest()[:TAG_BYTES]
        for at in range(0, len(doubly_masked), POINT_BYTES)
    ]


def unpack_tags(frame: bytes) -> list[bytes]:
    """The tags packed in a frame."""
    return [frame[at : at + TAG_BYTES] for at in range(0, len(frame), TAG_BYTES)]
