"""Intersections of many sets: right answers, and messages that say nothing of who overlaps with whom."""

from __future__ import annotations

import importlib
import random
from typing import Any

import numpy as np
import pytest

from atoll.errors import PeerError
from atoll.protocols.coin import SaltCommitment
from atoll.protocols.errors import WrongBulkLength
from atoll.protocols.packets import Packet, encode_packet
from atoll.protocols.psi import MemoryItems
from atoll.protocols.psi.errors import ForeignCheckpoint, PeerSetTooLarge, TooManyRows
from atoll.protocols.psi_multi import BrokenCorrelation
from atoll.protocols.psi_multi.messages import SetSize
from atoll.protocols.psi_multi.params import share_bytes
from atoll.protocols.pump import Pumped, Said, pump
from atoll.protocols.role import Party, Role
from specs.reference import psi_multi as oracle
from tests.unit.psi_multi.world import RECEIVER, names, owners_of, roles, rows_of, run

receiver_module = importlib.import_module("atoll.protocols.psi_multi.receiver")
"""The function of that name hides it."""


@pytest.mark.parametrize("owners", [2, 3, 4, 7])
def test_the_receiver_finds_what_all_have(owners: int) -> None:
    drawn = random.Random(owners)
    sets = [[b"key %d" % number for number in drawn.sample(range(300), 200)] for _ in range(owners + 1)]
    ran = run(sets)
    assert [sets[0][row] for row in rows_of(ran)] == oracle.intersect(sets)
    assert 0 < ran[RECEIVER].keys == len(rows_of(ran)) < 200
    assert all(ran[one] is None for one in owners_of(owners))


@pytest.mark.parametrize(
    ("sets", "rows"),
    [
        ([[], [], []], []),
        ([names(1), names(1), names(1)], [0]),
        ([names(1), names(1), []], []),
        ([[], names(1), names(1)], []),
        ([names(1, 2), names(2, 1), names(2, 1)], [0, 1]),
        ([names(1, 2), names(1), names(2)], []),
        ([names(1, 1, 2, 1), names(1, 1), names(1, 3)], [0, 1, 3]),
        ([[None, b"key 1", None], names(1), names(1)], [1]),
        ([[b"\xff\x00", b"\xff"], [b"\xff\x00"], [b"\xff\x00", b"x" * 10_000]], [0]),
    ],
)
def test_small_and_odd_sets(sets: list[list[bytes | None]], rows: list[int]) -> None:
    assert rows_of(run(sets)) == rows


def test_owners_that_share_a_key_the_receiver_lacks_change_nothing() -> None:
    assert rows_of(run([names(1, 2), names(2, 8, 9), names(2, 8, 9)])) == [1]


def shapes(ran: Pumped) -> list[tuple[Party, Party, bool, int]]:
    return [(said.sender, said.recipient, said.packet.is_bulk, len(said.packet.data)) for said in ran.transcript]


def test_sets_with_the_same_result_and_other_pairwise_overlaps_give_messages_equal_in_number_and_length() -> None:
    common, own = names(*range(20)), names(*range(100, 140))
    apart = [common + own, common + names(*range(200, 240)), common + names(*range(300, 340))]
    first_pair = [common + own, common + own, common + names(*range(300, 340))]
    second_pair = [common + own, common + names(*range(200, 240)), common + own]
    owners_alike = [common + own, common + names(*range(200, 240)), common + names(*range(200, 240))]
    runs = [run(sets) for sets in (apart, first_pair, second_pair, owners_alike)]
    assert len({tuple(rows_of(one)) for one in runs}) == 1
    assert all(shapes(one) == shapes(runs[0]) for one in runs[1:])


def test_what_an_owner_gives_for_a_key_looks_uniform_whether_it_has_the_key_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[np.ndarray[Any, Any]]] = []
    real = receiver_module._shares

    def spy(*arguments: Any) -> Role[Any]:
        shares = yield from real(*arguments)
        seen.append(shares)
        return shares

    monkeypatch.setattr(receiver_module, "_shares", spy)
    own, others = names(*range(4000)), names(*range(9000, 13000))
    for sets in ([own, others, own, own], [own, own, own, others], [own, own, others, others], [own, others, others, others]):
        assert rows_of(run(sets)) == []
        for shares in (*seen[-1], seen[-1][0] ^ seen[-1][1], seen[-1][1] ^ seen[-1][2], np.bitwise_xor.reduce(seen[-1])):
            bits = np.unpackbits(shares)
            assert abs(bits.mean() - 0.5) < 5 * 0.5 / len(bits) ** 0.5


def test_every_run_says_other_things_and_a_run_from_the_same_seeds_says_the_same() -> None:
    sets = [names(1, 2, 3), names(2, 3, 4), names(3, 4, 5)]
    first, again, other = run(sets), run(sets), run(sets, seed=2)
    assert first.transcript == again.transcript
    bulk = [[said.packet.data for said in one.transcript if said.packet.is_bulk] for one in (first, other)]
    assert not set(bulk[0]) & set(bulk[1])


def test_two_parties_are_refused_because_one_owner_has_nobody_to_hide_behind() -> None:
    with pytest.raises(ValueError, match="2 to 15 owners"):
        run([names(1), names(1)])


def test_a_share_is_long_enough_that_chance_matches_have_at_most_two_to_the_minus_40() -> None:
    for rows in (0, 1, 1 << 20, (1 << 24) - 1, 1 << 24, (1 << 32) - 1):
        assert rows * 2**40 <= 2 ** (8 * share_bytes(rows))


