"""Signature algorithms: their names, their numbers in COSE headers, and the one place where a signature is verified.

The algorithm of a signature is that of the registered key. A header repeats it so that outside tools can read envelopes, and
must then agree; it never chooses (RFC 9052 section 3.1 allows such a check; the choice itself is what algorithm-confusion
attacks live on).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from atoll.primitives import ed25519
from atoll.trust.errors import KeyUnusable, SignatureInvalid, UnknownAlgorithm


class Algorithm(StrEnum):
    """What a registered key does."""

    ED25519 = "ed25519"
    """RFC 8032; identity, recovery, cosigning and log keys."""
    ECDSA_P256 = "ecdsa-p256"
    """FIPS 186-5 over P-256 inside TLS certificates; verified by the TLS stack, never signs an envelope."""


COSE_EMITTED: Mapping[Algorithm, int] = MappingProxyType({Algorithm.ED25519: -8})
"""Number written into headers. -8 (EdDSA) is deprecated by RFC 9864, but some tools do not read -19 yet."""

COSE_ACCEPTED: Mapping[int, Algorithm] = MappingProxyType({-8: Algorithm.ED25519, -19: Algorithm.ED25519})
"""Numbers read from headers: EdDSA (RFC 9053 section 2.2) and Ed25519 (RFC 9864 section 2.2)."""


def parse_algorithm(number: int) -> Algorithm:
    """The algorithm that a COSE header means by `number`.

    Raises:
        UnknownAlgorithm: not one that signs envelopes here.
    """
    try:
        return COSE_ACCEPTED[number]
    except KeyError:
        raise UnknownAlgorithm(number=number) from None


def verify_public_key(algorithm: Algorithm, public: bytes) -> None:
    """Check that `public` is a key whose signatures could be accepted: canonical and not of small order.

    Raises:
        KeyUnusable: it is not, or keys of this algorithm stand in certificates only.
    """
    if algorithm is not Algorithm.ED25519 or not ed25519.is_acceptable_key(public):
        raise KeyUnusable(algorithm=algorithm)


def verify_signature(algorithm: Algorithm, public: bytes, message: bytes, signature: bytes, *, name: str) -> None:
    """Check a signature by the strict rule that every node shares.

    Args:
        algorithm: that of the registered key.
        public: the registered key.
        message: what was signed, exactly as received.
        signature: anything; a wrong length is a wrong signature.
        name: what to call the key in the error.

    Raises:
        SignatureInvalid: not this key's signature on this message, or the algorithm does not sign messages.
    """
    if algorithm is not Algorithm.ED25519 or not ed25519.is_signature(public, message, signature):
        raise SignatureInvalid(key=name)
