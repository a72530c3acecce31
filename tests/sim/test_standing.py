"""Standing consents and written terms among real nodes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from atoll.api.models import GiveGrant, GiveStanding, NoteDuty, ProposeJob
from atoll.node.errors import BadRequest, NoSuchThing
from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl.profile import NAMESPACE
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import ended
from tests.sim.sides import register, side

RESEARCH = {"leftOperand": "odrl:purpose", "operator": "isA", "rightOperand": "research"}
OUTPUT = {"leftOperand": f"{NAMESPACE}output", "operator": "eq", "rightOperand": "identifiers"}


def bounds(*constraints: Any) -> dict[str, Any]:
    return {"permission": [{"action": "use", "constraint": list(constraints)}]}


async def give(world: World, dataset: str, **asked: Any) -> list[dict[str, Any]]:
    """A grant of the bureau to the bank, as a side of a specification names it."""
    request = GiveGrant(grantee="bank", uses=9, dataset=dataset, **asked)
    return [{"grant": (await world["bureau"].services.grants.give(request))[0], "version": 1}]


async def propose(world: World, sets: dict[str, str], grant: list[dict[str, Any]], *, by: str = "bank") -> str:
    """A job of which the bank receives; where the bureau proposes it, a person at the bank is asked."""
    spec = {"receivers": [side("bank", sets["bank"], [])], "owners": [side("bureau", sets["bureau"], grant)]}
    return await world[by].services.proposals.propose(ProposeJob(kind="intersection", spec=spec, purpose="research"))


def test_a_standing_consent_speaks_for_a_person_as_often_as_it_says(tmp_path: Path) -> None:
    """Two jobs at once do not share its last use, and one that was taken back carries nothing."""

    async def scenario() -> None:
        async with World(tmp_path, seed=62) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            grant = await give(world, sets["bureau"], columns=["id"], purposes=["research"])
            standing = world["bank"].services.standing
            given, _ = await standing.give(GiveStanding(terms=bounds(RESEARCH), title="studies", uses=1, days=30), "a person")
            both = await asyncio.gather(*(propose(world, sets, grant, by="bureau") for _ in range(2)))
            await asyncio.sleep(30)
            shown = {one.phase == "awaiting approval": one for one in map(world["bank"].services.jobs.show, both)}
            assert set(shown) == {True, False}
            carried = shown[False].decision
            assert carried is not None
            assert carried.standing == given
            assert [(one.uses_left, one.title) for one in await standing.list()] == [(0, "studies")]
            revoked, _ = await standing.give(GiveStanding(terms=bounds(RESEARCH), uses=5, days=30), "a person")
            await standing.revoke(revoked, "a person")
            third = await propose(world, sets, grant, by="bureau")
            await asyncio.sleep(10)
            assert world["bank"].services.jobs.show(third).phase == "awaiting approval"
            assert {one.state for one in await standing.list()} == {"active", "revoked"}
            with pytest.raises(BadRequest, match="permit nothing"):
                await standing.give(GiveStanding(terms={"prohibition": [{"action": "use"}]}, uses=1, days=1), "a person")

    run_virtually(scenario())


def test_written_terms_wait_for_their_duty_and_refuse_what_is_not_in_the_profile(tmp_path: Path) -> None:
    """A permission with a duty carries a job once the owner has noted that the duty was done."""

    async def scenario() -> None:
        async with World(tmp_path, seed=63) as world:
            sets = {org: await register(world, org) for org in ("bank", "bureau")}
            amount = {"leftOperand": "payAmount", "operator": "gteq", "rightOperand": "5.00", "unit": "EUR"}
            terms = bounds(RESEARCH, OUTPUT)
            terms["permission"][0]["duty"] = [{"@id": "urn:fee", "action": "compensate", "constraint": [amount]}]
            grant = await give(world, sets["bureau"], terms=terms)
            name = grant[0]["grant"]
            agreement = await world["bank"].services.grants.agreement(name)
            assert agreement["@type"] == "Agreement" and agreement["permission"][0]["duty"][0]["@id"] == "urn:fee"
            with pytest.raises(NoSuchThing):
                await world["bank"].services.grants.agreement("00" * 16)
            record = await ended(world, await propose(world, sets, grant))
            assert (record.state, record.reason) == ("refused", "policy.terms")
            duties = world["bureau"].services.duties
            for paid, state in (("4.99", "not-set"), ("5.00", "fulfilled")):
                (found,) = duties.note(name, NoteDuty(duty="urn:fee", done=True, amount=paid, unit="EUR"))
                assert found.state == state
            with pytest.raises(BadRequest, match="no duty urn:other"):
                duties.note(name, NoteDuty(duty="urn:other", done=True))
            assert (await ended(world, await propose(world, sets, grant))).state == "completed"
            for wrong, said in (({"columns": ["id"]}, "instead of columns"), ({}, None)):
                document = terms if said else bounds({**RESEARCH, "leftOperand": "odrl:resolution"})
                with pytest.raises(BadRequest if said else PolicyRefused, match=said or "no operand odrl:resolution"):
                    await give(world, sets["bureau"], terms=document, **wrong)
            with pytest.raises(BadRequest, match="the terms name telecom as assignee"):
                await give(world, sets["bureau"], terms=terms | {"assignee": "telecom"})

    run_virtually(scenario())
