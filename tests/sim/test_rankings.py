"""Sealed-bid auctions through whole nodes: five organisations, a simulated network and clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from atoll.api.models import ProposeJob
from atoll.jobs.bids import commit_shares, split_value
from atoll.jobs.errors import BadBid
from atoll.ledger.detail import ReceiptDetail
from atoll.ledger.plan import Plan
from atoll.ledger.records import ConsentRecord, Job
from atoll.ledger.rules.errors import DeadlinePassed, NotAllowed, TooEarly
from atoll.ledger.rules.job import ConsentJob, RefuseJob, StartJob, WithdrawJob
from atoll.node.bodies import Kind
from atoll.node.context import NodeContext
from atoll.node.errors import BidMade, BidMissing, NotAReceiver, NotEntrusted, NotForThisJob, TransactionRefused
from atoll.node.runs import Runs
from atoll.ordering.engine import View
from atoll.ordering.errors import StaleView
from atoll.primitives.drbg import SeededEntropy
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from atoll.wire.message import Message
from tests.sim.flow import agreed_everywhere, ended

POLICY = dict.fromkeys(("bank", "bureau", "telecom"), 'trusted-proposers = ["auditor"]')
BIDDERS = ("bank", "bureau", "telecom")
SECONDS = 30


def asked(world: World, **more: Any) -> ProposeJob:
    """The auditor sells something, and computes together with two of the bidders."""
    spec = {
        "rule": "second-price",
        "low": 10,
        "high": 1000,
        "bids_until": world["auditor"].context.now() + SECONDS,
        "bidders": list(BIDDERS),
        "computes": ["auditor", "bank", "bureau"],
        "receivers": ["auditor"],
    }
    return ProposeJob(kind="ranking", spec=spec | more, purpose="research")


async def opened(world: World, **more: Any) -> str:
    """Proposed, and every bidder's node waits for its person."""
    job = await world["auditor"].services.proposals.propose(asked(world, **more))
    for org in BIDDERS:
        async with asyncio.timeout(20):
            while world[org].services.jobs.show(job).phase != "awaiting approval":  # noqa: ASYNC110 - a virtual clock
                await asyncio.sleep(0.1)
    return job


async def bid(world: World, job: str, **values: int) -> None:
    for org, value in values.items():
        await world[org].services.jobs.bid(job, value, "a person", entrust=True)


async def refusal(world: World, org: str, body: Message) -> str:
    """The rule by which the ledger refuses a transaction that is not of an honest node."""
    with pytest.raises(TransactionRefused) as caught:
        await world[org].context.outbox.submit(body)
    return str(caught.value.operands["rule"])


async def consent_of(world: World, org: str, job: str, value: int) -> ConsentJob:
    """A consent with another bid, as a program of a bidder's own would make it."""
    found = world[org].context.view().get(Job, job)
    assert found is not None
    digest = found.plan_digest
    bid = commit_shares(split_value(value, SeededEntropy(bytes(32)), width=10), plan=digest, place=BIDDERS.index(org))
    return ConsentJob(job_id=found.job_id, plan_digest=digest, job_key=bytes(32), software="another", build="another", bid=bid)


def test_the_second_price_comes_out_after_the_deadline_and_at_the_receiver_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=61, policy=POLICY) as world:
            job = await opened(world)
            began = world["bank"].context.now()
            await bid(world, job, telecom=700, bank=900, bureau=700)
            assert await refusal(world, "auditor", StartJob(job_id=bytes.fromhex(job))) == TooEarly.code
            record = await ended(world, job)
            assert (record.state, record.reason) == ("completed", "")
            assert world["bank"].context.now() > began + SECONDS - 2
            await agreed_everywhere(world, job)
            found = world["auditor"].services.jobs.result(job, 0, "test")
            assert (found.columns, found.table) == (["bidder", "price"], [["bank", "700"]])
            for org in ("bank", "bureau", "telecom", "operator"):
                with pytest.raises(NotAReceiver, match="auditor does"):
                    world[org].services.jobs.result(job, 0, "test")
            shown = world["bank"].services.jobs.show(job)
            assert (shown.bidders, shown.unopened) == (list(BIDDERS), {})
            assert "sort_by" in shown.program

    run_virtually(scenario())


def test_ranks_are_their_owners_own_and_the_earlier_of_equal_bids_ranks_higher(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=62, policy=POLICY) as world:
            job = await opened(world, rule="order", receivers=[])
            await bid(world, job, telecom=500, bank=500, bureau=600)
            assert (await ended(world, job)).state == "completed"
            ranks = {org: world[org].services.jobs.result(job, 0, "test").table for org in BIDDERS}
            assert ranks == {"bureau": [["1"]], "telecom": [["2"]], "bank": [["3"]]}

    run_virtually(scenario())


def test_a_bid_stands_and_after_the_deadline_nobody_gets_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=63, policy=POLICY) as world:
            job = await opened(world)
            await bid(world, job, telecom=700, bank=900)
            with pytest.raises(BidMade, match="bank has bid"):
                await bid(world, job, bank=901)
            await asyncio.sleep(SECONDS + 1)
            assert await refusal(world, "bureau", await consent_of(world, "bureau", job, 950)) == DeadlinePassed.code
            for late in (
                await consent_of(world, "telecom", job, 950),
                WithdrawJob(job_id=bytes.fromhex(job)),
                RefuseJob(job_id=bytes.fromhex(job), code="policy.late"),
            ):
                assert await refusal(world, "telecom", late) == DeadlinePassed.code

    run_virtually(scenario())


