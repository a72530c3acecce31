"""The sequencer is gone, or is left: q members hand over, nothing acknowledged is lost, and it follows when it comes back."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ordering.embedded.evidence import FORK, Fork, is_fork
from atoll.ordering.errors import HandoverRefused, NotAcknowledged
from atoll.testing.engines import Engines
from atoll.trust.keys import Purpose
from atoll.wire.message import parse_message
from tests.contract.ordering.conftest import Play, dataset
from tests.contract.ordering.workload import VOTERS, check, hand_over, work

ENGINES = ("embedded",)


def test_a_dead_sequencer_is_replaced_and_nothing_acknowledged_is_lost(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(4))
        engines.kill("operator")
        await hand_over(engines)
        acknowledged |= await work(engines, "telecom", range(4, 8))
        assert engines["telecom"].view().consensus.sequencer == "bank"
        assert engines["telecom"].view().consensus.term == 2
        await engines.start("operator")
        await check(engines, acknowledged)
        assert not engines["operator"].is_sequencer

    play(scenario)


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("write", [0, 1, 2, 4])
def test_a_sequencer_that_dies_at_any_write_leaves_nothing_acknowledged_behind(
    play: Play, write: int, after_commit: bool
) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(1))
        engines.kill_at_write("operator", write, after_commit=after_commit)
        working = asyncio.create_task(work(engines, "bank", range(1, 4)))
        await engines.until(lambda: "operator" not in engines.running)
        await hand_over(engines)
        acknowledged |= await working
        await engines.start("operator")
        await check(engines, acknowledged)

    play(scenario)


def test_a_tail_that_nobody_acknowledged_goes_its_way_again(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding = engines.founding
        await engines["operator"].submit(founding.sign("bank", dataset(0)))
        await engines.settle()
        for org in ("bank", "bureau", "telecom"):
            engines.network.cut("operator", org)
        data = founding.sign("auditor", dataset(1, "auditor"))
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(data, timeout_seconds=3)
        assert engines["auditor"].replica.tip.height == 2  # one member has carried it out, no quorum
        engines.network.cut("operator", "auditor")
        await hand_over(engines, voters=("bank", "bureau", "telecom"))
        answer = await engines["bureau"].submit(data)  # the very same bytes, by another way
        assert answer.outcome.ok
        engines.network.heal()
        await check(engines, {data: answer})
        assert engines["operator"].view().consensus.sequencer == "bank"

    play(scenario)


def test_a_block_that_one_voter_has_cosigned_is_kept(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding = engines.founding
        await engines["operator"].submit(founding.sign("bank", dataset(0)))
        await engines.settle()
        for org in ("bank", "bureau", "telecom"):
            engines.network.cut("operator", org)
        data = founding.sign("bank", dataset(1))
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(data, timeout_seconds=3)
        engines.kill("operator")
        await hand_over(engines)  # the auditor is among the voters: its block might have been acknowledged
        answer = await engines["telecom"].submit(data)
        assert answer.height == 2
        assert engines["telecom"].view().height == 3

    play(scenario)


def test_votes_of_two_histories_lead_to_what_enough_of_them_share_and_the_signatures_are_kept(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding, network = engines.founding, engines.network
        acknowledged = await work(engines, "operator", range(1))
        await engines.settle()
        for org in ("bank", "bureau", "telecom"):
            network.cut("operator", org)
            network.cut("auditor", org)
        one = founding.sign("auditor", dataset(1, "auditor"))
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(one, timeout_seconds=3)
        engines.kill("operator")
        engines.store_path("operator").unlink()
        network.heal()
        network.isolate("auditor", engines.orgs)
        await engines.start("operator")
        await asyncio.sleep(5)
        for org in ("bureau", "telecom"):
            network.cut("operator", org)
            network.cut("bank", org)
        other = founding.sign("bank", dataset(2))
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(other, timeout_seconds=3)
        engines.kill("operator")
        tips = [engines[org].replica.tip for org in ("auditor", "bank", "bureau")]
        assert [tip.height for tip in tips] == [2, 2, 1]
        network.heal()
        await hand_over(engines, "telecom", ("auditor", "bank", "bureau", "telecom"))
        acknowledged |= {data: await engines["bureau"].submit(data) for data in (one, other)}
        await engines.start("operator")
        await check(engines, acknowledged)
        kept = [parse_message(data, Fork) for kind, _, data in engines["telecom"].evidence() if kind == FORK]
        log_key = founding.orgs["operator"].public(Purpose.LOG)
        assert kept and all(is_fork(fork, chain_id=founding.chain_id, log=log_key) for fork in kept)

    play(scenario)


def test_a_branch_that_only_others_have_is_fetched_before_it_is_continued(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding, network = engines.founding, engines.network
        acknowledged = await work(engines, "operator", range(1))
        await engines.settle()
        network.cut("operator", "telecom")
        network.cut("operator", "bureau")
        data = [founding.sign("bank", dataset(number)) for number in range(3)]
        waiting = [asyncio.create_task(engines["operator"].submit(one, timeout_seconds=60)) for one in data]
        await asyncio.sleep(2)  # auditor and bank have them: one vote short
        engines.kill("operator")
        await hand_over(engines, "telecom", ("auditor", "bank", "bureau"))
        await asyncio.gather(*waiting, return_exceptions=True)
        answers = [await engines["bureau"].submit(one) for one in data]
        assert [one.height for one in answers] == [2, 2, 2]
        acknowledged |= dict(zip(data, answers, strict=True))
        network.heal()
        await engines.start("operator")
        await check(engines, acknowledged)

    play(scenario)


def test_who_voted_stands_for_nothing_of_the_old_term(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(0)))
        engines.network.down("telecom")  # the candidate cannot be reached
        for org in ("auditor", "bureau"):
            with pytest.raises(Exception, match="did not answer"):
                await engines[org].vote("telecom")
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(engines.founding.sign("bank", dataset(1)), timeout_seconds=20)
        for org in ("auditor", "bureau"):
            engines.kill(org)
            await engines.start(org)
        with pytest.raises(NotAcknowledged):
            await engines["operator"].submit(engines.founding.sign("bank", dataset(2)), timeout_seconds=20)

    play(scenario)


def test_a_candidate_that_dies_is_followed_by_another_in_a_later_term(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(2))
        engines.kill("operator")
        for org in ("auditor", "bureau"):
            await engines[org].vote("telecom")
        engines.kill("telecom")
        await engines.start("operator")  # comes back, but has lost the confidence of two
        await asyncio.sleep(1)
        await hand_over(engines, voters=("auditor", "bureau", "bank"))
        assert engines["bank"].replica.tip.after.term == 3
        acknowledged |= await work(engines, "auditor", range(2, 4))
        await engines.start("telecom")
        await check(engines, acknowledged)

    play(scenario)


def test_two_candidates_never_order_side_by_side(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(2))
        engines.kill("operator")
        await engines["auditor"].vote("bank")
        await engines["bureau"].vote("telecom")
        await engines["telecom"].vote("telecom")
        await engines["bank"].vote("bank")
        await asyncio.sleep(10)
        assert {engines[org].replica.tip.after.term for org in engines.running} == {1}
        await engines["bureau"].vote("bank")  # gives way, in a later term
        await engines.until(lambda: engines["bank"].is_sequencer)
        acknowledged |= await work(engines, "auditor", range(2, 4))
        await engines.start("operator")
        await check(engines, acknowledged)

    play(scenario)


def test_a_candidate_alone_gets_no_votes_while_the_sequencer_is_heard(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(0)))
        standing = await engines["bank"].vote("bank")
        assert (standing.votes, standing.needed) == (1, 3)
        answer = await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        assert answer.outcome.ok

    play(scenario)


def test_members_that_have_not_heard_the_sequencer_for_long_vote_when_asked(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(2))
        engines.kill("operator")
        await asyncio.sleep(90)
        await engines["bank"].vote("bank")
        await engines.until(lambda: engines["bank"].is_sequencer)
        acknowledged |= await work(engines, "auditor", range(2, 4))
        await engines.start("operator")
        await check(engines, acknowledged)

    play(scenario)


def test_only_members_that_count_vote_and_only_for_other_members(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        for candidate in ("operator", "nobody"):
            with pytest.raises(HandoverRefused):
                await engines["bank"].vote(candidate)
        with pytest.raises(HandoverRefused):
            await engines["telecom"].vote("bank")

    play(scenario, not_validating=["telecom"])


def test_terms_follow_each_other(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(1))
        for number, (candidate, voters) in enumerate(
            [("bank", VOTERS), ("auditor", ("operator", "bureau", "telecom")), ("operator", ("bank", "bureau", "telecom"))]
        ):
            await hand_over(engines, candidate, voters)
            acknowledged |= await work(engines, "bureau", range(number + 1, number + 2))
            await engines.settle()
        assert engines["bureau"].view().consensus.term == 4
        engines.kill("telecom")
        engines.store_path("telecom").unlink()
        await engines.start("telecom")  # from nothing, through all four terms
        await check(engines, acknowledged)

    play(scenario)
