"""What becomes of tables when a period, a grant or a dataset ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from atoll.jobs.periods import PERIOD_SECONDS, period_of
from atoll.ledger.rules.grant import RevokeGrant
from atoll.node.config import Home
from atoll.node.context import NodeContext
from atoll.node.tables import forget_what_ended, table_folder
from tests.unit.node.offices import FILES, GRANT, Offices


@pytest.fixture
def kept(offices: Offices, tmp_path: Path) -> dict[str, tuple[NodeContext, Path]]:
    """Of the owner and of the grantee: the node, and its folder with a table and a note."""
    found = {}
    for org in ("bank", "bureau"):
        context = offices[org].context
        context = replace(context, config=replace(context.config, home=Home(tmp_path / org)))
        folder = table_folder(context.config.home.tables, period_of(context.now()), FILES)
        folder.mkdir(parents=True)
        for name in ("00.table", "00.public-key"):
            (folder / name).write_bytes(b"x")
        forget_what_ended(context)
        assert len(list(folder.iterdir())) == 2
        found[org] = context, folder
    return found


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_revoked_grant_takes_the_grantees_table_and_not_its_notes(
    offices: Offices, kept: dict[str, tuple[NodeContext, Path]]
) -> None:
    offices.lagoon.do("bureau", RevokeGrant(grant=GRANT))
    for org, left in (("bank", ["00.public-key"]), ("bureau", ["00.public-key", "00.table"])):
        context, folder = kept[org]
        forget_what_ended(context)
        assert names(folder) == left, org


def test_a_grant_that_ran_out_takes_the_table(offices: Offices, kept: dict[str, tuple[NodeContext, Path]]) -> None:
    context, folder = kept["bank"]
    offices["bank"].clock.time += 20_000
    forget_what_ended(context)
    assert names(folder) == ["00.public-key"]


def test_a_new_period_takes_everything(offices: Offices, kept: dict[str, tuple[NodeContext, Path]]) -> None:
    for org, (context, folder) in kept.items():
        offices[org].clock.time += PERIOD_SECONDS
        forget_what_ended(context)
        assert not folder.exists(), org
