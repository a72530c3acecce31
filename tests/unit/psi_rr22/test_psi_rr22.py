"""RR22: results, sizes, what hostile peers meet, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from atoll.errors import IntegrityError, PeerError
from atoll.primitives.errors import CorrelationError, PointError, StoreError, TagOrderError
from atoll.protocols.errors import UnexpectedPacket, WrongBulkLength
from atoll.protocols.packets import Packet, encode_packet
from atoll.protocols.psi import MemoryItems, errors
from atoll.protocols.psi.cut import bucket_count
from atoll.protocols.psi.state import parse_state
from atoll.protocols.psi_rr22 import (
    FAST,
    LOW_COMMUNICATION,
    MALICIOUS,
    SEMI_HONEST,
    CoinChanged,
    Limits,
    TermsDiffer,
    TooManyForVariant,
    covered_keys,
    leakage,
    receiver,
    sender,
)
from atoll.protocols.psi_rr22.core import instance_domain
from atoll.protocols.psi_rr22.messages import CoinOpened, FormOffered
from atoll.protocols.psi_rr22.params import Sizes, Terms
from atoll.protocols.pump import Pumped, Said, Tamper, pump
from atoll.protocols.role import Party
from atoll.wire.cbor import encode
from tests.unit.dh.runs import RECEIVER, SENDER, change, frames_of, items, lengths_of, names, rows, seat, small_buckets

__all__ = ["small_buckets"]

FORMS = [(SEMI_HONEST, FAST), (SEMI_HONEST, LOW_COMMUNICATION), (MALICIOUS, FAST)]
EVERY_FORM = pytest.mark.parametrize(("mode", "variant"), FORMS)


def run(ours: MemoryItems, theirs: MemoryItems, *, tamper: Tamper | None = None, **changes: Any) -> Pumped:
    return pump(
        {RECEIVER: receiver(ours, **seat(RECEIVER, **changes)), SENDER: sender(theirs, **seat(SENDER, **changes))},
        tamper=tamper,
    )


CASES = [
    ([], [], []),
    ([1], [], []),
    ([], [1], []),
    ([1], [1], [0]),
    ([1], [2], []),
    ([3, 3, 3], [3], [0, 1, 2]),
    ([3], [4, 3, 3, 4, 3], [0]),
    ([*range(30)], [40, 7, 41, 29, 7, 0], [0, 7, 29]),
    ([7, 50, 0, 7], [*range(30)], [0, 2, 3]),
    ([*range(30)], [*range(29, -1, -1)], [*range(30)]),
]


@pytest.mark.parametrize(("mode", "variant", "per_bucket"), [(*form, 1 << 20) for form in FORMS] + [(*FORMS[0], 12)])
@pytest.mark.parametrize(("ours", "theirs", "expected"), CASES)
def test_the_receiver_gets_its_rows_that_both_have(
    ours: list[int],
    theirs: list[int],
    expected: list[int],
    mode: str,
    variant: str,
    per_bucket: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("atoll.protocols.psi.cut.TARGET_KEYS", per_bucket)
    monkeypatch.setattr("atoll.protocols.psi.cut.LEAST_KEYS", 1)
    monkeypatch.setattr("atoll.protocols.psi.state.is_within_cap", lambda *_: True)
    ran = run(items(*ours), items(*theirs), mode=mode, variant=variant)
    assert rows(ran[RECEIVER].rows) == expected
    assert ran[RECEIVER].keys == len({ours[row] for row in expected})
    assert ran[SENDER] is None


@EVERY_FORM
@pytest.mark.usefixtures("small_buckets")
def test_who_listens_sees_the_announced_rows_alone(mode: str, variant: str) -> None:
    """Equal numbers of rows, but other keys, duplicates and matches: as many packets, each as long."""
    sets = [
        (items(*range(30)), items(*range(30))),
        (items(*range(30)), items(*range(30, 60))),
        (items(*[1] * 30), items(*range(15), *range(15))),
    ]
    assert len({tuple(lengths_of(run(*pair, mode=mode, variant=variant))) for pair in sets}) == 1


@EVERY_FORM
@pytest.mark.usefixtures("small_buckets")
def test_a_resume_at_any_checkpoint_says_the_same_and_ends_the_same(mode: str, variant: str) -> None:
    ours, theirs = items(*range(30), 3), items(*range(20, 60))
    form: dict[str, Any] = {"mode": mode, "variant": variant}
    whole = run(ours, theirs, **form)
    assert len(whole.checkpoints[SENDER]) == 5
    for number in range(1, 6):
        states = {party: whole.checkpoints[party][number - 1] for party in (SENDER, RECEIVER)}
        resumed = pump(
            {
                RECEIVER: receiver(ours, **seat(RECEIVER, resume=states[RECEIVER], **form)),
                SENDER: sender(theirs, **seat(SENDER, resume=states[SENDER], **form)),
            }
        )
        assert resumed[RECEIVER] == whole[RECEIVER]
        for here, there in ((SENDER, RECEIVER), (RECEIVER, SENDER)):
            assert resumed.said(here, there) == whole.said(here, there, after=number)
            assert resumed.checkpoints[here] == whole.checkpoints[here][number:]


@pytest.mark.usefixtures("small_buckets")
def test_checkpoints_are_few_however_many_buckets_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.protocols.psi_rr22.params.MAX_CHECKPOINTS", 2)
    ours, theirs = items(*range(30)), items(*range(20, 60))
    whole = run(ours, theirs)
    assert len(whole.checkpoints[SENDER]) == 2, "after buckets 3 and 5"
    states = {party: whole.checkpoints[party][0] for party in (SENDER, RECEIVER)}
    resumed = pump(
        {
            RECEIVER: receiver(ours, **seat(RECEIVER, resume=states[RECEIVER])),
            SENDER: sender(theirs, **seat(SENDER, resume=states[SENDER])),
        }
    )
    assert rows(resumed[RECEIVER].rows) == [*range(20, 30)]


@pytest.mark.parametrize("me", [SENDER, RECEIVER], ids=str)
@pytest.mark.parametrize(
    "changes",
    [
        {"ours": items(1, 2, 3, 5)},
        {"ours": items(1, 2, 4, 3)},
        {"ours": items(1, 2, 3, 4, 4)},
        {"seed": bytes(32)},
        {"context": bytes([1] * 32)},
        {"mode": MALICIOUS},
        {"variant": LOW_COMMUNICATION},
        {"limits": Limits(own_items=100, peer_items=3)},
        {"cut": -1},
    ],
    ids=["set", "rows", "more", "seed", "context", "mode", "variant", "cap", "shorter"],
)
def test_a_checkpoint_of_another_run_is_refused(me: Party, changes: dict[str, Any]) -> None:
    changes = dict(changes)
    state = run(items(1, 2, 3, 4), items(1, 2, 3, 4)).checkpoints[me][0]
    ours, resume = changes.pop("ours", items(1, 2, 3, 4)), state[: changes.pop("cut", None)]
    arguments = seat(me, resume=resume, **changes)
    with pytest.raises(errors.ForeignCheckpoint):
        next(receiver(ours, **arguments) if me == RECEIVER else sender(ours, **arguments))


@pytest.mark.parametrize("me", [SENDER, RECEIVER], ids=str)
@pytest.mark.usefixtures("small_buckets")
def test_a_checkpoint_with_more_or_less_in_it_is_refused(me: Party) -> None:
    """Its binding is right, so only the lengths tell."""
    ours = items(*range(20))
    state = parse_state(run(ours, ours).checkpoints[me][0])
    for held in (state.held[:-1], (*state.held, b""), (state.held[0][1:], *state.held[1:])):
        damaged = encode([state.TAG, replace(state, held=held).to_map()], max_bytes=1 << 22)
        arguments = seat(me, resume=damaged)
        with pytest.raises(errors.ForeignCheckpoint):
            next(receiver(ours, **arguments) if me == RECEIVER else sender(ours, **arguments))


def test_a_checkpoint_of_the_other_side_is_refused() -> None:
    state = run(items(1, 2), items(1, 2)).checkpoints[SENDER][0]
    with pytest.raises(errors.ForeignCheckpoint):
        next(receiver(items(1, 2), **seat(RECEIVER, resume=state)))


def test_a_checkpoint_holds_neither_the_seed_nor_a_key() -> None:
    for states in run(items(1, 2, 3), items(1, 2, 3)).checkpoints.values():
        assert all(seed not in state for state in states for seed in (bytes([7] * 32), bytes([8] * 32), b"item"))


def test_another_seed_or_salt_sends_other_correlations() -> None:
    def said(**changes: Any) -> list[bytes]:
        ran = pump({RECEIVER: receiver(items(1), **seat(RECEIVER)), SENDER: sender(items(1), **seat(SENDER, **changes))})
        return [frame[:64] for frame in frames_of(ran, SENDER) if len(frame) > 64]

    first, second = said(), said(seed=bytes([9] * 32))
    assert first == said()
    assert not set(first) & set(second)


def test_no_two_instances_have_the_same_domain() -> None:
    """Of buckets, runs (by their salt) and plans: equal rows or oracles would join what the proof keeps apart."""
    texts = [bytes([number] * 32) for number in (1, 2)]
    domains = {instance_domain(context, salt, bucket) for context in texts for salt in texts for bucket in range(3)}
    assert len(domains) == 12


@pytest.mark.usefixtures("small_buckets")
def test_no_bucket_repeats_what_another_sent() -> None:
    ran = run(items(*range(30)), items(*range(30)))
    for party in (SENDER, RECEIVER):
        blocks = [frame[at : at + 32] for frame in frames_of(ran, party) for at in range(0, len(frame) - 31, 32)]
        assert len(set(blocks)) == len(blocks)


# -- hostile peers -------------------------------------------------------------------------------------------------------------


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def frame_count(party: Party, mode: str) -> int:
    return len(frames_of(run(items(*range(5)), items(*range(5)), mode=mode), party))


@EVERY_FORM
@pytest.mark.parametrize("party", [SENDER, RECEIVER], ids=str)
def test_frames_of_other_lengths_are_refused(party: Party, mode: str, variant: str) -> None:
    edits: list[Callable[[bytes], bytes]] = [lambda data: data[:-1], lambda data: data + b"\0"]
    for number in range(frame_count(party, mode)):
        tamper = change(party, number, edits[number % 2])
        with pytest.raises(WrongBulkLength):
            run(items(*range(5)), items(*range(5)), tamper=tamper, mode=mode, variant=variant)


@pytest.mark.parametrize("party", [SENDER, RECEIVER], ids=str)
def test_a_replayed_frame_is_refused(party: Party) -> None:
    for number in range(1, frame_count(party, SEMI_HONEST)):
        earlier = frames_of(run(items(*range(5)), items(*range(5))), party)[number - 1]
        with pytest.raises(WrongBulkLength):
            run(items(*range(5)), items(*range(5)), tamper=change(party, number, lambda _, frame=earlier: frame))  # type: ignore[misc]


@pytest.mark.parametrize("party", [SENDER, RECEIVER], ids=str)
def test_in_malicious_mode_a_changed_correlation_is_caught_and_a_changed_answer_matches_nothing_false(party: Party) -> None:
    """Stores and tags have no right value of their own: a changed one is another set, and finds no key that is not there."""
    caught = 0
    count = frame_count(party, MALICIOUS)
    for number in range(count):
        try:
            ran = run(items(*range(5)), items(*range(3, 8)), tamper=change(party, number, flip), mode=MALICIOUS)
            assert set(rows(ran[RECEIVER].rows)) <= {3, 4}
        except (CorrelationError, PointError, TagOrderError):
            caught += 1
    assert caught >= count - 1


def test_tags_out_of_order_are_refused() -> None:
    last = frame_count(SENDER, SEMI_HONEST) - 1
    with pytest.raises(TagOrderError):
        run(items(*range(5)), items(*range(5)), tamper=change(SENDER, last, lambda data: data[8:] + data[:8]))


def test_a_sender_that_changes_its_share_of_the_coin_is_caught() -> None:
    def tamper(said: Said) -> Packet:
        if b"coin-opened" not in said.packet.data:
            return said.packet
        return encode_packet(CoinOpened(share=bytes(16), opening=bytes(32)))

    with pytest.raises(CoinChanged) as caught:
        run(items(1), items(1), tamper=tamper, mode=MALICIOUS)
    assert caught.value.code == "psi_rr22.coin_changed"


@pytest.mark.parametrize("party", [SENDER, RECEIVER], ids=str)
def test_a_peer_of_another_form_or_version_is_refused(party: Party) -> None:
    for version, mode, variant in ((2, MALICIOUS, FAST), (2, SEMI_HONEST, LOW_COMMUNICATION), (1, SEMI_HONEST, FAST)):
        form = FormOffered(version=version, mode=mode, variant=variant)

        def tamper(said: Said, form: FormOffered = form) -> Packet:
            is_form = b"psi-rr22.form" in said.packet.data and said.sender == party
            return encode_packet(form) if is_form else said.packet

        with pytest.raises(TermsDiffer):
            run(items(1), items(1), tamper=tamper)


def test_a_peer_that_announces_more_rows_than_agreed_is_refused() -> None:
    with pytest.raises(errors.PeerSetTooLarge):
        run(items(1), items(*range(5)), limits=Limits(own_items=5, peer_items=4))


def test_a_side_with_more_rows_than_agreed_does_not_begin() -> None:
    with pytest.raises(errors.TooManyRows):
        run(items(*range(5)), items(1), limits=Limits(own_items=4, peer_items=5))


@pytest.mark.parametrize("lie", [4, 6])
def test_a_peer_that_lies_about_its_rows_fits_no_length(lie: int) -> None:
    def tamper(said: Said) -> Packet:
        if b"set-size" not in said.packet.data or said.sender != SENDER:
            return said.packet
        return Packet(False, said.packet.data.replace(b"rows\x05", b"rows" + bytes([lie])))

    with pytest.raises((WrongBulkLength, UnexpectedPacket)):
        run(items(*range(5)), items(*range(5)), tamper=tamper)


def test_a_lost_frame_is_refused_as_another() -> None:
    for party in (SENDER, RECEIVER):
        for number in range(frame_count(party, SEMI_HONEST)):
            with pytest.raises((PeerError, IntegrityError)):
                run(items(*range(5)), items(*range(5)), tamper=change(party, number, lambda _: None))


# -- bounds --------------------------------------------------------------------------------------------------------------------


def test_a_bucket_with_more_keys_than_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.protocols.psi_rr22.params.padded_size", lambda rows, _: rows - 1)
    with pytest.raises(errors.BucketOverflow):
        run(items(*range(5)), items(*range(5)))


def test_a_store_that_cannot_be_encoded_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two equal digests stand for the one case in 2^40."""
    monkeypatch.setattr("atoll.protocols.psi_rr22.core.pad", lambda *_, **__: bytes(16 * 5))
    with pytest.raises(StoreError):
        run(items(*range(5)), items(*range(5)))


