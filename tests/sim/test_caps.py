"""Enumeration, tried by a member that asks as often as it likes: the owner's node and the ledger stop it, and both say so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from atoll.api.models import CapModel, GiveGrant, RegisterColumn
from atoll.errors import AtollError
from atoll.ledger.rules.job import StartJob
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import ended, register, specification

NUMBERS = 40
"""Guesses of one version; the domain has a hundred."""


async def guesses(world: World, first: int) -> str:
    """A set of the bank's own; that each has another name helps it nothing."""
    return await register(world, "bank", f"guesses-{first}", [f"5550{number:04}" for number in range(first, first + NUMBERS)])


async def prepare(world: World, *, limit: int = NUMBERS, days: int = 30) -> tuple[str, str]:
    """The bureau's numbers, and a grant that lets the bank bring so many new identifiers in a period."""
    theirs = await register(world, "bureau", "files", [f"5550{number:04}" for number in range(0, 100, 7)])
    request = GiveGrant(
        grantee="bank",
        dataset=theirs,
        uses=50,
        columns=["id"],
        purposes=["credit-check"],
        new_identifiers=CapModel(limit=limit, days=days),
        rate=CapModel(limit=10, days=1),
    )
    return theirs, (await world["bureau"].services.grants.give(request))[0]


async def ask(world: World, mine: str, theirs: str, grant: str) -> str:
    """A job with the whole of one version."""
    request = specification(mine, theirs, grant, minutes=10)
    request.spec["receivers"][0]["rows_cap"] = NUMBERS
    return await world["bank"].services.proposals.propose(request)


def test_neither_a_race_nor_another_set_brings_more_than_the_cap_and_both_refusals_are_there_to_read(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=11) as world:
            theirs, grant = await prepare(world)
            sets = [await guesses(world, first) for first in (0, NUMBERS)]
            jobs = await asyncio.gather(
                *(ask(world, one, theirs, grant) for one in sets)
            )  # each fits alone: both are consented
            await asyncio.sleep(60)
            shown = [world["auditor"].services.jobs.show(one) for one in jobs]
            assert sorted((str(one.state), one.reason) for one in shown) == [
                ("completed", ""),
                ("refused", "grant.cap_reached"),
            ]
            log = world["auditor"].services.ledger.log(0, 200)
            assert {one.outcome for one in log if one.kind == StartJob.TAG} == {"ok", "grant.cap_reached"}

            job = await ask(world, sets[1], theirs, grant)
            record = await ended(world, job, "bureau")
            assert (record.state, record.reason) == ("refused", "policy.cap")
            decision = world["bureau"].services.jobs.why(job).decisions["bureau"]
            broken = next(one for one in decision.reasons if not one.holds)
            assert (broken.constraint, broken.wanted) == ("its new identifiers", "at most 40 in 30 days, 0 left")
            assert broken.observed.startswith("40, fits from 20")
            for org in ("bank", "bureau", "auditor"):  # both sides, and who audits, see what is left
                info = next(one for one in await world[org].services.grants.list() if one.grant == grant)
                assert [(one.unit, one.taken, one.left) for one in info.caps] == [("jobs", 1, 9), ("new-identifiers", 40, 0)]

    run_virtually(scenario())


def test_a_grant_for_counts_does_not_carry_identifiers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=14) as world:
            note = RegisterColumn(name="note", exposure="after-join")
            theirs = await register(world, "bureau", "files", ["5550001"], note)
            without = GiveGrant(grantee="bank", dataset=theirs, columns=["id"], purposes=["x"], outputs=["rows"])
            with pytest.raises(AtollError, match="payload"):
                await world["bureau"].services.grants.give(without)
            request = GiveGrant(
                grantee="bank",
                dataset=theirs,
                columns=["id"],
                purposes=["credit-check"],
                outputs=["cardinality", "sum"],
                payload=["note"],
                epsilon_micro=1_000_000,
            )
            grant, _ = await world["bureau"].services.grants.give(request)
            job = await ask(world, await guesses(world, 0), theirs, grant)
            record = await ended(world, job, "bureau")
            assert (record.state, record.reason) == ("refused", "policy.terms")
            info = next(one for one in await world["bank"].services.grants.list() if one.grant == grant)
            assert (info.epsilon_limit_micro, info.epsilon_left_micro) == (1_000_000, 1_000_000)
            assert info.terms is not None
            conditions = [{one["left"]: one["right"] for one in rule["constraints"]} for rule in info.terms["permissions"]]
            assert [one["outputs"] for one in conditions] == [["cardinality"], ["sum"]]
            assert conditions[0]["epsilon"] == ["1000000"] and "payload" not in conditions[0]
            assert conditions[1]["minimum-group"] == ["20"] and conditions[1]["payload"] == ["note"]
            assert [one["keys"] for one in conditions] == [["id"], ["id"]]
            assert (conditions[0]["columns"], conditions[1]["columns"]) == (["id"], ["id", "note"])

    run_virtually(scenario())
