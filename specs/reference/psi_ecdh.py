"""Intersection by Diffie-Hellman on Curve25519, slowly: specs/psi-ecdh.md written down, both sides on one page.

An oracle for tests and for readers, in plain Python on plain Python (`edwards25519.py`). Nothing here is constant time,
streams, or asks for randomness: secret, blinders and orders are given. `run` is what two honest sides say; `judge` is what one
side makes of anything it hears.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from specs.reference import edwards25519 as group

HASH_DOMAIN = b"ATOLL-V04-PSI-ECDH-edwards25519_XMD:SHA-512_ELL2_RO_"
TAG_DOMAIN = b"ATOLL-V04-PSI-ECDH-TAG"
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
    order: list[int]
    """A permutation of the distinct keys: at place i goes the one whose digest is number order[i] in ascending order."""
    share: bytes
    """32 bytes for the salt."""
    opening: bytes
    """32 bytes that hide the share until it is shown."""
    secret: int = 0
    """The sender's scalar, a multiple of the cofactor 8."""
    blinders: list[int] = field(default_factory=list)
    """The receiver's scalars: at place i the one for the key that goes there."""


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


def hashed(item: bytes, context: bytes) -> group.Point:
    """H: a digest as a point."""
    return group.hash_to_curve(item, HASH_DOMAIN + context.hex().encode())


def question(item: bytes, blinder: int, context: bytes) -> bytes:
    """Step 2, receiver: the digest's point, and the generator times the blinder on top of it."""
    return group.encode(group.add(hashed(item, context), group.multiply(group.GENERATOR, blinder)))


def point_of(data: bytes) -> group.Point:
    """What both sides take from one another."""
    point = group.decode(data)
    if point is None or group.is_small(point):
        raise Refused("psi_ecdh.bad_point")
    return point


def answer(asked: bytes, secret: int) -> bytes:
    """Step 3, sender: the question times the secret."""
    return group.encode(group.multiply(point_of(asked), secret))


def public_key(secret: int) -> bytes:
    """Step 1: the answer to the generator."""
    return answer(group.encode(group.GENERATOR), secret)


def tag(item: bytes, value: group.Point, context: bytes) -> bytes:
    """T."""
    return hashlib.sha256(TAG_DOMAIN + context + item + group.u_of(value)).digest()[:TAG_BYTES]


def own_tag(item: bytes, secret: int, context: bytes) -> bytes:
    """Step 2, sender: what the function gives for the digest."""
    return tag(item, group.multiply(hashed(item, context), secret), context)


def answered_tag(item: bytes, answered: bytes, blinder: int, key: bytes, context: bytes) -> bytes:
    """The receiver's: the blinder times the public key off the answer."""
    taken_off = group.negate(group.multiply(point_of(key), blinder))
    return tag(item, group.add(point_of(answered), taken_off), context)


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


def key_message(key: bytes) -> bytes:
    """["psi-ecdh.public-key/1", {"point": 32 bytes}]."""
    return b"\x82\x75psi-ecdh.public-key/1\xa1\x65point\x58\x20" + key


# -- two honest sides ----------------------------------------------------------------------------------------------------------


def run(sender: Given, receiver: Given, *, context: bytes, per_round: int) -> Run:
    """Everything both sides say, with both secrets on the table."""
    said = Run()
    salt = joint_salt([sender, receiver], context)
    theirs, ours = distinct(sender, salt), distinct(receiver, salt)
    for packets, side, keys in ((said.sender, sender, theirs), (said.receiver, receiver, ours)):
        packets += [salt_commitment(side, context), salt_share(side), set_size(len(keys))]
    key = public_key(sender.secret)
    said.sender.append(key_message(key))
    asked = [question(ours[index], blinder, context) for index, blinder in zip(receiver.order, receiver.blinders, strict=True)]
    answers = [answer(one, sender.secret) for one in asked]
    tags = [own_tag(theirs[index], sender.secret, context) for index in sender.order]
    for start in range(0, max(len(ours), len(theirs)), per_round):
        end = start + per_round
        if theirs[start:]:
            said.sender.append(b"".join(tags[start:end]))
        if ours[start:]:
            said.receiver.append(b"".join(asked[start:end]))
            said.sender.append(b"".join(answers[start:end]))
    found = {
        ours[index]
        for index, answered, blinder in zip(receiver.order, answers, receiver.blinders, strict=True)
        if answered_tag(ours[index], answered, blinder, key, context) in tags
    }
    said.output = [row for row, item in enumerate(receiver.items) if digest(item, salt) in found]
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
    peer = Given("owner/0" if own.place == "receiver/0" else "receiver/0", [], [], bytes(32), bytes(32))
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
        if role == "receiver":
            for announced in itertools.islice(heard, 1):
                read_key(announced)
                yield
        seen: set[bytes] = set()
        for frame, (kind, count) in zip(heard, due(role, keys, theirs, per_round), strict=False):
            check_values(split(frame, count, TAG_BYTES if kind == "tags" else POINT_BYTES), kind, seen)
            yield


def check_values(values: list[bytes], kind: str, seen: set[bytes]) -> None:
    """Points are points, and no tag was there before."""
    for value in values:
        if kind != "tags":
            point_of(value)
        elif value in seen:
            raise Refused("psi_ecdh.repeated_tag")
        else:
            seen.add(value)


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


def read_key(packet: bytes) -> None:
    """The sender's public key, which must be a point of order L."""
    if not same_but(POINT_BYTES, packet, key_message(bytes(POINT_BYTES))):
        raise Refused("protocols.unexpected_packet")
    point = group.decode(packet[-POINT_BYTES:])
    if point is None or not group.is_of_prime_order(point):
        raise Refused("psi_ecdh.bad_key")


def due(role: str, own_items: int, peer_items: int, per_round: int) -> Iterator[tuple[str, int]]:
    """The frames that a side waits for, in order, and how many values each holds."""
    for start in range(0, max(own_items, peer_items), per_round):
        if peer_items > start:
            yield "tags" if role == "receiver" else "questions", min(per_round, peer_items - start)
        if own_items > start and role == "receiver":
            yield "answers", min(per_round, own_items - start)


def split(frame: bytes, count: int, size: int) -> list[bytes]:
    """The values of a frame, which must be exactly as many as announced."""
    if len(frame) != count * size:
        raise Refused("psi_ecdh.wrong_frame")
    return [frame[at : at + size] for at in range(0, len(frame), size)]