def test_malicious_and_low_communication_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="fast variant alone"):
        run(items(1), items(1), mode=MALICIOUS, variant=LOW_COMMUNICATION)
    with pytest.raises(ValueError, match="a mode is"):
        run(items(1), items(1), mode="hopeful")
    with pytest.raises(ValueError, match="a mode is"):
        run(items(1), items(1), variant="slow")


def test_the_low_communication_variant_has_a_most_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.protocols.psi_rr22.side.STATISTICAL_BITS", 62)
    run(items(*range(9)), items(*range(4)), variant=LOW_COMMUNICATION)
    with pytest.raises(TooManyForVariant) as caught:
        run(items(1), items(*range(5)), variant=LOW_COMMUNICATION)
    assert caught.value.code == "psi_rr22.too_many_for_variant"


def test_sizes_leave_room_for_chance_in_one_run_of_2_to_the_40() -> None:
    fast = Sizes.of(Terms(SEMI_HONEST, FAST), buckets=1, receiver_rows=1 << 20, sender_rows=1 << 20)
    assert (fast.receiver_keys, fast.tag_bytes, fast.failure_bits) == (1 << 20, 10, 40)
    assert 8 * fast.instance.masked / (1 << 20) < 180
    many = Sizes.of(Terms(SEMI_HONEST, FAST), buckets=96, receiver_rows=10**8, sender_rows=10**8)
    pairs = 96 * many.receiver_keys * many.sender_keys
    assert pairs <= 1 << (8 * many.tag_bytes - 40)
    assert many.failure_bits == 47, "96 stores share the chance"
    malicious = Sizes.of(Terms(MALICIOUS, FAST), buckets=1, receiver_rows=10, sender_rows=10)
    assert malicious.tag_bytes == 16