def test_a_bid_that_comes_too_late_is_tried_once_and_its_node_ends_the_auction(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=66, policy=POLICY) as world:
            job = await opened(world)
            await bid(world, job, telecom=700, bank=900)
            await asyncio.sleep(SECONDS + 1)
            with pytest.raises(TransactionRefused) as caught:
                await bid(world, job, bureau=800)
            assert caught.value.operands["rule"] == DeadlinePassed.code
            record = await ended(world, job)
            assert (record.state, record.reason) == ("refused", DeadlinePassed.code)
            log = world["bank"].services.ledger.log(-30, 30)
            assert [one.sender for one in log if one.outcome == DeadlinePassed.code] == ["bureau"]
            assert world["bank"].services.jobs.why(job).ended_by == "bureau"

    run_virtually(scenario())


def test_of_two_bids_at_once_the_first_stands_and_the_second_ones_person_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh_view = NodeContext.fresh_view

    async def late(self: NodeContext, *, patience_seconds: float = 30.0) -> View:
        await asyncio.sleep(0.2)  # as where the copy of the ledger is not fresh
        return await fresh_view(self, patience_seconds=patience_seconds)

    monkeypatch.setattr(NodeContext, "fresh_view", late)

    async def scenario() -> None:
        async with World(tmp_path, seed=66, policy=POLICY) as world:
            job = await opened(world)
            one, two = (world["bank"].services.jobs.bid(job, value, "a person", entrust=True) for value in (900, 20))
            stands, refused = await asyncio.gather(one, two, return_exceptions=True)
            assert isinstance(refused, NotForThisJob)
            assert not isinstance(stands, BaseException)
            await bid(world, job, telecom=700, bureau=600)
            assert (await ended(world, job)).state == "completed"
            assert world["auditor"].services.jobs.result(job, 0, "test").table == [["bank", "700"]]

    run_virtually(scenario())


def test_who_does_not_open_is_named_in_the_receipts_of_all_three_nodes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=64, policy=POLICY) as world:
            job = await opened(world)
            await bid(world, job, telecom=999, bank=900, bureau=700)
            await world["telecom"].services.jobs.withhold(job, "a person")
            assert (await ended(world, job)).state == "completed"
            await agreed_everywhere(world, job)
            assert world["auditor"].services.jobs.result(job, 0, "test").table == [["bank", "700"]]
            async with asyncio.timeout(30):
                while len(world["auditor"].services.jobs.show(job).unopened.get("telecom", [])) < 3:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert world["auditor"].services.jobs.show(job).unopened == {"telecom": ["auditor", "bank", "bureau"]}
            consent = world["auditor"].context.view().get(ConsentRecord, f"{job}/telecom")
            assert consent is not None
            assert len(consent.bid) == 3

    run_virtually(scenario())


def test_what_a_rival_signs_of_an_opening_is_no_testimony(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The telecom bids and does not compute, so it was shown nobody's bid."""
    honest = Runs._detail

    def accusing(runs: Runs, plan: Plan, *amounts: Any) -> ReceiptDetail:
        accused = ("bank",) if runs._context.org == "telecom" else ()
        return replace(honest(runs, plan, *amounts), unopened=accused)

    monkeypatch.setattr(Runs, "_detail", accusing)

    async def scenario() -> None:
        async with World(tmp_path, seed=67, policy=POLICY) as world:
            job = await opened(world)
            await bid(world, job, telecom=700, bank=900, bureau=600)
            assert (await ended(world, job)).state == "completed"
            store = world["auditor"].context.store
            async with asyncio.timeout(60):
                while not all(store.body(Kind.DETAIL, f"{job}/{org}") for org in ("auditor", *BIDDERS)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            shown = world["auditor"].services.jobs.show(job)
            assert (shown.unopened, shown.opening_witnesses) == ({}, ["auditor", "bank", "bureau"])

    run_virtually(scenario())


def test_approving_is_no_bid_and_a_bidder_outside_says_that_it_trusts_the_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stale(_: NodeContext, *, patience_seconds: float = 30.0) -> View:
        raise StaleView(age_seconds=99, limit_seconds=int(patience_seconds))

    async def scenario() -> None:
        async with World(tmp_path, seed=65, policy=POLICY) as world:
            job = await opened(world)
            telecom = world["telecom"].services.jobs
            with pytest.raises(BidMissing):
                await telecom.approve(job, "a person")
            with pytest.raises(BadBid):
                await telecom.bid(job, 1001, "a person", entrust=True)
            with pytest.raises(NotEntrusted):
                await telecom.bid(job, 700, "a person")
            with pytest.raises(BidMissing):
                await telecom.approve(job, "another person", entrust=True)
            with monkeypatch.context() as away:
                away.setattr(NodeContext, "fresh_view", stale)
                with pytest.raises(StaleView):
                    await telecom.bid(job, 700, "a person", entrust=True)
            with pytest.raises(BidMissing):  # the 700 was told to have failed
                await telecom.approve(job, "another person")
            assert "telecom" not in telecom.show(job).consents
            bare = replace(await consent_of(world, "telecom", job, 700), bid=())
            assert await refusal(world, "telecom", bare) == NotAllowed.code
            await telecom.bid(job, 700, "a person", entrust=True)
            assert "telecom" in telecom.show(job).consents

    run_virtually(scenario())
