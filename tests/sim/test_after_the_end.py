"""What a node still holds of a job that has ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from atoll.errors import AtollError
from atoll.ledger.records import Job
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import agreed_everywhere, ended, prepare, specification


def kept(world: World, org: str, job: str) -> list[str]:
    """Names of the files in a job's folder."""
    return sorted(path.name for path in (world.home(org) / "jobs" / job).iterdir())


def test_the_result_stays_and_everything_that_could_open_a_recording_is_gone(tmp_path: Path) -> None:
    """A seed and a job key that outlive the job would let their thief read its recorded traffic and test other items."""

    async def scenario() -> None:
        async with World(tmp_path, seed=11) as world:
            mine, theirs, grant = await prepare(world)
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            assert (await ended(world, job)).state == "completed"
            await agreed_everywhere(world, job)
            await asyncio.sleep(1)
            assert kept(world, "bank", job) == ["1-receiver-0.outcome"]
            assert kept(world, "bureau", job) == ["1-owner-0.outcome"]
            for org in ("bank", "bureau"):
                assert world[org].context.store.job_secret(job) is None
            assert world["bank"].services.jobs.result(job, 0, "test").rows == 30

    run_virtually(scenario())


def test_a_job_that_ended_while_its_node_was_down_is_forgotten_at_the_next_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=12) as world:
            mine, theirs, grant = await prepare(world)
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            assert (await ended(world, job)).state == "completed"
            await agreed_everywhere(world, job)
            await world.stop("bureau")
            left = world.home("bureau") / "jobs" / job / "snapshot-abc.csv"
            left.write_text("P0001,a row in the clear\n")
            world.start("bureau")
            await world.settle()
            assert kept(world, "bureau", job) == ["1-owner-0.outcome"]

    run_virtually(scenario())


def test_the_result_is_shown_to_nobody_before_this_organisations_receipt_is_on_the_ledger(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=13) as world:
            mine, theirs, grant = await prepare(world)
            bank = world["bank"]
            job = await bank.services.proposals.propose(specification(mine, theirs, grant))
            seen_before = False
            while (record := bank.context.view().get(Job, job)) is None or "bank" not in record.receipts:
                if (world.home("bank") / "jobs" / job / "1-receiver-0.outcome").exists():
                    seen_before = True
                    with pytest.raises(AtollError, match="receipted result"):
                        bank.services.jobs.result(job, 0, "test")
                await asyncio.sleep(0.01)
            assert seen_before
            assert bank.services.jobs.result(job, 0, "test").rows == 30

    run_virtually(scenario())
