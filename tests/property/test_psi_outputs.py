"""What holds for every pair of sets in the intersections beyond identifiers.

Results are the sets' own, and garbage anywhere ends in an error of ours, never in another one and never in a match that is not
there; or in a wait for what never comes, which a node's deadline ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.errors import PeerError
from atoll.protocols import psi_cardinality, psi_oprf, psi_payload, psi_sum
from atoll.protocols.errors import RolesStalled
from atoll.protocols.packets import Packet
from atoll.protocols.psi import Bucket, MemoryItems
from atoll.protocols.pump import Said, pump
from atoll.protocols.role import Party, Role
from tests.unit.dh.runs import RECEIVER, SENDER, rows, seat

KEYS = st.lists(st.binary(min_size=1, max_size=1), max_size=12)
TERMS = psi_sum.Terms(total_bits=16)
EPOCH = psi_oprf.Epoch(bytes(32), 1)
Roles = Mapping[Party, Role[Any]]


def cells(keys: Bucket) -> bytes:
    """The first row and the number of rows of each key."""
    ends, numbers = [0, *rows(keys.ends)], rows(keys.rows)
    return b"".join(bytes([numbers[ends[i]], ends[i + 1] - ends[i]]) for i in range(len(keys)))


def counts(keys: Bucket) -> bytes:
    """Minus the number of rows of each key."""
    return b"".join((-pair).to_bytes(8, "little", signed=True) for pair in cells(keys)[1::2])


def payload(ours: MemoryItems, theirs: MemoryItems) -> Roles:
    return {
        RECEIVER: psi_payload.receiver(ours, payload_bytes=2, **seat(RECEIVER)),
        SENDER: psi_payload.sender(theirs, cells, payload_bytes=2, **seat(SENDER)),
    }


def cardinality(ours: MemoryItems, theirs: MemoryItems) -> Roles:
    return {
        RECEIVER: psi_cardinality.receiver(ours, **seat(RECEIVER)),
        SENDER: psi_cardinality.sender(theirs, **seat(SENDER)),
    }


def sum_(ours: MemoryItems, theirs: MemoryItems) -> Roles:
    return {
        RECEIVER: psi_sum.receiver(ours, terms=TERMS, **seat(RECEIVER)),
        SENDER: psi_sum.sender(theirs, counts, terms=TERMS, **seat(SENDER)),
    }


def look_up(ours: MemoryItems, theirs: MemoryItems) -> Roles:
    agreed: dict[str, Any] = {"epoch": EPOCH}
    return {
        RECEIVER: psi_oprf.receiver(ours, cache=psi_oprf.MemoryTables(), **agreed, **seat(RECEIVER)),
        SENDER: psi_oprf.sender(theirs, secret=bytes(32), cache=psi_oprf.MemoryTables(), **agreed, **seat(SENDER)),
    }


PROTOCOLS = [payload, cardinality, sum_, look_up]


@given(ours=KEYS, theirs=KEYS)
@settings(max_examples=30, deadline=None)
def test_every_output_is_that_of_the_two_tables(ours: list[bytes], theirs: list[bytes]) -> None:
    sets = MemoryItems(ours), MemoryItems(theirs)
    both = set(ours) & set(theirs)
    own_rows = [row for row, key in enumerate(ours) if key in both]
    their_rows = defaultdict(list)
    for row, key in enumerate(theirs):
        their_rows[key].append(row)

    received = pump(payload(*sets))[RECEIVER]
    ends, numbers = [0, *rows(received.keys.ends)], rows(received.keys.rows)
    for place in range(len(received.keys)):
        key = ours[numbers[ends[place]]]
        assert received.payloads[2 * place : 2 * place + 2] == bytes([their_rows[key][0], len(their_rows[key])])
    assert rows(received.matches.rows) == own_rows
    assert pump(cardinality(*sets))[RECEIVER].keys == len(both)
    total = -sum(len(their_rows[key]) for key in both)
    assert pump(sum_(*sets))[RECEIVER] == psi_sum.Sum(len(both), total if both else None)
    assert rows(pump(look_up(*sets))[RECEIVER].rows) == own_rows


def keys_found(output: Any) -> int:
    return output.matches.keys if isinstance(output, psi_payload.Received) else int(output.keys)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(place=st.integers(0, 14), garbage=st.binary(min_size=1, max_size=300), keeps_length=st.booleans())
@settings(max_examples=40, deadline=None)
def test_garbage_anywhere_ends_in_an_error_of_ours_or_in_fewer_matches(
    protocol: Callable[[MemoryItems, MemoryItems], Roles], place: int, garbage: bytes, keeps_length: bool
) -> None:
    """Only what is opaque to its reader passes: tags, records of other keys, the sender's sum."""
    sent = 0

    def tamper(said: Said) -> Packet:
        nonlocal sent
        sent += 1
        if sent != place + 1:
            return said.packet
        data = said.packet.data
        return Packet(said.packet.is_bulk, (garbage * len(data))[: len(data)] if keeps_length else garbage)

    ours, theirs = MemoryItems([b"a", b"b", b"c", b"d", b"e"]), MemoryItems([b"b", b"c", b"x", b"y"])
    try:
        output = pump(protocol(ours, theirs), tamper=tamper)[RECEIVER]
    except (PeerError, RolesStalled):
        return
    assert keys_found(output) <= 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(place=st.integers(0, 14), at=st.integers(0, 400), bit=st.integers(0, 7))
@settings(max_examples=40, deadline=None)
def test_a_flipped_bit_ends_in_an_error_of_ours_or_in_fewer_matches(
    protocol: Callable[[MemoryItems, MemoryItems], Roles], place: int, at: int, bit: int
) -> None:
    sent = 0

    def tamper(said: Said) -> Packet:
        nonlocal sent
        sent += 1
        data = bytearray(said.packet.data)
        if sent == place + 1:
            data[at % len(data)] ^= 1 << bit
        return Packet(said.packet.is_bulk, bytes(data))

    ours, theirs = MemoryItems([b"a", b"b", b"c", b"d", b"e"]), MemoryItems([b"b", b"c", b"x", b"y"])
    try:
        output = pump(protocol(ours, theirs), tamper=tamper)[RECEIVER]
    except (PeerError, RolesStalled):
        return
    assert keys_found(output) <= 2
