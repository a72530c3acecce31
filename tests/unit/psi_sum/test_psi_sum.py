"""Sums over an intersection: results, thresholds, what hostile peers meet, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from atoll.primitives import elgamal
from atoll.primitives.oprf import SecretScalars
from atoll.protocols.errors import WrongBulkLength
from atoll.protocols.packets import Packet, encode_packet
from atoll.protocols.psi import Bucket, MemoryItems, errors
from atoll.protocols.psi_sum import (
    BadAggregate,
    BadPublicKeys,
    BadSum,
    Limits,
    Sum,
    Terms,
    ValueTooWide,
    receiver,
    sender,
)
from atoll.protocols.psi_sum.messages import Aggregate, Total, ValueKeys
from atoll.protocols.pump import Pumped, Said, Tamper, pump
from atoll.protocols.role import Party, Role
from atoll.wire.message import Message
from tests.unit.dh.runs import BAD_ELEMENTS, RECEIVER, SENDER, change, items, lengths_of, rows, seat

TERMS = Terms(value_bits=32)


def sums(amounts: Sequence[int]) -> Callable[[Bucket], bytes]:
    """Row -> amount, as the values of keys: each row of a key once."""

    def values(keys: Bucket) -> bytes:
        ends, numbers = [0, *rows(keys.ends)], rows(keys.rows)
        totals = [sum(amounts[row] for row in numbers[ends[i] : ends[i + 1]]) for i in range(len(keys))]
        return b"".join(total.to_bytes(8, "little", signed=True) for total in totals)

    return values


AMOUNTS = [10 * row - 40 for row in range(120)]


def sending(theirs: MemoryItems, amounts: Sequence[int] = AMOUNTS, **changes: Any) -> Role[None]:
    return sender(theirs, sums(amounts), **({"terms": TERMS} | seat(SENDER, **changes)))


def receiving(ours: MemoryItems, **changes: Any) -> Role[Sum]:
    return receiver(ours, **({"terms": TERMS} | seat(RECEIVER, **changes)))


def run(ours: MemoryItems, theirs: MemoryItems, *, tamper: Tamper | None = None, **agreed: Any) -> Pumped:
    return pump({RECEIVER: receiving(ours, **agreed), SENDER: sending(theirs, **agreed)}, tamper=tamper)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([], [], Sum(0, None)),
        ([1], [], Sum(0, None)),
        ([], [1], Sum(0, None)),
        ([1], [1], Sum(1, -40)),
        ([1], [2], Sum(0, None)),
        ([3, 3, 3], [3], Sum(1, -40)),
        ([3], [4, 3, 3, 4, 3], Sum(1, -30 - 20 + 0)),
        ([*range(30)], [40, 7, 41, 29, 0], Sum(3, -30 - 10 + 0)),
        ([*range(30)], [*range(30)], Sum(30, sum(AMOUNTS[:30]))),
    ],
)
def test_the_sum_is_over_the_senders_rows_of_keys_that_both_have_each_row_once(
    ours: list[int], theirs: list[int], expected: Sum
) -> None:
    ran = run(items(*ours), items(*theirs))
    assert ran[RECEIVER] == expected
    assert ran[SENDER] is None


@pytest.mark.parametrize("bits", [16, 32, 48, 64])
def test_the_least_and_the_greatest_values_of_every_width_add_up(bits: int) -> None:
    least, greatest = -(1 << bits - 1), (1 << bits - 1) - 1
    for amounts in ([least] * 3, [greatest] * 3, [least, greatest, -1], [0, 0, 0]):
        roles: dict[Party, Role[Any]] = {
            RECEIVER: receiving(items(1, 2, 3, 4), terms=Terms(value_bits=bits)),
            SENDER: sending(items(1, 2, 3), amounts, terms=Terms(value_bits=bits)),
        }
        assert pump(roles)[RECEIVER] == Sum(3, sum(amounts))


def test_a_value_too_wide_ends_the_run_and_is_not_repeated_in_the_error() -> None:
    for amount in (1 << 15, -(1 << 15) - 1):
        terms = Terms(value_bits=16)
        with pytest.raises(ValueTooWide) as caught:
            pump({RECEIVER: receiving(items(1), terms=terms), SENDER: sending(items(1), [amount], terms=terms)})
        assert str(amount) not in str(caught.value)


@pytest.mark.parametrize(("least", "told"), [(3, True), (4, False)])
def test_a_sum_over_too_few_keys_is_withheld_and_the_sender_does_not_learn_how_few(least: int, told: bool) -> None:
    terms = Terms(value_bits=32, min_count=least)
    ran = run(items(1, 2, 3), items(1, 2, 3), terms=terms)
    assert ran[RECEIVER] == Sum(3, sum(AMOUNTS[:3]) if told else None)
    asked = [said for said in ran.transcript if b"aggregate" in said.packet.data]
    assert (asked[0].packet == encode_packet(Aggregate(count=0, ciphertext=b""))) != told


def test_a_resume_at_any_checkpoint_says_the_same_and_ends_the_same() -> None:
    ours, theirs = items(*range(30)), items(*range(20, 60))
    whole = run(ours, theirs)
    assert len(whole.checkpoints[SENDER]) == 3
    for number in (1, 2, 3):
        states = {party: whole.checkpoints[party][number - 1] for party in (SENDER, RECEIVER)}
        resumed = pump({RECEIVER: receiving(ours, resume=states[RECEIVER]), SENDER: sending(theirs, resume=states[SENDER])})
        assert resumed[RECEIVER] == whole[RECEIVER]
        for here, there in ((SENDER, RECEIVER), (RECEIVER, SENDER)):
            assert resumed.said(here, there) == whole.said(here, there, after=number)
            assert resumed.checkpoints[here] == whole.checkpoints[here][number:]


@pytest.mark.parametrize(
    "changes",
    [{"theirs": items(1, 2, 3, 5)}, {"seed": bytes(32)}, {"context": bytes([1] * 32)}, {"terms": Terms(min_count=2)}],
    ids=["set", "seed", "context", "terms"],
)
def test_a_checkpoint_of_another_run_is_refused(changes: dict[str, Any]) -> None:
    state = run(items(1, 2, 3, 4), items(1, 2, 3, 4)).checkpoints[SENDER][0]
    theirs = changes.get("theirs", items(1, 2, 3, 4))
    with pytest.raises(errors.ForeignCheckpoint):
        next(sending(theirs, resume=state, **{name: value for name, value in changes.items() if name != "theirs"}))


ENTRY = TERMS.entry_bytes


@pytest.mark.parametrize("bad", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS)
@pytest.mark.parametrize(
    ("party", "number", "at"),
    [(RECEIVER, 0, 64), (SENDER, 1, 2 * ENTRY), (SENDER, 1, 2 * ENTRY + 32), (SENDER, 1, 2 * ENTRY + 96)],
    ids=["keys", "entry-key", "randomness", "last-limb"],
)
@pytest.mark.parametrize("theirs", [range(5), range(50, 55)], ids=["matched", "unmatched"])
def test_elements_off_the_group_are_refused_whether_they_match_or_not(
    party: Party, number: int, at: int, bad: bytes, theirs: range
) -> None:
    """A refusal that came for matches alone would tell the sender which of its keys match."""
    tamper = change(party, number, lambda data: data[:at] + bad + data[at + 32 :])
    with pytest.raises(errors.BadElement) as caught:
        run(items(*range(5)), items(*theirs), tamper=tamper)
    assert caught.value.position == 2


@pytest.mark.parametrize("edit", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:-32]])
@pytest.mark.parametrize(("party", "number"), [(RECEIVER, 0), (SENDER, 0), (SENDER, 1)], ids=["keys", "tags", "entries"])
def test_frames_of_other_lengths_are_refused(party: Party, number: int, edit: Callable[[bytes], bytes]) -> None:
    with pytest.raises(WrongBulkLength):
        run(items(*range(5)), items(*range(5)), tamper=change(party, number, edit))


@pytest.mark.parametrize(
    ("party", "number", "size"), [(RECEIVER, 0, 32), (SENDER, 0, 16), (SENDER, 1, ENTRY)], ids=["keys", "tags", "entries"]
)
def test_a_value_sent_twice_is_refused(party: Party, number: int, size: int) -> None:
    tamper = change(party, number, lambda data: data[:-size] + data[:size])
    with pytest.raises(errors.RepeatedElement) as caught:
        run(items(*range(5)), items(*range(5)), tamper=tamper)
    assert (caught.value.party, caught.value.position) == (str(party), 4)


def replace(kind: str, message: Message) -> Tamper:
    def tamper(said: Said) -> Packet:
        return encode_packet(message) if kind.encode() in said.packet.data else said.packet

    return tamper


@pytest.mark.parametrize("publics", [bytes(64), bytes(32) + b"\xff" * 32, b"\xe2" * 32], ids=["zero", "off", "short"])
def test_value_keys_off_the_group_or_too_few_are_refused(publics: bytes) -> None:
    with pytest.raises(BadPublicKeys):
        run(items(1), items(1), tamper=replace("psi-sum.value-keys", ValueKeys(publics=publics)))


def encrypted(number: int, keys: int) -> bytes:
    randomness = SecretScalars.derive(bytes(32), 0, 1)
    return elgamal.encrypt(number.to_bytes(8, "little"), SecretScalars.derive(bytes([3] * 32), 0, keys), randomness)


@pytest.mark.parametrize(
    ("count", "ciphertext", "reason"),
    [
        (1, bytes(96), "at least 2"),
        (6, bytes(96), "not so many"),
        (5, bytes(64), "length"),
        (5, bytes(96), "elements of the group"),
        (5, encrypted(7, 2), "more than"),
    ],
    ids=["too-few", "too-many", "length", "identity", "another-key"],
)
def test_a_receiver_that_asks_for_what_it_cannot_have_is_refused(count: int, ciphertext: bytes, reason: str) -> None:
    terms = Terms(value_bits=32, min_count=2)
    tamper = replace("psi-sum.aggregate", Aggregate(count=count, ciphertext=ciphertext))
    with pytest.raises(BadAggregate, match=reason):
        run(items(*range(5)), items(*range(5)), terms=terms, tamper=tamper)


@pytest.mark.parametrize(
    ("theirs", "total"),
    [
        (1, b""),
        (1, bytes(15)),
        (1, (1 << 31).to_bytes(16, "big")),
        (1, (-(1 << 31) - 1).to_bytes(16, "big", signed=True)),
        (2, bytes(16)),
    ],
    ids=["missing", "short", "large", "low", "not-asked-for"],
)
def test_a_sum_that_cannot_be_is_refused(theirs: int, total: bytes) -> None:
    with pytest.raises(BadSum):
        run(items(1), items(theirs), tamper=replace("psi-sum.total", Total(total=total)))


def test_nobody_brings_more_than_agreed() -> None:
    for role in (sending(items(*range(101))), receiving(items(*range(101)))):
        with pytest.raises(errors.TooManyRows):
            next(role)
    with pytest.raises(errors.PeerSetTooLarge):
        pump({RECEIVER: receiving(items(*range(5))), SENDER: sending(items(1), limits=Limits(own_items=9, peer_items=4))})


def test_lengths_follow_from_the_numbers_of_rows_until_the_sum_is_asked_for() -> None:
    seen = [
        lengths_of(run(items(*ours), items(*theirs)))[:-2]
        for ours, theirs in ((range(20), range(30)), (range(20), range(100, 130)), ([1] * 20, [*range(15), *range(15)]))
    ]
    assert seen[0] == seen[1] == seen[2]


def test_the_same_sum_looks_different_each_time_and_unlike_its_parts() -> None:
    """The encrypted sum of one key is not that key's ciphertext, or the sender would know the match."""
    ran = run(items(1), items(1, 2))
    asked = next(said.packet.data for said in ran.transcript if b"psi-sum.aggregate" in said.packet.data)
    entries = b"".join(said.packet.data for said in ran.transcript if said.sender == SENDER and said.packet.is_bulk)
    assert not any(entries[at : at + 32] in asked for at in range(len(entries) - 31))


@pytest.mark.parametrize("bad", [{"value_bits": 8}, {"value_bits": 80}, {"min_count": 0}])
def test_terms_are_bounded(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"bits|count"):
        Terms(**bad)


def test_values_must_be_as_many_as_keys() -> None:
    role = sender(items(1, 2), lambda keys: b"short", **({"terms": TERMS} | seat(SENDER)))
    with pytest.raises(ValueError, match="needed"):
        pump({RECEIVER: receiving(items(1)), SENDER: role})
