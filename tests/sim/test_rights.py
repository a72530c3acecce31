"""Rights through whole nodes: what operators grant, what a custodian enforces, what a freeze or a sale does to a job."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from atoll.api.models import GiveGrant, RightAct, RightRequest, RightTransfer
from atoll.ledger.evidence import parse_trust_file, verify_rights
from atoll.ledger.records import Job, root_right_id
from atoll.node import runs
from atoll.node.errors import BadRequest, TransactionRefused
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import ended
from tests.sim.sides import propose, register, side

LINEAGE = "bureau/table"
ROOT = root_right_id(LINEAGE).hex()


async def grant_under(world: World, giver: str, grantee: str, right: str) -> list[dict[str, Any]]:
    """A grant of the bureau's table by somebody who has a right in it, as a side of a specification names it."""
    request = GiveGrant(
        grantee=grantee, dataset="bureau/table/1", right=right, uses=9, days=1, columns=["id"], purposes=["research"]
    )
    return [{"grant": (await world[giver].services.grants.give(request))[0], "version": 1}]


async def ask(world: World, sets: dict[str, str], grants: list[dict[str, Any]], **asked: Any) -> str:
    """The bank asks for an intersection with the bureau."""
    return await propose(world, "bank", side("bank", sets["bank"], []), side("bureau", sets["bureau"], grants), **asked)


async def running(world: World, job: str) -> None:
    """Until the bureau computes."""
    while True:
        await asyncio.sleep(0.001)
        if world["bureau"].services.jobs.show(job).progress_done > 0:
            return


def test_an_operator_grants_uses_of_somebody_elses_data_within_its_scope_and_the_custodian_enforces_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=61) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            bureau, telecom = world["bureau"].services.rights, world["telecom"].services.rights
            asked = RightRequest(source=LINEAGE, to="telecom", kind="operation", days=30, depth=1, purposes=["research"])
            operation, _ = await bureau.give(asked)
            wider = RightRequest(source=operation, to="bank", kind="use", days=10, purposes=["advertising"])
            with pytest.raises(BadRequest, match="advertising"):
                await telecom.give(wider)
            job = await ask(world, sets, await grant_under(world, "telecom", "bank", operation))
            assert (await ended(world, job)).state == "completed"
            narrow = RightRequest(source=operation, to="bank", kind="use", days=10, columns=["amount"])
            use, _ = await telecom.give(narrow)
            job = await ask(world, sets, await grant_under(world, "bank", "bank", use))
            record: Job = await ended(world, job)
            assert (record.state, record.reason) == ("refused", "policy.right")
            decision = world["bureau"].services.jobs.show(job).decision
            assert decision is not None
            fallen = next(one for one in decision.reasons if not one.holds)
            assert (fallen.constraint, fallen.wanted, fallen.observed) == (f"columns of right {use}", "amount", "id")

    run_virtually(scenario())


def test_a_frozen_parent_stops_a_running_job_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LOOK_SECONDS", 3600.0)

    async def scenario() -> None:
        async with World(tmp_path, seed=62) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            operation, _ = await world["bureau"].services.rights.give(
                RightRequest(source=LINEAGE, to="telecom", kind="operation", days=30)
            )
            grants = await grant_under(world, "telecom", "bank", operation)
            job = await ask(world, sets, grants, keys_per_round=1)
            await running(world, job)
            await world["bureau"].services.rights.freeze(ROOT, RightAct())
            record = await ended(world, job, seconds=30)
            assert record.state == "failed"
            assert record.reason in ("policy.right", "transport.job_stopped")  # whichever of the two speaks first
            stopped = world["bureau"].services.jobs.show(job)
            assert stopped.progress_done < stopped.progress_total

    run_virtually(scenario())


def test_a_node_finds_the_power_to_act_under_by_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=64) as world:
            await register(world, "bureau")
            bureau, bank = world["bureau"].services.rights, world["bank"].services.rights
            given = {}
            for kind in ("use", "transaction", "management"):
                given[kind], _ = await bureau.give(RightRequest(source=LINEAGE, to="bank", kind=kind, days=30))
            await bank.transfer(given["use"], RightTransfer(to="telecom"))
            await bank.freeze(given["use"], RightAct())
            shown = await bank.show(given["use"])
            assert (shown.holder, shown.state, shown.frozen_by) == ("telecom", "frozen", ["rights"])
            assert [one.right for one in bank.list(holder="bank")] == sorted([given["transaction"], given["management"]])
            await world["telecom"].services.rights.revoke(given["use"], RightAct())  # it gives back what it cannot use
            async with asyncio.timeout(10):  # of virtual time: the bureau's copy is a block behind the telecom's
                while "is revoked" not in (await bureau.show(given["use"])).fell:  # noqa: ASYNC110 - virtual time costs nothing
                    await asyncio.sleep(0.1)
            with pytest.raises(TransactionRefused, match="only bureau may manage"):
                await world["telecom"].services.rights.freeze(given["management"], RightAct())

    run_virtually(scenario())


def test_after_a_sale_the_custodian_enforces_and_the_new_holder_decides(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=63) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            before = await grant_under(world, "bureau", "bank", "")
            job = await ask(world, sets, before, keys_per_round=1)
            await running(world, job)
            sold = await world["bureau"].services.rights.transfer(ROOT, RightTransfer(to="telecom"))
            assert (await ended(world, job)).state == "completed"  # what was granted to others stands
            with pytest.raises(TransactionRefused, match="only telecom may grant uses"):
                await grant_under(world, "bureau", "bank", "")
            after = await grant_under(world, "telecom", "bank", "")
            assert (await ended(world, await ask(world, sets, after))).state == "completed"
            rights = world["auditor"].services.rights
            await world.settle()
            then, _ = await rights.export_holders(LINEAGE, sold.height - 1)
            trust = parse_trust_file(world["auditor"].services.ledger.trust_file())
            assert [one.right.holder for one in verify_rights(then, trust).held] == ["bureau"]
            now = await rights.holders(LINEAGE)
            assert [(one.kind, one.holder) for one in now.rights] == [("holding", "telecom")]
            assert [(one.height, one.right.holder) for one in await rights.history(ROOT)][-1] == (sold.height, "telecom")

    run_virtually(scenario())
