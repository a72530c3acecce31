"""Secret programs through whole nodes: five organisations, a simulated network and clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from atoll import programs as mp
from atoll.jobs.computation import ComputationSpec
from atoll.jobs.computation.kind import Computation
from atoll.jobs.errors import BadPlan
from atoll.jobs.kind import Draft
from atoll.ledger.evidence import encode_trust_file, narrate, parse_trust_file, verify_evidence
from atoll.ledger.plan import Plan
from atoll.ledger.records import ConsentRecord, Job
from atoll.node.errors import NotEntrusted, ProgramNotReviewed
from atoll.node.proposals import Proposals
from atoll.programs.listing import as_listing
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.computing import INCOMES, ROWS, TRUST, asked, joint_total, permit, place, proposal, register, review
from tests.sim.flow import agreed_everywhere, ended

OWN = {"grant": "", "version": 0}


@mp.program(
    inputs={
        "bill": mp.column("first", mp.fixed(0, 10_000, fraction=16), rows="n"),
        "late": mp.column("second", mp.bool_, rows="n"),
    },
    outputs={"owed": ("asker", "second")},
)
def owed(bill: mp.SecretArray, late: mp.SecretArray) -> mp.SecretArray:
    """Rows of two tables stand beside each other."""
    return mp.where(late, bill, 0.0).sum()


async def waiting(world: World, org: str, job: str) -> None:
    async with asyncio.timeout(60):
        while world[org].services.jobs.show(job).phase != "awaiting approval":  # noqa: ASYNC110 - a virtual clock
            await asyncio.sleep(0.1)


def test_three_of_five_compute_a_total_that_only_the_receiver_gets(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=51, policy=TRUST) as world:
            graph, request = await asked(world, ["bank", "bureau", "telecom"])
            review(world, graph, "bureau", "telecom")
            job = await world["bank"].services.proposals.propose(request)
            record = await ended(world, job)
            assert (record.state, record.reason) == ("completed", "")
            await agreed_everywhere(world, job)
            found = world["bank"].services.jobs.result(job, 0, "test")
            expected = [sum(map(int, filter(None, cells))) for cells in INCOMES.values()]
            assert dict(zip(found.columns, found.table[0], strict=True)) == {"total": str(sum(expected)), "rows": "27"}
            for org in ("bureau", "telecom", "auditor", "operator"):
                with pytest.raises(Exception, match="does not receive"):
                    world[org].services.jobs.result(job, 0, "test")
            shown = world["bureau"].services.jobs.show(job)
            assert shown.adversary_model == "honest-majority-semi-honest"
            assert shown.digest == graph.digest.hex()
            assert "joint_total" in shown.program
            assert sorted(record.receipts) == ["bank", "bureau", "telecom"]
            await asyncio.sleep(10)
            bundle = await world["auditor"].services.evidence.export(job, "test")
            ledger = world["auditor"].base.engine.ledger
            finding = verify_evidence(bundle, parse_trust_file(encode_trust_file(ledger.genesis, ledger.genesis_digest)))
            assert "computation" in narrate(finding)
            assert world["auditor"].services.jobs.show(job).program == shown.program, "who may read the plan may read it"

    run_virtually(scenario())


def test_an_unreviewed_program_waits_and_approving_the_job_is_no_review(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=52, policy=TRUST) as world:
            graph, request = await asked(world, ["bank", "bureau", "telecom"])
            review(world, graph, "telecom")
            bureau = world["bureau"].services
            job = await world["bank"].services.proposals.propose(request)
            await waiting(world, "bureau", job)
            with pytest.raises(ProgramNotReviewed):
                await bureau.jobs.approve(job, "a person")
            assert bureau.jobs.show(job).state == "proposed"
            assert bureau.programs.show(job).reviewed is False
            assert as_listing(graph) in bureau.programs.show(job).text, "what is to be reviewed is all there"
            bureau.programs.review(bureau.programs.show(job).digest, "a person")
            assert [(one.name, one.reviewed) for one in bureau.programs.list()] == [("joint_total", True)]
            await bureau.jobs.approve(job, "a person")
            assert (await ended(world, job)).state == "completed"
            assert ("a person", "program.review", graph.digest.hex(), "joint_total") in [
                one[2:] for one in world["bureau"].context.store.audit_trail()
            ]

    run_virtually(scenario())


def test_owners_outside_say_that_they_trust_the_three(tmp_path: Path) -> None:
    """And a receiver beside the first has its own grants: of its own data it needs none."""

    async def scenario() -> None:
        policy = TRUST | {"telecom": TRUST["telecom"] + '\ncompute-nodes = ["auditor", "bank", "bureau"]'}
        async with World(tmp_path, seed=53, policy=policy) as world:
            graph = owed.trace(n=12)
            bills = await register(world, "bureau", [f"{number}.25" for number in range(12)])
            late = await register(world, "telecom", ["yes", "no"] * 6)
            grants = [await permit(world, "bureau", org, bills) for org in ("bank", "telecom")]
            back = await permit(world, "telecom", "bank", late)
            owners = [place("first", bills, "bill", *grants), place("second", late, "late", back, OWN)]
            computes = ["bank", "bureau", "auditor"]
            request = proposal(graph, owners, computes, ("asker", "bank"), ("second", "telecom"))
            review(world, graph, "bureau", "telecom")
            job = await world["bank"].services.proposals.propose(request)
            record: Job = await ended(world, job)
            assert (record.state, record.reason) == ("completed", "")
            total = sum(number + 0.25 for number in range(0, 12, 2))
            for org in ("bank", "telecom"):
                ((cell,),) = world[org].services.jobs.result(job, 0, "test").table
                assert cell is not None and float(cell) == total
            said = world["bank"].context.view().get(ConsentRecord, f"{job}/telecom")
            assert said is not None
            assert said.entrusts == ("auditor", "bank", "bureau")
            assert world["bank"].services.jobs.show(job).entrusts == {"telecom": ["auditor", "bank", "bureau"]}

    run_virtually(scenario())


def test_without_that_rule_a_person_says_it_for_the_job(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=54, policy=TRUST) as world:
            graph, request = await asked(world, ["bank", "bureau", "auditor"])
            review(world, graph, "bureau", "telecom")
            telecom = world["telecom"].services
            job = await world["bank"].services.proposals.propose(request)
            await waiting(world, "telecom", job)
            with pytest.raises(NotEntrusted):
                await telecom.jobs.approve(job, "a person")
            await telecom.jobs.approve(job, "a person", entrust=True)
            assert (await ended(world, job)).state == "completed"

    run_virtually(scenario())


def test_organisations_that_belong_together_are_refused_and_so_is_one_twice(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=55, policy=TRUST) as world:
            graph, request = await asked(world, ["operator", "bureau", "telecom"])
            review(world, graph, "bureau", "telecom")
            twice = request.model_copy(update={"spec": request.spec | {"computes": ["bureau", "bureau", "telecom"]}})
            with pytest.raises(BadPlan, match="three different organisations compute"):
                await world["bank"].services.proposals.propose(twice)
            beside = request.model_copy(update={"spec": request.spec | {"computes": ["operator", "bank", "telecom"]}})
            job = await world["bank"].services.proposals.propose(beside)
            record = await ended(world, job)
            assert (record.state, record.reason) == ("refused", "policy.coalition")

    run_virtually(scenario())


def test_nobody_is_shown_one_program_under_the_digest_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proposer sends something harmless beside a plan that names what it wants reviewed; the node refuses, and shows none."""
    draft = Computation.draft
    other = joint_total.trace(n=ROWS + 1)

    def cheating(kind: Computation, spec: ComputationSpec) -> Draft:
        return replace(draft(kind, replace(spec, graph=other.encode())), beside=spec.graph)

    async def scenario() -> None:
        async with World(tmp_path, seed=62, policy=TRUST) as world:
            graph, request = await asked(world, ["bank", "bureau", "telecom"])
            with monkeypatch.context() as proposing:
                proposing.setattr(Computation, "draft", cheating)
                proposing.setattr(Computation, "verify_attached", lambda *_: None)
                plan, beside = world["bank"].services.proposals.draft_whole(request)
            monkeypatch.setattr(Proposals, "draft_whole", lambda *_: (plan, beside))
            job = await world["bank"].services.proposals.propose(request)
            record = await ended(world, job)
            assert (record.state, record.reason) == ("refused", BadPlan.code)
            bureau = world["bureau"].services
            assert bureau.jobs.show(job).digest == other.digest.hex()
            assert bureau.jobs.show(job).program == ""
            with pytest.raises(BadPlan, match="not what the program does"):
                bureau.programs.show(job)
            assert beside == graph.encode()

    run_virtually(scenario())


