"""A sequencer that lies, stalls or censors, a clock that is wrong, a disk that is full: refused loudly, by those who can see
it."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ledger.block import Block
from atoll.ledger.records import Dataset
from atoll.ordering.embedded.evidence import CENSORED, FORK, Fork, is_fork
from atoll.ordering.embedded.messages import SUBMIT, Answer, Push, Pushed, Submit, Submitted
from atoll.ordering.errors import BadPeerMessage, NotAcknowledged, ShareFull, StoreFull, TermRefused
from atoll.ordering.members import MAX_PAYLOAD_BYTES, encode_payload, parse_payload
from atoll.ordering.waiting import Held, Waiting
from atoll.testing.engines import Engines
from atoll.wire.message import parse_message
from tests.contract.ordering.conftest import Play, dataset
from tests.contract.ordering.workload import check, work

ENGINES = ("embedded",)


@pytest.mark.parametrize("skew_seconds", [200, 20, -20, -200])
def test_a_block_whose_time_is_not_the_time_is_not_confirmed(play: Play, skew_seconds: int) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        await asyncio.sleep(10)  # a block's time never goes back, whatever its sequencer's clock does
        engines.clock("operator").skew_seconds = skew_seconds
        data = engines.founding.sign("bank", dataset(2))
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(data, timeout_seconds=15)
        engines.clock("operator").skew_seconds = 0
        answer = await engines["operator"].submit(data, timeout_seconds=600)
        assert answer.outcome.ok
        await engines.settle()
        assert abs(engines["bank"].view().time - engines.clock("bank").now()) <= 10

    play(scenario)


def test_one_members_wrong_clock_stops_nobody(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        engines.clock("bank").skew_seconds = 4000
        acknowledged = await work(engines, "telecom", range(3))
        await check(engines, acknowledged)

    play(scenario)


def test_a_block_whose_time_goes_back_is_refused(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        await engines.settle()
        tip = engines["bank"].replica.tip
        block = Block(
            height=tip.height + 1, term=1, time=tip.time - 1, transactions=(engines.founding.sign("bank", dataset(2)),)
        )
        reply = await push(engines, "operator", "bank", Push(term=1, blocks=(block.encode(),), notes=(), agreed=b""))
        assert reply.height == tip.height
        assert "goes back" in reply.reason

    play(scenario)


def test_only_the_sequencer_of_the_term_is_listened_to(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        block = Block(height=1, term=1, time=engines.founding.genesis.time, transactions=())
        for org, term in (("bureau", 1), ("operator", 2), ("bureau", 2)):
            reply = await push(engines, org, "bank", Push(term=term, blocks=(block.encode(),), notes=(), agreed=b""))
            assert (reply.height, reply.refusal) == (0, TermRefused.code)

    play(scenario)


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\x82aX\xa0", b"\xff" * 100, bytes(MAX_PAYLOAD_BYTES + 1)])
def test_a_malformed_message_is_refused_and_harms_nobody(play: Play, payload: bytes) -> None:
    async def scenario(engines: Engines) -> None:
        for name, handler in engines["bank"].methods().items():
            with pytest.raises(BadPeerMessage):
                await handler("operator", payload)
            assert name.startswith("ordering.")
        assert (await engines["bank"].submit(engines.founding.sign("bank", dataset(1)))).outcome.ok

    play(scenario)


def test_a_sequencer_that_signs_two_histories_is_found_out(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding = engines.founding
        await engines["operator"].submit(founding.sign("bank", dataset(0)))
        await engines.settle()
        for org in ("bank", "bureau", "telecom"):
            engines.network.cut("operator", org)
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(founding.sign("auditor", dataset(1, "auditor")), timeout_seconds=2)
        engines.kill("operator")
        engines.store_path("operator").unlink()  # an old backup, or malice: the first history is forgotten
        engines.network.heal()
        engines.network.cut("operator", "auditor")
        await engines.start("operator")
        other = await engines["operator"].submit(founding.sign("bank", dataset(2)))
        engines.network.heal()
        await engines.until(lambda: engines["auditor"].view().height >= other.height)
        kept = [parse_message(data, Fork) for kind, _, data in engines["auditor"].evidence() if kind == FORK]
        log_key = engines["bank"].view().consensus.log
        assert kept and all(is_fork(one, chain_id=founding.chain_id, log=log_key) for one in kept)
        assert engines["auditor"].view().get(Dataset, "bank/table-2/1") is not None
        await check(engines, {})

    play(scenario)


def test_a_member_that_stood_for_the_other_history_stands_for_nothing_more_in_this_term(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding = engines.founding
        await engines["operator"].submit(founding.sign("bank", dataset(0)))
        await engines.settle()
        engines.network.cut("operator", "bank")
        engines.network.cut("operator", "bureau")
        engines.network.cut("operator", "telecom")
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(founding.sign("auditor", dataset(1, "auditor")), timeout_seconds=2)
        engines.kill("operator")
        engines.store_path("operator").unlink()
        engines.network.heal()
        engines.network.cut("operator", "auditor")
        await engines.start("operator")
        await engines["operator"].submit(founding.sign("bank", dataset(2)))
        engines.network.heal()
        await engines.settle()
        engines.kill("telecom")  # the auditor would be needed now
        for _ in range(2):
            with pytest.raises(NotAcknowledged):
                await engines["operator"].submit(founding.sign("bank", dataset(3)), timeout_seconds=10)
            engines.kill("auditor")
            await engines.start("auditor")

    play(scenario)


def test_a_sequencer_that_lost_its_last_blocks_gets_them_back_before_it_orders(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(3))
        await engines.settle()
        engines.kill("operator")
        engines.store_path("operator").unlink()
        await engines.start("operator")
        acknowledged |= await work(engines, "operator", range(3, 5))
        await check(engines, acknowledged)
        assert not any(engines[org].evidence() for org in engines.orgs)

    play(scenario)


def test_a_transaction_that_got_lost_at_the_sequencer_is_brought_back(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        swallow_submissions(engines)
        waiting = asyncio.create_task(engines["bank"].submit(engines.founding.sign("bank", dataset(1)), timeout_seconds=100))
        await asyncio.sleep(5)
        engines.network.serve("operator", engines["operator"].methods())
        assert (await waiting).outcome.ok

    play(scenario)


def test_what_finds_no_room_in_its_senders_share_is_brought_back_before_it_keeps_a_member_from_cosigning(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a sender that keeps its share at the sequencer full would have members refuse every checkpoint."""
    real, at_the_member = Waiting.hold, list[Waiting]()

    def hold(self: Waiting, data: bytes, *, placed: bool = False, unlimited: bool = False) -> Held:
        if not at_the_member:
            at_the_member.append(self)
        if self not in at_the_member and not unlimited:
            raise ShareFull(org="bank", limit=1)
        return real(self, data, placed=placed, unlimited=unlimited)

    async def scenario(engines: Engines) -> None:
        monkeypatch.setattr(Waiting, "hold", hold)
        done = await engines["bank"].submit(engines.founding.sign("bank", dataset(1)), timeout_seconds=100)
        assert done.outcome.ok

    play(scenario)


