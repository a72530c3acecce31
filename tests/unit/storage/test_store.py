"""The node's database: what a call has returned is there after the process has gone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from atoll.storage.errors import StoreCorrupt, StoreFull
from atoll.storage.store import LocalDataset, LocalJob, NodeStore

DATASET = LocalDataset(id="bank/customers/1", path="customers.csv", table="", digest="ab" * 32, content_salt="cd" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node.sqlite"


def filled(path: Path) -> NodeStore:
    """A store with one thing of each kind in it."""
    store = NodeStore(path)
    store.set_meta("revoked/61", b"1")
    store.set_body("plan", "01", b"the plan")
    store.set_dataset(DATASET)
    store.update_job("01", phase="running", attempt=2, progress=(5, 10, "points"), decision={"verdict": "permit"})
    store.set_job_secret("01", b"sealed")
    store.add_token(b"\x01" * 32, "admin", "console")
    store.audit(time=7, actor="node", action="job.consent", subject="01", outcome="ok")
    return store


def verify_filled(store: NodeStore) -> None:
    assert store.meta("revoked/61") == b"1"
    assert store.body("plan", "01") == b"the plan"
    assert store.dataset("bank/customers/1") == DATASET
    assert store.job("01") == LocalJob(
        id="01", phase="running", attempt=2, progress=(5, 10, "points"), decision={"verdict": "permit"}
    )
    assert store.job_secret("01") == b"sealed"
    assert store.token(b"\x01" * 32) == ("admin", "console")
    assert store.audit_trail() == [(1, 7, "node", "job.consent", "01", "ok")]


def test_everything_is_there_after_the_store_was_closed_and_opened_again(path: Path) -> None:
    filled(path).close()
    verify_filled(NodeStore(path))


def test_everything_is_there_though_nobody_closed_it(path: Path) -> None:
    abandoned = filled(path)
    verify_filled(NodeStore(path))
    abandoned.close()


def test_what_a_call_has_returned_survives_the_death_of_the_process(path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from atoll.storage.store import NodeStore\n"
        "store = NodeStore(Path(sys.argv[1]))\n"
        "store.set_job_secret('01', b'sealed'); store.set_meta('revoked/61', b'1')\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60)
    assert done.returncode == -9
    store = NodeStore(path)
    assert (store.job_secret("01"), store.meta("revoked/61")) == (b"sealed", b"1")


def test_every_write_reaches_the_disk_before_the_call_returns(path: Path) -> None:
    store = NodeStore(path)
    assert store._rows("PRAGMA synchronous") == [(2,)]  # FULL
    assert store._rows("PRAGMA journal_mode") == [("wal",)]


def test_what_was_never_written_is_not_there(path: Path) -> None:
    store = NodeStore(path)
    assert (store.meta("x"), store.body("plan", "x"), store.dataset("x"), store.job("x")) == (None,) * 4
    assert (store.job_secret("x"), store.token(b"x"), store.jobs(), store.audit_trail()) == (None, None, [], [])
    assert store.bodies("plan") == []


def test_a_job_without_secrets_has_none(path: Path) -> None:
    store = NodeStore(path)
    store.update_job("01", phase="consented")
    assert store.job_secret("01") is None


def test_changing_a_job_leaves_its_other_fields_and_its_secrets_alone(path: Path) -> None:
    store = filled(path)
    changed = store.update_job("01", phase="done", seconds=1.5)
    assert (changed.phase, changed.attempt, changed.seconds) == ("done", 2, 1.5)
    assert store.job("01") == changed
    assert store.job_secret("01") == b"sealed"


def test_a_secret_makes_its_job_where_there_was_none(path: Path) -> None:
    store = NodeStore(path)
    store.set_job_secret("02", b"sealed")
    assert store.job("02") == LocalJob(id="02")


def test_a_field_that_jobs_do_not_have_is_a_programmers_mistake(path: Path) -> None:
    with pytest.raises(TypeError):
        NodeStore(path).update_job("01", fase="running")


def test_a_job_written_by_a_later_version_is_read_without_what_is_unknown(path: Path) -> None:
    store = filled(path)
    raw = sqlite3.connect(path)
    raw.execute("""UPDATE job SET row = json_set(row, '$.mood', 'good')""")
    raw.commit()
    raw.close()
    found = store.job("01")
    assert found is not None
    assert found.phase == "running"


def test_bodies_are_listed_by_kind_and_by_the_exact_beginning_of_their_names(path: Path) -> None:
    store = NodeStore(path)
    for name in ("ab/2", "ab/1", "a%/1", "AB/1", "b"):
        store.set_body("detail", name, name.encode())
    store.set_body("plan", "ab/3", b"another kind")
    assert store.bodies("detail", "ab/") == [("ab/1", b"ab/1"), ("ab/2", b"ab/2")]
    assert store.bodies("detail", "a%") == [("a%/1", b"a%/1")]
    assert len(store.bodies("detail")) == 5


def test_names_are_values_never_text_of_a_query(path: Path) -> None:
    store = NodeStore(path)
    odd = "x'); DROP TABLE body; --"
    store.set_body("plan", odd, b"1")
    store.set_meta(odd, b"2")
    assert (store.body("plan", odd), store.meta(odd)) == (b"1", b"2")


def test_a_body_is_replaced_as_a_whole(path: Path) -> None:
    store = filled(path)
    store.set_body("plan", "01", b"x")
    assert store.body("plan", "01") == b"x"


def test_the_audit_trail_gives_the_newest_notes_with_the_newest_last(path: Path) -> None:
    store = NodeStore(path)
    for at in range(5):
        store.audit(time=at, actor="node", action="a", subject=str(at), outcome="ok")
    assert [note[4] for note in store.audit_trail(limit=2)] == ["3", "4"]
    assert [note[0] for note in store.audit_trail()] == [1, 2, 3, 4, 5]


# -- when the disk does not do its part ----------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_what_was_there_is_there_still(path: Path) -> None:
    store = filled(path)
    (pages,) = store._rows("PRAGMA page_count")[0]
    store._rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFull):
        store.set_body("plan", "02", bytes(50_000))
    assert store.body("plan", "02") is None
    verify_filled(store)
    store._rows(f"PRAGMA max_page_count = {pages + 100}")
    store.set_body("plan", "02", bytes(50_000))


def test_a_file_that_is_no_database_is_damaged(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreCorrupt):
        NodeStore(path)


def test_damage_is_found_when_it_is_read(path: Path) -> None:
    store = NodeStore(path)
    for at in range(100):
        store.set_body("plan", str(at), bytes(5000))
    store.close()
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 40 * 4096] = b"\xff" * (37 * 4096)
    path.write_bytes(data)
    with pytest.raises(StoreCorrupt):
        NodeStore(path).bodies("plan")


def test_a_store_of_another_schema_is_not_touched(path: Path) -> None:
    store = NodeStore(path)
    store.set_meta("schema", b"2")
    store.close()
    with pytest.raises(StoreCorrupt, match="schema version 2, this program knows 1"):
        NodeStore(path)
