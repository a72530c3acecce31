"""Intersection by Diffie-Hellman on Curve25519, slowly: specs/psi-ecdh.md written down, both sides on one page.

An oracle for tests and for readers, in plain Python on plain Python (`curve25519.py`, `hash_to_curve.py`). Nothing here is
constant time, streams, or asks for randomness: masks and orders are given. `run` is what two honest sides say; `judge` is what
one side makes of anything it hears.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from specs.reference import curve25519

HASH_DOMAIN = b"ATOLL-V03-PSI-ECDH-curve25519_XMD:SHA-512_ELL2_RO_"
TAG_DOMAIN = b"ATOLL-V03-PSI-ECDH-TAG"
KEY_DOMAIN = b"ATOLL-V01-PSI-KEY" + bytes(15)
SALT_DOMAIN = b"ATOLL-V01-JOINT-SALT"
POINT_BYTES, TAG_BYTES, DIGEST_BYTES = 32, 16, 16
ACCEPTED = "accepted"


@dataclass(frozen=True)
class Given:
    """One side before the first message."""

    place: str
    """Its place in the plan, such as `receiver/0`."""
    items: list[bytes]
    """The keys of rows 0, 1, 2, ...; some may be equal."""
    mask: int
    """Secret scalar, a multiple of the cofactor 8."""
    order: list[int]
    """A permutation of the distinct keys: at place i goes the one whose digest is number order[i] in ascending order."""
    share: bytes
    """32 bytes for the salt."""
    opening: bytes
    """32 bytes that hide the share until it is shown."""


@dataclass
class Run:
    """What was said, in order, and what the receiver learnt."""

    sender: list[bytes] = field(default_factory=list)
    receiver: list[bytes] = field(default_factory=list)
    output: list[int] = field(default_factory=list)
    """The receiver's rows whose key the sender has too, ascending."""


class Refused(Exception):
    """The other side broke the protocol; the message is the error's code."""


# -- the mathematics -----------------------------------------------------------------------------------------------------------


def promise(side: Given, context: bytes) -> bytes:
    """What a share is promised as."""
    return side.place.encode() + b"\0" + context + side.share


def commitment(side: Given, context: bytes) -> bytes:
    """Step 0: the promise of a share. SHA-256 over the opening and the promise, both with their frame."""
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in (b"joint-salt/1", promise(side, context)))
    return hashlib.sha256(b"atoll commitment v1" + side.opening + framed).digest()


def joint_salt(sides: list[Given], context: bytes) -> bytes:
    """Step 0: the salt that both shares give."""
    ordered = sorted(sides, key=lambda side: side.place)
    return hashlib.sha256(SALT_DOMAIN + context + b"".join(promise(side, context) for side in ordered)).digest()


def digest(key: bytes, salt: bytes) -> bytes:
    """A key under the salt."""
    return hashlib.sha256(KEY_DOMAIN + salt + key).digest()[:DIGEST_BYTES]


def distinct(side: Given, salt: bytes) -> list[bytes]:
    """The digests of a side's distinct keys, ascending."""
    return sorted({digest(key, salt) for key in side.items})


