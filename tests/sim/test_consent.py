"""Who may ask for what: a member that makes another one the receiver, and an owner that wants more than an honest grantee."""

from __future__ import annotations

import asyncio
from pathlib import Path

from atoll.ledger.records import Job
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import ended
from tests.sim.sides import give, propose, register, side

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


def test_the_sender_of_a_sum_cannot_make_another_receive_it_to_learn_the_count(tmp_path: Path) -> None:
    """Not even one whose proposals the bank trusts: whose set the count would be of has granted nothing."""

    async def scenario() -> None:
        async with World(tmp_path, seed=22, policy=TRUSTING) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            unasked = await give(world, "bureau", "bank", sets["bureau"], outputs=["sum"], payload=["amount"], min_count=1)
            probe = side("bureau", sets["bureau"], unasked, shows=["amount"])
            asked = {"output": "sum", "min_count": 1}
            job = await propose(world, "bureau", side("bank", sets["bank"], []), probe, **asked)
            record: Job = await ended(world, job)
            assert (record.state, record.reason) == ("refused", "policy.no_grant")
            job = await propose(world, "bank", side("bank", sets["bank"], []), probe, **asked)
            assert (await ended(world, job)).state == "completed"

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
