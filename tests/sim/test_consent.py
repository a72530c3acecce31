"""Who may ask for what: a member that makes another one the receiver, and an owner that wants more than an honest grantee."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from atoll.ledger.records import Job
from atoll.node.errors import NotAReceiver
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import ended
from tests.sim.sides import give, propose, register, side
from tests.unit.dh.runs import narrow_sums

__all__ = ["narrow_sums"]

TRUSTING = {"bank": 'trusted-proposers = ["bureau"]'}


def test_nobody_is_made_a_receiver_by_another_unless_a_person_there_says_so(tmp_path: Path) -> None:
    """It would spend the bank's budgets and tell its number of rows, and no grant of the bank stands behind it."""

    async def scenario() -> None:
        async with World(tmp_path, seed=21) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            unasked = await give(world, "bureau", "bank", sets["bureau"])
            job = await propose(world, "bureau", side("bank", sets["bank"], []), side("bureau", sets["bureau"], unasked))
            await asyncio.sleep(30)
            shown = world["bank"].services.jobs.show(job)
            assert (shown.state, shown.phase, shown.consents) == ("proposed", "awaiting approval", ["bureau"])
            assert shown.decision is not None and shown.decision.code == "policy.ask"
            assert "bureau proposes that this organisation receives" in shown.decision.reasons[-1].wanted
            await world["bank"].services.jobs.approve(job, "a person")
            assert (await ended(world, job)).state == "completed"

    run_virtually(scenario())


@pytest.mark.usefixtures("narrow_sums")
def test_an_owner_that_is_trusted_may_propose_the_sum_of_its_column_and_gets_nothing_of_it(tmp_path: Path) -> None:
    """It asks nothing about the bank's set, as it did while a sum told its owner the count."""

    async def scenario() -> None:
        async with World(tmp_path, seed=22, policy=TRUSTING) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            unasked = await give(world, "bureau", "bank", sets["bureau"], outputs=["sum"], payload=["amount"], min_count=1)
            summed = side("bureau", sets["bureau"], unasked, shows=["amount"])
            job = await propose(world, "bureau", side("bank", sets["bank"], []), summed, output="sum", min_count=1)
            record: Job = await ended(world, job)
            assert record.state == "completed"
            assert world["bank"].services.jobs.result(job, 0, "test").rows == 1
            with pytest.raises(NotAReceiver):
                world["bureau"].services.jobs.result(job, 0, "test")

    run_virtually(scenario())


def test_a_grant_for_malicious_security_carries_no_weaker_job(tmp_path: Path) -> None:
    """The one whose misbehaviour is feared is the one that proposes, so the owner's grant says what a job withstands."""

    async def scenario() -> None:
        async with World(tmp_path, seed=23) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            strict = await give(world, "bureau", "bank", sets["bureau"], security="malicious", protocols=["psi-rr22"])
            ends = {}
            for security in ("semi-honest", "malicious"):
                receiver, owner = side("bank", sets["bank"], []), side("bureau", sets["bureau"], strict)
                job = await propose(world, "bank", receiver, owner, security=security, protocol="psi-rr22")
                ends[security] = (record := await ended(world, job)).state, record.reason
            assert ends == {"semi-honest": ("refused", "policy.terms"), "malicious": ("completed", "")}
            terms = next(one for one in await world["bank"].services.grants.list() if one.grant == strict[0]["grant"]).terms
            assert terms is not None
            said = {one["left"]: (one["operator"], one["right"]) for one in terms["permissions"][0]["constraints"]}
            assert said["adversary-model"] == ("gteq", ["malicious"])
            assert said["protocols"] == ("isAnyOf", ["psi-rr22"])

    run_virtually(scenario())
