"""Nothing acknowledged is lost, doubled or moved, whoever is killed at whichever write to disk."""

from __future__ import annotations

import asyncio

import pytest

from atoll.errors import AtollError
from atoll.testing.engines import Engines
from tests.contract.ordering.conftest import Play, dataset
from tests.contract.ordering.workload import check, work

ENGINES = ("embedded",)
ORGS = ("operator", "bank", "bureau", "telecom")  # three count, so q is 3: every one of them is needed
POINTS = [(write, after) for write in (0, 1, 2, 4, 5) for after in (False, True)]


@pytest.mark.parametrize(("write", "after_commit"), POINTS)
@pytest.mark.parametrize("victim", ["operator", "bureau"])
def test_a_kill_at_any_write_loses_nothing(play: Play, victim: str, write: int, after_commit: bool) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(1))
        engines.kill_at_write(victim, write, after_commit=after_commit)
        working = asyncio.create_task(work(engines, "bank", range(1, 5)))
        await engines.until(lambda: victim not in engines.running or working.done())
        await asyncio.sleep(1)
        await engines.start(victim)
        acknowledged |= await working
        await check(engines, acknowledged)

    play(scenario, orgs=ORGS)


def test_a_kill_of_everybody_at_once_loses_nothing(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        acknowledged = await work(engines, "bank", range(3))
        for org in engines.orgs:
            engines.kill(org)
        await engines.start()
        acknowledged |= await work(engines, "telecom", range(3, 5))
        await check(engines, acknowledged)

    play(scenario, orgs=ORGS)


def test_a_member_that_was_away_for_long_catches_up(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines.stop("auditor")
        acknowledged = await work(engines, "operator", range(60))
        await engines.start("auditor")
        await check(engines, acknowledged)

    play(scenario)


def test_a_member_catches_up_from_another_when_the_sequencer_is_gone(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines.stop("auditor")
        await work(engines, "operator", range(5))
        await engines.settle()
        engines.kill("operator")
        await engines.start("auditor")
        await engines.until(lambda: engines["auditor"].view().height == 5, 30)

    play(scenario)


def test_a_reply_that_is_lost_costs_nothing_but_time(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        engines.network.loss = 0.2
        acknowledged = await work(engines, "bank", range(5))
        engines.network.loss = 0.0
        await check(engines, acknowledged)

    play(scenario)


def test_a_submission_that_waits_ends_when_the_engine_stops(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines.stop("bureau", "telecom")
        waiting = asyncio.create_task(engines["bank"].submit(engines.founding.sign("bank", dataset(1)), timeout_seconds=600))
        await asyncio.sleep(1)
        await engines.stop("bank")
        with pytest.raises(AtollError):
            await waiting

    play(scenario, orgs=ORGS)
