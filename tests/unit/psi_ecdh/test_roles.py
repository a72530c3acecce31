"""What the two roles promise, beside the scenario files: results, sizes, frames, checkpoints."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from atoll.primitives import oblivious
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.errors import SaltShareChanged
from atoll.protocols.packets import Packet, encode_packet
from atoll.protocols.psi import DIGEST_BYTES, Matches, MemoryItems
from atoll.protocols.psi.hashing import digest_key
from atoll.protocols.psi_ecdh import (
    BadPoint,
    ForeignCheckpoint,
    Limits,
    PublicKey,
    RepeatedTag,
    TooManyItems,
    core,
    receiver,
    sender,
)
from atoll.protocols.psi_ecdh.params import MAX_CHECKPOINTS, MAX_ITEMS, MAX_POINTS_PER_FRAME, Rounds
from atoll.protocols.psi_ecdh.side import State
from atoll.protocols.pump import Pumped, Said, pump
from atoll.protocols.role import Party, Role
from atoll.wire.cbor import decode, encode
from specs.reference import psi_ecdh as slow
from tests.unit.psi_ecdh.scenarios import blinders

SENDER, RECEIVER = Party("owner"), Party("receiver")
CONTEXT = bytes(32)
SEED = bytes([7] * 32)
OTHER_SEED = bytes([8] * 32)
WIDE = Limits(own_items=2**15, peer_items=2**15)


def limits(per_round: int = 3) -> Limits:
    return Limits(own_items=100, peer_items=100, points_per_frame=per_round)


def sending(items: Sequence[bytes], *, resume: bytes | None = None, per_round: int = 3, seed: bytes = SEED) -> Role[None]:
    own = MemoryItems(items)
    return sender(own, me=SENDER, receiver=RECEIVER, context=CONTEXT, seed=seed, limits=limits(per_round), resume=resume)


def receiving(
    items: Sequence[bytes],
    *,
    resume: bytes | None = None,
    per_round: int = 3,
    seed: bytes = OTHER_SEED,
    context: bytes = CONTEXT,
) -> Role[Matches]:
    own = MemoryItems(items)
    return receiver(own, me=RECEIVER, sender=SENDER, context=context, seed=seed, limits=limits(per_round), resume=resume)


def run(ours: Sequence[bytes], theirs: Sequence[bytes], per_round: int = 3) -> Pumped:
    return pump({RECEIVER: receiving(ours, per_round=per_round), SENDER: sending(theirs, per_round=per_round)})


def joint_salt(seed: bytes = OTHER_SEED) -> bytes:
    """What the two sides toss, which depends on their seeds and the context alone."""
    done = pump({RECEIVER: receiving(names(1, 2), per_round=1, seed=seed), SENDER: sending([], per_round=1)})
    salt: bytes = decode(done.checkpoints[SENDER][0])[1]["salt"]
    return salt


def rows(matches: Matches) -> list[int]:
    return [row for (row,) in struct.iter_unpack("<I", matches.rows)]


def names(*numbers: int) -> list[bytes]:
    return [b"item %d" % number for number in numbers]


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        ([], [], []),
        (names(1), [], []),
        ([], names(1), []),
        (names(1), names(1), [0]),
        (names(1), names(2), []),
        (names(*range(9)), names(*range(9)), list(range(9))),
        (names(*range(10)), names(20, 4, 21, 22, 0), [0, 4]),
        (names(5, 6), names(*range(10)), [0, 1]),
        ([b"a" * 10_000, b"b"], [b"a" * 10_000], [0]),
        ([b"", "Zo\u00eb".encode(), b"\xff"], [b"\xff", b""], [0, 2]),
        (names(1, 2, 1, 3, 1), names(3, 1, 3), [0, 2, 3, 4]),
    ],
)
def test_the_receiver_gets_its_rows_whose_keys_both_have(ours: list[bytes], theirs: list[bytes], both: list[int]) -> None:
    done = run(ours, theirs)
    assert (rows(done[RECEIVER]), done[RECEIVER].keys) == (both, len({ours[row] for row in both}))
    assert done[SENDER] is None


@pytest.mark.parametrize(
    ("ours", "theirs", "per_round"),
    [([], names(1), 1), (names(1, 2), names(2), 1), (names(1, 2, 3), names(4, 3, 2), 2), (names(1, 2), names(2, 1, 0), 3)],
    ids=["empty", "one-by-one", "two-rounds", "one-round"],
)
def test_every_byte_is_what_the_slow_reference_says(ours: list[bytes], theirs: list[bytes], per_round: int) -> None:
    expected = slow.run(given(SENDER, theirs, SEED), given(RECEIVER, ours, OTHER_SEED), context=CONTEXT, per_round=per_round)
    done = run(ours, theirs, per_round)
    assert [packet.data for packet in done.said(RECEIVER, SENDER)] == expected.receiver
    assert [packet.data for packet in done.said(SENDER, RECEIVER)] == expected.sender
    assert rows(done[RECEIVER]) == expected.output


def given(place: Party, items: list[bytes], seed: bytes) -> slow.Given:
    """A side as the reference takes it, with what the seed leads to."""
    entropy = SeededEntropy(seed).fork("joint salt")
    order = core.derive_order(seed, len(set(items))).tolist()
    secret = int.from_bytes(core.derive_secret(seed).expose(), "little") if place == SENDER else 0
    own_blinders = blinders(seed, len(order)) if place == RECEIVER else []
    return slow.Given(str(place), items, order, entropy.bytes(32), entropy.bytes(32), secret, own_blinders)


def test_a_resume_at_any_checkpoint_says_the_same_and_ends_the_same() -> None:
    ours, theirs = names(*range(10)), names(*range(5, 19))
    whole = run(ours, theirs)
    numbers = range(1, len(whole.checkpoints[SENDER]) + 1)
    assert len(numbers) == 4
    for number in numbers:
        resumed = pump(
            {
                RECEIVER: receiving(ours, resume=whole.checkpoints[RECEIVER][number - 1]),
                SENDER: sending(theirs, resume=whole.checkpoints[SENDER][number - 1]),
            }
        )
        assert resumed[RECEIVER] == whole[RECEIVER]
        assert rows(resumed[RECEIVER]) == list(range(5, 10))
        for here, there in ((SENDER, RECEIVER), (RECEIVER, SENDER)):
            assert resumed.said(here, there) == whole.said(here, there, after=number)
            assert resumed.checkpoints[here] == whole.checkpoints[here][number:]


def test_replayed_tags_are_refused_even_when_the_first_time_was_before_the_checkpoint() -> None:
    ours, theirs = names(*range(6)), names(*range(6))
    whole = run(ours, theirs)
    replayed = whole.said(SENDER, RECEIVER)[4]  # of the first round
    states = [whole.checkpoints[party][0] for party in (RECEIVER, SENDER)]
    told = 0

    def tamper(said: Said) -> Packet:
        nonlocal told
        told += said.sender == SENDER
        return replayed if said.sender == SENDER and told == 1 else said.packet

    with pytest.raises(RepeatedTag):
        pump({RECEIVER: receiving(ours, resume=states[0]), SENDER: sending(theirs, resume=states[1])}, tamper=tamper)


def test_a_bad_point_is_named_by_its_place_in_the_whole_set() -> None:
    ours, theirs = names(*range(7)), names(*range(7))
    count = 0

    def tamper(said: Said) -> Packet:
        nonlocal count
        count += said.sender == RECEIVER
        if said.sender == RECEIVER and count == 5:
            return said.packet._replace(data=said.packet.data[:32] + bytes(32) + said.packet.data[64:])
        return said.packet

    with pytest.raises(BadPoint) as caught:
        pump({RECEIVER: receiving(ours), SENDER: sending(theirs)}, tamper=tamper)
    assert caught.value.position == 4


@pytest.mark.parametrize(
    "other",
    [
        lambda state: receiving(names(1, 2, 3, 5), resume=state),
        lambda state: receiving(names(1, 2, 4, 3), resume=state),
        lambda state: receiving(names(1, 2, 3, 4, 4), resume=state),
        lambda state: receiving(names(1, 2, 3, 4), resume=state, seed=SEED),
        lambda state: receiving(names(1, 2, 3, 4), resume=state, context=bytes([1] * 32)),
        lambda state: receiving(names(1, 2, 3, 4), resume=state, per_round=2),
        lambda state: sending(names(1, 2, 3, 4), resume=state, seed=OTHER_SEED),
        lambda state: receiving(names(1, 2, 3, 4), resume=state + b"\0"),
        lambda state: receiving(names(1, 2, 3, 4), resume=state[:-1]),
        lambda state: receiving(names(1, 2, 3, 4), resume=b"\x01"),
        lambda state: receiving(names(1, 2, 3, 4), resume=state.replace(b"rounds_done\x01", b"rounds_done\x02")),
        lambda state: receiving(names(1, 2, 3, 4), resume=state.replace(b"peer_items\x04", b"peer_items\x18\x65")),
    ],
    ids=["items", "order", "rows", "seed", "context", "frames", "place", "longer", "shorter", "no-map", "rounds", "cap"],
)
def test_a_checkpoint_of_another_run_is_refused(other: Any) -> None:
    state = run(names(1, 2, 3, 4), names(1, 2, 3, 4)).checkpoints[RECEIVER][0]
    with pytest.raises(ForeignCheckpoint):
        next(other(state))


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: replace(state, rounds_done=3),
        lambda state: replace(state, theirs=state.theirs[:-16]),
        lambda state: replace(state, ours=state.ours[:-16]),
        lambda state: replace(state, peer_items=2),
        lambda state: replace(state, theirs=state.theirs[:16] * 4),
        lambda state: replace(state, public_key=b""),
        lambda state: replace(state, public_key=(1).to_bytes(32, "little")),
        lambda state: replace(state, salt=bytes(32)),
    ],
    ids=["rounds", "theirs", "ours", "peer", "theirs-twice", "no-key", "bad-key", "salt"],
)
def test_a_checkpoint_that_contradicts_itself_is_refused(damage: Callable[[State], State]) -> None:
    last = run(names(1, 2, 3, 4), names(1, 2, 3, 4)).checkpoints[RECEIVER][-1]
    _, fields = decode(last)
    damaged = damage(State.from_map(fields))
    with pytest.raises(ForeignCheckpoint):
        next(receiving(names(1, 2, 3, 4), resume=encode([State.TAG, damaged.to_map()])))


def test_a_checkpoint_holds_neither_the_seed_nor_a_secret_nor_an_item() -> None:
    done = run(names(1, 2, 3, 4), names(1, 2, 3, 4))
    for state in done.checkpoints[RECEIVER] + done.checkpoints[SENDER]:
        assert OTHER_SEED not in state
        assert SEED not in state
        assert core.derive_secret(SEED).expose() not in state
        assert b"item" not in state.replace(b"peer_items", b"")


def test_nobody_brings_more_than_agreed() -> None:
    for ours, theirs in ((names(*range(101)), names(1)), (names(1), names(*range(101)))):
        with pytest.raises(TooManyItems):
            run(ours, theirs)
    assert run(names(*range(100)) * 2, names(1))[RECEIVER].keys == 1, "keys count, not rows"


@pytest.mark.parametrize(
    "bad", [{"own_items": -1}, {"peer_items": MAX_ITEMS + 1}, {"points_per_frame": 0}, {"points_per_frame": 2**14 + 1}]
)
def test_limits_are_bounded(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="has"):
        Limits(**({"own_items": 1, "peer_items": 1} | bad))


def test_both_sides_send_in_an_order_that_says_nothing_about_their_lists() -> None:
    order = core.derive_order(SEED, 50).tolist()
    assert sorted(order) == list(range(50)) != order
    assert order != core.derive_order(OTHER_SEED, 50).tolist()
    done = run(names(*range(50)), [], per_round=50)
    *_, frame = (packet.data for packet in done.said(RECEIVER, SENDER))
    salt = joint_salt()
    digests = sorted(digest_key(salt, name) for name in names(*range(50)))
    shuffled = b"".join(digests[index] for index in core.derive_order(OTHER_SEED, 50))
    assert frame == core.questions(shuffled, core.derive_blinders(OTHER_SEED, range(50)), CONTEXT)
    done = run([], names(*range(50)), per_round=50)
    *_, frame = (packet.data for packet in done.said(SENDER, RECEIVER))
    digests = sorted(digest_key(salt, name) for name in names(*range(50)))
    shuffled = b"".join(digests[index] for index in core.derive_order(SEED, 50))
    assert frame == core.tags_of_own(shuffled, core.derive_secret(SEED), CONTEXT)


def test_another_plan_gives_unrelated_points_and_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    secret, digest, other = core.derive_secret(SEED), bytes(DIGEST_BYTES), bytes([1] * 32)
    asked = [core.questions(digest, core.derive_blinders(SEED, range(1)), context) for context in (CONTEXT, other)]
    assert asked[0] != asked[1]
    monkeypatch.setattr(core, "hash_domain", lambda _: b"one point for all plans")
    assert core.tags_of_own(digest, secret, CONTEXT) != core.tags_of_own(digest, secret, other)


def test_a_tag_holds_for_its_own_digest_alone() -> None:
    """So a sender that makes answers up cannot have one tag match at several keys."""
    values = oblivious.GENERATOR * 2
    first, second = (tag.tobytes() for tag in np.frombuffer(core.value_tags(bytes(31) + b"\x01", values, CONTEXT), "V16"))
    assert first != second


def test_what_a_sender_answers_under_other_secrets_finds_nothing_and_ends_nothing() -> None:
    """Whether a run fails must not depend on the receiver's keys."""
    items = names(*range(4))
    for other in (
        lambda said: oblivious.answer(said.packet.data, core.derive_secret(OTHER_SEED)),
        lambda _: oblivious.GENERATOR * 4,
    ):

        def tamper(said: Said, other: Callable[[Said], bytes] = other) -> Packet:
            is_answer = said.sender == SENDER and said.packet.is_bulk and len(said.packet.data) == 32 * 4
            return said.packet._replace(data=other(said)) if is_answer else said.packet

        done = pump({RECEIVER: receiving(items, per_round=4), SENDER: sending(items, per_round=4)}, tamper=tamper)
        assert rows(done[RECEIVER]) == []


