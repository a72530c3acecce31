"""Stops of every kind: killed at each boundary of a block, a store that was changed, a disk that is full."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from atoll.ordering.cometbft.failpoints import NAMES, VARIABLE, insecure_fail_point, no_fail_point
from atoll.ordering.cometbft.store import CometStore
from atoll.ordering.embedded.store import Store
from atoll.ordering.errors import ForeignStore, StoreCorrupt, StoreInUse
from atoll.testing.abci import COMMIT, INFO, Chain, Refused, Socket, finalize
from atoll.testing.abciserver import GENESIS, SOCKET, STORE, serving
from atoll.testing.consortium import FOUNDED, Founding
from tests.unit.ordering.cometbft.desk import chained, dataset, found, signed


async def started(folder: Path, fail_point: str) -> asyncio.subprocess.Process:
    """The application in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "atoll.testing.abciserver",
        str(folder),
        env={**os.environ, VARIABLE: fail_point, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def decide_all(path: Path, founding: Founding, blocks: list[list[bytes]]) -> bytes:
    """The app hash after these blocks."""
    async with Socket.connected(path) as socket:
        chain = Chain(socket, FOUNDED)
        await chain.begin(founding.genesis_file)
        for block in blocks:
            await chain.decide(block)
        return chain.app_hash


@pytest.mark.parametrize("name", NAMES)
async def test_killed_at_any_boundary_it_goes_on_where_cometbft_expects_it(
    tmp_path: Path, founding: Founding, name: str
) -> None:
    """Nothing of a block is there before its commit is durable, all of it after; the block then gives the same result."""
    (tmp_path / GENESIS).write_bytes(founding.genesis_file)
    blocks = [[signed(founding, "bank", dataset(n), n)] for n in range(1, 5)]
    process = await started(tmp_path, f"{name}:3")
    with pytest.raises(ConnectionError):
        await decide_all(tmp_path / SOCKET, founding, blocks)
    assert await process.wait() == -signal.SIGKILL
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        reached = (await socket.call(INFO)).info.last_block_height
        assert reached == (3 if name == "commit-durable" else 2)
        chain = Chain(socket, FOUNDED + reached)
        await chain.begin(founding.genesis_file)
        for block in blocks[reached:]:
            assert (await chain.decide(block)).tx_results[0].code == 0
        after = chain.app_hash
    peer = tmp_path / "peer"
    peer.mkdir()
    async with serving(peer, founding.genesis_file) as running:
        assert await decide_all(running.path, founding, blocks) == after


def test_fail_points_are_only_where_a_test_asks_for_one() -> None:
    assert insecure_fail_point({}) is no_fail_point
    with pytest.raises(ValueError, match="points are"):
        insecure_fail_point({VARIABLE: "elsewhere:1"})


async def test_outside_a_test_consortium_nobody_looks_at_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    founding = found()
    real = founding.sign_genesis(dataclasses.replace(founding.genesis, test=False))
    monkeypatch.setenv(VARIABLE, "elsewhere:1")
    async with serving(tmp_path, real) as running:
        assert running.application.tip.height == 0
    (tmp_path / "two").mkdir()
    with pytest.raises(ValueError, match="points are"):
        async with serving(tmp_path / "two", founding.genesis_file):
            pass


@pytest.fixture(name="filled")
async def _filled(tmp_path: Path, founding: Founding) -> Path:
    """A closed store with three blocks, one of them empty."""
    async with chained(tmp_path, founding) as (_, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        await chain.decide()
        await chain.decide([signed(founding, "bank", dataset(n), n) for n in (2, 3)])
    return tmp_path / STORE


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(statement)
    database.close()


async def test_an_untouched_store_opens_where_it_was(filled: Path, founding: Founding) -> None:
    store = CometStore(filled)
    ledger, tip = store.open_ledger(founding.genesis_file)
    assert (tip.consensus_height, tip.height, ledger.height) == (3, 2, 2)
    assert [store.height_at(height) for height in (0, 1, 2, 3, 9)] == [0, 1, 1, 2, 2]
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM vows WHERE name = 'tip'",
        "UPDATE vows SET value = zeroblob(80) WHERE name = 'tip'",
        "UPDATE vows SET digest = zeroblob(32) WHERE name = 'tip'",
        "DELETE FROM blocks WHERE height = 1",
        "DELETE FROM blocks WHERE height = 2",
        "DELETE FROM blocks",
        "UPDATE blocks SET data = (SELECT data FROM blocks WHERE height = 2) WHERE height = 1",
        "UPDATE blocks SET summary = (SELECT summary FROM blocks WHERE height = 2) WHERE height = 1",
        "UPDATE blocks SET data = zeroblob(100) WHERE height = 1",
        "UPDATE blocks SET data = CAST(substr(data, 1, length(data) - 1) || x'00' AS BLOB) WHERE height = 1",
        "UPDATE blocks SET summary = CAST(substr(summary, 1, length(summary) - 1) || x'00' AS BLOB) WHERE height = 1",
        "DELETE FROM records WHERE key IN (SELECT key FROM records LIMIT 1)",
        "UPDATE records SET value = CAST(value || x'00' AS BLOB) WHERE key IN (SELECT key FROM records LIMIT 1)",
        "INSERT INTO records (key, value) VALUES (x'01', x'02')",
        "DELETE FROM records",
        "DELETE FROM heights WHERE height = 1",
        "DELETE FROM heights",
        "DROP TABLE heights",
    ],
)
async def test_a_changed_store_is_not_gone_on_with(filled: Path, founding: Founding, statement: str) -> None:
    change(filled, statement)
    store = CometStore(filled)
    with pytest.raises(StoreCorrupt):
        store.open_ledger(founding.genesis_file)
    store.close()


