"""An intersection of large tables through real nodes, one of which is killed with -9 again and again, in bounded memory.

A million rows in every run of the tests; `make long` takes ten million, and kills more often.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pytest

from atoll.api.models import CapModel, GiveGrant, RegisterColumn, RegisterDataset
from atoll.cli.demo.consortium import BANK, BUREAU, CABLED
from atoll.cli.demo.exchange import PURPOSE
from atoll.cli.demo.stage import Stage
from tests.e2e.conftest import SEED_VARIABLE, Standing

pytestmark = pytest.mark.slow

ROWS = int(os.environ.get("ATOLL_LARGE_ROWS", "1000000"))
KILLS = int(os.environ.get("ATOLL_LARGE_KILLS", "2"))
MEMORY_MB = 1024
"""Cap of each party's job process; the system refuses it more."""
BYTES_A_ROW = 30
"""Of the job in both directions, a little less than it is."""
SECONDS = 1200.0


def write_table(path: Path, *, first: int) -> None:
    """A table of ROWS identifiers in no order, those of the numbers from `first` on."""
    duckdb.sql(f"""
        COPY (SELECT printf('%012d', ((range * 7919) % {ROWS} + {first}) * 48271) AS id FROM range({ROWS})) TO '{path}' (HEADER)
    """)


def register(stage: Stage, org: str, *, first: int) -> str:
    """An organisation's table, registered; its dataset."""
    write_table(stage.consortium.home(org) / "data" / "large.csv", first=first)
    column = RegisterColumn(name="id", semantics="identifier", level=2, exposure="after-join", normalisation="exact/1")
    return stage.client(org).datasets.register(
        RegisterDataset(
            name="large", path="large.csv", title="large", description="numbers", columns=[column], purposes=[PURPOSE]
        )
    )


def side(org: str, dataset: str, grants: list[dict[str, object]]) -> dict[str, object]:
    """One party of the proposal."""
    spelt = {"columns": ["id"], "normalisation": ["exact/1"], "rows_cap": ROWS}
    return {"org": org, "dataset": dataset, "grants": grants, **spelt}


@pytest.mark.usefixtures("processors")
def test_large_tables_meet_in_bounded_memory_while_nodes_are_killed(standing: Standing) -> None:
    stage = standing.stage
    mine, theirs = register(stage, BANK, first=0), register(stage, BUREAU, first=ROWS // 2)
    cap = CapModel(limit=100 * ROWS, days=30)
    given = GiveGrant(grantee=BANK, dataset=theirs, uses=1, columns=["id"], purposes=[PURPOSE], new_identifiers=cap)
    grant = stage.client(BUREAU).grants.give(given)
    version = stage.seen_by(BANK, "the grant", lambda node: {one.grant: one.version for one in node.grants.list()}[grant])
    owner = side(BUREAU, theirs, [{"grant": grant, "version": version}])
    spec = {"receivers": [side(BANK, mine, [])], "owners": [owner], "protocol": "psi-rr22"}
    assert CABLED == BANK, "the receiver is dialled, so the cable before it carries the job"
    blows: list[tuple[str, int]] = []
    job = ""
    for _ in range(KILLS):
        org = stage.chance.choice((BANK, BUREAU))
        place = stage.chance.randrange(1, BYTES_A_ROW * ROWS // (KILLS + 1))  # so much is left after every other kill
        stage.cable.cut_after(place, stage.nodes[org].pid)
        if not job:
            job = stage.client(BANK).jobs.propose("intersection", spec, purpose=PURPOSE, memory_mb=MEMORY_MB, minutes=60)
        if not stage.cable.wait_cut(seconds=SECONDS / 2):
            pytest.fail(f"{SEED_VARIABLE}={standing.seed}: not {place:,} bytes passed before {org} was to be killed")
        stage.begin_restart(org)  # the next blow is prepared before the job can go on
        blows.append((org, place))
    for org in {org for org, _ in blows}:
        stage.await_restart(org)
    jobs = stage.client(BANK).jobs
    info = jobs.wait(job, timeout_seconds=SECONDS)
    killed = ", ".join(f"{org} after {place:,} bytes" for org, place in blows)
    why = f"{SEED_VARIABLE}={standing.seed}: killed {killed}; {info.state} {info.reason}"
    print(why)
    assert info.state == "completed", why
    found = jobs.arrow(job).column(0)
    numbers = pc.divide(pc.cast(found, "int64"), 48271)
    assert len(found) == ROWS - ROWS // 2 == pc.count_distinct(numbers).as_py(), why
    assert (pc.min(numbers).as_py(), pc.max(numbers).as_py()) == (ROWS // 2, ROWS - 1), why
