"""Intersection by Diffie-Hellman over ristretto255, slowly: specs/psi-ecdh.md written down, both sides on one page.

An oracle for tests and for readers, in plain Python on plain Python (`ristretto255.py`, `hash_to_curve.py`). Nothing here is
constant time, streams, or asks for randomness: masks and orders are given. `run` is what two honest sides say; `judge` is what
one side makes of anything it hears.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from specs.reference import ristretto255

HASH_DOMAIN = b"ATOLL-V01-PSI-ECDH-ristretto255_XMD:SHA-512_R255MAP_RO_"
TAG_DOMAIN = b"ATOLL-V01-PSI-TAG"
POINT_BYTES, TAG_BYTES = 32, 16
ACCEPTED = "accepted"


@dataclass(frozen=True)
class Given:
    """One side before the first message."""

    items: list[bytes]
    mask: int
    """Secret scalar, 1 to the group's order - 1."""
    order: list[int]
    """A permutation: at place i goes the item of index order[i]."""


@dataclass
class Run:
    """What was said, in order, and what the receiver learnt."""

    sender: list[bytes] = field(default_factory=list)
    receiver: list[bytes] = field(default_factory=list)
    output: list[int] = field(default_factory=list)
    """Indices of the receiver's items that the sender has too, ascending."""


class Refused(Exception):
    """The other side broke the protocol; the message is the error's code."""


# -- the mathematics -----------------------------------------------------------------------------------------------------------


def mask(item: bytes, secret: int, context: bytes) -> bytes:
    """Step 1: the item hashed to the group, times the secret, encoded."""
    point = ristretto255.hash_to_group(item, HASH_DOMAIN + context.hex().encode())
    return ristretto255.encode(ristretto255.multiply(point, secret))


def tag(masked: bytes, secret: int, context: bytes) -> bytes:
    """Step 2: the other side's masked item, times the own secret, shortened. Refuses what is not a masked item."""
    point = ristretto255.decode(masked)
    if point is None or masked == bytes(POINT_BYTES):
        raise Refused("psi.bad_point")
    doubly_masked = ristretto255.encode(ristretto255.multiply(point, secret))
    return hashlib.sha256(TAG_DOMAIN + context + doubly_masked).digest()[:TAG_BYTES]


def set_size(items: int) -> bytes:
    """The first message as deterministic CBOR (RFC 8949 section 4.2.1): ["psi-ecdh.set-size/1", {"items": n}]."""
    number = bytes([items]) if items < 24 else b"\x18" + bytes([items]) if items < 256 else b"\x19" + items.to_bytes(2, "big")
    return b"\x82\x73psi-ecdh.set-size/1\xa1\x65items" + number


# -- two honest sides ----------------------------------------------------------------------------------------------------------


def run(sender: Given, receiver: Given, *, context: bytes, per_round: int) -> Run:
    """Everything both sides say, with both secrets on the table."""
    said = Run([set_size(len(sender.items))], [set_size(len(receiver.items))])
    for start in range(0, max(len(sender.items), len(receiver.items)), per_round):
        ours, theirs = (side.order[start : start + per_round] for side in (receiver, sender))
        points = [mask(receiver.items[index], receiver.mask, context) for index in ours]
        if theirs:
            said.sender.append(b"".join(mask(sender.items[index], sender.mask, context) for index in theirs))
        if ours:
            said.receiver.append(b"".join(points))
            said.sender.append(b"".join(tag(point, sender.mask, context) for point in points))
    of_sender = {tag(mask(item, sender.mask, context), receiver.mask, context) for item in sender.items}
    for index, item in enumerate(receiver.items):
        if tag(mask(item, receiver.mask, context), sender.mask, context) in of_sender:
            said.output.append(index)
    return said


# -- one side that trusts nothing ----------------------------------------------------------------------------------------------


def judge(role: str, own: Given, heard: list[bytes], *, context: bytes, per_round: int, cap: int) -> list[str]:
    """A verdict for each packet that the side `role` hears from the other: accepted, or the code that ends the run.

    What comes after a refusal gets no verdict, because nobody listens any more.
    """
    verdicts: list[str] = []
    known: dict[str, set[bytes]] = {"points": set(), "answers": set()}
    try:
        theirs = read_size(heard[0], cap)
        verdicts.append(ACCEPTED)
        for frame, (kind, count) in zip(heard[1:], due(role, len(own.items), theirs, per_round), strict=False):
            for tag_ in check_points(frame, count, own, context) if kind == "points" else split(frame, count, TAG_BYTES):
                if tag_ in known[kind]:
                    raise Refused("psi.repeated_point" if kind == "points" else "psi.repeated_tag")
                known[kind].add(tag_)
            verdicts.append(ACCEPTED)
    except Refused as refused:
        verdicts.append(str(refused))
    return verdicts


def read_size(packet: bytes, cap: int) -> int:
    """The number in a first message; sizes up to 4095 are known to this oracle."""
    sizes = [size for size in range(4096) if set_size(size) == packet]
    if not sizes:
        raise Refused("protocols.unexpected_packet")
    if sizes[0] > cap:
        raise Refused("psi.peer_set_too_large")
    return sizes[0]


def due(role: str, own_items: int, peer_items: int, per_round: int) -> Iterator[tuple[str, int]]:
    """The frames that a side waits for, in order, and how many values each holds."""
    for start in range(0, max(own_items, peer_items), per_round):
        if peer_items > start:
            yield "points", min(per_round, peer_items - start)
        if own_items > start and role == "receiver":
            yield "answers", min(per_round, own_items - start)


def check_points(frame: bytes, count: int, own: Given, context: bytes) -> list[bytes]:
    """The tags of the masked items in a frame; equal tags mean equal items."""
    return [tag(masked, own.mask, context) for masked in split(frame, count, POINT_BYTES)]


def split(frame: bytes, count: int, size: int) -> list[bytes]:
    """The values of a frame, which must be exactly as many as announced."""
    if len(frame) != count * size:
        raise Refused("psi.wrong_frame")
    return [frame[at : at + size] for at in range(0, len(frame), size)]