def test_a_review_taken_back_stops_what_has_not_begun(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=56, policy=TRUST) as world:
            graph, request = await asked(world, ["bank", "bureau", "telecom"])
            review(world, graph, "bureau", "telecom")
            world["bureau"].services.programs.revoke(graph.digest.hex(), "a person")
            job = await world["bank"].services.proposals.propose(request)
            await waiting(world, "bureau", job)
            await asyncio.sleep(30)
            assert world["bureau"].services.jobs.show(job).consents == ["bank", "telecom"]

    run_virtually(scenario())


def test_a_program_is_not_looked_at_for_whom_the_rules_turn_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    async def scenario() -> None:
        async with World(tmp_path, seed=61, policy=TRUST) as world:
            graph = joint_total.trace(n=ROWS)
            sets = {org: await register(world, org, INCOMES[org], "encrypted-only") for org in INCOMES}
            grants = {org: await permit(world, org, "bank", sets[org]) for org in sets}
            owners = [
                place("first", sets["bureau"], "here", grants["bureau"]),
                place("second", sets["telecom"], "there", grants["telecom"]),
            ]
            review(world, graph, "bureau", "telecom")
            request = proposal(graph, owners, ["bank", "bureau", "telecom"], ("asker", "bank"))
            job = await world["bank"].services.proposals.propose(request)
            looked.clear()
            record = await ended(world, job)
            assert record.state == "refused"
            assert not looked

    verify = Computation.verify_attached

    def noted(kind: Computation, plan: Plan, body: bytes) -> None:
        looked.append(plan.kind)
        verify(kind, plan, body)

    monkeypatch.setattr(Computation, "verify_attached", noted)
    run_virtually(scenario())
