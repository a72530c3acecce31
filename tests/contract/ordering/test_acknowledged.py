"""What `submit` promises: durable, in order, once, and confirmed by a quorum."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ledger.records import Dataset
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import AlreadyExists, BadSignature, BadTransaction, ExpiredTransaction, StaleNonce, Unknown
from atoll.ordering.errors import NotAcknowledged, NotAdmitted
from atoll.trust.keys import Purpose
from tests.contract.ordering.conftest import Consortium, Play, dataset


def test_an_acknowledged_transaction_is_on_the_disks_of_a_quorum(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        founding = engines.founding
        acknowledged = await engines["operator"].submit(founding.sign("bank", dataset(1)))
        for org in engines.orgs:
            await engines.crash(org)
        data = founding.sign("bank", dataset(1), nonce=1)
        holding = {org for org in engines.orgs if data in engines.blocks_on_disk(org, acknowledged.height)}
        assert "operator" in holding and len(holding) >= 4

    play(scenario)


def test_a_transaction_may_come_through_any_member_and_is_the_same_everywhere(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        answers = [await engines[org].submit(engines.founding.sign("bank", dataset(at))) for at, org in enumerate(engines.orgs)]
        assert [one.outcome.ok for one in answers] == [True] * 5
        assert sorted(one.index for one in answers) == [one.index for one in answers]
        await engines.settle()
        for org in engines.orgs:
            assert engines[org].view().get(Dataset, "bank/table-4/1") is not None

    play(scenario)


def test_a_rules_refusal_is_acknowledged_with_number_code_and_sentence(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        answer = await engines["bank"].submit(engines.founding.sign("bank", WithdrawDataset(dataset="bank/none/1")))
        assert answer.outcome.number == Unknown.number
        assert answer.outcome.code == Unknown.code
        assert "bank/none/1" in answer.outcome.sentence
        await engines.settle()
        async for agreed in engines["telecom"].follow(answer.height):
            assert agreed.summary.outcome_of(answer.index) == Unknown.number
            break

    play(scenario)


def test_the_same_bytes_are_carried_out_once_and_answered_alike(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        data = engines.founding.sign("bank", dataset(1))
        answers = await asyncio.gather(*(engines[org].submit(data) for org in engines.orgs), engines["bank"].submit(data))
        assert len(set(answers)) == 1
        again = await engines["telecom"].submit(data)
        assert (again.height, again.index, again.outcome.number) == (answers[0].height, answers[0].index, 0)
        await engines.crash("telecom")
        await engines.start("telecom")
        later = await engines["telecom"].submit(data)
        assert (later.height, later.index, later.outcome) == (answers[0].height, answers[0].index, answers[0].outcome)
        blocks = [block async for block in _first(engines, "bank", engines["bank"].view().height)]
        assert sum(block.block.transactions.count(data) for block in blocks) == 1

    play(scenario)


@pytest.mark.parametrize("through", ["operator", "bank"])
def test_what_cannot_be_let_in_is_turned_away_at_the_door_and_leaves_no_trace(play: Play, through: str) -> None:
    async def scenario(engines: Consortium) -> None:
        founding = engines.founding
        good = await engines["operator"].submit(founding.sign("bank", dataset(1)))
        await engines.settle()
        foreign = founding.orgs["bureau"].keys[Purpose.IDENTITY]
        lies = {
            BadTransaction.code: b"\x84junk",
            BadSignature.code: founding.sign("bank", dataset(2), key=foreign),
            StaleNonce.code: founding.sign("bank", dataset(3), nonce=1),
            ExpiredTransaction.code: founding.sign("bank", dataset(4), expiry_height=good.height),
        }
        for code, data in lies.items():
            with pytest.raises(NotAdmitted) as caught:
                await engines[through].submit(data, timeout_seconds=engines.patience_seconds)
            assert caught.value.refusal == code
        await engines.settle()
        assert engines["operator"].view().height == good.height

    play(scenario)


def test_without_a_quorum_nothing_is_acknowledged_and_nothing_is_shown(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        await engines.settle()
        before = engines["operator"].view()
        await engines.stop("auditor", "telecom")  # two that count, one more than may be gone
        data = engines.founding.sign("bank", dataset(2))
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(data, timeout_seconds=engines.patience_seconds)
        assert engines["operator"].view().log_root == engines["bank"].view().log_root == before.log_root
        with pytest.raises(NotAcknowledged):
            await engines["bank"].submit(data, timeout_seconds=engines.patience_seconds / 10)
        await engines.start("auditor")
        answer = await engines["bank"].submit(data)
        assert answer.outcome.ok

    play(scenario)


def test_two_clients_that_race_for_one_nonce_get_one_place(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        founding = engines.founding
        one, other = founding.sign("bank", dataset(1), nonce=7), founding.sign("bank", dataset(2), nonce=7)
        answers = await asyncio.gather(engines["bank"].submit(one), engines["telecom"].submit(other), return_exceptions=True)
        done = [answer for answer in answers if not isinstance(answer, BaseException) and answer.outcome.ok]
        assert len(done) == 1
        await engines.settle()
        there = [engines["auditor"].view().get(Dataset, f"bank/table-{number}/1") is not None for number in (1, 2)]
        assert sorted(there) == [False, True]

    play(scenario)


def test_two_clients_that_race_for_one_name_get_it_once(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        founding = engines.founding
        one, other = founding.sign("bank", dataset(1)), founding.sign("bank", dataset(1))
        answers = await asyncio.gather(engines["operator"].submit(one), engines["operator"].submit(other))
        assert [answer.outcome.number for answer in answers] == [0, AlreadyExists.number]

    play(scenario)


def test_a_member_that_does_not_validate_follows_all_the_same(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        answer = await engines["telecom"].submit(engines.founding.sign("telecom", dataset(1, "telecom")))
        assert answer.outcome.ok
        await engines.settle()
        assert engines["telecom"].require_fresh().height == engines["operator"].view().height

    play(scenario, not_validating=["telecom"])


async def _first(engines: Consortium, org: str, count: int):  # type: ignore[no-untyped-def]
    async for block in engines[org].follow():
        yield block
        if block.block.height == count:
            return
