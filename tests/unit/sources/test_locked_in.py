"""Without a network, within a memory, behind a locked door."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from atoll.sources import ReadLimits
from atoll.sources.duck import connect_locked
from tests.unit.sources.desk import Desk

READ_ALL = """
import sys
from pathlib import Path

def refuse(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        raise SystemExit(f"the network was used: {event}")

sys.addaudithook(refuse)
from atoll.sources import SourceRoot, open_source

root = SourceRoot([Path(sys.argv[1])])
for address in sys.argv[3:]:
    with open_source(address, root=root, scratch=Path(sys.argv[2])) as source:
        rows = sum(batch.num_rows for batch in source.batches(source.schema().names))
        assert rows == source.row_count()
        print(rows)
# Not getrusage: its peak includes that of the process that started this one.
(peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak) >> 10)
"""


def read_all(desk: Desk, *addresses: str, before: list[str] | None = None) -> list[int]:
    command = [*(before or []), sys.executable, "-c", READ_ALL, str(desk.data), str(desk.scratch), *addresses]
    environment = {**os.environ, "HOME": str(desk.outside), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def test_every_format_is_read_where_there_is_no_network(desk: Desk) -> None:
    addresses = [desk.table(kind, ["id"], [["a"], ["b"]]) for kind in ("csv", "parquet", "sqlite")]
    isolated = ["unshare", "--net", "--map-root-user"]
    without_network = subprocess.run([*isolated, "true"], capture_output=True).returncode == 0
    # Where the kernel does not lend out an empty network, the audit hook in READ_ALL stands guard alone.
    assert read_all(desk, *addresses, before=isolated if without_network else [])[:-1] == [2, 2, 2]
    assert list(desk.outside.iterdir()) == [], "something was installed into the home folder"


def test_memory_does_not_grow_with_the_file(desk: Desk) -> None:
    block = b"".join(b"%09d,some more text to fill the line with %d\n" % (n, n) for n in range(20_000))
    desk.write("small.csv", b"id,text\n" + block)
    with (desk.data / "large.csv").open("wb") as file:
        file.write(b"id,text\n")
        file.writelines([block] * 100)
    (_, small), (rows, large) = read_all(desk, "small.csv"), read_all(desk, "large.csv")
    assert rows == 2_000_000
    assert (desk.data / "large.csv").stat().st_size > 100 << 20
    assert large - small < 64, f"{small} MiB for 1 MB, {large} MiB for 110 MB"


@pytest.fixture
def locked(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    (tmp_path / "mine.csv").write_text("id\n1\n")
    (tmp_path / "other.csv").write_text("id\nsecret\n")
    return connect_locked(tmp_path / "mine.csv", ReadLimits())


def test_the_one_file_can_be_read(locked: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert locked.sql("SELECT * FROM read_csv($p)", params={"p": str(tmp_path / "mine.csv")}).fetchall() == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{folder}/other.csv')",
        "SELECT * FROM '{folder}/other.csv'",
        "SELECT * FROM read_csv('{folder}/*.csv')",
        "SELECT * FROM read_csv('{folder}/mine.csv/../other.csv')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('https://example.org/table.csv')",
        "SELECT * FROM read_parquet('s3://bucket/table.parquet')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY (SELECT 1) TO '{folder}/mine.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/out.duckdb'",
        "SET enable_external_access = true",
        "SET allowed_paths = ['{folder}/other.csv']",
        "SET lock_configuration = false",
        "SET memory_limit = '64GB'",
        "SET temp_directory = '{folder}'",
        "RESET memory_limit",
        "SELECT * FROM decoy",
    ],
)
def test_nothing_else_can_be_done(locked: duckdb.DuckDBPyConnection, tmp_path: Path, statement: str) -> None:
    decoy = pa.table({"a variable": ["that DuckDB would find by its name"]})
    with pytest.raises(duckdb.Error):
        locked.execute(statement.format(folder=tmp_path)).fetchall()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "other.csv"]
    assert (tmp_path / "mine.csv").read_text() == "id\n1\n"
    assert decoy.num_rows == 1


def test_memory_threads_and_disk_are_bounded(tmp_path: Path) -> None:
    database = connect_locked(tmp_path / "mine.csv", ReadLimits(memory_bytes=64 << 20, threads=1))
    settings = ("memory_limit", "threads", "temp_directory")
    found = [database.sql(f"SELECT current_setting('{name}')").fetchall() for name in settings]
    assert found == [[("64.0 MiB",)], [(1,)], [("",)]]
