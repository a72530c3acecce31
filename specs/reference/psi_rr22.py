"""RR22, slowly: specs/psi-rr22.md written down, both sides on one page, with correlated randomness from a dealer.

An oracle for tests and for readers, in plain Python on plain Python (`okvs.py`). The dealer takes the place of the VOLE, whose
messages are another page's business; everything after it is here: the masked store, the function's values, tags, matches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from specs.reference import okvs
from specs.reference.okvs import Shape, aes128, decode, multiply128


@dataclass(frozen=True)
class Dealt:
    """Both halves of a VOLE: c = a delta + b."""

    delta: int
    b: list[int]
    a: list[int]
    c: list[int]


def deal(seed: bytes, length: int, bits: int) -> Dealt:
    """Correlated randomness of that length, a over GF(2^bits). Whoever runs it knows everything."""

    def draw(label: bytes, count: int, size: int) -> list[int]:
        stream = hashlib.shake_256(label + seed).digest(count * size)
        return [int.from_bytes(stream[at : at + size], "little") for at in range(0, len(stream), size)]

    delta, b, a = draw(b"delta", 1, 16)[0], draw(b"b", length, 16), draw(b"a", length, bits // 8)
    return Dealt(delta, b, a, [multiply128(x, delta) ^ y for x, y in zip(a, b, strict=True)])


@dataclass(frozen=True)
class Run:
    """What crosses the wire in a bucket, and what the receiver makes of it."""

    masked: list[int]
    """Receiver to sender: the store plus a."""
    at_receiver: list[bytes]
    """The function at the receiver's keys."""
    at_sender: list[bytes]
    """The function at the sender's keys."""
    tags: list[bytes]
    """Sender to receiver, ascending."""
    matches: list[int]
    """The places of the receiver's keys whose tag came."""


def run(
    shape: Shape,
    domain: bytes,
    dealt: Dealt,
    ours: Sequence[bytes],
    theirs: Sequence[bytes],
    *,
    bits: int = 128,
    coin: int | None = None,
    tag_bytes: int = 16,
) -> Run:
    """One bucket between two honest sides; `ours` are the receiver's digests, `theirs` the sender's."""
    rows = _derive(domain, b"ROWS")
    targets = [to_field(domain, key, bits) for key in ours]
    store = okvs.encode(rows, shape, ours, targets, [0] * shape.length, bits)
    if store is None:
        raise ValueError("the keys do not fit")
    masked = [value ^ mask for value, mask in zip(store, dealt.a, strict=True)]
    k = [b ^ multiply128(value, dealt.delta) for value, b in zip(masked, dealt.b, strict=True)]
    at_receiver = [to_output(domain, decode(rows, shape, dealt.c, key, bits), key, coin) for key in ours]
    at_sender = []
    for key in theirs:
        decoded = decode(rows, shape, k, key, bits) ^ multiply128(to_field(domain, key, bits), dealt.delta)
        at_sender.append(to_output(domain, decoded, key, coin))
    tags = sorted(value[:tag_bytes] for value in at_sender)
    matches = [place for place, value in enumerate(at_receiver) if value[:tag_bytes] in tags]
    return Run(masked, at_receiver, at_sender, tags, matches)


def to_field(domain: bytes, key: bytes, bits: int) -> int:
    """H_B: a constant under the key, as an element of GF(2^bits)."""
    return int.from_bytes(aes128(key, _derive(domain, b"TO-FIELD")[:16]), "little") & ((1 << bits) - 1)


def to_output(domain: bytes, decoded: int, key: bytes, coin: int | None) -> bytes:
    """H_o: a constant under the decoded element; with a coin, SHA-256 of element plus coin and key."""
    if coin is None:
        return aes128(decoded.to_bytes(16, "little"), _derive(domain, b"TO-OUTPUT")[:16])
    bound = _derive(domain, b"TO-BOUND-OUTPUT")[:16]
    return hashlib.sha256(bound + (decoded ^ coin).to_bytes(16, "little") + key).digest()[:16]


def _derive(domain: bytes, label: bytes) -> bytes:
    return hashlib.sha256(b"ATOLL-V01-RR22-" + label + domain).digest()