def test_the_label_of_malicious_mode_says_what_is_open() -> None:
    label = leakage(MALICIOUS, receiver_rows=7, sender_rows=7)
    assert "open" in label and " 7 " in label
    assert f"up to {covered_keys(receiver_rows=7, sender_rows=7)} keys" in label
    assert "may learn more" in leakage(SEMI_HONEST, receiver_rows=7, sender_rows=7)


@pytest.mark.parametrize(
    ("receiver_rows", "sender_rows", "least", "most"),
    [
        (1, 1, 146, 160),
        (1000, 1000, 1400, 1500),
        (10**6, 10**6, 1_350_000, 1_400_000),
        (1, 10**8, 24 * 146, 24 * 160),
        (10**5, 10**8, 145_000, 150_000),
    ],
)
def test_what_a_cheating_receiver_may_bring_is_counted_in_columns(
    receiver_rows: int, sender_rows: int, least: int, most: int
) -> None:
    """A small set is covered many times over, the more so where the other set makes many buckets."""
    assert least <= covered_keys(receiver_rows=receiver_rows, sender_rows=sender_rows) <= most


@pytest.mark.parametrize(("receiver_rows", "sender_rows"), [(39_314, 10_071_736), (250_000, 9_000_000), (10**6, 10**6)])
def test_who_announces_less_than_its_cap_has_no_more_columns(receiver_rows: int, sender_rows: int) -> None:
    """Of fewer buckets each may have one cluster more."""
    covered = covered_keys(receiver_rows=receiver_rows, sender_rows=sender_rows)
    for part in range(1, 40):
        for less, others in ((receiver_rows, sender_rows * part // 40), (receiver_rows * part // 40, sender_rows)):
            terms, buckets = Terms(MALICIOUS, FAST), bucket_count(less, others)
            sizes = Sizes.of(terms, buckets=buckets, receiver_rows=less, sender_rows=others)
            assert buckets * sizes.instance.masked // 16 <= covered


def test_identifiers_of_any_kind_and_length_take_part() -> None:
    odd = [b"\xff\xfe", b"", b"x" * 10_000, *names(1)]
    ran = pump(
        {
            RECEIVER: receiver(MemoryItems([None, *odd]), **seat(RECEIVER)),
            SENDER: sender(MemoryItems(odd), **seat(SENDER)),
        }
    )
    assert rows(ran[RECEIVER].rows) == [1, 2, 3, 4]


def test_a_receiver_whose_dummies_would_pass_its_cap_is_refused_on_either_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in place of the dummies would otherwise be looked up beyond what the owner agreed to."""
    monkeypatch.setattr("atoll.protocols.psi.cut.MOST_KEYS", 4)
    ours, theirs = items(*range(5)), items(*range(40))
    assert rows(run(ours, theirs)[RECEIVER].rows) == [0, 1, 2, 3, 4]
    asking = receiver(ours, **seat(RECEIVER, limits=Limits(own_items=5, peer_items=1000)))
    with pytest.raises(errors.PaddingAboveCap):
        pump({SENDER: sender(theirs, **seat(SENDER)), RECEIVER: asking})
    owner = sender(theirs, **seat(SENDER, limits=Limits(own_items=1000, peer_items=5)))
    with pytest.raises(errors.PaddingAboveCap):
        pump({SENDER: owner, RECEIVER: receiver(ours, **seat(RECEIVER))})
