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
from atoll.protocols.psi.state import parse_state
from atoll.protocols.psi_sum import (
    BadAggregate,
    BadPublicKey,
    BadShare,
    Limits,
    Sum,
    Terms,
    TotalTooWide,
    receiver,
    sender,
)
from atoll.protocols.psi_sum.messages import Aggregate, Share, ValueKey
from atoll.protocols.psi_sum.params import ENTRY_BYTES
from atoll.protocols.pump import Pumped, Said, Tamper, pump
from atoll.protocols.role import Party, Role
from atoll.wire.message import Message
from specs.reference.dh import plus, times, times_generator
from tests.unit.dh.runs import BAD_ELEMENTS, RECEIVER, SENDER, change, frames_of, items, lengths_of, rows, seat

TERMS = Terms(total_bits=24)
ELEMENT = elgamal.public_key(SecretScalars.derive(bytes(32), 0, 1))


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


def summed(bits: int, amounts: Sequence[int], ours: int = 20) -> Sum:
    """Over the first keys of `ours`, which is as many rows as the receiver brings."""
    terms, theirs = Terms(total_bits=bits), items(*range(len(amounts)))
    roles: dict[Party, Role[Any]] = {
        RECEIVER: receiving(items(*range(ours)), terms=terms),
        SENDER: sending(theirs, amounts, terms=terms),
    }
    result: Sum = pump(roles)[RECEIVER]
    return result


