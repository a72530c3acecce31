"""Jobs on a table that the owner's node keeps: what is read of its source, and what ends them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from atoll.api.models import ProposeJob, RegisterColumn, RegisterDataset
from atoll.ledger.records import Job
from atoll.node.execution import Execution
from atoll.node.order import LocalInput
from atoll.sources import SourceRows
from atoll.sources.errors import SourceChanged
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import RULE, ended
from tests.sim.sides import give, register, side, table

BOTH = [[f"P{number:03}"] for number in range(30, 60)]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Organisations whose sources jobs read, in order."""
    found: list[str] = []
    honest = Execution._open

    def noted(self: Execution, local: LocalInput) -> SourceRows:
        found.append(self._order.org)
        return honest(self, local)

    monkeypatch.setattr(Execution, "_open", noted)
    return found


async def ask(world: World, sets: dict[str, str], grants: list[dict[str, Any]]) -> Job:
    """A job of the bank's on the bureau's table, once it has ended."""
    spec = {
        "receivers": [side("bank", sets["bank"], [])],
        "owners": [side("bureau", sets["bureau"], grants)],
        "protocol": "psi-oprf-ristretto255",
    }
    job = await world["bank"].services.proposals.propose(ProposeJob(kind="intersection", spec=spec, purpose="research"))
    return await ended(world, job)


async def prepare(world: World) -> tuple[dict[str, str], list[dict[str, Any]]]:
    sets = {org: await register(world, org) for org in ("bank", "bureau")}
    return sets, await give(world, "bureau", "bank", sets["bureau"])


def rows(world: World, job: Job) -> list[list[str]]:
    assert (job.state, job.reason) == ("completed", "")
    return sorted([cell or "" for cell in row] for row in table(world, job.job_id.hex()))


def kept(world: World) -> list[Path]:
    """What the bureau keeps, the smallest first: the record of what was read, then the table."""
    return sorted((world.home("bureau") / "tables").rglob("*.table"), key=lambda one: one.stat().st_size)


def test_the_owners_source_is_read_for_the_first_job_and_where_the_table_is_gone(tmp_path: Path, read: list[str]) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=31) as world:
            sets, grants = await prepare(world)
            assert rows(world, await ask(world, sets, grants)) == BOTH
            assert sorted(read) == ["bank", "bureau"]
            for _ in range(2):
                read.clear()
                assert rows(world, await ask(world, sets, grants)) == BOTH
                assert read == ["bank"]
            record, made = kept(world)
            for gone in ([made], [record], [record, made]):
                for one in gone:
                    one.unlink()
                read.clear()
                assert rows(world, await ask(world, sets, grants)) == BOTH
                assert sorted(read) == ["bank", "bureau"]

    run_virtually(scenario())


def test_no_old_table_answers_for_a_source_that_changed_or_a_version_that_was_withdrawn(
    tmp_path: Path, read: list[str]
) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=32) as world:
            sets, grants = await prepare(world)
            assert rows(world, await ask(world, sets, grants)) == BOTH
            path = world.home("bureau") / "data" / "table.csv"
            held = path.read_text("utf-8")
            path.write_text(held + "p000,0\n", "utf-8")
            job = await ask(world, sets, grants)
            assert (job.state, job.reason) == ("failed", SourceChanged.code)

            columns = [RegisterColumn(name="id", semantics="identifier", exposure="after-join", normalisation=RULE)]
            request = RegisterDataset(name="table", path=path.name, title="bureau", columns=columns)
            newer = {**sets, "bureau": (await world["bureau"].services.datasets.register(request))[0]}
            assert newer["bureau"] != sets["bureau"]
            fresh = await give(world, "bureau", "bank", newer["bureau"])
            for _ in range(2):
                assert rows(world, await ask(world, newer, fresh)) == [["P000"], *BOTH]

            path.write_text(held, "utf-8")  # what the first version was
            read.clear()
            assert rows(world, await ask(world, sets, grants)) == BOTH
            assert sorted(read) == ["bank", "bureau"]
            await world["bureau"].services.datasets.withdraw(sets["bureau"])
            job = await ask(world, sets, grants)
            assert job.state == "refused"

    run_virtually(scenario())
