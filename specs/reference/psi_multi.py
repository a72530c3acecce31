"""Oracle for specs/psi-multi.md: the intersection of many sets by zero-sharing, with an ideal OPRF and an ideal map in place
of the OKVS. Slow, in plain Python, one step a line; what it computes is what the protocol computes, and nothing of it is
secret.

    >>> sets = [[b"ann", b"bob", b"eve"], [b"bob", b"eve", b"joe"], [b"zoe", b"eve", b"bob"], [b"bob", b"ann", b"eve"]]
    >>> [key.decode() for key in intersect(sets)]
    ['bob', 'eve']
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Sequence

SHARE_BYTES = 8


def prf(key: bytes, item: bytes) -> int:
    """A random function of `item` for each `key`, SHARE_BYTES bytes."""
    return int.from_bytes(hmac.digest(key, item, hashlib.sha256)[:SHARE_BYTES], "little")


def programmed(oprf_key: bytes, owners_keys: Sequence[bytes], points: dict[bytes, int]) -> dict[bytes, int]:
    """What the receiver gets from one owner: the programmed value on the owner's points, a random one elsewhere."""
    return {item: points[item] if item in points else prf(oprf_key, item) for item in owners_keys}


def intersect(sets: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The receiver's items, in its order, that all have; the first set is the receiver's."""
    own, *others = sets
    places = range(len(others))
    pair_key = {frozenset(pair): repr(pair).encode() for pair in itertools.combinations(places, 2)}
    sums = dict.fromkeys(own, 0)
    for i in places:
        shares = {}
        for item in others[i]:
            shares[item] = 0
            for j in places:
                if j != i:
                    shares[item] ^= prf(pair_key[frozenset((i, j))], item)
        for item, value in programmed(b"oprf %d" % i, own, shares).items():
            sums[item] ^= value
    return [item for item in own if sums[item] == 0]
