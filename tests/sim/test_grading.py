"""Levels in a whole consortium: graded at home, changed on the ledger, asked again before a result is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from atoll.api.models import ApproveRequest, GradeFile, RegisterColumn, RegisterDataset, RegradeRequest
from atoll.errors import AtollError
from atoll.exchange.grading.errors import BadLevelTable, LoweredWithoutReason, UnknownHarm, UnknownLevelTable
from atoll.jobs.formats import Format
from atoll.ledger.records import Dataset, LevelApproval
from atoll.node.errors import BadRequest
from atoll.testing.virtual import run_virtually
from atoll.testing.world import ORGANISATIONS, World
from tests.sim.flow import agreed_everywhere, ended, prepare, specification
from tests.unit.exchange.columns import resident_ids

SUPERVISED = {**ORGANISATIONS, "auditor": ("auditor", "regulator")}


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what comes by itself."""
    async with asyncio.timeout(600):
        while True:
            if holds():
                return
            await asyncio.sleep(0.1)


def level_at(world: World, org: str, dataset: str) -> int:
    """A level, as a member's copy of the ledger has it."""
    record = world[org].context.view().get(Dataset, dataset)
    assert record is not None
    return record.level


def test_a_file_is_graded_at_home_by_a_table_of_ones_choice_and_values_are_shown_on_request_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=81) as world:
            home, gradings = world.home("bank"), world["bank"].services.gradings
            ids = resident_ids(40)
            text = "id_card,score\n" + "".join(f"{one},{at}\n" for at, one in enumerate(ids))
            (home / "data" / "people.csv").write_text(text, "utf-8")
            found = await gradings.grade_file(GradeFile(path="people.csv", industry=["J66"]))
            assert (found.level, found.level_text, found.allows) == (4, "G4 (unverified transcription)", ["compute"])
            assert found.classes == ["industry:J66", "personal:sensitive", "subject:personal"]
            assert (found.rows, found.sampled_rows) == (40, 40)
            assert not any(one in found.model_dump_json() for one in ids)
            shown = await gradings.grade_file(GradeFile(path="people.csv", samples=True))
            assert shown.columns[0].findings[0].samples == ids[:3]
            assert list(home.glob("grade-*")) == []
            log = b"".join(one.read_bytes() for one in home.rglob("*.log*"))
            assert not any(one.encode() in log for one in ids)

            harm = GradeFile(path="people.csv", harms=["national-security=general"])
            assert (await gradings.grade_file(harm)).level_text == "important (unverified transcription)"
            plain = GradeFile(path="people.csv", levels="plain-four/1")
            assert (await gradings.grade_file(plain)).level_text == "G3 (example)"
            with pytest.raises(UnknownHarm):
                await gradings.grade_file(GradeFile(path="people.csv", harms=["nobody=serious"]))
            with pytest.raises(UnknownLevelTable):
                await gradings.grade_file(GradeFile(path="people.csv", levels="gbt-43697-2024/2"))
            with pytest.raises(AtollError, match="code of"):
                await gradings.grade_file(GradeFile(path="people.csv", industry=["banking"]))

            (home / "levels").mkdir()
            own = resources.files("atoll.exchange.grading").joinpath("tables/plain-four.toml").read_text("utf-8")
            mine = own.replace('"plain-four"', '"ours"').replace('"example"', '"in force"')
            (home / "levels" / "mine.toml").write_text(mine, "utf-8")
            assert (await gradings.grade_file(GradeFile(path="people.csv"))).level_text == "G3 (in force)"
            assert [one.id for one in gradings.tables() if one.usual] == ["ours/1"]
            (home / "levels" / "mine.toml").write_text(mine.replace("format = 1", "format = 2"), "utf-8")
            with pytest.raises(BadLevelTable):
                await gradings.grade_file(GradeFile(path="people.csv"))

    run_virtually(scenario())