# -- others that do not keep to it ---------------------------------------------------------------------------------------------


SETS = [names(1, 2, 3), names(2, 3, 4), names(3, 4, 2)]
FIRST, SECOND = owners_of(2)


def test_a_set_above_the_cap_is_refused_at_home_and_by_the_others() -> None:
    with pytest.raises(TooManyRows):
        run(SETS, cap=2)

    def boast(said: Said) -> Packet:
        is_size = said.sender == FIRST and b"set-size" in said.packet.data
        return encode_packet(SetSize(rows=2_000_000)) if is_size else said.packet

    with pytest.raises(PeerSetTooLarge):
        run(SETS, tamper=boast)


def test_the_cap_of_one_party_is_not_the_cap_of_another() -> None:
    """The receiver may bring two rows, an owner a million: three rows of the receiver end the run at every owner."""
    large, small = roles(SETS), roles(SETS, caps={RECEIVER: 2})
    with pytest.raises(PeerSetTooLarge) as caught:
        pump({RECEIVER: large[RECEIVER], FIRST: small[FIRST], SECOND: small[SECOND]})
    assert str(RECEIVER) in str(caught.value)
    assert rows_of(run(SETS, caps={FIRST: 3, SECOND: 3, RECEIVER: 3})) == [1, 2]


@pytest.mark.parametrize("sender", [RECEIVER, FIRST])
def test_a_frame_cut_short_ends_the_run(sender: Party) -> None:
    def cut(said: Said) -> Packet:
        return Packet(True, said.packet.data[:-1]) if said.packet.is_bulk and said.sender == sender else said.packet

    with pytest.raises(WrongBulkLength):
        run(SETS, tamper=cut)


@pytest.mark.parametrize("sender", [RECEIVER, FIRST])
def test_points_that_are_none_end_the_run(sender: Party) -> None:
    spoiled: list[Said] = []

    def spoil(said: Said) -> Packet:
        if said.packet.is_bulk and said.sender == sender and not spoiled:
            spoiled.append(said)
            return Packet(True, b"\xff" * len(said.packet.data))
        return said.packet

    with pytest.raises(BrokenCorrelation) as caught:
        run(SETS, tamper=spoil)
    assert str(sender) in str(caught.value)


def test_a_store_that_was_changed_makes_keys_vanish_and_adds_none() -> None:
    def spoil(said: Said) -> Packet:
        if said.packet.is_bulk and (said.sender, said.recipient) == (FIRST, RECEIVER):
            last = len(said.packet.data)
            return Packet(True, said.packet.data if last > 100_000 else bytes(byte ^ 1 for byte in said.packet.data))
        return said.packet

    spoiled = []
    try:
        spoiled = rows_of(run(SETS, tamper=spoil))
    except BrokenCorrelation:
        return
    assert spoiled == []


def test_the_zero_keys_never_go_to_the_receiver() -> None:
    heard = [said for said in run(SETS).transcript if said.recipient == RECEIVER]
    assert heard
    assert not any(b"zero-key" in said.packet.data for said in heard)
    assert any(b"zero-key" in said.packet.data for said in run(SETS).transcript)


def test_a_promise_of_the_salt_must_be_kept() -> None:
    def other(said: Said) -> Packet:
        is_promise = said.sender == FIRST and b"joint-salt.commitment" in said.packet.data
        return encode_packet(SaltCommitment(commitment=bytes(32))) if is_promise else said.packet

    with pytest.raises(PeerError):
        run(SETS, tamper=other)


# -- crashes -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets of a few hundred keys in several buckets."""
    monkeypatch.setattr("atoll.protocols.psi.cut.TARGET_KEYS", 100)
    monkeypatch.setattr("atoll.protocols.psi.cut.LEAST_KEYS", 1)


@pytest.mark.usefixtures("small_buckets")
def test_sets_in_many_buckets_and_a_resume_from_every_checkpoint() -> None:
    sets = [names(*range(450)), names(*range(100, 600)), names(*range(50, 400))]
    whole = run(sets)
    assert rows_of(whole) == list(range(100, 400))
    count = len(whole.checkpoints[RECEIVER])
    assert count == 5
    for number in range(1, count + 1):
        again = run(sets, resume={party: states[number - 1] for party, states in whole.checkpoints.items()})
        assert again[RECEIVER] == whole[RECEIVER]
        for party in again.checkpoints:
            for other in again.checkpoints:
                if other != party:
                    assert again.said(party, other) == whole.said(party, other, after=number)


@pytest.mark.usefixtures("small_buckets")
@pytest.mark.parametrize("change", ["set", "context", "seed", "bytes", "cap"])
def test_a_checkpoint_of_another_run_is_refused(change: str) -> None:
    sets: list[Any] = [names(*range(450)), names(*range(100, 600)), names(*range(50, 400))]
    states = {party: held[0] for party, held in run(sets).checkpoints.items()}
    changes: dict[str, Any] = {}
    if change == "set":
        sets[0] = MemoryItems(names(*range(1000, 1450)))
    elif change == "context":
        changes["context"] = bytes(32)
    elif change == "seed":
        changes["seed"] = 2
    elif change == "cap":
        changes["cap"] = 499
        sets = [names(*range(450)), names(*range(100, 599)), names(*range(50, 400))]
    else:
        states[RECEIVER] = states[RECEIVER][:-1]
    with pytest.raises(ForeignCheckpoint):
        pump({RECEIVER: roles(sets, resume=states, **changes)[RECEIVER]})
