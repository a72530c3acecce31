"""Sets, seats and hands that change packets, for all intersections by Diffie-Hellman."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from atoll.primitives import elgamal
from atoll.primitives.oprf import SecretScalars
from atoll.protocols.packets import Packet
from atoll.protocols.psi import MemoryItems
from atoll.protocols.psi.limits import Limits
from atoll.protocols.pump import Pumped, Said, Tamper
from atoll.protocols.role import Party

SENDER, RECEIVER = Party("owner"), Party("receiver")
SEEDS = {SENDER: bytes([7] * 32), RECEIVER: bytes([8] * 32)}
LIMITS = Limits(own_items=100, peer_items=100)
IDENTITY, NOT_CANONICAL, NOT_IN_GROUP = bytes(32), b"\xed" + b"\xff" * 30 + b"\x7f", b"\x01" + bytes(31)
BAD_ELEMENTS = {"identity": IDENTITY, "non-canonical": NOT_CANONICAL, "not-in-group": NOT_IN_GROUP}


def names(*numbers: int) -> list[bytes]:
    return [b"item %d" % number for number in numbers]


def items(*numbers: int) -> MemoryItems:
    return MemoryItems(names(*numbers))


def seat(me: Party, /, **changes: Any) -> dict[str, Any]:
    """The arguments that all roles share."""
    peer = {SENDER: {"receiver": RECEIVER}, RECEIVER: {"sender": SENDER}}[me]
    return {"me": me, **peer, "context": bytes(32), "seed": SEEDS[me], "limits": LIMITS} | changes


def rows(packed: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(packed) // 4}I", packed))


def change(sender: Party, number: int, edit: Callable[[bytes], bytes | None]) -> Tamper:
    """Changes the frame of that number, from 0, of those that `sender` sends; None loses it."""
    frames = 0

    def tamper(said: Said) -> Packet | None:
        nonlocal frames
        if said.sender != sender or not said.packet.is_bulk:
            return said.packet
        frames += 1
        edited = edit(said.packet.data) if frames == number + 1 else said.packet.data
        return None if edited is None else Packet(True, edited)

    return tamper


def frames_of(ran: Pumped, sender: Party) -> list[bytes]:
    return [said.packet.data for said in ran.transcript if said.sender == sender and said.packet.is_bulk]


def lengths_of(ran: Pumped) -> list[tuple[Party, int]]:
    """Who said how much, in order: all that somebody sees who cannot decrypt."""
    return [(said.sender, len(said.packet.data)) for said in ran.transcript]


def spoils(value: int) -> Callable[[bytes, SecretScalars, SecretScalars], bytes]:
    """`elgamal.encrypt` as a sender has it that puts what no search finds in place of one value."""

    def encrypt(numbers: bytes, key: SecretScalars, randomness: SecretScalars) -> bytes:
        whole, size = honest(numbers, key, randomness), elgamal.CIPHERTEXT_BYTES
        found = [one for (one,) in struct.iter_unpack("<q", numbers)].index(value) * size
        element = elgamal.public_key(SecretScalars.derive(bytes(32), 0, 1))
        return whole[: found + size - 32] + element + whole[found + size :]

    honest = elgamal.encrypt
    return encrypt


@pytest.fixture
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets of a few keys are cut into several buckets, with room for a few dummies each."""
    monkeypatch.setattr("atoll.protocols.psi.cut.TARGET_KEYS", 8)
    monkeypatch.setattr("atoll.protocols.psi.cut.LEAST_KEYS", 1)
    monkeypatch.setattr("atoll.protocols.psi.state.is_within_cap", lambda *_: True)  # so few keys are mostly padding


@pytest.fixture
def narrow_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs look for sums of 24 bits, which takes no seconds."""
    monkeypatch.setattr("atoll.jobs.intersection.protocols.psi_sum.USUAL_BITS", 24)