def mask(item: bytes, secret: int, context: bytes) -> bytes:
    """Step 1: the digest hashed to the curve, times an eighth of the secret: the hash has cleared the cofactor already."""
    point = curve25519.hash_to_curve(item, HASH_DOMAIN + context.hex().encode())
    return curve25519.multiply(point, secret // 8).to_bytes(POINT_BYTES, "little")


def tag(masked: bytes, secret: int, context: bytes) -> bytes:
    """Step 2: the other side's masked digest, times the own secret, shortened. Refuses what is not a masked digest."""
    point = int.from_bytes(masked, "little")
    if len(masked) != POINT_BYTES or point >= curve25519.P:
        raise Refused("psi_ecdh.bad_point")
    doubly_masked = curve25519.multiply(point, secret)
    if doubly_masked == 0:  # of small order: the secret is a multiple of the cofactor
        raise Refused("psi_ecdh.bad_point")
    return hashlib.sha256(TAG_DOMAIN + context + doubly_masked.to_bytes(POINT_BYTES, "little")).digest()[:TAG_BYTES]


# -- messages: deterministic CBOR (RFC 8949 section 4.2.1), an array of a tag and a map ----------------------------------------


def salt_commitment(side: Given, context: bytes) -> bytes:
    """["joint-salt.commitment/1", {"commitment": 32 bytes}]."""
    return b"\x82\x77joint-salt.commitment/1\xa1\x6acommitment\x58\x20" + commitment(side, context)


def salt_share(side: Given) -> bytes:
    """["joint-salt.share/1", {"share": 32 bytes, "opening": 32 bytes}]."""
    return b"\x82\x72joint-salt.share/1\xa2\x65share\x58\x20" + side.share + b"\x67opening\x58\x20" + side.opening


def set_size(items: int) -> bytes:
    """["psi-ecdh.set-size/2", {"items": n}]."""
    number = bytes([items]) if items < 24 else b"\x18" + bytes([items]) if items < 256 else b"\x19" + items.to_bytes(2, "big")
    return b"\x82\x73psi-ecdh.set-size/2\xa1\x65items" + number


# -- two honest sides ----------------------------------------------------------------------------------------------------------


def run(sender: Given, receiver: Given, *, context: bytes, per_round: int) -> Run:
    """Everything both sides say, with both secrets on the table."""
    said = Run()
    salt = joint_salt([sender, receiver], context)
    theirs, ours = distinct(sender, salt), distinct(receiver, salt)
    for packets, side, keys in ((said.sender, sender, theirs), (said.receiver, receiver, ours)):
        packets += [salt_commitment(side, context), salt_share(side), set_size(len(keys))]
    for start in range(0, max(len(ours), len(theirs)), per_round):
        to_sender, to_receiver = (side.order[start : start + per_round] for side in (receiver, sender))
        points = [mask(ours[index], receiver.mask, context) for index in to_sender]
        if to_receiver:
            said.sender.append(b"".join(mask(theirs[index], sender.mask, context) for index in to_receiver))
        if to_sender:
            said.receiver.append(b"".join(points))
            said.sender.append(b"".join(tag(point, sender.mask, context) for point in points))
    of_sender = {tag(mask(item, sender.mask, context), receiver.mask, context) for item in theirs}
    for row, key in enumerate(receiver.items):
        if tag(mask(digest(key, salt), receiver.mask, context), sender.mask, context) in of_sender:
            said.output.append(row)
    return said


# -- one side that trusts nothing ----------------------------------------------------------------------------------------------


def judge(role: str, own: Given, heard: list[bytes], *, context: bytes, per_round: int, cap: int) -> list[str]:
    """A verdict for each packet that the side `role` hears from the other: accepted, or the code that ends the run.

    What comes after a refusal gets no verdict, because nobody listens any more.
    """
    verdicts: list[str] = []
    try:
        for _ in verdict(role, own, iter(heard), context=context, per_round=per_round, cap=cap):
            verdicts.append(ACCEPTED)
    except Refused as refused:
        verdicts.append(str(refused))
    return verdicts


def verdict(role: str, own: Given, heard: Iterator[bytes], *, context: bytes, per_round: int, cap: int) -> Iterator[None]:
    """Yields after each packet that is accepted."""
    peer = Given("owner/0" if own.place == "receiver/0" else "receiver/0", [], 0, [], bytes(32), bytes(32))
    for promised in itertools.islice(heard, 1):
        if not same_but(32, promised, salt_commitment(peer, context)):
            raise Refused("protocols.unexpected_packet")
        yield
    for shown in itertools.islice(heard, 1):
        if not same_but(32, shown[:-42], salt_share(peer)[:-42]) or not same_but(32, shown[-42:], salt_share(peer)[-42:]):
            raise Refused("protocols.unexpected_packet")
        peer = replace(peer, share=shown[-74:-42], opening=shown[-32:])
        if commitment(peer, context) != promised[-32:]:
            raise Refused("protocols.salt_share_changed")
        yield
    for size in itertools.islice(heard, 1):
        theirs = read_size(size, cap)
        yield
        keys = len(distinct(own, joint_salt([own, peer], context)))
        known: dict[str, set[bytes]] = {"points": set(), "answers": set()}
        for frame, (kind, count) in zip(heard, due(role, keys, theirs, per_round), strict=False):
            for tag_ in check_points(frame, count, own, context) if kind == "points" else split(frame, count, TAG_BYTES):
                if tag_ in known[kind]:
                    raise Refused("psi_ecdh.repeated_point" if kind == "points" else "psi_ecdh.repeated_tag")
                known[kind].add(tag_)
            yield


def same_but(last: int, packet: bytes, expected: bytes) -> bool:
    """Whether they are equal but for their last bytes."""
    return len(packet) == len(expected) and packet[:-last] == expected[:-last]


def read_size(packet: bytes, cap: int) -> int:
    """The number in a first message; sizes up to 4095 are known to this oracle."""
    sizes = [size for size in range(4096) if set_size(size) == packet]
    if not sizes:
        raise Refused("protocols.unexpected_packet")
    if sizes[0] > cap:
        raise Refused("psi_ecdh.peer_set_too_large")
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
        raise Refused("psi_ecdh.wrong_frame")
    return [frame[at : at + size] for at in range(0, len(frame), size)]
