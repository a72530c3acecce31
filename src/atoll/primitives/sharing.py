"""Secrets shared among n members so that any t find them together and t - 1 learn nothing: Shamir's sharing with Feldman's
commitments, over the scalars of ristretto255.

    polynomial = Polynomial.derive(secret, seed, threshold)       # the dealer's; the secret lies at 0
    share = polynomial.at(place)                                  # a member's; places count from 1
    is_share(share, polynomial.commitments(), place)              # what the member checks

Secrets are `SecretScalar`s and handled in constant time; commitments, places and weights are public.

Source: Shamir, CACM 1979; Feldman, FOCS 1987; the proof of knowledge is Schnorr's as FROST uses it (Komlo and Goldberg, SAC
2020, figure 1), checked against the DKG vectors of the Zcash Foundation's implementation.
"""

from __future__ import annotations

from collections.abc import Sequence

from atoll import _core
from atoll._core import Polynomial, SecretScalar
from atoll.primitives import ristretto

__all__ = [
    "KNOWLEDGE_BYTES",
    "ORDER",
    "Polynomial",
    "add_shares",
    "add_weighted",
    "encode_weights",
    "is_knowledge",
    "is_share",
    "lagrange",
    "prove_knowledge",
    "public_share",
]

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of the group: scalars are numbers modulo it."""
KNOWLEDGE_BYTES = 64
"""Length of a proof of knowledge."""


def lagrange(places: Sequence[int]) -> tuple[int, ...]:
    """The weights by which values at these places add up to the value at 0, in their order.

    Args:
        places: distinct, none 0, as many as the threshold.

    Raises:
        ValueError: they are not.
    """
    if len(set(places)) != len(places) or any(not 0 < place < 1 << 16 for place in places):
        raise ValueError("places are distinct, from 1 to 65,535")
    weights = []
    for place in places:
        above, below = 1, 1
        for other in places:
            if other != place:
                above, below = above * other % ORDER, below * (other - place) % ORDER
        weights.append(above * pow(below, -1, ORDER) % ORDER)
    return tuple(weights)


def encode_weights(weights: Sequence[int]) -> bytes:
    """Public weights, packed."""
    return b"".join((weight % ORDER).to_bytes(32, "little") for weight in weights)


def add_weighted(points: Sequence[bytes], weights: Sequence[int]) -> bytes:
    """The sum of points, each times its public weight; it can be the identity (32 zero bytes).

    Raises:
        PointError: `.index` is the first that is no element other than the identity.
        ValueError: not as many weights as points.
    """
    return _core.sharing_add_weighted(b"".join(points), encode_weights(weights))


def add_shares(shares: Sequence[SecretScalar], weights: Sequence[int]) -> SecretScalar:
    """The sum of secret shares, each times its public weight.

    Raises:
        ScalarError: it is zero, which honest shares never add up to.
        ValueError: not as many weights as shares.
    """
    return _core.sharing_add_shares(shares, encode_weights(weights))


def public_share(commitments: bytes, place: int) -> bytes:
    """The generator times the share at a place, by the packed commitments alone; it can be the identity.

    Raises:
        PointError: a commitment is no element other than the identity.
    """
    return _core.sharing_commitment_at(commitments, place)


def is_share(share: SecretScalar, commitments: bytes, place: int) -> bool:
    """Whether a share is the committed polynomial's value at a place.

    Raises:
        PointError: a commitment is no element other than the identity.
    """
    return ristretto.multiply_base(share) == public_share(commitments, place)


def prove_knowledge(secret: SecretScalar, prefix: bytes, nonce: SecretScalar) -> bytes:
    """A proof, 64 bytes, that its maker knows the secret of a public key, for one purpose.

    Args:
        secret: what is known.
        prefix: what the proof is for and who makes it; of one length in one use.
        nonce: fresh, unless the very same proof is made again; two proofs with one nonce give the secret away.
    """
    return _core.sharing_prove_knowledge(secret, prefix, nonce)


def is_knowledge(public: bytes, prefix: bytes, proof: bytes) -> bool:
    """Whether a proof, 64 bytes, holds for a public key and a prefix; it does not for what is no public key."""
    return _core.sharing_is_knowledge(public, prefix, proof)
