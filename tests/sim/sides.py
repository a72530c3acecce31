"""Tables of two columns, and sides of an intersection over them."""

from __future__ import annotations

from typing import Any

from atoll.api.models import GiveGrant, ProposeJob, RegisterColumn, RegisterDataset
from atoll.testing.world import World
from tests.sim.flow import RULE

TABLES = {
    "bank": [(f"P{number:03}", str(100 * number)) for number in range(60)],
    "bureau": [(f"p{number:03}", str(number)) for number in range(30, 90)],
    "telecom": [(f"P-{number:03}", f"line {number}") for number in range(40, 100)],
}


async def register(world: World, org: str) -> str:
    """The organisation's table: identifiers and an amount."""
    path = world.home(org) / "data" / "table.csv"
    path.write_text("id,amount\n" + "".join(f"{one},{amount}\n" for one, amount in TABLES[org]), "utf-8")
    columns = [
        RegisterColumn(name="id", semantics="identifier", exposure="after-join", normalisation=RULE),
        RegisterColumn(name="amount", exposure="plaintext"),
    ]
    request = RegisterDataset(name="table", path=path.name, title=org, columns=columns)
    return (await world[org].services.datasets.register(request))[0]


def side(org: str, dataset: str, grants: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """An organisation's line of a specification."""
    key = {"columns": ["id"], "normalisation": [RULE], "rows_cap": 1024}
    return {**key, "org": org, "dataset": dataset, "grants": grants, **more}


def table(world: World, job: str, org: str = "bank") -> list[list[str | None]]:
    """The first page of a result, as this organisation reads it."""
    return [list(row) for row in world[org].services.jobs.result(job, 0, "test").table]


async def give(world: World, owner: str, grantee: str, dataset: str, **asked: Any) -> list[dict[str, Any]]:
    """A grant for one dataset, as a side of a specification names it."""
    request = GiveGrant(grantee=grantee, uses=9, dataset=dataset, columns=["id"], purposes=["research"], **asked)
    return [{"grant": (await world[owner].services.grants.give(request))[0], "version": 1}]


async def propose(world: World, org: str, receiver: dict[str, Any], owner: dict[str, Any], **asked: Any) -> str:
    """Propose an intersection of these two; the job."""
    spec = {"receivers": [receiver], "owners": [owner], **asked}
    return await world[org].services.proposals.propose(ProposeJob(kind="intersection", spec=spec, purpose="research"))
