"""Intersection with payloads: results, sizes, what hostile peers meet, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.dh.masked import Hidden
from atoll.protocols.errors import WrongBulkLength
from atoll.protocols.psi import Bucket, MemoryItems, errors
from atoll.protocols.psi_payload import Limits, Received, receiver, sender
from atoll.protocols.psi_payload.params import MAX_PAYLOAD_BYTES
from atoll.protocols.pump import Pumped, Tamper, pump
from atoll.protocols.role import Role
from tests.unit.dh.runs import (
    BAD_ELEMENTS,
    RECEIVER,
    SENDER,
    change,
    frames_of,
    items,
    lengths_of,
    names,
    rows,
    seat,
    small_buckets,
)

__all__ = ["small_buckets"]
WIDTH = 12


def cells(keys: Bucket) -> bytes:
    """All rows of a key, as the sender numbers them: `0+3` for the rows 0 and 3."""
    ends = [0, *rows(keys.ends)]
    numbers = rows(keys.rows)
    texts = ["+".join(map(str, numbers[begin:end])) for begin, end in pairwise(ends)]
    return b"".join(text.encode().ljust(WIDTH) for text in texts)


def sending(theirs: MemoryItems, payloads: Callable[[Bucket], bytes] = cells, **changes: Any) -> Role[None]:
    return sender(theirs, payloads, **({"payload_bytes": WIDTH} | seat(SENDER, **changes)))


def receiving(ours: MemoryItems, **changes: Any) -> Role[Received]:
    return receiver(ours, **({"payload_bytes": WIDTH} | seat(RECEIVER, **changes)))


def run(ours: MemoryItems, theirs: MemoryItems, *, tamper: Tamper | None = None) -> Pumped:
    return pump({RECEIVER: receiving(ours), SENDER: sending(theirs)}, tamper=tamper)


def joined(received: Received) -> dict[int, str]:
    """Own row -> what the sender attached to its key."""
    ends = [0, *rows(received.keys.ends)]
    numbers = rows(received.keys.rows)
    texts = [received.payloads[at : at + WIDTH].decode().strip() for at in range(0, len(received.payloads), WIDTH)]
    return {row: text for i, text in enumerate(texts) for row in numbers[ends[i] : ends[i + 1]]}


CASES = [
    ([], [], {}),
    ([1], [], {}),
    ([], [1], {}),
    ([1], [1], {0: "0"}),
    ([1], [2], {}),
    ([3, 3, 3], [3], {0: "0", 1: "0", 2: "0"}),
    ([3], [4, 3, 3, 4, 3], {0: "1+2+4"}),
    ([3, 3], [3, 3], {0: "0+1", 1: "0+1"}),
    ([*range(30)], [40, 7, 41, 29, 7, 0], {0: "5", 7: "1+4", 29: "3"}),
    ([7, 50, 0], [*range(30)], {0: "7", 2: "0"}),
    ([*range(30)], [*range(29, -1, -1)], {row: str(29 - row) for row in range(30)}),
]


@pytest.mark.parametrize(("ours", "theirs", "expected"), CASES)
def test_the_receiver_gets_its_rows_that_both_have_with_all_rows_of_the_sender(
    ours: list[int], theirs: list[int], expected: dict[int, str]
) -> None:
    ran = run(items(*ours), items(*theirs))
    received = ran[RECEIVER]
    assert joined(received) == expected
    assert received.matches.keys == len({ours[row] for row in expected})
    assert rows(received.matches.rows) == sorted(expected)
    assert ran[SENDER] is None


@pytest.mark.parametrize(("ours", "theirs", "expected"), CASES)
@pytest.mark.usefixtures("small_buckets")
def test_sets_cut_into_buckets_give_the_same(ours: list[int], theirs: list[int], expected: dict[int, str]) -> None:
    assert joined(run(items(*ours), items(*theirs))[RECEIVER]) == expected


@pytest.mark.usefixtures("small_buckets")
def test_a_resume_at_any_checkpoint_says_the_same_and_ends_the_same() -> None:
    ours, theirs = items(*range(30)), items(*range(20, 60))
    whole = run(ours, theirs)
    assert len(whole.checkpoints[SENDER]) == 5
    for number in range(1, 6):
        states = {party: whole.checkpoints[party][number - 1] for party in (SENDER, RECEIVER)}
        resumed = pump({RECEIVER: receiving(ours, resume=states[RECEIVER]), SENDER: sending(theirs, resume=states[SENDER])})
        assert resumed[RECEIVER] == whole[RECEIVER]
        for here, there in ((SENDER, RECEIVER), (RECEIVER, SENDER)):
            assert resumed.said(here, there) == whole.said(here, there, after=number)
            assert resumed.checkpoints[here] == whole.checkpoints[here][number:]


def state_of(*numbers: int) -> bytes:
    return run(items(*numbers), items(*numbers)).checkpoints[RECEIVER][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"ours": items(1, 2, 3, 5)},
        {"ours": items(1, 2, 4, 3)},
        {"ours": items(1, 2, 3, 4, 4)},
        {"seed": bytes(32)},
        {"context": bytes([1] * 32)},
        {"payload_bytes": WIDTH + 1},
        {"me": SENDER},
        {"limits": Limits(own_items=100, peer_items=3)},
        {"cut": -1},
        {"cut": 1},
    ],
    ids=["set", "rows", "more", "seed", "context", "width", "place", "cap", "shorter", "garbage"],
)
def test_a_checkpoint_of_another_run_is_refused(changes: dict[str, Any]) -> None:
    state = state_of(1, 2, 3, 4)
    ours = changes.pop("ours", items(1, 2, 3, 4))
    with pytest.raises(errors.ForeignCheckpoint):
        next(receiving(ours, resume=state[: changes.pop("cut", None)], **changes))


def test_a_checkpoint_of_the_other_side_is_refused() -> None:
    state = run(items(1, 2), items(1, 2)).checkpoints[SENDER][0]
    with pytest.raises(errors.ForeignCheckpoint):
        next(receiving(items(1, 2), resume=state))


def test_a_checkpoint_holds_neither_the_seed_nor_a_key() -> None:
    state = state_of(1, 2, 3)
    assert bytes([8] * 32) not in state
    assert b"item" not in state


@pytest.mark.parametrize("bad", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS)
@pytest.mark.parametrize("party", [SENDER, RECEIVER], ids=str)
def test_elements_off_the_group_are_refused_with_their_place(party: Any, bad: bytes) -> None:
    with pytest.raises(errors.BadElement) as caught:
        run(items(*range(5)), items(*range(5)), tamper=change(party, 0, lambda data: data[:64] + bad + data[96:]))
    assert caught.value.position == 2


@pytest.mark.parametrize("edit", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:-32]])
@pytest.mark.parametrize(("party", "number"), [(RECEIVER, 0), (SENDER, 0), (SENDER, 1)], ids=["keys", "answer", "records"])
def test_frames_of_other_lengths_are_refused(party: Any, number: int, edit: Callable[[bytes], bytes]) -> None:
    with pytest.raises(WrongBulkLength):
        run(items(*range(5)), items(*range(5)), tamper=change(party, number, edit))


def test_a_sender_that_answers_two_keys_alike_is_caught() -> None:
    with pytest.raises(errors.RepeatedElement) as caught:
        run(items(1, 2), items(1, 2), tamper=change(SENDER, 0, lambda data: data[:32] * 2))
    assert caught.value.position == 1


def record(data: bytes, number: int) -> bytes:
    size = 32 + WIDTH
    return data[number * size : (number + 1) * size]


def test_a_sender_that_gives_one_key_two_payloads_is_caught() -> None:
    with pytest.raises(errors.RepeatedElement):
        run(items(1, 2), items(1, 2), tamper=change(SENDER, 1, lambda data: record(data, 0) * 2))


def swap(data: bytes) -> bytes:
    """Two payloads under each other's tag, the rest as it is."""
    rest = data[2 * (32 + WIDTH) :]
    return record(data, 1)[:16] + record(data, 0)[16:] + record(data, 0)[:16] + record(data, 1)[16:] + rest


