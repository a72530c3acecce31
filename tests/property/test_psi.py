"""What holds for every pair of tables: the intersection is the table's own, whatever the frames, wherever the run was cut."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.errors import PeerError
from atoll.protocols.packets import Packet
from atoll.protocols.psi import Matches, MemoryItems
from atoll.protocols.psi_ecdh import Limits, receiver, sender
from atoll.protocols.pump import Pumped, Said, Tamper, pump
from atoll.protocols.role import Party

SENDER, RECEIVER = Party("owner"), Party("receiver")
ITEM = st.one_of(st.binary(min_size=1, max_size=2), st.binary(min_size=1, max_size=80))
ITEMS = st.lists(ITEM, max_size=12)
SEED = st.binary(min_size=32, max_size=32)


def rows(matches: Matches) -> list[int]:
    return [row for (row,) in struct.iter_unpack("<I", matches.rows)]


def run(
    ours: list[bytes],
    theirs: list[bytes],
    seeds: tuple[bytes, bytes],
    per_round: int,
    *,
    resume: tuple[bytes | None, bytes | None] = (None, None),
    tamper: Tamper | None = None,
) -> Pumped:
    limits = Limits(own_items=12, peer_items=12, points_per_frame=per_round)
    context = bytes(32)
    agreed: dict[str, Any] = {"context": context, "limits": limits}
    here = receiver(MemoryItems(ours), me=RECEIVER, sender=SENDER, seed=seeds[0], resume=resume[0], **agreed)
    there = sender(MemoryItems(theirs), me=SENDER, receiver=RECEIVER, seed=seeds[1], resume=resume[1], **agreed)
    return pump({RECEIVER: here, SENDER: there}, tamper=tamper)


@given(ours=ITEMS, theirs=ITEMS, seeds=st.tuples(SEED, SEED), per_round=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_receiver_gets_exactly_the_intersection(
    ours: list[bytes], theirs: list[bytes], seeds: tuple[bytes, bytes], per_round: int
) -> None:
    expected = [row for row, item in enumerate(ours) if item in theirs]
    found = run(ours, theirs, seeds, per_round)[RECEIVER]
    assert (rows(found), found.keys) == (expected, len({ours[row] for row in expected}))


@given(ours=ITEMS, theirs=ITEMS, seeds=st.tuples(SEED, SEED), per_round=st.integers(1, 4), data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_run_cut_at_any_checkpoint_goes_on_as_if_nothing_had_happened(
    ours: list[bytes], theirs: list[bytes], seeds: tuple[bytes, bytes], per_round: int, data: st.DataObject
) -> None:
    whole = run(ours, theirs, seeds, per_round)
    number = data.draw(st.integers(0, len(whole.checkpoints[SENDER])))
    if number == 0:
        assert run(ours, theirs, seeds, per_round).transcript == whole.transcript
        return
    states = whole.checkpoints[RECEIVER][number - 1], whole.checkpoints[SENDER][number - 1]
    resumed = run(ours, theirs, seeds, per_round, resume=states)
    assert resumed[RECEIVER] == whole[RECEIVER]
    assert resumed.said(SENDER, RECEIVER) == whole.said(SENDER, RECEIVER, after=number)
    assert resumed.said(RECEIVER, SENDER) == whole.said(RECEIVER, SENDER, after=number)


@given(seeds=st.tuples(SEED, SEED), place=st.integers(0, 12), garbage=st.binary(min_size=1, max_size=200))
@settings(max_examples=60, deadline=None)
def test_garbage_anywhere_ends_in_an_error_of_ours_or_in_a_subset(
    seeds: tuple[bytes, bytes], place: int, garbage: bytes
) -> None:
    """Only the sender's answers are opaque; noise there hides matches, and can never invent one."""
    ours, theirs = [b"a", b"b", b"c", b"d", b"e"], [b"b", b"c", b"x", b"y"]
    count = 0

    def tamper(said: Said) -> Packet:
        nonlocal count
        count += 1
        return Packet(said.packet.is_bulk, garbage) if count == place + 1 else said.packet

    try:
        found = run(ours, theirs, seeds, 2, tamper=tamper)[RECEIVER]
    except PeerError:
        return
    assert set(rows(found)) <= {1, 2}
