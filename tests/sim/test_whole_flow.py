"""Ask, agree, compute, receipt: the whole flow in one process, over a simulated network and clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from atoll.errors import AtollError
from atoll.jobs.formats import Format
from atoll.ledger.evidence import encode_trust_file, parse_trust_file, verify_evidence
from atoll.node import runs
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import agreed_everywhere, ended, prepare, specification


def test_a_job_ends_with_the_right_answer_and_evidence_that_an_outsider_verifies(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=1) as world:
            mine, theirs, grant = await prepare(world)
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            record = await ended(world, job)
            assert record.state == "completed"
            assert record.receipts == ("bank", "bureau")
            await agreed_everywhere(world, job)
            result = world["bank"].services.jobs.result(job, 0, "test")
            assert sorted(str(row[0]) for row in result.table) == [f"P{number:04}" for number in range(50, 80)]
            rows = b"".join(world["bank"].services.jobs.download(job, Format.CSV, "test")).decode().splitlines()
            assert sorted(rows[1:]) == [f'"P{number:04}"' for number in range(50, 80)]
            for ask in (
                lambda: world["bureau"].services.jobs.result(job, 0, "test"),
                lambda: world["bureau"].services.jobs.download(job, Format.CSV, "test"),
            ):
                with pytest.raises(AtollError, match="does not receive"):
                    ask()
            await asyncio.sleep(10)
            bundle = await world["auditor"].services.evidence.export(job, "test")
            genesis, digest = world["auditor"].base.engine.ledger.genesis, world["auditor"].base.engine.ledger.genesis_digest
            trust = parse_trust_file(encode_trust_file(genesis, digest))
            verify_evidence(bundle, trust)
            assert len(set(world.roots().values())) == 1

    run_virtually(scenario())


def test_two_runs_of_one_seed_give_the_same_ledger(tmp_path: Path) -> None:
    async def scenario(folder: Path) -> dict[str, tuple[int, str]]:
        async with World(folder, seed=7) as world:
            mine, theirs, grant = await prepare(world)
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            await agreed_everywhere(world, job)
            return world.roots()

    first = run_virtually(scenario(tmp_path / "first"))
    assert first == run_virtually(scenario(tmp_path / "second"))


def test_a_use_outside_the_terms_is_refused_by_the_owners_node_with_the_reason(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=2) as world:
            mine, theirs, grant = await prepare(world)
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant, purpose="marketing"))
            record = await ended(world, job, "bureau")
            assert (record.state, record.reason) == ("refused", "policy.terms")
            decision = world["bureau"].services.jobs.why(job).decisions["bureau"]
            broken = next(one for one in decision.reasons if not one.holds)
            assert (broken.constraint, broken.observed) == ("permission 0: purpose", "marketing")

    run_virtually(scenario())


def test_a_link_that_breaks_again_and_again_does_not_change_the_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=3) as world:
            mine, theirs, grant = await prepare(world)
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            for _ in range(5):
                world.fabric.cut_after("bank", "bureau", byte_count=2_000)
                await asyncio.sleep(1)
            record = await ended(world, job)
            assert record.state == "completed"
            assert world["bank"].services.jobs.result(job, 0, "test").rows == 30

    run_virtually(scenario())


def test_a_file_that_changed_since_its_registration_stops_the_job(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=4) as world:
            mine, theirs, grant = await prepare(world)
            path = world.home("bureau") / "data" / "files.csv"
            path.write_text(path.read_text("utf-8") + "P9999,x\n", "utf-8")
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            record = await ended(world, job)
            assert (record.state, record.reason) == ("failed", "sources.changed")

    run_virtually(scenario())


def test_a_person_approves_where_the_local_rules_say_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=5) as world:
            mine, theirs, grant = await prepare(world)
            await world.stop("bureau")
            config = world.home("bureau") / "atoll.toml"
            config.write_text(config.read_text("utf-8").replace('consent = "automatic"', 'consent = "manual"'), "utf-8")
            bureau = world.start("bureau")
            await world.settle()
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            await asyncio.sleep(5)
            assert bureau.services.jobs.show(job).phase == "awaiting approval"
            await bureau.services.jobs.approve(job, "a person")
            assert (await ended(world, job)).state == "completed"

    run_virtually(scenario())


def test_a_revocation_binds_the_owners_node_before_the_ledger_has_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=6) as world:
            mine, theirs, grant = await prepare(world)
            world["bureau"].context.revoke_here(grant)
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            record = await ended(world, job)
            assert (record.state, record.reason) == ("refused", "policy.no_grant")

    run_virtually(scenario())


def test_a_revocation_stops_a_job_that_runs_at_once_and_not_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LOOK_SECONDS", 3600.0)

    async def scenario() -> None:
        async with World(tmp_path, seed=15) as world:
            mine, theirs, grant = await prepare(world)
            request = specification(mine, theirs, grant)
            request.spec["keys_per_round"] = 1  # a hundred rounds
            job = await world["bank"].services.proposals.propose(request)
            while True:
                await asyncio.sleep(0.001)
                if world["bureau"].services.jobs.show(job).progress_done > 0:
                    break
            await world["bureau"].services.grants.revoke(grant)
            record = await ended(world, job, seconds=30)
            assert record.state == "failed"
            assert record.reason in ("policy.no_grant", "transport.job_stopped")  # whichever of the two speaks first
            stopped = world["bureau"].services.jobs.show(job)
            assert stopped.sent_bytes > 0
            assert stopped.received_bytes > 0
            assert stopped.progress_done < stopped.progress_total  # it did not run to its end, to be withheld only then

    run_virtually(scenario())


@pytest.mark.parametrize("outbound", ["bank", "bureau"])
def test_a_member_that_only_dials_out_takes_part_like_any_other(tmp_path: Path, outbound: str) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=9, outbound=frozenset({outbound})) as world:
            mine, theirs, grant = await prepare(world)
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            assert (await ended(world, job)).state == "completed"

    run_virtually(scenario())


def test_without_a_quorum_nobody_consents_and_nothing_starts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=8) as world:
            mine, theirs, grant = await prepare(world)
            await world.stop("auditor")
            await world.stop("telecom")
            await asyncio.sleep(90)
            with pytest.raises(AtollError):
                await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            with pytest.raises(AtollError):
                await world["bank"].context.fresh_view(patience_seconds=1)

    run_virtually(scenario())