def flip(data: bytes, at: int = 20) -> bytes:
    """A bit changed: of the first record's payload, if nothing else is asked for."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_payload_under_another_tag_does_not_open() -> None:
    received = run(items(1, 2), items(1, 2), tamper=change(SENDER, 1, swap))[RECEIVER]
    assert (joined(received), received.spoiled) == ({}, 2)


@pytest.mark.parametrize(("edit", "missing"), [(flip, 1), (swap, 2)])
def test_records_that_do_not_open_are_left_out_and_counted_and_the_others_arrive(
    edit: Callable[[bytes], bytes], missing: int
) -> None:
    ours = theirs = items(*range(5))
    honest = run(ours, theirs)[RECEIVER]
    received = run(ours, theirs, tamper=change(SENDER, 1, edit))[RECEIVER]
    assert (honest.spoiled, received.spoiled, received.matches.keys) == (0, missing, 5 - missing)
    assert joined(received).items() < joined(honest).items()


@pytest.mark.usefixtures("small_buckets")
def test_a_sender_that_spoils_records_sees_the_same_run_whichever_keys_they_are_of() -> None:
    """Whether the receiver has the spoiled keys, to the byte: its frames, their order, and that it goes on to its end."""
    ours, theirs = items(*range(20)), items(*range(30))
    honest = run(ours, theirs)
    numbers = [at for at, frame in enumerate(frames_of(honest, SENDER)) if len(frame) % (32 + WIDTH) == 0]
    seen = {}
    for number in numbers:
        for place in range(len(frames_of(honest, SENDER)[number]) // (32 + WIDTH)):
            at = place * (32 + WIDTH) + 20
            spoiled = run(ours, theirs, tamper=change(SENDER, number, partial(flip, at=at)))
            assert spoiled.said(RECEIVER, SENDER) == honest.said(RECEIVER, SENDER)
            seen[number, place] = spoiled[RECEIVER].spoiled
    assert sum(seen.values()) == 20, "each of the receiver's keys once"
    assert set(seen.values()) == {0, 1}, "records of other keys, and dummies, too"


@pytest.mark.usefixtures("small_buckets")
def test_what_was_spoiled_before_a_resume_is_counted_after_it() -> None:
    ours, theirs = items(*range(20)), items(*range(20))
    number = next(at for at, frame in enumerate(frames_of(run(ours, theirs), SENDER)) if len(frame) % (32 + WIDTH) == 0)
    whole = run(ours, theirs, tamper=change(SENDER, number, lambda data: bytes(16).join([data[:16], data[32:]])))
    for cut in range(len(whole.checkpoints[SENDER])):
        states = {party: whole.checkpoints[party][cut] for party in (SENDER, RECEIVER)}
        resumed = pump({RECEIVER: receiving(ours, resume=states[RECEIVER]), SENDER: sending(theirs, resume=states[SENDER])})
        assert resumed[RECEIVER] == whole[RECEIVER]


def test_records_of_no_match_show_nothing_under_any_key_of_the_receiver() -> None:
    """Equal payloads of different keys are sealed into records that have no block in common."""
    data = frames_of(run(items(1), MemoryItems(names(2, 3))), SENDER)[1]
    assert len({data[at : at + 4] for at in range(len(data) - 3)}) > len(data) - 8


def test_nobody_brings_more_than_agreed() -> None:
    for role in (sending(items(*range(101))), receiving(items(*range(101)))):
        with pytest.raises(errors.TooManyRows):
            next(role)
    narrow = Limits(own_items=100, peer_items=4)
    for roles in (
        {RECEIVER: receiving(items(*range(5))), SENDER: sending(items(1), limits=narrow)},
        {RECEIVER: receiving(items(1), limits=narrow), SENDER: sending(items(*range(5)))},
    ):
        with pytest.raises(errors.PeerSetTooLarge):
            pump(roles)


@pytest.mark.usefixtures("small_buckets")
def test_lengths_follow_from_the_numbers_of_rows_alone() -> None:
    """Neither duplicates, nor matches, nor how keys fall into buckets can be seen."""
    seen = [
        lengths_of(run(items(*ours), items(*theirs)))
        for ours, theirs in (
            (range(20), range(30)),
            (range(20), range(100, 130)),
            ([1] * 20, [*range(15), *range(15)]),
        )
    ]
    assert seen[0] == seen[1] == seen[2]


def test_both_sides_send_in_an_order_of_the_seed() -> None:
    ours, theirs = items(*range(20)), items(*range(20))
    one = run(ours, theirs)
    other = pump({RECEIVER: receiving(ours, seed=bytes([9] * 32)), SENDER: sending(theirs, seed=bytes([10] * 32))})
    assert one[RECEIVER] != other[RECEIVER]  # another salt, so other digests
    assert joined(one[RECEIVER]) == joined(other[RECEIVER])
    bucket = theirs.partition(bytes(32), 1).load(0)
    orders = [list(Hidden(bucket, 20, SeededEntropy(bytes([n] * 32))).order) for n in range(3)]
    assert [sorted(order) for order in orders] == [list(range(20))] * 3
    assert orders[0] != orders[1] != orders[2] != list(range(20))


def test_a_bucket_with_more_keys_than_room_ends_the_run() -> None:
    bucket = items(*range(5)).partition(bytes(32), 1).load(0)
    with pytest.raises(errors.BucketOverflow):
        Hidden(bucket, 4, SeededEntropy(bytes(32)), number=3)


def test_payloads_are_asked_for_once_a_key_and_must_have_the_agreed_width() -> None:
    asked: list[bytes] = []

    def noting(keys: Bucket) -> bytes:
        asked.append(keys.rows)
        return cells(keys)

    pump({RECEIVER: receiving(items(1)), SENDER: sending(items(5, 6, 5), noting)})
    assert sorted(rows(b"".join(asked))) == [0, 1, 2]
    with pytest.raises(ValueError, match="needed"):
        pump({RECEIVER: receiving(items(1)), SENDER: sending(items(5, 6), lambda keys: b"too short")})
    for width in (-1, MAX_PAYLOAD_BYTES + 1):
        with pytest.raises(ValueError, match="payload has"):
            next(receiving(items(1), payload_bytes=width))


@pytest.mark.parametrize("width", [0, 1, MAX_PAYLOAD_BYTES])
def test_the_narrowest_and_the_widest_payloads_arrive(width: int) -> None:
    def wide(keys: Bucket) -> bytes:
        return b"".join(bytes([row]) * width for row in rows(keys.rows))

    theirs: Sequence[int] = range(20)
    ran = pump(
        {
            RECEIVER: receiving(items(17, 3), payload_bytes=width),
            SENDER: sending(items(*theirs), wide, payload_bytes=width),
        }
    )
    received = ran[RECEIVER]
    got = {received.payloads[at * width : (at + 1) * width] for at in range(2)}
    assert received.matches.keys == 2
    assert got == {bytes([17]) * width, bytes([3]) * width}


def test_a_receiver_that_asks_for_one_element_twice_gets_no_record() -> None:
    with pytest.raises(errors.RepeatedElement) as caught:
        run(items(1, 2), items(1, 2), tamper=change(RECEIVER, 0, lambda data: data[:32] + data[:32]))
    assert (caught.value.party, caught.value.position) == (str(RECEIVER), 1)
