"""Look-ups in a table of an epoch: results, caches, keys, what hostile peers meet, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.ristretto import draw_secret, multiply_base
from atoll.protocols.errors import WrongBulkLength
from atoll.protocols.packets import Packet, encode_packet, parse_packet
from atoll.protocols.psi import Buckets, Matches, MemoryItems, errors
from atoll.protocols.psi_oprf import (
    BadProof,
    Epoch,
    KeyChanged,
    MemoryTables,
    NotedMeter,
    Table,
    TableLost,
    TableUnusable,
    TooManyLookUps,
    WrongEpoch,
    WrongTable,
    derive_key,
    prepare_table,
    receiver,
    sender,
)
from atoll.protocols.psi_oprf import table as tables
from atoll.protocols.psi_oprf.messages import Offer, Request
from atoll.protocols.psi_oprf.meter import taken_by
from atoll.protocols.psi_oprf.params import MAX_TABLE_ROWS, padded_entries, tag_bytes
from atoll.protocols.psi_oprf.sender import derive_nonce
from atoll.protocols.pump import Pumped, Said, Tamper, pump
from atoll.protocols.role import Party, Receive, Role
from tests.unit.dh.runs import BAD_ELEMENTS, RECEIVER, SENDER, change, frames_of, items, lengths_of, rows, seat

EPOCH = Epoch(bytes([1] * 32), 7)
SECRET = bytes([9] * 32)


class Meter:
    """Notes what is charged, and refuses above a cap."""

    def __init__(self, cap: int = 1000) -> None:
        self.charged: list[tuple[bytes, int]] = []
        self.attempts: set[bytes] = set()
        self._cap = cap

    def charge(self, job: bytes, attempt: bytes, evaluations: int) -> None:
        self.attempts.add(attempt)
        self.charged.append((job, evaluations))
        if evaluations > self._cap:
            raise PermissionError("enough")


def sending(theirs: Any, **changes: Any) -> Role[None]:
    given: dict[str, Any] = {"epoch": EPOCH, "secret": SECRET, "cache": MemoryTables()}
    return sender(theirs, **(given | seat(SENDER, **changes)))


def receiving(ours: MemoryItems, **changes: Any) -> Role[Matches]:
    given: dict[str, Any] = {"epoch": EPOCH, "cache": MemoryTables()}
    return receiver(ours, **(given | seat(RECEIVER, **changes)))


def run(ours: MemoryItems, theirs: MemoryItems, *, tamper: Tamper | None = None, **agreed: Any) -> Pumped:
    return pump({RECEIVER: receiving(ours, **agreed), SENDER: sending(theirs, **agreed)}, tamper=tamper)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([], [], []),
        ([1], [], []),
        ([], [1], []),
        ([1], [1], [0]),
        ([1], [2], []),
        ([3, 3, 3], [3], [0, 1, 2]),
        ([3, 4], [4, 3, 3, 4, 3], [0, 1]),
        ([40, 7, 41, 29, 7, 0], [*range(30)], [1, 3, 4, 5]),
        ([*range(30)], [*range(25, 95)], [25, 26, 27, 28, 29]),
    ],
)
def test_the_receiver_gets_its_rows_whose_keys_both_have(ours: list[int], theirs: list[int], expected: list[int]) -> None:
    ran = run(items(*ours), items(*theirs))
    assert rows(ran[RECEIVER].rows) == expected
    assert ran[RECEIVER].keys == len({ours[row] for row in expected})
    assert ran[SENDER] is None


# -- caches and epochs ---------------------------------------------------------------------------------------------------------


class Unread:
    """A set that must not be read again."""

    rows = 30

    def partition(self, salt: bytes, buckets: int) -> Buckets:
        raise AssertionError("the table is in the cache")


def test_a_table_is_made_once_and_sent_once_an_epoch() -> None:
    ours, theirs = {"cache": MemoryTables()}, {"cache": MemoryTables()}
    first = pump({RECEIVER: receiving(items(5), **ours), SENDER: sending(items(*range(30)), **theirs)})
    second = pump({RECEIVER: receiving(items(6, 50), **ours), SENDER: sending(Unread(), **theirs)})
    assert (first[RECEIVER].keys, rows(second[RECEIVER].rows)) == (1, [0])
    assert len(frames_of(first, SENDER)) == 2
    assert len(frames_of(second, SENDER)) == 1


@pytest.mark.parametrize("other", [Epoch(EPOCH.dataset, 8), Epoch(bytes([2] * 32), 7)], ids=["epoch", "version"])
def test_another_epoch_or_version_has_its_own_table_key_and_salt(other: Epoch) -> None:
    ours, theirs = MemoryTables(), MemoryTables()
    run_of = {RECEIVER: receiving(items(5), cache=ours), SENDER: sending(items(*range(30)), cache=theirs)}
    pump(run_of)
    again = pump(
        {
            RECEIVER: receiving(items(5), cache=ours, epoch=other),
            SENDER: sending(items(*range(30)), cache=theirs, epoch=other),
        }
    )
    assert again[RECEIVER].keys == 1
    assert len(frames_of(again, SENDER)) == 2
    assert derive_key(SECRET, other).public != derive_key(SECRET, EPOCH).public
    assert other.salt != EPOCH.salt
    before, after = (prepare_table(Unread(), epoch=one, secret=SECRET, cache=theirs) for one in (EPOCH, other))
    assert not set(entries_of(before)) & set(entries_of(after))


def entries_of(table: Table) -> list[bytes]:
    width = tag_bytes(table.entries)
    return [table.body[at : at + width] for at in range(0, len(table.body), width)]


def test_a_damaged_or_foreign_table_in_the_owners_cache_is_made_anew() -> None:
    theirs = items(*range(30))
    table = prepare_table(theirs, epoch=EPOCH, secret=SECRET, cache=MemoryTables())
    for kept in (table.encode()[:-1], b"", bytes(32) + table.encode()[32:], table.encode()[:40] + bytes(len(table.body))):
        cache = MemoryTables()
        cache.save(EPOCH.cache_key, kept)
        assert prepare_table(theirs, epoch=EPOCH, secret=SECRET, cache=cache) == table
        assert cache.load(EPOCH.cache_key) == table.encode()


def test_a_damaged_table_in_the_receivers_cache_is_sent_again() -> None:
    cache = MemoryTables()
    cache.save(EPOCH.cache_key, b"damaged")
    ran = pump({RECEIVER: receiving(items(5), cache=cache), SENDER: sending(items(5))})
    assert ran[RECEIVER].keys == 1
    assert len(frames_of(ran, SENDER)) == 2


def test_a_table_says_nothing_but_about_how_large_the_set_is() -> None:
    """Sorted tags of a pseudorandom function; the number of rows is rounded up, so a key more or less does not show."""
    one, other = (
        prepare_table(items(*numbers), epoch=EPOCH, secret=SECRET, cache=MemoryTables())
        for numbers in (range(70), [*range(68), 1, 1])
    )
    assert one.entries == other.entries == 72
    assert len(set(entries_of(one)) & set(entries_of(other))) >= 68
    assert entries_of(one) == sorted(entries_of(one))


@pytest.mark.parametrize("rows_", [0, 1, 63, 64, 65, 1000, 1 << 20, (1 << 20) + 1, MAX_TABLE_ROWS])
def test_padding_is_at_most_a_sixteenth_and_tags_leave_forty_bits(rows_: int) -> None:
    entries = padded_entries(rows_)
    assert rows_ <= entries <= max(64, rows_ * 17 // 16 + 1)
    assert 8 * tag_bytes(entries) - (entries - 1).bit_length() - 24 >= 40


def test_both_forms_of_a_table_hold_the_same_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = items(*range(60))
    plain = prepare_table(theirs, epoch=EPOCH, secret=SECRET, cache=MemoryTables())
    monkeypatch.setattr(tables, "COUNTED_FROM", 0)
    counted = prepare_table(theirs, epoch=EPOCH, secret=SECRET, cache=MemoryTables())
    assert len(counted.body) == tables.body_bytes(counted.entries) == 2 * 65536 + len(plain.body) - 2 * plain.entries
    assert counted.is_whole()
    picked = b"".join(entries_of(plain)[::3])
    assert list(counted.find(picked + bytes(9))) == list(range(len(picked) // 9))
    assert not replace(counted, body=b"\1" + counted.body[1:]).is_whole()


def test_a_set_too_large_for_a_table_is_refused() -> None:
    class Huge(Unread):
        rows = MAX_TABLE_ROWS + 1

    with pytest.raises(TableUnusable):
        prepare_table(Huge(), epoch=EPOCH, secret=SECRET, cache=MemoryTables())


# -- what hostile peers meet ---------------------------------------------------------------------------------------------------


def replaced(kind: type[Offer] | type[Request], **fields: Any) -> Tamper:
    def tamper(said: Said) -> Packet:
        if said.packet.is_bulk or kind.TAG.encode() not in said.packet.data:
            return said.packet
        message = parse_packet(said.packet, Receive(said.sender, kind))
        return encode_packet(replace(message, **fields))  # type: ignore[type-var]

    return tamper


OTHER_KEY = multiply_base(draw_secret(SeededEntropy(bytes(32))))


def test_a_sender_with_another_key_than_is_known_is_caught() -> None:
    with pytest.raises(KeyChanged):
        pump({RECEIVER: receiving(items(1), public=OTHER_KEY), SENDER: sending(items(1))})
    cache = MemoryTables()
    pump({RECEIVER: receiving(items(1), cache=cache), SENDER: sending(items(1))})
    with pytest.raises(KeyChanged):
        pump({RECEIVER: receiving(items(1), cache=cache), SENDER: sending(items(1), secret=bytes(32))})


def test_answers_under_another_key_than_announced_are_caught() -> None:
    with pytest.raises(BadProof) as caught:
        run(items(1), items(1), tamper=replaced(Offer, public=OTHER_KEY))
    assert caught.value.position == 0


@pytest.mark.parametrize("at", [0, 32, 64, 96], ids=["first", "second", "challenge", "response"])
def test_an_answer_or_proof_that_is_changed_is_caught(at: int) -> None:
    """The two answers of a batch swapped, or one bit of the proof."""

    def edit(data: bytes) -> bytes:
        if at < 64:
            return data[32:64] + data[:32] + data[64:]
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    with pytest.raises(BadProof):
        run(items(1, 2), items(1), tamper=change(SENDER, 1, edit))


@pytest.mark.parametrize("bad", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS)
@pytest.mark.parametrize(("party", "number"), [(RECEIVER, 0), (SENDER, 1)], ids=["blinded", "evaluated"])
def test_elements_off_the_group_are_refused_with_their_place(party: Party, number: int, bad: bytes) -> None:
    tamper = change(party, number, lambda data: data[:64] + bad + data[96:])
    with pytest.raises(errors.BadElement) as caught:
        run(items(*range(5)), items(*range(5)), tamper=tamper)
    assert caught.value.position == 2


@pytest.mark.parametrize("edit", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:-32]])
@pytest.mark.parametrize(("party", "number"), [(RECEIVER, 0), (SENDER, 0), (SENDER, 1)], ids=["keys", "table", "answers"])
def test_frames_of_other_lengths_are_refused(party: Party, number: int, edit: Callable[[bytes], bytes]) -> None:
    with pytest.raises(WrongBulkLength):
        run(items(*range(5)), items(*range(5)), tamper=change(party, number, edit))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"entries": 128}, "at most"), ({"digest": bytes(32)}, "digest"), ({"public": bytes(32)}, "group")],
    ids=["too-large", "digest", "key"],
)
def test_an_offer_that_cannot_be_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(WrongTable, match=reason):
        run(items(1), items(1), tamper=replaced(Offer, **fields))


def test_a_table_out_of_order_is_refused_though_its_digest_fits() -> None:
    """Entries twice would let a sender hide how few keys it has; order would let it mark them."""
    table = prepare_table(items(1), epoch=EPOCH, secret=SECRET, cache=MemoryTables())
    body = table.body[9:18] + table.body[:9] + table.body[18:]
    swap = change(SENDER, 0, lambda _: body)
    announce = replaced(Offer, digest=replace(table, body=body).digest)

    def tamper(said: Said) -> Packet | None:
        return swap(said) if said.packet.is_bulk else announce(said)

    cache = MemoryTables()
    with pytest.raises(WrongTable, match="order"):
        pump({RECEIVER: receiving(items(1), cache=cache), SENDER: sending(items(1))}, tamper=tamper)
    assert cache.load(EPOCH.cache_key) is None


def test_a_receiver_that_asks_for_another_epoch_or_for_too_much_is_refused() -> None:
    with pytest.raises(WrongEpoch):
        run(items(1), items(1), tamper=replaced(Request, epoch=bytes(32)))
    with pytest.raises(errors.PeerSetTooLarge):
        run(items(1), items(1), tamper=replaced(Request, rows=101))
    for role in (sending(items(*range(101))), receiving(items(*range(101)))):
        with pytest.raises(errors.TooManyRows):
            next(role)


def test_the_meter_is_asked_before_each_answer_with_all_answers_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sender", "receiver"):
        monkeypatch.setattr(import_module(f"atoll.protocols.psi_oprf.{module}"), "ELEMENTS_PER_FRAME", 4)
    meter = Meter()
    pump({RECEIVER: receiving(items(*range(10))), SENDER: sending(items(1), meter=meter)})
    assert meter.charged == [(bytes(32), 4), (bytes(32), 8), (bytes(32), 10)]
    strict = Meter(cap=5)
    with pytest.raises(PermissionError):
        pump({RECEIVER: receiving(items(*range(10))), SENDER: sending(items(1), meter=strict)})
    assert len(strict.charged) == 2


def test_another_attempt_of_a_job_is_charged_beside_the_first_and_a_resumed_one_is_not() -> None:
    meter = Meter()
    for seed in (1, 1, 2):
        pump({RECEIVER: receiving(items(3)), SENDER: sending(items(1), meter=meter, seed=bytes([seed] * 32))})
    assert len(meter.attempts) == 2


def test_a_job_gets_its_row_cap_in_all_its_attempts_and_an_epoch_its_look_ups() -> None:
    cache = MemoryTables()
    bank = NotedMeter(cache, EPOCH, grantee="bank", most=10, most_in_epoch=15)
    telecom = NotedMeter(cache, EPOCH, grantee="telecom", most=10, most_in_epoch=15)
    first, second = (bytes([number] * 16) for number in (1, 2))
    for evaluations in (4, 6, 4):  # a resumed attempt begins again
        bank.charge(bytes(32), first, evaluations)
    with pytest.raises(TooManyLookUps, match="10 look-ups in a job"):
        bank.charge(bytes(32), second, 5)
    assert taken_by(cache, EPOCH) == {"bank": 6}
    bank.charge(bytes(32), second, 4)
    telecom.charge(bytes([1] * 32), first, 5)
    with pytest.raises(TooManyLookUps, match="15 look-ups in an epoch"):
        telecom.charge(bytes([2] * 32), first, 1)
    assert taken_by(cache, EPOCH) == {"bank": 10, "telecom": 5}
    NotedMeter(cache, Epoch(bytes(32), 8), grantee="telecom", most=10, most_in_epoch=15).charge(bytes(32), first, 10)


def test_a_key_stays_pinned_when_the_table_is_gone() -> None:
    cache = MemoryTables()
    pump({RECEIVER: receiving(items(1), cache=cache), SENDER: sending(items(1))})
    cache._tables.clear()
    with pytest.raises(KeyChanged):
        pump({RECEIVER: receiving(items(1), cache=cache), SENDER: sending(items(1), secret=bytes([8] * 32))})
    assert pump({RECEIVER: receiving(items(1), cache=cache), SENDER: sending(items(1))})[RECEIVER].keys == 1


def test_lengths_follow_from_the_numbers_of_rows_alone() -> None:
    seen = [
        lengths_of(run(items(*ours), items(*theirs)))
        for ours, theirs in ((range(20), range(30)), (range(20), range(100, 130)), ([1] * 20, [*range(15), *range(15)]))
    ]
    assert seen[0] == seen[1] == seen[2]


def test_the_same_keys_are_blinded_anew_each_time() -> None:
    one = frames_of(run(items(1, 2), items(1)), RECEIVER)[0]
    other = frames_of(pump({RECEIVER: receiving(items(1, 2), seed=bytes(32)), SENDER: sending(items(1))}), RECEIVER)[0]
    assert not {one[:32], one[32:]} & {other[:32], other[32:]}


# -- crashes -------------------------------------------------------------------------------------------------------------------


def test_a_resume_at_any_checkpoint_says_the_same_and_ends_the_same() -> None:
    ours, theirs = items(*range(30)), items(*range(20, 60))
    kept = {RECEIVER: {"cache": MemoryTables()}, SENDER: {"cache": MemoryTables()}}
    whole = pump({RECEIVER: receiving(ours, **kept[RECEIVER]), SENDER: sending(theirs, **kept[SENDER])})
    assert len(whole.checkpoints[SENDER]) == 2
    for number in (1, 2):
        states = {party: whole.checkpoints[party][number - 1] for party in (SENDER, RECEIVER)}
        resumed = pump(
            {
                RECEIVER: receiving(ours, resume=states[RECEIVER], **kept[RECEIVER]),
                SENDER: sending(theirs, resume=states[SENDER], **kept[SENDER]),
            }
        )
        assert resumed[RECEIVER] == whole[RECEIVER]
        for here, there in ((SENDER, RECEIVER), (RECEIVER, SENDER)):
            assert resumed.said(here, there) == whole.said(here, there, after=number)
            assert resumed.checkpoints[here] == whole.checkpoints[here][number:]


def test_an_owner_with_a_table_needs_no_keys_from_the_start_or_from_any_checkpoint() -> None:
    ours, theirs, cache = items(7), items(*range(30)), MemoryTables()
    pump({RECEIVER: receiving(ours), SENDER: sending(theirs, cache=cache)})
    whole = pump({RECEIVER: receiving(ours, cache=(kept := MemoryTables())), SENDER: sending(Unread(), cache=cache)})
    for number in (1, 2):
        states = {party: whole.checkpoints[party][number - 1] for party in (SENDER, RECEIVER)}
        ran = pump(
            {
                RECEIVER: receiving(ours, cache=kept, resume=states[RECEIVER]),
                SENDER: sending(Unread(), cache=MemoryTables(), resume=states[SENDER]),
            }
        )
        assert rows(ran[RECEIVER].rows) == [0]


@pytest.mark.parametrize(
    "changes",
    [{"seed": bytes(32)}, {"context": bytes([1] * 32)}, {"epoch": Epoch(bytes(32), 7)}, {"ours": items(1, 2, 4)}],
    ids=["seed", "context", "epoch", "set"],
)
def test_a_checkpoint_of_another_run_is_refused(changes: dict[str, Any]) -> None:
    state = run(items(1, 2, 3), items(1, 2, 3)).checkpoints[RECEIVER][0]
    ours = changes.get("ours", items(1, 2, 3))
    with pytest.raises(errors.ForeignCheckpoint):
        next(receiving(ours, resume=state, **{name: value for name, value in changes.items() if name != "ours"}))


def test_a_run_cannot_go_on_without_its_table() -> None:
    cache = MemoryTables()
    state = pump({RECEIVER: receiving(items(1), cache=cache), SENDER: sending(items(1))}).checkpoints[RECEIVER][0]
    with pytest.raises(TableLost):
        next(receiving(items(1), resume=state))
    cache.save(EPOCH.cache_key, prepare_table(items(2), epoch=EPOCH, secret=SECRET, cache=MemoryTables()).encode())
    with pytest.raises(TableLost):
        next(receiving(items(1), resume=state, cache=cache))


def test_a_batch_has_its_own_nonce_so_a_changed_batch_in_a_repeated_round_does_not_show_the_key() -> None:
    seed = bytes(32)
    nonces = {derive_nonce(seed, batch).expose() for batch in (b"", bytes(32), bytes(64), b"\1" * 32)}
    assert len(nonces) == 4
    assert derive_nonce(seed, bytes(32)).expose() == derive_nonce(seed, bytes(32)).expose()
    assert derive_nonce(bytes([1] * 32), bytes(32)).expose() not in nonces


@pytest.mark.parametrize(("dataset", "number"), [(bytes(31), 0), (bytes(32), -1), (bytes(32), 1 << 32)])
def test_an_epoch_is_a_digest_and_a_number(dataset: bytes, number: int) -> None:
    with pytest.raises(ValueError, match="epoch"):
        Epoch(dataset, number)