def test_another_public_key_than_that_of_the_answers_finds_nothing() -> None:
    items = names(*range(4))
    other = encode_packet(PublicKey(point=oblivious.public_key(core.derive_secret(OTHER_SEED))))

    def tamper(said: Said) -> Packet:
        return other if b"public-key" in said.packet.data else said.packet

    assert rows(pump({RECEIVER: receiving(items), SENDER: sending(items)}, tamper=tamper)[RECEIVER]) == []


def test_no_question_is_asked_twice_for_one_key_by_two_runs_or_two_places() -> None:
    """Blinders are fresh: two questions with one blinder would show whether their keys are the same, or which keys stayed."""
    digest, seen = bytes(DIGEST_BYTES), set()
    for seed in (SEED, OTHER_SEED):
        asked = core.questions(digest * 100, core.derive_blinders(seed, range(7, 107)), CONTEXT)
        seen |= {asked[at : at + 32] for at in range(0, len(asked), 32)}
        assert core.questions(digest, core.derive_blinders(seed, range(50, 51)), CONTEXT) == asked[43 * 32 :][:32]
    assert len(seen) == 200
    done = run(names(*range(7)), names(1), per_round=3)
    sent = b"".join(packet.data for packet in done.said(RECEIVER, SENDER)[3:])
    digests = {digest_key(joint_salt(), name) for name in names(*range(7))}
    order = core.derive_order(OTHER_SEED, 7)
    shuffled = b"".join(sorted(digests)[index] for index in order)
    assert sent == core.questions(shuffled, core.derive_blinders(OTHER_SEED, range(7)), CONTEXT)


