"""A member that fills its own share of the honest sequencer's queue: it has nobody suspect the sequencer, and takes nobody's
place."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from atoll.ledger.block import Block
from atoll.ledger.records import Dataset
from atoll.ledger.transaction import Transaction, seal_transaction, transaction_id
from atoll.ordering import waiting
from atoll.ordering.embedded.evidence import CENSORED, Omission, is_omission
from atoll.ordering.embedded.messages import MAX_HELD, PUSH, SUBMIT, Answer, Pushed, Submit, Submitted
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.errors import Censored, NotAcknowledged, NotAdmitted, ShareFull
from atoll.ordering.members import encode_payload, parse_payload
from atoll.testing.engines import Engines
from atoll.trust.keys import Purpose
from atoll.wire.message import parse_message
from tests.contract.ordering.conftest import Play, dataset
from tests.contract.ordering.test_guards import keep_ordering, swallow_submissions

ENGINES = ("embedded",)
OTHERS = ("auditor", "bank", "bureau")
SHARE = 5


@pytest.fixture(autouse=True)
def small_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_OF_A_MEMBER", SHARE)


@pytest.fixture
def slow_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it costs to carry out a block with a whole share in it."""
    real = Replica.order

    async def order(self: Replica, block: Block) -> Point:
        await asyncio.sleep(1.5)
        return await real(self, block)

    monkeypatch.setattr(Replica, "order", order)


