"""A replica on disk: opened only if it adds up, written whole or not at all, dropped above a height and no further."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from atoll.errors import IntegrityError
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ordering import store as module
from atoll.ordering.embedded.store import FORMAT, Store
from atoll.ordering.errors import ForeignStore, StoreClosed, StoreCorrupt, StoreFull, StoreInUse
from atoll.primitives.smt import Tree
from atoll.testing.consortium import Founding
from atoll.testing.engines import Engines, memory_folder
from atoll.testing.virtual import run_virtually

FOUNDING = Founding(("operator", "bank"))


@pytest.fixture(name="tmp_path")
def _memory(tmp_path: Path) -> Iterator[Path]:
    with memory_folder(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the closed stores of two members after a few blocks."""
    folder = tmp_path_factory.mktemp("filled")

    async def fill() -> None:
        engines = Engines(FOUNDING, folder)
        await engines.start()
        for number in range(1, 5):
            body = RegisterDataset(dataset=f"bank/table-{number}/1", card_commitment=bytes([number]) * 32, level=1)
            await engines["bank"].submit(FOUNDING.sign("bank", body))
        await engines.settle()
        await engines.stop()

    run_virtually(fill())
    return folder


def reopened(folder: Path, tmp_path: Path, change: str) -> None:
    """Copy the bank's store, change it by an SQL statement, and open it again."""
    path = tmp_path / "bank.ledger"
    path.write_bytes((folder / "bank.ledger").read_bytes())
    with sqlite3.connect(path) as database:
        database.executescript(change)
    database.close()
    open_bank(tmp_path)


def open_bank(folder: Path) -> tuple[bytes, bytes]:
    """Roots of the log and of the state that an opened store shows."""

    async def attempt() -> tuple[bytes, bytes]:
        engines = Engines(FOUNDING, folder)
        view = engines.make("bank").view()
        await engines.close()
        return view.log_root, view.tree.root

    return run_virtually(attempt())


def test_an_untouched_store_opens(filled: Path, tmp_path: Path) -> None:
    reopened(filled, tmp_path, "SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM blocks WHERE height = 2",
        "DELETE FROM blocks WHERE height = (SELECT max(height) FROM blocks)",
        "DELETE FROM blocks",
        "UPDATE blocks SET data = (SELECT data FROM blocks WHERE height = 1) WHERE height = 2",
        "UPDATE blocks SET summary = (SELECT summary FROM blocks WHERE height = 1) WHERE height = 2",
        "UPDATE blocks SET summary = x'00' WHERE height = 2",
        "DELETE FROM records WHERE key = CAST('nonce' || char(0) || 'bank' AS BLOB)",
        "UPDATE records SET value = value || x'00'",
        "DELETE FROM records",
        "UPDATE vows SET value = x'00' WHERE name = 'agreed'",
        "UPDATE vows SET digest = zeroblob(32)",
        "DROP TABLE blocks",
    ],
)
def test_a_store_that_does_not_add_up_is_refused(filled: Path, tmp_path: Path, change: str) -> None:
    with pytest.raises(IntegrityError):
        reopened(filled, tmp_path, change)


def test_flipped_bits_are_found_or_harmless(filled: Path, tmp_path: Path) -> None:
    """A flip in what is signed is refused; what opens all the same shows the same ledger."""
    dice = random.Random(7)
    good = (filled / "bank.ledger").read_bytes()
    shown = open_bank(filled)
    refused = 0
    for _ in range(60):
        data = bytearray(good)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        path = tmp_path / "bank.ledger"
        path.write_bytes(bytes(data))
        for extra in tmp_path.glob("bank.ledger-*"):
            extra.unlink()
        try:
            assert open_bank(tmp_path) == shown
        except IntegrityError:
            refused += 1
    assert refused > 3


def test_the_store_of_another_member_ledger_or_format_is_refused(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "bank.ledger"
    path.write_bytes((filled / "operator.ledger").read_bytes())
    with pytest.raises(ForeignStore):
        open_bank(tmp_path)
    with pytest.raises(ForeignStore):
        reopened(filled, tmp_path, f"PRAGMA user_version = {FORMAT + 1}")
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreCorrupt):
        open_bank(tmp_path)


def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path / "one")

    def write_and_fail() -> None:
        with store.write():
            store.put_vow("a", b"1")
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert store.vow("a") is None
    with store.write():
        store.put_vow("a", b"1")
    store.close()
    again = Store(tmp_path / "one")
    assert again.vow("a") == b"1"
    again.close()


