"""One job from tables to its end, as most tests of whole nodes go through it."""

from __future__ import annotations

import asyncio
from typing import Any

from atoll.api.models import GiveGrant, ProposeJob, RegisterColumn, RegisterDataset
from atoll.ledger.records import Job
from atoll.testing.world import World

RULE = "national-id/1"
ENDED = ("completed", "failed", "refused", "withdrawn", "unacknowledged", "expired")


async def register(world: World, org: str, name: str, identifiers: list[str], *more: RegisterColumn) -> str:
    """Write a table of keys and notes, and register it with its key and `more` of its columns."""
    path = world.home(org) / "data" / f"{name}.csv"
    path.write_text("id,note\n" + "".join(f"{one},x\n" for one in identifiers), "utf-8")
    column = RegisterColumn(name="id", semantics="identifier", exposure="after-join", normalisation=RULE)
    request = RegisterDataset(name=name, path=path.name, title=f"{name} of {org}", columns=[column, *more])
    return (await world[org].services.datasets.register(request))[0]


async def prepare(world: World, *, uses: int = 1) -> tuple[str, str, str]:
    """Two tables that share 30 of their identifiers, and a grant."""
    mine = await register(world, "bank", "customers", [f"P{number:04}" for number in range(80)])
    theirs = await register(world, "bureau", "files", [f"p{number:04}" for number in range(50, 150)])
    request = GiveGrant(grantee="bank", dataset=theirs, uses=uses, columns=["id"], purposes=["credit-check"])
    grant, _ = await world["bureau"].services.grants.give(request)
    return mine, theirs, grant


def specification(mine: str, theirs: str, grant: str, **changes: Any) -> ProposeJob:
    """A proposal of an intersection."""
    key = {"columns": ["id"], "normalisation": [RULE], "rows_cap": 1000}
    spec = {
        "receivers": [{**key, "org": "bank", "dataset": mine}],
        "owners": [{**key, "org": "bureau", "dataset": theirs, "grants": [{"grant": grant, "version": 1}]}],
        "keys_per_round": 16,
    }
    return ProposeJob(kind="intersection", spec=spec, purpose=changes.pop("purpose", "credit-check"), **changes)


async def ended(world: World, job: str, org: str = "bank", *, seconds: float = 600.0) -> Job:
    """The job, once it has ended for this organisation."""
    async with asyncio.timeout(seconds):
        while True:
            record = world[org].context.view().get(Job, job)
            if record is not None and record.state in ENDED:
                return record
            await asyncio.sleep(0.1)


async def agreed_everywhere(world: World, job: str) -> None:
    """Wait until every running node has seen the end of the job."""
    for org in list(world.nodes):
        await ended(world, job, org)