@pytest.mark.usefixtures("slow_blocks")
def test_one_that_keeps_its_own_share_full_has_nobody_suspect_the_sequencer(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        flood = asyncio.create_task(keep_share_full(engines))
        await asyncio.sleep(2)
        late = of_telecom(engines, 10**6)
        for org in OTHERS:  # they take it, and find no room for it at the sequencer
            assert (await hand_in(engines, org, late)).answers[0].refusal == ""
        assert (await hand_in(engines, "operator", late)).answers[0].refusal == ShareFull.code
        for _ in range(45):
            await asyncio.sleep(1)
            assert not any(engines[org]._may_vote() for org in OTHERS)
        assert engines["operator"].store.find_transaction(transaction_id(late)) is not None
        flood.cancel()
        assert not any(engines[org].evidence() for org in engines.orgs)
        standing = await engines["telecom"].vote("telecom")
        assert standing.votes < standing.needed

    play(scenario)


@pytest.mark.usefixtures("slow_blocks")
def test_what_finds_no_room_is_no_reason_to_refuse_while_its_senders_share_is_carried_out(play: Play) -> None:
    """Though the sequencer took nothing that was brought back: it cannot be told from one whose queue is long."""

    async def scenario(engines: Engines) -> None:
        engines["operator"]._publisher.bring_back = lambda org, data: None
        late = of_telecom(engines, 10**6)
        flood = asyncio.create_task(keep_share_full(engines))
        await asyncio.sleep(2)
        engines.network.serve("operator", {**engines["operator"].methods(), SUBMIT: refuse_one(engines, late)})
        await hand_in(engines, "bank", late)
        await asyncio.sleep(45)
        assert not engines["bank"].evidence()
        flood.cancel()
        await keep_ordering(engines, 60)  # now it had room, and the sequencer has not placed it
        assert {kind for kind, _, _ in engines["bank"].evidence()} == {CENSORED}

    play(scenario)


def test_a_member_votes_against_its_sequencer_only_until_what_was_left_out_is_placed(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding, operator = engines.founding, engines["operator"]
        take_back = operator._publisher.bring_back
        swallow_submissions(engines)
        late = asyncio.create_task(engines["bank"].submit(founding.sign("bank", dataset(1)), timeout_seconds=1000))
        await keep_ordering(engines, 60)
        assert all(engines[org]._may_vote() for org in ("bank", "bureau", "auditor"))
        operator._publisher.bring_back = take_back
        assert (await late).outcome.ok
        assert not any(engines[org]._may_vote() for org in ("bank", "bureau", "auditor"))

    play(scenario)


def test_what_has_become_impossible_is_held_against_nobody(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding, operator, bank = engines.founding, engines["operator"], engines["bank"]
        swallow_submissions(engines)
        late = asyncio.create_task(bank.submit(founding.sign("bank", dataset(1), nonce=1), timeout_seconds=1000))
        await keep_ordering(engines, 60)
        assert bank._may_vote()
        operator._door.take(founding.sign("bank", dataset(2), nonce=1))
        await engines.until(lambda: bank.view().get(Dataset, "bank/table-2/1") is not None)
        engines.network.serve("operator", operator.methods())
        with pytest.raises(NotAdmitted):
            await late
        assert not bank._may_vote()

    play(scenario)


def test_only_what_is_still_missed_is_remembered_as_left_out(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        operator, bank = engines["operator"], engines["bank"]
        take_back = operator._publisher.bring_back
        for number in range(2):
            swallow_submissions(engines)
            data = engines.founding.sign("bank", dataset(number))
            late = asyncio.create_task(bank.submit(data, timeout_seconds=1000))
            await keep_ordering(engines, 60)
            assert bank._member.overdue._left_out == {transaction_id(data)}
            operator._publisher.bring_back = take_back
            assert (await late).outcome.ok

    play(scenario)


def test_the_evidence_shows_that_there_was_room(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding, bank = engines.founding, engines["bank"]
        swallow_submissions(engines)
        late = asyncio.create_task(bank.submit(founding.sign("bank", dataset(1)), timeout_seconds=50))
        await keep_ordering(engines, 60)
        with pytest.raises(NotAcknowledged):
            await late
        [(kind, _, data)] = bank.evidence()
        omission = parse_message(data, Omission)
        log = founding.keys["operator"][Purpose.LOG].public.data
        blocks = [bank.store.block(height) for height in range(omission.after + 1, bank.replica.tip.height + 1)]
        since = [stored.block for stored in blocks if stored is not None]
        assert kind == CENSORED
        assert is_omission(omission, since, chain_id=founding.chain_id, log=log)
        assert not is_omission(omission, since, chain_id=founding.chain_id, log=bytes(32))
        assert not is_omission(omission, [*since, block_of(omission.transaction)], chain_id=founding.chain_id, log=log)
        share = block_of(*(founding.sign("bank", dataset(number)) for number in range(2, 2 + SHARE)))
        assert not is_omission(omission, [*since, share], chain_id=founding.chain_id, log=log)

    play(scenario)


@pytest.mark.usefixtures("slow_blocks")
def test_a_member_brings_back_so_many_at_a_time_and_no_more(play: Play) -> None:
    """What a member says it misses nobody vouches for: without end, it would be a way around every share."""

    async def scenario(engines: Engines) -> None:
        numbers = count(1)
        answer = engines["telecom"].methods()[PUSH]

        async def push(org: str, payload: bytes) -> bytes:
            reply = parse_payload("telecom", await answer(org, payload), Pushed)
            held = tuple(of_telecom(engines, next(numbers)) for _ in range(MAX_HELD))
            fields = {name: getattr(reply, name) for name in ("height", "size", "root", "agreed_height", "cosigned")}
            return encode_payload(Pushed(**fields, refusal=Censored.code, reason="x", held=held))

        engines.network.serve("telecom", {**engines["telecom"].methods(), PUSH: push})
        queue, most = engines["operator"]._waiting, 0
        for number in range(60):
            await asyncio.sleep(0.2)
            engines["operator"]._door.take(engines.founding.sign("bank", dataset(number)))
            most = max(most, sum(not held.placed for held in queue.all() if held.sender == "telecom"))
        assert most == MAX_HELD

    play(scenario)


def of_telecom(engines: Engines, nonce: int) -> bytes:
    founding, body = engines.founding, dataset(nonce, "telecom")
    transaction = Transaction(sender="telecom", nonce=nonce, expiry_height=2**40, type=body.TAG, body=body.to_map())
    return seal_transaction(
        transaction,
        kid="telecom/identity/1",
        sign=founding.keys["telecom"][Purpose.IDENTITY].sign,
        chain_id=founding.chain_id,
        genesis_digest=founding.genesis_digest,
    )


def block_of(*transactions: bytes) -> Block:
    return Block(height=9, term=1, time=1, transactions=transactions)


async def hand_in(engines: Engines, to: str, *transactions: bytes) -> Submitted:
    payload = encode_payload(Submit(transactions=transactions))
    return parse_payload(to, await engines.network.port("telecom").call(to, SUBMIT, payload, 5.0), Submitted)


async def keep_share_full(engines: Engines) -> None:
    """As soon as one of telecom's is agreed, it hands in the next."""
    numbers = count(1)
    while True:
        missing = SHARE - engines["operator"]._waiting._shares.get("telecom", (0, 0))[0]
        if missing > 0:
            await hand_in(engines, "operator", *(of_telecom(engines, next(numbers)) for _ in range(missing)))
        await asyncio.sleep(0.3)


def refuse_one(engines: Engines, unwanted: bytes):  # type: ignore[no-untyped-def]
    """A sequencer that takes everything but this."""
    real = engines["operator"].methods()[SUBMIT]

    async def submit(org: str, payload: bytes) -> bytes:
        asked = parse_payload(org, payload, Submit).transactions
        wanted = tuple(one for one in asked if one != unwanted)
        reply = await real(org, encode_payload(Submit(transactions=wanted))) if wanted else b""
        taken = iter(parse_payload(org, reply, Submitted).answers if wanted else ())
        full = Answer(refusal=ShareFull.code, reason="")
        return encode_payload(Submitted(answers=tuple(full if one == unwanted else next(taken) for one in asked)))

    return submit
