"""A bucket as the other side sees it: as many elements as announced, in an order that says nothing.

Dummies fill a bucket up; they are random digests, and no other side has them, except with probability 2^-128 a pair. The order
is a permutation from the seed: were elements in the order of their digests, the places of two matches would tell which keys
between them are *not* in the set.
"""

from __future__ import annotations

import numpy as np

from atoll.primitives import ristretto
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.errors import PointError
from atoll.primitives.ristretto import POINT_BYTES, SecretScalar
from atoll.primitives.shuffle import permutation_packed
from atoll.primitives.tags import MAX_TAG_BYTES, first_repeated_tag
from atoll.protocols.psi.errors import BadElement, BucketOverflow, RepeatedElement
from atoll.protocols.psi.items import DIGEST_BYTES, Bucket
from atoll.protocols.psi.rows import Places
from atoll.protocols.role import Party

ELEMENT_BYTES = POINT_BYTES
"""A masked key on the wire."""


class Hidden:
    """The keys of a bucket and dummies, shuffled."""

    def __init__(self, bucket: Bucket, size: int, entropy: SeededEntropy, *, number: int = 0, beside: bytes = b"") -> None:
        """
        Args:
            bucket: the keys.
            size: to how many dummies fill it up.
            entropy: this bucket's own stream.
            number: the bucket's, for the error.
            beside: digests that the protocol adds, packed; they count in addition to `size`.

        Raises:
            BucketOverflow: the bucket has more keys than `size`.
        """
        if len(bucket) > size:
            raise BucketOverflow(bucket=number, found=len(bucket), limit=size)
        self.keys = len(bucket)
        self.order: Places = np.frombuffer(
            permutation_packed(entropy.fork("order").bytes(32), size + len(beside) // DIGEST_BYTES), "<u4"
        )
        """At place i goes the key of index order[i]; indices from `keys` are no keys."""
        digests = bucket.digests + entropy.fork("dummies").bytes(DIGEST_BYTES * (size - self.keys)) + beside
        self.digests = np.frombuffer(digests, f"V{DIGEST_BYTES}")[self.order].tobytes()

    def __len__(self) -> int:
        return len(self.order)

    def mask(self, part: range, secret: SecretScalar, domain: bytes) -> bytes:
        """The keys at these places hashed to the group, times `secret`, packed."""
        digests = self.digests[DIGEST_BYTES * part.start : DIGEST_BYTES * part.stop]
        return ristretto.blind_packed(digests, DIGEST_BYTES, secret, domain)


def multiply(points: bytes, secret: SecretScalar, *, party: Party, first: int = 0) -> bytes:
    """The other side's elements times `secret`.

    Args:
        points: packed, as received.
        secret: this side's.
        party: whose.
        first: the place of the first of them, for the error.

    Raises:
        BadElement: one is not canonical, not in the group, or the identity.
    """
    try:
        return ristretto.multiply(points, secret)
    except PointError as err:
        raise BadElement(party=str(party), position=first + err.index) from err


def verify_distinct(values: bytes, size: int, *, party: Party) -> None:
    """Refuse a packed list that has a value twice.

    Raises:
        RepeatedElement: it does. Of a longer value the first 16 bytes are looked at, as random as a tag.
    """
    width = min(size, MAX_TAG_BYTES)
    short = values if size == width else np.frombuffer(values, np.uint8).reshape(-1, size)[:, :width].tobytes()
    repeated = first_repeated_tag(short, width)
    if repeated is not None:
        raise RepeatedElement(party=str(party), position=repeated)