@pytest.mark.parametrize("bits", [16, 17, 30, 36])
def test_the_least_and_the_greatest_sums_of_every_width_are_told(bits: int) -> None:
    most = (1 << bits - 1) - 1
    for amounts in ([most], [-most], [most, -most], [most - 3, 1, 2, -most], [0, 0], [most // 2, most // 2, -most, 0]):
        assert summed(bits, amounts) == Sum(len(amounts), sum(amounts))


@pytest.mark.parametrize("sign", [1, -1])
def test_values_that_could_add_up_to_too_much_end_the_run_and_are_not_repeated_in_the_error(sign: int) -> None:
    """Whatever matches: a sum that is not found would be held against the sender."""
    most = (1 << 15) - 1
    for amounts in ([most, 1], [most + 1], [1 << 62] * 3, [most - 5, -most, 3, -most // 2, 3]):
        with pytest.raises(TotalTooWide) as caught:
            summed(16, [sign * amount for amount in amounts])
        assert "16 bits" in str(caught.value)
        assert str(most) not in str(caught.value)


def test_the_least_value_of_all_is_too_wide() -> None:
    with pytest.raises(TotalTooWide):
        summed(48, [-(1 << 63)])


def test_only_as_many_values_are_counted_as_the_receiver_brings_keys() -> None:
    most = (1 << 15) - 1
    amounts = [most // 2] * 10 + [-(most // 2)] * 10
    assert summed(16, amounts, ours=2) == Sum(2, 2 * (most // 2))
    with pytest.raises(TotalTooWide):
        summed(16, amounts, ours=3)


@pytest.mark.parametrize(("least", "told"), [(3, True), (4, False)])
def test_a_sum_over_too_few_keys_is_withheld(least: int, told: bool) -> None:
    ran = run(items(1, 2, 3), items(1, 2, 3), terms=Terms(total_bits=24, min_count=least))
    assert ran[RECEIVER] == Sum(3, sum(AMOUNTS[:3]) if told else None)


@pytest.mark.parametrize(("least", "total"), [(3, sum(AMOUNTS[:3])), (4, None)])
def test_in_place_of_too_few_keys_the_sum_of_none_is_opened(
    monkeypatch: pytest.MonkeyPatch, least: int, total: int | None
) -> None:
    opened = []

    def open_sum(asked: bytes, *others: Any) -> int | None:
        opened.append(asked)
        return honest(asked, *others)

    honest = elgamal.open_sum
    monkeypatch.setattr(elgamal, "open_sum", open_sum)
    ran = run(items(1, 2, 3, 8, 9), items(1, 2, 3, 4), terms=Terms(total_bits=24, min_count=least))
    assert ran[RECEIVER] == Sum(3, total)
    assert (opened == [elgamal.zero()]) is (total is None)


def test_a_spoiled_sum_over_too_few_keys_is_withheld_as_every_other_one() -> None:
    terms, tamper = Terms(total_bits=24, min_count=2), replace("psi-sum.share", Share(share=ELEMENT))
    assert run(items(1), items(1), terms=terms, tamper=tamper)[RECEIVER] == Sum(1, None)


def test_a_spoiled_sum_is_spoiled_after_a_resume() -> None:
    ran = run(items(1), items(1), tamper=replace("psi-sum.share", Share(share=ELEMENT)))
    state = {RECEIVER: ran.checkpoints[RECEIVER][-1], SENDER: ran.checkpoints[SENDER][-1]}
    again = pump({RECEIVER: receiving(items(1), resume=state[RECEIVER]), SENDER: sending(items(1), resume=state[SENDER])})
    assert again[RECEIVER] == ran[RECEIVER] == Sum(1, None, spoiled=True)


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


ENTRY = ENTRY_BYTES


@pytest.mark.parametrize("bad", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS)
@pytest.mark.parametrize(
    ("party", "number", "at"),
    [(RECEIVER, 0, 64), (SENDER, 1, 2 * ENTRY), (SENDER, 1, 2 * ENTRY + 32), (SENDER, 1, 2 * ENTRY + 64)],
    ids=["keys", "entry-key", "randomness", "value"],
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


@pytest.mark.parametrize("public", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS)
def test_a_value_key_off_the_group_is_refused(public: bytes) -> None:
    with pytest.raises(BadPublicKey):
        run(items(1), items(1), tamper=replace("psi-sum.value-key", ValueKey(public=public)))


@pytest.mark.parametrize("blinded", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS)
def test_what_is_no_element_is_not_multiplied_by_the_senders_keys(blinded: bytes) -> None:
    with pytest.raises(BadAggregate):
        run(items(*range(5)), items(*range(5)), tamper=replace("psi-sum.aggregate", Aggregate(blinded=blinded)))


@pytest.mark.parametrize("share", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS)
@pytest.mark.parametrize("theirs", [1, 2], ids=["of-a-sum", "of-none"])
def test_a_share_off_the_group_is_refused_whatever_is_in_common(theirs: int, share: bytes) -> None:
    with pytest.raises(BadShare):
        run(items(1), items(theirs), tamper=replace("psi-sum.share", Share(share=share)))


@pytest.mark.parametrize("part", [32, ENTRY - 32], ids=["randomness", "value"])
def test_a_spoiled_value_is_told_to_the_receiver_alone_if_it_is_of_a_common_key(part: int) -> None:
    """The sender, which does not know what is common, has the same from the receiver whichever entry it spoils: to the byte, or
    another element, as uniform, if it is the first part that it spoils."""
    ours, theirs = items(*range(3)), items(*range(5))
    whole = run(ours, theirs)
    found = []
    for at in range(part, 5 * ENTRY, ENTRY):
        ran = run(ours, theirs, tamper=change(SENDER, 1, lambda data, at=at: data[:at] + ELEMENT + data[at + 32 :]))  # type: ignore[misc]
        found.append(ran[RECEIVER])
        said, honest = ran.said(RECEIVER, SENDER), whole.said(RECEIVER, SENDER)
        assert said[:-1] == honest[:-1]
        assert len(said[-1].data) == len(honest[-1].data)
        assert said == honest or part == 32
    assert sorted(found, key=repr) == [whole[RECEIVER]] * 2 + [Sum(3, None, spoiled=True)] * 3


@pytest.mark.parametrize(("more", "is_found"), [(40 + (1 << 23) - 1, True), (40 + (1 << 23), False)])
def test_a_value_that_the_sender_should_have_refused_spoils_the_sum(more: int, is_found: bool) -> None:
    def add(data: bytes) -> bytes:
        entries = [data[at : at + ENTRY] for at in range(0, len(data), ENTRY)]
        return b"".join(entry[:-32] + plus(entry[-32:], times_generator(more)) for entry in entries)

    found = run(items(1), items(1), tamper=change(SENDER, 1, add))[RECEIVER]
    assert found == (Sum(1, (1 << 23) - 1) if is_found else Sum(1, None, spoiled=True))


def test_a_share_under_another_key_than_was_told_spoils_the_sum_and_nothing_else() -> None:
    whole = run(items(*range(5)), items(*range(5)))
    ran = run(items(*range(5)), items(*range(5)), tamper=replace("psi-sum.share", Share(share=ELEMENT)))
    assert ran[RECEIVER] == Sum(5, None, spoiled=True)
    assert ran.said(RECEIVER, SENDER) == whole.said(RECEIVER, SENDER)


def test_nobody_brings_more_than_agreed() -> None:
    for role in (sending(items(*range(101))), receiving(items(*range(101)))):
        with pytest.raises(errors.TooManyRows):
            next(role)
    with pytest.raises(errors.PeerSetTooLarge):
        pump({RECEIVER: receiving(items(*range(5))), SENDER: sending(items(1), limits=Limits(own_items=9, peer_items=4))})


@pytest.mark.parametrize("least", [1, 10])
def test_lengths_follow_from_the_numbers_of_rows_alone(least: int) -> None:
    terms = Terms(total_bits=24, min_count=least)
    seen = [
        lengths_of(run(items(*ours), items(*theirs), terms=terms))
        for ours, theirs in ((range(20), range(30)), (range(20), range(100, 130)), ([1] * 20, [*range(15), *range(15)]))
    ]
    assert seen[0] == seen[1] == seen[2]


def asked_of(ran: Pumped) -> bytes:
    return next(said.packet.data for said in ran.transcript if b"psi-sum.aggregate" in said.packet.data)


def blinding_of(ran: Pumped) -> bytes:
    """What the receiver added to the sum's first part."""
    _, total, _ = parse_state(ran.checkpoints[RECEIVER][1]).held
    return plus(asked_of(ran)[-32:], times(total[:32], -1))


def test_what_is_sent_to_be_opened_is_blinded_anew_in_every_run() -> None:
    """Or the sender would know the match: with one key the sum's first part is that entry's own."""
    ran = run(items(1), items(1, 2))
    entries = b"".join(frames_of(ran, SENDER))
    assert not any(entries[at : at + 32] in asked_of(ran) for at in range(len(entries) - 31))
    again = pump({RECEIVER: receiving(items(1), seed=bytes([3] * 32)), SENDER: sending(items(1, 2))})
    assert again[RECEIVER] == ran[RECEIVER]
    assert blinding_of(again) != blinding_of(ran)


@pytest.mark.parametrize("bad", [{"total_bits": 15}, {"total_bits": 49}, {"min_count": 0}])
def test_terms_are_bounded(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"bits|count"):
        Terms(**bad)


def test_values_must_be_as_many_as_keys() -> None:
    role = sender(items(1, 2), lambda keys: b"short", **({"terms": TERMS} | seat(SENDER)))
    with pytest.raises(ValueError, match="needed"):
        pump({RECEIVER: receiving(items(1)), SENDER: role})
