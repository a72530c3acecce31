"""What is left of caps, seen from both sides; and that a purpose's account cannot be dodged."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.api.models import BudgetRequest
from atoll.ledger.plan import Plan
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import ended, prepare, specification

Seen = dict[tuple[str, str, str], tuple[int, int]]


async def capped(world: World) -> None:
    """The bureau caps everybody, the bank, the telecom and one purpose."""
    for asked in ({}, {"to": "bank"}, {"to": "telecom"}, {"purpose": "credit-check"}):
        await world["bureau"].services.budgets.set(BudgetRequest.model_validate({"name": "files", "limit": 4, **asked}))
    await asyncio.sleep(1)  # until everybody has the block


async def seen_by(world: World, org: str) -> Seen:
    """What an organisation sees of uses of the bureau's dataset: left and spent."""
    found = await world[org].services.budgets.list("bureau/files")
    return {(one.part, one.who, one.unit): (one.left, one.spent) for one in found if one.unit == "uses" and one.part != "grant"}


def test_owner_and_recipient_see_the_same_left_and_each_only_what_is_its_own(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=31) as world:
            mine, theirs, grant = await prepare(world, uses=3)
            await capped(world)
            request = specification(mine, theirs, grant)
            takes = (await world["bank"].services.proposals.preview(request)).takes
            assert {(one.account.part, one.account.who, one.amount, one.left_after) for one in takes} == {
                ("grant", grant, 1, 2),
                ("all", "", 1, 3),
                ("recipient", "bank", 1, 3),
                ("recipient", "legal entity lei bank", 1, 3),
                ("purpose", "credit-check", 1, 3),
            }
            job = await world["bank"].services.proposals.propose(request)
            assert (await ended(world, job)).state == "completed"
            await asyncio.sleep(2)
            own = {("all", "", "uses"): (3, 1), ("purpose", "credit-check", "uses"): (3, 1)}
            banks: Seen = {("recipient", name, "uses"): (3, 1) for name in ("bank", "legal entity lei bank")}
            telecoms: Seen = {("recipient", name, "uses"): (4, 0) for name in ("telecom", "legal entity lei telecom")}
            assert await seen_by(world, "bureau") == own | banks | telecoms
            assert await seen_by(world, "bank") == own | banks
            assert await seen_by(world, "telecom") == {("all", "", "uses"): (3, 1)} | telecoms
            info = next(one for one in await world["bank"].services.grants.list() if one.grant == grant)
            assert {(one.part, one.left) for one in info.budgets} == {("all", 3), ("recipient", 3)}

            await world["bureau"].services.budgets.refund(job, "files")
            assert (await seen_by(world, "bureau"))[("all", "", "uses")] == (4, 0)

    run_virtually(scenario())


@pytest.mark.parametrize("tag", [b"", bytes(16)])
def test_a_plan_that_names_no_account_for_its_purpose_or_another_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: bytes
) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=32) as world:
            mine, theirs, grant = await prepare(world)
            await capped(world)
            proposals = world["bank"].services.proposals
            drafted = proposals.draft(specification(mine, theirs, grant))

            def cheat(_: object) -> tuple[Plan, bytes]:
                return replace(drafted, purpose_tags=tuple(tag if one.grant else b"" for one in drafted.inputs)), b""

            monkeypatch.setattr(proposals, "draft_whole", cheat)
            job = await proposals.propose(specification(mine, theirs, grant))
            record = await ended(world, job, "bureau")
            assert (record.state, record.reason) == ("refused", "policy.budget")
            decision = world["bureau"].services.jobs.why(job).decisions["bureau"]
            assert [one.constraint for one in decision.reasons if not one.holds] == ["the account of its purpose"]

    run_virtually(scenario())
