"""Every output and every protocol through whole nodes, over a simulated network and clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atoll.api.models import GiveGrant, ProposeJob
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import agreed_everywhere, ended
from tests.sim.sides import TABLES, register, side, table


async def permit(world: World, owner: str, grantee: str, dataset: str) -> dict[str, Any]:
    """A grant for everything there is."""
    request = GiveGrant(
        grantee=grantee,
        uses=20,
        dataset=dataset,
        columns=["id", "amount"],
        purposes=["research"],
        outputs=["identifiers", "rows", "cardinality", "sum"],
        payload=["amount"],
        min_count=5,
    )
    grant, _ = await world[owner].services.grants.give(request)
    return {"grant": grant, "version": 1}


@dataclass(frozen=True, slots=True)
class Agreed:
    """Tables, and the grants that go with them."""

    sets: dict[str, str]
    grants: dict[str, dict[str, Any]]
    back: dict[str, Any]
    """The bank's grant to the bureau."""


async def agree(world: World) -> Agreed:
    """Everybody registers a table; the others permit the bank, and the bank the bureau."""
    sets = {org: await register(world, org) for org in TABLES}
    grants = {org: await permit(world, org, "bank", sets[org]) for org in ("bureau", "telecom")}
    return Agreed(sets, grants, await permit(world, "bank", "bureau", sets["bank"]))


async def run(world: World, agreed: Agreed, *owners: str, both: bool = False, shows: tuple[str, ...] = (), **asked: Any) -> str:
    """Propose and wait; the job."""
    mine = side("bank", agreed.sets["bank"], [agreed.back] if both else [], shows=list(shows) if both else [])
    others = [side(org, agreed.sets[org], [agreed.grants[org]], shows=list(shows)) for org in owners]
    spec = {"receivers": [mine, *others] if both else [mine], "owners": [] if both else others, **asked}
    request = ProposeJob(kind="intersection", spec=spec, purpose="research")
    job = await world["bank"].services.proposals.propose(request)
    record = await ended(world, job)
    assert (record.state, record.reason) == ("completed", "")
    await agreed_everywhere(world, job)
    return job


BOTH = [[f"P{number:03}"] for number in range(30, 60)]
CASES: dict[str, tuple[dict[str, Any], list[list[str]]]] = {
    "rr22": ({"protocol": "psi-rr22"}, BOTH),
    "malicious": ({"security": "malicious"}, BOTH),
    "ecdh": ({"protocol": "psi-ecdh-curve25519"}, BOTH),
    "few keys against a table": ({"protocol": "psi-oprf-ristretto255"}, BOTH),
    "the same table again": ({"protocol": "psi-oprf-ristretto255"}, BOTH),
    "cardinality": ({"output": "cardinality"}, [["30"]]),
    "sum": ({"output": "sum", "shows": ("amount",), "min_count": 5}, [["30", str(sum(range(30, 60)))]]),
    "withheld": ({"output": "sum", "shows": ("amount",), "min_count": 31}, [["30", ""]]),
    "anti": ({"join": "anti"}, [[f"P{number:03}"] for number in range(30)]),
    "rows": ({"output": "rows", "shows": ("amount",)}, [[f"P{number:03}", str(number)] for number in range(30, 60)]),
    "left": (
        {"output": "rows", "shows": ("amount",), "join": "left"},
        [[f"P{number:03}", str(number) if number >= 30 else ""] for number in range(60)],
    ),
}


def test_two_organisations_get_what_the_tables_say_whatever_is_asked_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=11) as world:
            agreed = await agree(world)
            for case, (asked, expected) in CASES.items():
                job = await run(world, agreed, "bureau", **asked)
                assert sorted(table(world, job)) == expected, case

    run_virtually(scenario())


def test_three_learn_what_all_have_and_of_two_receivers_each_gets_its_own_result(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=12, policy={"bureau": 'trusted-proposers = ["bank"]'}) as world:
            agreed = await agree(world)
            job = await run(world, agreed, "bureau", "telecom")
            assert sorted(table(world, job)) == [[f"P{number:03}"] for number in range(40, 60)]
            assert world["bank"].services.jobs.show(job).receipts == ["bank", "bureau", "telecom"]
            job = await run(world, agreed, "bureau", both=True, output="rows", shows=("amount",))
            assert sorted(table(world, job)) == [[f"P{number:03}", str(number)] for number in range(30, 60)]
            assert sorted(table(world, job, "bureau")) == [[f"p{number:03}", str(100 * number)] for number in range(30, 60)]

    run_virtually(scenario())