def test_of_a_key_the_last_row_counts(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    few = [b"key %d" % number for number in range(100)]
    with store.write():
        for _ in range(3):
            store.put_records((key, b"old") for key in few)
        store.put_records((key, b"new " + key) for key in few)
    state = {key: b"new " + key for key in few}
    assert dict(store.records()) == state
    assert Tree.load(store.records()) == Tree.of(state)
    store.close()


def test_rows_that_are_out_of_date_go_while_others_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIDY_ROWS", 20)
    store = Store(tmp_path / "store")
    state = Tree.of({b"seldom %d" % number: b"once" for number in range(30)})
    with store.write():
        store.put_records(state.items())
    for number in range(500):
        changes = {b"often %d" % (one % 7): b"%d" % number for one in range(number, number + 5)}
        state = state.put_many(changes)
        with store.write():
            store.put_records(changes.items())
            store.tidy_records(len(changes), state)
        assert Tree.load(store.records()) == state
        assert len(list(store.records())) <= 3 * len(state) + 20
    store.close()


def test_tidying_costs_the_same_however_many_records_there_are(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    state = {b"key %d" % number: b"value" for number in range(2000)}
    with store.write():
        store.put_records(state.items())
    steps: list[None] = []
    store._db.set_progress_handler(lambda: steps.append(None), 1)
    with store.write():
        store.tidy_records(4, state)
    assert 0 < len(steps) < 200, "SQLite's steps; a walk over all takes some thousands"
    store.close()


def test_a_full_disk_refuses_and_keeps_what_was_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "one", max_pages=24)
    with store.write():
        store.put_vow("a", b"1")
    with pytest.raises(StoreFull), store.write():
        store.put_vow("a", bytes(1_000_000))
    assert store.vow("a") == b"1"
    store.limit_pages(None)
    with store.write():
        store.put_vow("a", bytes(1_000_000))
    store.close()


def test_a_vow_that_was_changed_behind_our_back_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "one")
    with store.write():
        store.put_vow("promise", b"term 7")
    store.close()
    with sqlite3.connect(tmp_path / "one") as database:
        database.execute("UPDATE vows SET value = ?", (b"term 1",))
    database.close()
    again = Store(tmp_path / "one")
    with pytest.raises(StoreCorrupt):
        again.vow("promise")
    again.close()


def test_two_processes_never_share_a_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "one")
    with pytest.raises(StoreInUse, match="this node runs already") as caught:
        Store(tmp_path / "one")
    assert "atoll node stop" in caught.value.remedy
    store.close()
    Store(tmp_path / "one").close()


def test_whoever_reads_for_long_hides_from_nobody_what_is_written_meanwhile(tmp_path: Path) -> None:
    """A node writes a snapshot block by block while it goes on; over one connection its newest blocks would be old ones."""
    store = Store(tmp_path / "store")
    for number in range(3):
        with store.write():
            store.put_records([(bytes([number]), b"old")])
    read, go_on = threading.Event(), threading.Event()

    def read_slowly() -> None:
        rows = store.records()
        next(rows)
        slow = store._reader.execute("SELECT key FROM records")
        slow.fetchone()
        read.set()
        go_on.wait(30)
        assert len(list(rows)) == 2, "it sees what was there when it began"
        slow.close()

    rows = store.records()
    next(rows)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(read_slowly)
        assert read.wait(30)
        with store.write():
            store.put_records([(b"new", b"new")])
        newest = store._reader.execute("SELECT key FROM records ORDER BY id DESC LIMIT 1").fetchone()
        go_on.set()
        done.result()
    assert newest == (b"new",)
    assert len(list(store.records())) == 4
    del rows
    store.close()
    with pytest.raises(StoreClosed):
        list(store.records())


def test_whoever_still_reads_while_the_node_stops_is_told_so_and_not_that_the_store_is_damaged(tmp_path: Path) -> None:
    store = Store(tmp_path / "ledger.sqlite3")
    with store.write():
        store.put_records([(bytes([at]), bytes(4000)) for at in range(200)])
    records = store.records()
    next(records)
    store.close()
    for read in (lambda: store.block(1), lambda: list(records)):
        with pytest.raises(StoreClosed):
            read()
    with pytest.raises(StoreClosed), store.write():
        pass


def test_the_same_evidence_is_kept_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "one")
    for time in (1, 2):
        with store.write():
            store.keep_evidence("fork", time, b"two notes")
    assert store.evidence() == [("fork", 1, b"two notes")]
    store.close()