def test_different_plans_part_at_the_salt() -> None:
    with pytest.raises(SaltShareChanged):
        pump({RECEIVER: receiving(names(1, 2), context=bytes([1] * 32)), SENDER: sending(names(1, 2))})


def test_no_two_runs_hash_a_key_to_the_same_digest() -> None:
    """So points say nothing across runs, and nobody can look for colliding keys beforehand."""
    assert len({joint_salt(seed) for seed in (OTHER_SEED, bytes(32), bytes([9] * 32))}) == 3


def test_a_frame_never_passes_the_agreed_number_of_points() -> None:
    done = run(names(*range(10)), names(*range(7)), per_round=4)
    assert [len(packet.data) // 32 for packet in done.said(RECEIVER, SENDER)[3:]] == [4, 4, 2]
    assert [len(packet.data) for packet in done.said(SENDER, RECEIVER)[4:]] == [4 * 16, 4 * 32, 3 * 16, 4 * 32, 2 * 32]


def test_full_frames_hold_512_kib() -> None:
    ours, theirs = names(*range(MAX_POINTS_PER_FRAME + 1)), names(MAX_POINTS_PER_FRAME, 0)
    done = pump(
        {
            RECEIVER: receiver(MemoryItems(ours), me=RECEIVER, sender=SENDER, context=CONTEXT, seed=SEED, limits=WIDE),
            SENDER: sender(MemoryItems(theirs), me=SENDER, receiver=RECEIVER, context=CONTEXT, seed=OTHER_SEED, limits=WIDE),
        }
    )
    assert rows(done[RECEIVER]) == [0, MAX_POINTS_PER_FRAME]
    assert [len(packet.data) for packet in done.said(RECEIVER, SENDER)[3:]] == [512 << 10, 32]


def test_progress_ends_with_everything_done() -> None:
    done = run(names(*range(10)), names(*range(7)))
    for party in (SENDER, RECEIVER):
        assert [step.done for step in done.progress[party]] == [6, 12, 16, 17]
        assert {step.total for step in done.progress[party]} == {17}


@pytest.mark.parametrize("items", [1, MAX_POINTS_PER_FRAME, 100_000, 1_000_000, 1_100_000, MAX_ITEMS])
def test_large_sets_make_few_checkpoints_evenly_spread_and_none_at_the_end(items: int) -> None:
    rounds = Rounds(items, items // 2, MAX_POINTS_PER_FRAME)
    made = [round_ for round_ in range(rounds.count) if rounds.is_checkpoint_after(round_)]
    assert len(made) <= MAX_CHECKPOINTS
    gaps = [after - before for before, after in pairwise([-1, *made, rounds.count - 1])]
    assert len(set(gaps[:-1])) <= 1
    assert 1 <= gaps[-1] <= gaps[0]


def test_two_empty_sets_need_no_round_and_no_checkpoint() -> None:
    assert run([], []).checkpoints == {SENDER: [], RECEIVER: []}
