"""Rows are asked for by their key: who is granted them beside identifiers cannot list them by what stands beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.api.models import CapModel, GiveGrant, ProposeJob, RegisterColumn, RegisterDataset
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from tests.sim.flow import RULE, ended

BY_SEGMENT = {"columns": ["segment"], "normalisation": ["text/1"]}


async def register(world: World, org: str, text: str, *columns: RegisterColumn) -> str:
    """A table that the organisation writes and registers."""
    (world.home(org) / "data" / "table.csv").write_text(text, "utf-8")
    request = RegisterDataset(name="table", path="table.csv", title=org, columns=list(columns))
    return (await world[org].services.datasets.register(request))[0]


@pytest.mark.parametrize(("rule", "code"), [("", "policy.column"), ("text/1", "policy.terms")])
def test_three_words_do_not_bring_every_row_under_a_cap_of_ten_identifiers(tmp_path: Path, rule: str, code: str) -> None:
    """The grant has two columns beside the key, and the recipient compares by one to get the other of everybody."""
    rows = "".join(f"P{number:03},{'abc'[number % 3]},{number}\n" for number in range(60))

    async def scenario() -> None:
        async with World(tmp_path, seed=3) as world:
            shown = [RegisterColumn(name="segment", exposure="after-join", normalisation=rule)]
            shown.append(RegisterColumn(name="income", exposure="after-join"))
            key = RegisterColumn(name="id", exposure="after-join", normalisation=RULE)
            theirs = await register(world, "bureau", f"id,segment,income\n{rows}", key, *shown)
            words = RegisterColumn(name="segment", exposure="after-join", normalisation="text/1")
            mine = await register(world, "bank", "segment\na\nb\nc\n", words)
            request = GiveGrant(
                grantee="bank",
                dataset=theirs,
                uses=2,
                columns=["id"],
                payload=["segment", "income"],
                outputs=["rows"],
                purposes=["research"],
                new_identifiers=CapModel(limit=10, days=30),
            )
            grant, _ = await world["bureau"].services.grants.give(request)
            owner = {"org": "bureau", "dataset": theirs, "grants": [{"grant": grant, "version": 1}], "shows": ["income"]}
            spec = {
                "receivers": [{**BY_SEGMENT, "org": "bank", "dataset": mine, "rows_cap": 3}],
                "owners": [{**BY_SEGMENT, **owner, "rows_cap": 1000}],
                "output": "rows",
                "payload_bytes": 2000,
            }
            proposal = ProposeJob(kind="intersection", spec=spec, purpose="research")
            record = await ended(world, await world["bank"].services.proposals.propose(proposal))
            assert (record.state, record.reason) == ("refused", code)

    run_virtually(scenario())
