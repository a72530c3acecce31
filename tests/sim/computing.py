"""A computation of two owners' columns for a bank, among three nodes."""

from __future__ import annotations

from typing import Any

from atoll import programs as mp
from atoll.api.models import GiveGrant, ProposeJob, RegisterColumn, RegisterDataset
from atoll.programs.graph import Graph
from atoll.testing.world import World

INCOMES = {
    "bureau": [str(1000 + number) for number in range(12)] + [""],
    "telecom": [str(500 + number) for number in range(15)],
}
TRUST = dict.fromkeys(("operator", "auditor", "bureau", "telecom"), 'trusted-proposers = ["bank"]')
ROWS = 16


@mp.program(
    inputs={
        "here": mp.column("first", mp.int64(0, 1_000_000), rows="n", nullable=True),
        "there": mp.column("second", mp.int64(0, 1_000_000), rows="n", nullable=True),
    },
    outputs={"total": "asker", "rows": "asker"},
)
def joint_total(here: mp.SecretArray, there: mp.SecretArray) -> dict[str, mp.SecretArray]:
    return {"total": here.sum() + there.sum(), "rows": mp.count(here) + mp.count(there)}


async def register(world: World, org: str, cells: list[str], exposure: str = "after-aggregate") -> str:
    path = world.home(org) / "data" / "table.csv"
    path.write_text("row,amount\n" + "".join(f"{at},{cell}\n" for at, cell in enumerate(cells)), "utf-8")
    columns = [RegisterColumn(name="row", exposure="hidden"), RegisterColumn(name="amount", exposure=exposure)]
    request = RegisterDataset(name="table", path=path.name, title=org, columns=columns)
    return (await world[org].services.datasets.register(request))[0]


async def permit(world: World, owner: str, grantee: str, dataset: str, **more: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"columns": ["amount"], "purposes": ["research"], "outputs": ["aggregate"], "uses": 9} | more
    grant, _ = await world[owner].services.grants.give(GiveGrant(grantee=grantee, dataset=dataset, **asked))
    return {"grant": grant, "version": 1}


def place(label: str, dataset: str, name: str, *grants: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "dataset": dataset, "binds": [{"input": name, "columns": ["amount"]}], "grants": list(grants)}


def proposal(
    graph: Graph, owners: list[dict[str, Any]], computes: list[str], *receivers: tuple[str, str], **more: Any
) -> ProposeJob:
    spec = {
        "graph": graph.encode().hex(),
        "owners": owners,
        "computes": computes,
        "receivers": [{"label": label, "org": org} for label, org in receivers],
    }
    return ProposeJob(kind="computation", spec=spec | more, purpose="research")


async def asked(world: World, computes: list[str]) -> tuple[Graph, ProposeJob]:
    """A joint total of the bureau's and the telecom's amounts, for the bank; both have granted it."""
    graph = joint_total.trace(n=ROWS)
    sets = {org: await register(world, org, cells) for org, cells in INCOMES.items()}
    grants = {org: await permit(world, org, "bank", sets[org]) for org in sets}
    owners = [
        place("first", sets["bureau"], "here", grants["bureau"]),
        place("second", sets["telecom"], "there", grants["telecom"]),
    ]
    return graph, proposal(graph, owners, computes, ("asker", "bank"))


def review(world: World, graph: Graph, *orgs: str) -> None:
    for org in orgs:
        world[org].services.programs.review(graph.digest.hex(), "owner")
