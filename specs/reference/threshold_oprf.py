"""specs/threshold-oprf.md, slowly: shares, commitments, proofs of knowledge, and evaluations by t of n, over plain integers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from specs.reference import ristretto255
from specs.reference.dh import inverse, mask, plus, times, times_generator
from specs.reference.oprf import GROUP_DOMAIN, finalize

ORDER = ristretto255.ORDER


def share(coefficients: Sequence[int], place: int) -> int:
    """The polynomial at a place; the secret is its constant term."""
    return sum(coefficient * pow(place, power, ORDER) for power, coefficient in enumerate(coefficients)) % ORDER


def commitments(coefficients: Sequence[int]) -> list[bytes]:
    """Feldman's commitments."""
    return [times_generator(coefficient) for coefficient in coefficients]


def public_share(committed: Sequence[bytes], place: int) -> bytes:
    """What the share at a place is the logarithm of."""
    total = bytes(32)
    for power, commitment in enumerate(committed):
        total = plus(total, times(commitment, place**power % ORDER))
    return total


def challenge(prefix: bytes, public: bytes, point: bytes) -> int:
    """FROST's figure 1, step 2, with everything that it is bound to in one prefix."""
    return int.from_bytes(hashlib.sha512(prefix + public + point).digest(), "little") % ORDER


def prove_knowledge(secret: int, prefix: bytes, nonce: int) -> bytes:
    """A point and a response."""
    point = times_generator(nonce)
    response = (nonce + secret * challenge(prefix, times_generator(secret), point)) % ORDER
    return point + response.to_bytes(32, "little")


def lagrange(places: Sequence[int], place: int) -> int:
    """The weight of one of the places."""
    weight = 1
    for other in places:
        if other != place:
            weight = weight * other * pow(other - place, -1, ORDER) % ORDER
    return weight


def evaluate(given: bytes, blind: int, shares: Mapping[int, int]) -> bytes:
    """The value for an input, by the shares at some places: as many as the threshold, or more."""
    blinded = mask(given, blind, GROUP_DOMAIN)
    total = bytes(32)
    for place, secret in shares.items():
        total = plus(total, times(times(blinded, secret), lagrange(list(shares), place)))
    return finalize(given, times(total, inverse(blind)))[:32]
