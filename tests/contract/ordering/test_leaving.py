"""What a member stood for it gives up for a quorum or a newer term, and for nothing else, whoever shows it what.

Each scenario has at most one hostile member, or a full disk; the others crash, are cut off, and come back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.note import Note
from atoll.ordering.embedded.ballots import Departure
from atoll.ordering.embedded.branch import Branch
from atoll.ordering.embedded.catchup import Catchup
from atoll.ordering.embedded.messages import BlocksReply
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.errors import NotAcknowledged, StoreFull
from atoll.ordering.members import encode_payload, parse_payload
from atoll.testing.engines import Engines
from tests.contract.ordering.conftest import Play, dataset
from tests.contract.ordering.workload import check, hand_over, work

ENGINES = ("embedded",)
EIGHT = ("operator", "auditor", "bank", "bureau", "telecom", "insurer", "clinic", "port")
"""Seven count, so q is 5, and two agreed histories should need three liars."""


def keep_to_the_old_term(monkeypatch: pytest.MonkeyPatch, org: str) -> None:
    """A hostile member that follows no hand-over, and shows everybody its old branch instead."""
    honest = Replica.take

    async def take(self: Replica, branch: Branch, **how: Any) -> Any:
        if self.org == org and branch.handovers():
            raise NotAcknowledged(seconds=0)
        return await honest(self, branch, **how)

    monkeypatch.setattr(Replica, "take", take)


async def leave_a_signed_block_with(engines: Engines, org: str) -> None:
    """The sequencer crashes when one member alone has its last block."""
    founding, network = engines.founding, engines.network
    await engines["operator"].submit(founding.sign("bank", dataset(0)))
    await engines.settle()
    for other in engines.orgs:
        if other not in ("operator", org):
            network.cut("operator", other)
            network.cut(org, other)
    with pytest.raises(NotAcknowledged):
        await engines["operator"].submit(founding.sign(org, dataset(1, org)), timeout_seconds=3)
    engines.kill("operator")
    assert engines[org].replica.tip.height == 2


def test_one_hostile_member_with_an_old_block_cannot_make_two_agreed_histories(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_to_the_old_term(monkeypatch, "auditor")

    async def scenario(engines: Engines) -> None:
        rest, network = ("bank", "bureau", "insurer", "clinic", "port"), engines.network
        await leave_a_signed_block_with(engines, "auditor")
        agreed = cut_off_when_agreed(engines, "telecom", height=2)
        for org in rest:
            await engines[org].vote("telecom")
        await engines.until(agreed)  # by telecom alone: it is cut off before it can tell anybody
        network.heal()
        network.isolate("telecom", list(EIGHT))
        await asyncio.sleep(20)  # the others hear of the old block, from the auditor only
        await engines.start("operator")
        await hand_over(engines, "bank", ("bureau", "insurer", "clinic", "port", "bank"))
        await work(engines, "bureau", range(5, 6))
        network.heal()
        await engines.settle(*rest, "telecom", "operator")
        kept = {engines[org].store.block(2) for org in (*rest, "telecom")}
        assert [one.block.term for one in kept if one is not None] == [2]

    play(scenario, orgs=EIGHT)


def cut_off_when_agreed(engines: Engines, org: str, *, height: int) -> Callable[[], bool]:
    """At the moment at which the member knows that a height is agreed, it is cut off, and nobody hears of it."""
    replica = engines[org].replica
    honest = replica.agree

    async def agree(note: Note) -> bool:
        news = await honest(note)
        if replica.agreed_height >= height:
            engines.network.isolate(org, engines.orgs)
            replica.agree = honest  # type: ignore[method-assign]
        return news

    replica.agree = agree  # type: ignore[method-assign]
    return lambda: replica.agreed_height >= height


def test_a_new_sequencer_does_not_give_up_the_hand_over_that_it_has_signed(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_to_the_old_term(monkeypatch, "auditor")

    async def scenario(engines: Engines) -> None:
        network = engines.network
        await leave_a_signed_block_with(engines, "auditor")
        for org in ("bank", "bureau"):
            await engines[org].vote("telecom")
        network.heal()
        for org in ("bank", "bureau"):
            network.cut("telecom", org)
            network.cut("auditor", org)
        await engines["telecom"].vote("telecom")
        await asyncio.sleep(20)  # alone with the auditor and its old block
        assert engines["telecom"].replica.tip.after.term == 2
        network.heal()
        await engines.start("operator")
        await work(engines, "bank", range(5, 6))

    play(scenario)


def test_a_block_of_an_old_term_and_a_vote_that_lies_do_not_outweigh_the_first_block_of_a_newer_term(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        network = engines.network
        await leave_a_signed_block_with(engines, "auditor")
        network.heal()
        for away in ("auditor", "port"):
            network.isolate(away, list(EIGHT))
        await engines.start("operator")
        agreed = cut_off_when_agreed(engines, "telecom", height=2)
        for org in ("bank", "bureau", "insurer", "clinic", "telecom"):
            await engines[org].vote("telecom")
        await engines.until(agreed)  # by telecom alone, with the word of the operator, bank, bureau, insurer and clinic
        for away in ("bureau", "operator"):
            network.isolate(away, list(EIGHT))
        engines["insurer"].replica.vows.is_cosigned = lambda point: False  # type: ignore[method-assign]
        for org in ("auditor", "port"):
            for candidate in ("telecom", "bank"):  # so that the vote is for term 3
                await vote(engines, org, candidate)
        assert [engines[org].replica.vows.vote.vote.height for org in ("auditor", "port")] == [2, 1]  # type: ignore[union-attr]
        network.heal()
        for away in ("bureau", "operator", "telecom"):
            network.isolate(away, list(EIGHT))
        for org in ("insurer", "clinic", "bank"):  # only two of five say that they stand for the newer term's block
            await engines[org].vote("bank")
        await engines.until(lambda: engines["bank"].is_sequencer)
        network.heal()
        await work(engines, "clinic", range(5, 6))
        await engines.settle(*(org for org in EIGHT if org != "insurer"))
        assert {engines[org].replica.agreed.after.term for org in EIGHT if org != "insurer"} == {3}

    play(scenario, orgs=EIGHT)


def test_a_term_that_was_begun_and_lost_is_not_begun_twice(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bureau", range(2))
        engines.kill("operator")
        store = engines["bank"].store
        with store.write():
            store.put_vow("signing/0000000002/0000000000000000099", bytes(32))
        await hand_over(engines, "bank", ("auditor", "bureau", "telecom"))
        assert engines["bank"].replica.tip.after.term == 3
        acknowledged |= await work(engines, "telecom", range(2, 3))
        await engines.start("operator")
        await check(engines, acknowledged)

    play(scenario)


@contextlib.contextmanager
def full_at_commit(store: Any) -> Iterator[None]:
    """A disk that is found to be full when the transaction is to become durable, as it is in WAL mode."""
    write = store.write

    @contextlib.contextmanager
    def full() -> Iterator[None]:
        with store.translated():
            store._db.execute("BEGIN IMMEDIATE")
            yield
            store._db.execute("ROLLBACK")
            raise StoreFull(reason="database or disk is full")

    store.write = full
    try:
        yield
    finally:
        store.write = write


def test_a_vote_that_the_disk_refused_is_not_sent_and_does_not_bind(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(0)))
        auditor = engines["auditor"]
        with full_at_commit(auditor.store), pytest.raises(StoreFull):
            await auditor.vote("telecom")
        assert auditor.replica.vows.promise is None
        await asyncio.sleep(5)
        assert not engines["telecom"]._candidate.ballots

    play(scenario)


GARBAGE = Departure(
    voter="nobody",
    below=bytes(32),
    below_proof=(),
    summary=b"x",
    size=1,
    root=bytes(32),
    inclusion=(),
    consistency=(),
    note=b"x",
)


def lie_about_departures(monkeypatch: pytest.MonkeyPatch, org: str) -> None:
    """A member whose every answer brings a proof of nothing."""
    honest = Catchup.on_blocks

    async def on_blocks(self: Catchup, caller: str, payload: bytes) -> bytes:
        data = await honest(self, caller, payload)
        if self.replica.org != org:
            return data
        return encode_payload(replace(parse_payload(caller, data, BlocksReply), departures=(GARBAGE,)))

    monkeypatch.setattr(Catchup, "on_blocks", on_blocks)


def test_worthless_proofs_keep_nobody_from_taking_those_that_a_hand_over_needs(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie_about_departures(monkeypatch, "operator")

    async def scenario(engines: Engines) -> None:
        founding, network = engines.founding, engines.network
        rest = ("bureau", "telecom", "insurer", "clinic", "port")
        await leave_a_signed_block_with(engines, "auditor")
        engines.store_path("operator").unlink()
        network.heal()
        network.isolate("auditor", engines.orgs)
        await engines.start("operator")
        await asyncio.sleep(8)
        for org in rest:
            network.cut("operator", org)
            network.cut("bank", org)
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(founding.sign("bank", dataset(2)), timeout_seconds=3)
        engines.kill("operator")  # it has signed two blocks 2: the auditor has one, bank the other
        assert {engines[org].replica.departures for org in engines.running} == {()}
        network.heal()
        for org in rest[:1] + rest[2:]:
            network.cut("auditor", org)
            network.cut("bank", org)
        await asyncio.gather(*(vote(engines, org, "telecom") for org in EIGHT if org != "operator"))
        answer = await engines["bureau"].submit(founding.sign("insurer", dataset(9, "insurer")), timeout_seconds=60)
        assert answer.outcome.ok
        await engines.settle(*rest)
        assert {engines[org].replica.departures for org in rest} == {()}, "agreed: nobody asks any more"

    play(scenario, orgs=EIGHT)


async def vote(engines: Engines, org: str, candidate: str) -> None:
    """Vote; whoever cannot reach the candidate sends it again by itself."""
    with contextlib.suppress(Exception):
        await engines[org].vote(candidate)
