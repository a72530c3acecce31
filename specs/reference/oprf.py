"""The verifiable oblivious function of RFC 9497 over ristretto255-SHA512, slowly, and specs/psi-oprf.md on top of it."""

from __future__ import annotations

import hashlib

from specs.reference import ristretto255
from specs.reference.dh import inverse, mask, plus, times, times_generator
from specs.reference.hash_to_curve import expand_message_xmd

CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"
GROUP_DOMAIN = b"HashToGroup-" + CONTEXT


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def hash_to_scalar(message: bytes, dst: bytes = b"HashToScalar-" + CONTEXT) -> int:
    return int.from_bytes(expand_message_xmd("sha512", message, dst, 64), "little") % ristretto255.ORDER


def derive_key(seed: bytes, info: bytes) -> int:
    """DeriveKeyPair, section 3.2.1 (the first counter; another is needed with probability 2^-252)."""
    return hash_to_scalar(seed + framed(info) + b"\0", b"DeriveKeyPair" + CONTEXT)


def prove(secret: int, blinded: list[bytes], evaluated: list[bytes], nonce: int) -> bytes:
    """GenerateProof, section 2.2.1."""
    public = times_generator(secret)
    seed = hashlib.sha512(framed(public) + framed(b"Seed-" + CONTEXT)).digest()
    m = z = bytes(32)
    for place, (c, d) in enumerate(zip(blinded, evaluated, strict=True)):
        weight = hash_to_scalar(framed(seed) + place.to_bytes(2, "big") + framed(c) + framed(d) + b"Composite")
        m, z = plus(m, times(c, weight)), plus(z, times(d, weight))
    transcript = b"".join(map(framed, [public, m, z, times_generator(nonce), times(m, nonce)]))
    challenge = hash_to_scalar(transcript + b"Challenge")
    response = (nonce - challenge * secret) % ristretto255.ORDER
    return challenge.to_bytes(32, "little") + response.to_bytes(32, "little")


def finalize(given: bytes, element: bytes) -> bytes:
    """The last hash of section 3.3.1."""
    return hashlib.sha512(framed(given) + framed(element) + b"Finalize").digest()


def evaluate(secret: int, given: bytes) -> bytes:
    """The function itself."""
    return finalize(given, mask(given, secret, GROUP_DOMAIN))


def table(secret: int, digests: list[bytes], width: int, dummies: list[bytes]) -> bytes:
    """The tags of a set and dummies, sorted: the form below 2^17 entries."""
    return b"".join(sorted([evaluate(secret, digest)[:width] for digest in digests] + dummies))


def look_up(
    secret: int, digests: list[bytes], blinds: list[int], nonce: int, held: bytes, width: int
) -> tuple[bytes, bytes, list[int]]:
    """What the receiver sends, what the sender answers, and the indices that are in the table."""
    blinded = [mask(digest, blind, GROUP_DOMAIN) for digest, blind in zip(digests, blinds, strict=True)]
    evaluated = [times(element, secret) for element in blinded]
    answer = b"".join(evaluated) + prove(secret, blinded, evaluated, nonce)
    entries = {held[at : at + width] for at in range(0, len(held), width)}
    found = [
        index
        for index, (digest, element, blind) in enumerate(zip(digests, evaluated, blinds, strict=True))
        if finalize(digest, times(element, inverse(blind)))[:width] in entries
    ]
    return b"".join(blinded), answer, found