def test_a_sequencer_that_censors_gets_no_cosignatures_and_can_be_replaced(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding = engines.founding
        operator = engines["operator"]
        swallow_submissions(engines)
        waiting = asyncio.create_task(engines["bank"].submit(founding.sign("bank", dataset(1)), timeout_seconds=1000))
        await asyncio.sleep(25)
        assert (await operator.submit(founding.sign("operator", dataset(9, "operator")))).height > 0
        await keep_ordering(engines, 25)
        with pytest.raises(NotAcknowledged):
            await operator.submit(founding.sign("operator", dataset(8, "operator")), timeout_seconds=10)
        assert {kind for kind, _, _ in engines["bureau"].evidence()} == {CENSORED}
        await engines["bureau"].vote("bureau")  # the others agree without being told: they see it too
        assert (await waiting).outcome.ok
        assert engines["bank"].view().consensus.sequencer == "bureau"

    play(scenario)


def test_a_transaction_that_could_not_be_carried_out_is_no_reason_to_refuse(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding = engines.founding
        swallow_submissions(engines)
        invalid = founding.sign("bank", dataset(1, "telecom"))
        waiting = asyncio.create_task(engines["bank"].submit(invalid, timeout_seconds=200))
        await asyncio.sleep(100)
        assert (await engines["operator"].submit(founding.sign("operator", dataset(8, "operator")))).height > 0
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    play(scenario)


def test_a_full_disk_at_the_sequencer_acknowledges_nothing_and_reads_go_on(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        store = engines["operator"].store
        acknowledged = await work(engines, "operator", range(2))
        store.limit_pages(1)  # not one page more than there are
        data = [engines.founding.sign("bank", dataset(number)) for number in range(50)]
        answers = await asyncio.gather(
            *(engines["operator"].submit(one, timeout_seconds=20) for one in data), return_exceptions=True
        )
        assert all(isinstance(answer, (NotAcknowledged, StoreFull)) for answer in answers)
        height = engines["operator"].view().height
        assert engines["operator"].prove(b"chain\x000").value is not None
        assert [block.block.height async for block in _first(engines, height)] == list(range(1, height + 1))
        store.limit_pages(None)
        acknowledged |= {data[0]: await engines["operator"].submit(data[0])}
        await check(engines, acknowledged)

    play(scenario)


def test_a_full_disk_at_a_member_stops_only_its_own_cosignatures(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "operator", range(2))
        await engines.settle()
        engines["bank"].store.limit_pages(1)
        data = [engines.founding.sign("telecom", dataset(number, "telecom")) for number in range(100)]
        answers = await asyncio.gather(*(engines["operator"].submit(one) for one in data))
        acknowledged |= dict(zip(data, answers, strict=True))
        assert engines["bank"].view().height < answers[-1].height
        assert engines["bank"].view().get(Dataset, "bureau/table-1/1") is not None
        engines["bank"].store.limit_pages(None)
        await check(engines, acknowledged)

    play(scenario)


async def keep_ordering(engines: Engines, seconds: int) -> None:
    """A block a second, with something of the sequencer's own in it."""
    for number in range(100, 100 + seconds):
        engines["operator"]._door.take(engines.founding.sign("operator", dataset(number, "operator")))
        await asyncio.sleep(1)


def swallow_submissions(engines: Engines) -> None:
    """The sequencer says that it takes what members forward, and drops it."""

    async def swallow(org: str, payload: bytes) -> bytes:
        count = len(parse_payload(org, payload, Submit).transactions)
        return encode_payload(Submitted(answers=(Answer(refusal="", reason=""),) * count))

    engines["operator"]._publisher.bring_back = lambda org, data: None
    engines.network.serve("operator", {**engines["operator"].methods(), SUBMIT: swallow})


async def push(engines: Engines, org: str, to: str, message: Push) -> Pushed:
    """What a member answers to a push that this organisation sends."""
    return parse_payload(to, await engines[to].methods()["ordering.push"](org, encode_payload(message)), Pushed)


async def _first(engines: Engines, count: int):  # type: ignore[no-untyped-def]
    async for block in engines["operator"].follow():
        yield block
        if block.block.height == count:
            return
