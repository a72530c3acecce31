"""Documents that were not pushed, or not yet: whoever may read one gets it by asking, or is told from whom it will come."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from atoll.api.models import AnswerRequest, BudgetRequest, GiveGrant, GiveStanding, OpenRequest, RightRequest
from atoll.ledger.evidence import parse_trust_file, verify_evidence
from atoll.node.bodies import PATIENCE_SECONDS, Bodies, Body, BodyName, Kind
from atoll.node.errors import BodyOnItsWay, NoSuchThing
from atoll.ordering.engine import View
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from atoll.transport import links
from tests.sim.flow import agreed_everywhere, ended
from tests.sim.sides import give, propose, register, side
from tests.sim.test_standing import RESEARCH, bounds

TRIO = {"operator": ("operator",), "bank": ("owner", "user"), "bureau": ("owner",)}
"""No reader among them from whom a document could be had instead."""
SCOPED = RightRequest(source="bureau/table", to="bank", kind="operation", depth=1, days=30, purposes=["credit-check"])


@pytest.fixture
def _nothing_is_pushed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: Any) -> None:
        """As if every link broke at that moment."""

    monkeypatch.setattr(Bodies, "offer", lost)


async def block_seen(world: World, org: str, height: int) -> None:
    """Until an organisation's ledger has come so far."""
    async with asyncio.timeout(20):
        while world[org].context.view().height < height:  # noqa: ASYNC110 - under a virtual clock waiting costs nothing
            await asyncio.sleep(0.01)


async def come_back(world: World, org: str) -> None:
    """Away for long, then met by the operator alone: the others are in a long pause before they dial again."""
    await world.stop(org)
    await asyncio.sleep(7200)
    world.start(org)
    await world[org].links.wait_connected("operator")


