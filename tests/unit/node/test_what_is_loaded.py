"""A job's process loads what its job needs and no more: every attempt of every job begins with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from atoll.transport.errors import EndedUntold

ALWAYS_ELSEWHERE = {
    "atoll.api",
    "atoll.client",
    "atoll.jobs.cells",
    "atoll.ledger.records",
    "atoll.ledger.rules",
    "atoll.ordering",
    "atoll.sources.fingerprints",
    "duckdb",
    "fastapi",
    "httpx",
    "pyarrow.compute",
    "pydantic",
    "uvicorn",
}
"""What a process needs for jobs on numbers, Parquet, registration, or never."""
OTHERS = {
    "similarity": {"atoll.jobs.intersection", "atoll.programs", "atoll.protocols.mpc", "atoll.protocols.psi_rr22"},
    "intersection": {"atoll.jobs.similarity", "atoll.programs", "atoll.protocols.mpc"},
    "ranking": {"atoll.jobs.intersection", "atoll.jobs.similarity", "atoll.protocols.psi_rr22"},
}
"""What is for other kinds."""
PROBE = """
import io, sys
from pathlib import Path
import atoll.node.working
from atoll.jobs.registry import job_kind
from atoll.protocols.identifiers import Report, parse_rule
from atoll.sources import SourceRoot, SourceRows, open_items, open_source

kind, folder = sys.argv[1], Path(sys.argv[2])
job_kind(kind)
(folder / "people.csv").write_text("id\\n1234\\n")
with open_source("people.csv", root=SourceRoot([folder]), scratch=folder) as source, SourceRows(source) as rows:
    with open_items(rows, ["id"], [parse_rule("exact/1")], report=Report(), scratch=folder) as items:
        assert items.rows == 1
print(*sys.modules)
"""


@pytest.mark.parametrize("kind", OTHERS)
def test_a_process_of_a_job_on_a_table_of_text_loads_nothing_for_other_jobs(kind: str, tmp_path: Path) -> None:
    answer = subprocess.run([sys.executable, "-c", PROBE, kind, str(tmp_path)], capture_output=True, text=True, check=True)
    loaded = set(answer.stdout.split())
    assert f"atoll.jobs.{kind}" in loaded
    assert loaded & (ALWAYS_ELSEWHERE | OTHERS[kind]) == set()


LOADING = """
import gc
from atoll.node.loading import loading
try:
    with loading():
        print(gc.isenabled())
        raise ImportError
except ImportError:
    print(gc.isenabled(), gc.get_freeze_count() > 1000)
"""


def test_garbage_is_collected_again_once_the_code_is_loaded_and_the_code_is_left_out() -> None:
    answer = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "True", "True"]


FAILING = """
import asyncio, sys
from types import SimpleNamespace as Lent
import atoll.node.process
from atoll.errors import catalogue
from atoll.node.runs import Runs

async def submit(body):
    print(body.code)

context = Lent(store=Lent(update_job=lambda *_, **__: None), note=lambda *_: None, outbox=Lent(submit=submit))
print("psi_sum.total_too_wide" in catalogue())
for missing in sys.argv[1:]:
    sys.modules[missing] = None
asyncio.run(Runs(context, None, None, None, None)._fail(Lent(job_id=bytes(16)), "psi_sum.total_too_wide"))
"""


@pytest.mark.parametrize("missing", [(), ("atoll.protocols.psi_sum",)])
def test_a_node_that_has_loaded_no_kind_still_keeps_to_itself_what_tells_of_rows(missing: tuple[str, ...]) -> None:
    """The code comes from the job's process; whether it may travel says its class, which a node loads by then, if it can."""
    answer = subprocess.run([sys.executable, "-c", FAILING, *missing], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", EndedUntold.code]