def test_flipped_bits_anywhere_in_the_file_are_found_or_harmless(filled: Path, founding: Founding) -> None:
    """The store opens as it was, or says that it is not intact; never anything else."""
    good = filled.read_bytes()
    store = CometStore(filled)
    expected = store.open_ledger(founding.genesis_file)[1]
    store.close()
    found = 0
    for at in range(100, len(good), 1531):
        filled.with_name("ledger.db-wal").unlink(missing_ok=True)
        filled.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        try:
            store = CometStore(filled)
        except StoreCorrupt:
            found += 1
            continue
        try:
            assert store.open_ledger(founding.genesis_file)[1] == expected
        except (StoreCorrupt, ForeignStore):
            found += 1
        finally:
            store.close()
    assert found > 3


async def test_a_store_of_another_ledger_engine_or_owner_is_refused(filled: Path) -> None:
    store = CometStore(filled)
    with pytest.raises(ForeignStore, match="another ledger"):
        store.open_ledger(found("bank", "bureau").genesis_file)
    with pytest.raises(StoreInUse):
        CometStore(filled)
    store.close()
    with pytest.raises(ForeignStore, match="format"):
        Store(filled)
    stranger = filled.with_name("stranger.db")
    change(stranger, "CREATE TABLE notes (text TEXT)")
    with pytest.raises(ForeignStore, match="somebody else"):
        CometStore(stranger)


async def fill_up(chain: Chain, founding: Founding) -> None:
    for number in range(2, 200):
        await chain.decide([signed(founding, "bank", dataset(number), number)])


async def test_a_full_disk_stops_the_node_and_loses_nothing(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        running.application.store.limit_pages(1)
        with pytest.raises(Refused, match="cannot be written"):
            await fill_up(chain, founding)
        reached = running.application.tip
    async with chained(tmp_path, founding) as (running, chain):
        assert running.application.tip == reached
        number = reached.height + 1
        block = finalize(reached.consensus_height + 1, chain.time + 1, [signed(founding, "bank", dataset(number), number)])
        assert (await chain.socket.call(block)).finalize_block.tx_results[0].code == 0
        await chain.socket.call(COMMIT)