def test_a_scope_is_there_when_the_grantor_has_just_come_back_and_is_not_met_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger stands, because both have met the operator; the bank is in a long pause before it dials again."""
    monkeypatch.setattr(links, "LONGEST_PAUSE_SECONDS", 3600.0)

    async def scenario() -> None:
        async with World(tmp_path, seed=81, organisations=TRIO) as world:
            await register(world, "bureau")
            await come_back(world, "bureau")
            right, given = await world["bureau"].services.rights.give(SCOPED)
            await block_seen(world, "bank", given.height)
            assert "bureau" not in world["bank"].links.connected(), "nothing to show: they met by chance"
            started = asyncio.get_running_loop().time()
            shown = await world["bank"].services.rights.show(right)
            assert (shown.scope, shown.scope_from) == ({"purposes": ["credit-check"]}, "")
            assert asyncio.get_running_loop().time() - started < PATIENCE_SECONDS

    run_virtually(scenario())


@pytest.mark.usefixtures("_nothing_is_pushed")
def test_a_holder_whose_ledger_is_a_block_behind_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=82, organisations=TRIO) as world:
            await register(world, "bureau")
            right, given = await world["bureau"].services.rights.give(SCOPED)
            await block_seen(world, "bank", given.height)
            refused = []

            def behind(*_: Any) -> Any:
                refused.append(1)
                if len(refused) == 2:
                    monkeypatch.undo()
                raise NoSuchThing(what="scope", name=right)

            monkeypatch.setattr(world["bureau"].bodies, "answer", behind)
            assert (await world["bank"].services.rights.show(right)).scope == {"purposes": ["credit-check"]}
            assert len(refused) == 2

    run_virtually(scenario())


@pytest.mark.usefixtures("_nothing_is_pushed")
def test_what_nobody_can_give_is_said_to_be_on_its_way_and_nothing_is_decided_without_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=83, organisations=TRIO | {"telecom": ("owner",)}) as world:
            await register(world, "bureau")
            rights = world["bank"].services.rights
            right, given = await world["bureau"].services.rights.give(SCOPED)
            await block_seen(world, "bank", given.height)
            await world.stop("bureau")
            started = asyncio.get_running_loop().time()
            shown = await rights.show(right)
            assert (shown.scope, shown.scope_from) == (None, "bureau")
            assert asyncio.get_running_loop().time() - started < PATIENCE_SECONDS + 1
            wider = RightRequest(source=right, to="telecom", kind="use", days=10, purposes=["advertising"])
            with pytest.raises(BodyOnItsWay, match=f"scope of {right} is on its way from bureau"):
                await rights.give(wider)
            others = await world["telecom"].services.rights.show(right)
            assert (others.scope, others.scope_from) == (None, "")  # it is not for the telecom at all

    run_virtually(scenario())


@pytest.mark.usefixtures("_nothing_is_pushed")
def test_every_kind_of_document_is_had_by_asking_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=84) as world:
            bank, bureau, auditor = (world[org].services for org in ("bank", "bureau", "auditor"))
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            await bureau.budgets.set(BudgetRequest(name="table", limit=9, purpose="research"))
            grant = await give(world, "bureau", "bank", sets["bureau"])
            await asyncio.sleep(1)
            (seen,) = await bank.grants.list()
            assert seen.terms is not None and seen.terms_from == ""
            assert "research" in [one.who for one in await bank.budgets.list("bureau/table")]
            assert (await bank.datasets.show(sets["bureau"])).card_verified
            assert (await bank.gradings.show(sets["bureau"])).status
            await bureau.quality.measure(sets["bureau"], publish=True, remark="complete")
            await asyncio.sleep(1)
            assert (await bank.quality.report(sets["bureau"], "bureau")).remark == "complete"
            standing, _ = await bank.standing.give(GiveStanding(terms=bounds(RESEARCH), title="all", uses=1, days=1), "x")
            await asyncio.sleep(1)
            assert [(one.standing, one.title) for one in await auditor.standing.list()] == [(standing, "all")]
            job = await propose(world, "bank", side("bank", sets["bank"], []), side("bureau", sets["bureau"], grant))
            await auditor.jobs.collect(await known(world, "auditor", job))
            assert auditor.jobs.show(job).plan is not None
            assert (await ended(world, job)).state == "completed"
            await agreed_everywhere(world, job)
            for org in ("bank", "bureau"):  # each holds its own detail only, and shows the other's too
                bundle = await world[org].services.evidence.export(job, "test")
                verify_evidence(bundle, parse_trust_file(world[org].services.ledger.trust_file()))
                assert all(world[org].bodies.get(Kind.DETAIL, f"{job}/{one}") for one in ("bank", "bureau"))

    run_virtually(scenario())


async def known(world: World, org: str, job: str) -> str:
    """The job's identifier, once an organisation's ledger has the job."""
    while not any(one.job == job for one in world[org].services.jobs.list()):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.01)
    return job


@pytest.mark.usefixtures("_nothing_is_pushed")
def test_what_is_said_in_a_dispute_is_had_by_asking_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=85) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            await asyncio.sleep(1)
            opened = OpenRequest(subject=sets["bureau"], against=sets["bank"], text="it is ours")
            dispute, given = await world["bank"].services.disputes.open(opened, "test")
            await block_seen(world, "bureau", given.height)
            answered = await world["bureau"].services.disputes.answer(dispute, AnswerRequest(text="it is not"), "test")
            for org in ("bank", "auditor"):
                await block_seen(world, org, answered.height)
                shown = await world[org].services.disputes.show(dispute)
                assert [(one.text, one.awaited) for one in shown.statements] == [("it is ours", False), ("it is not", False)]
            for one in ("operator", "telecom"):  # it is for neither of them
                shown = await world[one].services.disputes.show(dispute)
                assert {(one.held, one.awaited) for one in shown.statements} == {(False, False)}

    run_virtually(scenario())


@pytest.mark.usefixtures("_nothing_is_pushed")
def test_a_custodian_that_cannot_read_the_terms_yet_waits_instead_of_refusing_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisations = TRIO | {"telecom": ("owner",)}

    async def scenario() -> None:
        async with World(tmp_path, seed=86, organisations=organisations) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            right, given = await world["bureau"].services.rights.give(
                RightRequest(source="bureau/table", to="telecom", kind="operation", days=30)
            )
            await block_seen(world, "telecom", given.height)
            request = GiveGrant(
                grantee="bank", dataset=sets["bureau"], right=right, uses=9, days=1, columns=["id"], purposes=["research"]
            )
            grant, _ = await world["telecom"].services.grants.give(request)
            closed = True
            for org in ("bank", "telecom"):
                honest = world[org].bodies.answer

                def answer(view: View, asks: str, question: BodyName, honest: Any = honest) -> Body:
                    if closed and (asks, question.kind) == ("bureau", Kind.TERMS):
                        raise NoSuchThing(what="terms", name=grant)
                    return cast("Body", honest(view, asks, question))

                monkeypatch.setattr(world[org].bodies, "answer", answer)
            grants = [{"grant": grant, "version": 1}]
            job = await propose(world, "bank", side("bank", sets["bank"], []), side("bureau", sets["bureau"], grants))
            await asyncio.sleep(60)
            shown = world["bureau"].services.jobs.show(job)
            assert (shown.state, shown.phase) == ("proposed", "waiting for documents")
            closed = False
            assert (await ended(world, job)).state == "completed"

    run_virtually(scenario())


def test_a_vote_reaches_a_candidate_that_has_just_come_back_and_is_not_met_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "LONGEST_PAUSE_SECONDS", 3600.0)

    async def scenario() -> None:
        async with World(tmp_path, seed=87, organisations=TRIO) as world:
            await register(world, "bureau")
            await come_back(world, "bureau")
            assert "bureau" not in world["bank"].links.connected(), "nothing to show: they met by chance"
            voted = await world["bank"].services.membership.handover("bureau")
            assert (voted.new_sequencer, voted.votes) == ("bureau", 1)

    run_virtually(scenario())