def test_a_registered_file_has_the_level_that_is_found_and_a_lower_one_with_a_reason_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=82) as world:
            bank = world["bank"].services
            ids = resident_ids(40)
            text = "id_card,score\n" + "".join(f"{one},{at}\n" for at, one in enumerate(ids))
            (world.home("bank") / "data" / "people.csv").write_text(text, "utf-8")
            dataset = (await bank.datasets.register(RegisterDataset(name="people", path="people.csv", title="P")))[0]
            shown = await bank.datasets.show(dataset)
            assert (shown.level, [one.level for one in shown.columns]) == (4, [4, 2])
            assert shown.columns[0].classes == ["personal:sensitive", "subject:personal"]
            assert shown.grading is not None
            assert (shown.grading.status, shown.grading.graded_by) == ("unverified transcription", "detectors")
            lower = RegisterDataset(
                name="made-up", path="people.csv", title="M", columns=[RegisterColumn(name="id_card", level=2)]
            )
            with pytest.raises(LoweredWithoutReason):
                await bank.datasets.register(lower)
            said = lower.model_copy(update={"reason": "made by a generator"})
            shown = await bank.datasets.show((await bank.datasets.register(said))[0])
            assert shown.level == 2
            assert shown.grading is not None
            assert (shown.grading.graded_by, shown.grading.reason) == ("person", "made by a generator")
            (world.home("bank") / "data" / "notes.csv").write_text("ref,note\nA1,x\nA2,y\n", "utf-8")
            column = RegisterColumn(name="ref", exposure="after-join", normalisation="text/1", classes=["personal:sensitive"])
            ours = RegisterDataset(name="notes", path="notes.csv", title="N", columns=[column])
            shown = await bank.datasets.show((await bank.datasets.register(ours))[0])
            assert (shown.level, shown.columns[0].level, shown.classes) == (4, 4, ["personal:sensitive"])
            with pytest.raises(BadRequest, match="lower-case letters"):
                await bank.datasets.register(ours.model_copy(update={"name": "Notes"}))
            whole = RegisterDataset(name="whole", path="notes.csv", title="W", classes=["personal:minor"])
            shown = await bank.datasets.show((await bank.datasets.register(whole))[0])
            assert (shown.level, shown.classes) == (4, ["personal:minor"])
            plain = RegisterDataset(
                name="plain", path="people.csv", title="P", columns=[RegisterColumn(name="id_card", exposure="plaintext")]
            )
            with pytest.raises(AtollError, match="id_card at G4 is plaintext"):
                await bank.datasets.register(plain)

    run_virtually(scenario())


def test_a_reason_stays_where_it_was_given_and_a_result_is_not_shown_once_the_level_has_risen(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=84) as world:
            mine, theirs, grant = await prepare(world)
            bureau, bank = world["bureau"].services, world["bank"].services
            with pytest.raises(AtollError, match="needs a reason"):
                await bureau.gradings.override(theirs, RegradeRequest(level=1))
            await bureau.gradings.override(theirs, RegradeRequest(level=1, reason="made by a generator"))
            await until(lambda: level_at(world, "bank", theirs) == 1)
            here, there = (await bureau.gradings.show(theirs)).change, (await bank.gradings.show(theirs)).change
            assert here is not None
            assert there is not None
            assert (here.by, here.reason) == ("bureau", "made by a generator")
            assert (there.reason_commitment, there.reason) == (here.reason_commitment, "")
            with pytest.raises(AtollError):
                await bank.gradings.override(theirs, RegradeRequest(level=4))

            job = await bank.proposals.propose(specification(mine, theirs, grant))
            assert (await ended(world, job)).state == "completed"
            await agreed_everywhere(world, job)
            assert bank.jobs.result(job, 0, "test").rows == 30
            await bureau.gradings.override(theirs, RegradeRequest(level=6))
            await until(lambda: level_at(world, "bank", theirs) == 6)
            with pytest.raises(AtollError, match="level of the data"):
                bank.jobs.result(job, 0, "test")
            with pytest.raises(AtollError, match="level of the data"):
                bank.jobs.download(job, Format.CSV, "test")

    run_virtually(scenario())


def test_important_data_are_refused_until_a_regulator_has_named_the_parties_and_then_await_a_person(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=86, organisations=SUPERVISED) as world:
            mine, theirs, grant = await prepare(world, uses=3)
            await world["bureau"].services.gradings.override(theirs, RegradeRequest(level=5))
            await until(lambda: level_at(world, "bank", theirs) == 5)
            refused = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            record = await ended(world, refused)
            assert (record.state, record.reason) == ("refused", "policy.level")
            approval = ApproveRequest(parties=["bank"], not_after=world["auditor"].context.now() + 10_000, reason="assessed")
            await world["auditor"].services.gradings.approve(theirs, approval)
            await until(lambda: world["bank"].context.view().get(LevelApproval, theirs) is not None)
            await until(lambda: world["bureau"].context.view().get(LevelApproval, theirs) is not None)
            shown = await world["bank"].services.gradings.show(theirs)
            assert shown.approval is not None
            assert (shown.approval.regulator, shown.approval.parties, shown.allows) == ("auditor", ["bank"], ["compute"])
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            await until(lambda: world["bureau"].context.store.job(job) is not None)
            await until(lambda: world["bureau"].services.jobs.show(job).phase == "awaiting approval")
            decision = world["bureau"].services.jobs.show(job).decision
            assert decision is not None
            assert (decision.verdict, [one.constraint for one in decision.reasons if not one.holds]) == ("ask", [])

    run_virtually(scenario())
