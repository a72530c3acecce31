"""Snapshots take what there is room for: of memory while one is read, of the disk while one is made or taken over."""

from __future__ import annotations

import dataclasses
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.ledger.chain import Ledger
from atoll.ordering.cometbft import restoring
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.chunks import read_chunk
from atoll.ordering.cometbft.room import LEAST_FREE_BYTES, has_room
from atoll.ordering.cometbft.store import CometStore
from atoll.ordering.errors import StoreCorrupt
from atoll.testing.abci import INFO, Refused
from atoll.testing.abciserver import STORE, serving
from atoll.testing.consortium import Founding
from tests.unit.ordering.cometbft.desk import chained
from tests.unit.ordering.cometbft.offers import (
    CHUNK_BYTES,
    INTERVAL,
    Apply,
    Offer,
    Offered,
    fetch,
    give,
    give_all,
    grow,
    joining,
    offer,
)

INCOMING = f"{STORE}.incoming"


def leave_free(monkeypatch: pytest.MonkeyPatch, folder: Path, free: int) -> None:
    """As if the disk were large, and so much of it free."""
    disk = shutil.disk_usage(folder)._replace(total=1000 << 30, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)


# -- memory --------------------------------------------------------------------------------------------------------------------


async def test_of_more_records_than_the_blocks_can_have_written_the_rest_is_not_read(
    tmp_path: Path, source: Founding, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiny ones: each takes a hundred times in memory what it takes in a chunk."""
    read = 0

    def counted(data: bytes) -> Iterator[tuple[bytes, bytes]]:
        nonlocal read
        for pair in read_chunk(data):
            read += 1
            yield pair

    records = len(offered.parsed.block_chunks)
    many = [[number.to_bytes(4), b"x"] for number in range(100_000)]
    lie = offered.with_chunk(records, many)
    allowed = (restoring.FIRST_BYTES + 2 * restoring.MOST_WRITTEN * sum(map(len, offered.chunks))) // restoring.RECORD_BYTES
    monkeypatch.setattr(restoring, "read_chunk", counted)
    async with joining(tmp_path, source) as (_, socket):
        assert await offer(socket, lie) == Offer.ACCEPT
        assert (await give_all(socket, lie.chunks))[-1] == Apply.REJECT_SNAPSHOT
    assert read <= allowed < len(many) // 5


async def test_no_record_is_read_before_the_blocks_are_known_to_be_the_log(
    tmp_path: Path, source: Founding, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored: list[int] = []
    first, *rest = offered.items(0)
    assert isinstance(first[0], bytes)
    lie = offered.with_chunk(0, [[first[0].replace(b"bank", b"bonk"), first[1]], *rest])
    monkeypatch.setattr(Ledger, "restore", lambda *_, **given: restored.append(given["height"]))
    async with joining(tmp_path, source) as (_, socket):
        await offer(socket, lie)
        assert (await give_all(socket, lie.chunks))[-1] == Apply.REJECT_SNAPSHOT
    assert restored == []


async def test_whoever_sent_a_consistent_lie_is_dropped(tmp_path: Path, source: Founding, offered: Offered) -> None:
    """All of them had announced this very description."""
    records = len(offered.parsed.block_chunks)
    lie = offered.with_chunk(records, offered.items(records)[1:])
    async with joining(tmp_path, source) as (_, socket):
        await offer(socket, lie)
        answers = [await give(socket, index, chunk, ("one", "two", "")[index % 3]) for index, chunk in enumerate(lie.chunks)]
    assert answers[-1].result == Apply.REJECT_SNAPSHOT and list(answers[-1].reject_senders) == ["one", "two"]


async def test_a_description_says_nothing_that_is_not_compared(tmp_path: Path, source: Founding, offered: Offered) -> None:
    """Else a liar would have as many descriptions of one ledger as it wants. The height is the one CometBFT asks for."""
    described = offered.parsed
    real = described.tip
    lies = {
        "height": dataclasses.replace(real, height=real.height - 1),
        "time": dataclasses.replace(real, time=real.time + 1),
    }
    for name, tip in lies.items():
        folder = tmp_path / name
        folder.mkdir()
        blocks = list(described.block_chunks)
        digest, first, last = blocks[-1]
        blocks[-1] = (digest, first, last - (tip.height < real.height))
        lie = offered.described(dataclasses.replace(described, tip=tip, block_chunks=tuple(blocks)).metadata)
        async with joining(folder, source) as (running, socket):
            if await offer(socket, lie) == Offer.ACCEPT:
                assert (await give_all(socket, lie.chunks))[-1] == Apply.REJECT_SNAPSHOT
            assert running.application.tip.height == 0


# -- the disk of the node that joins -------------------------------------------------------------------------------------------


async def test_a_snapshot_leaves_some_of_the_disk(
    tmp_path: Path, source: Founding, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted with what taking it over writes; nobody is dropped for it."""
    needed = 3 * len(offered.chunks[0])
    async with joining(tmp_path, source) as (running, socket):
        for short, result in ((1, Apply.REJECT_SNAPSHOT), (0, Apply.ACCEPT)):
            await offer(socket, offered)
            with monkeypatch.context() as patch:
                leave_free(patch, tmp_path, LEAST_FREE_BYTES + needed - short)
                answer = await give(socket, 0, offered.chunks[0])
            assert (answer.result, list(answer.reject_senders)) == (result, [])
            assert (tmp_path / INCOMING).exists() is (result == Apply.ACCEPT)
        assert not running.server.failed.done()


async def test_where_chunks_cannot_be_kept_the_offer_is_refused_and_the_node_goes_on(
    tmp_path: Path, source: Founding, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with joining(tmp_path, source) as (running, socket):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "mkdir", full)
            assert await offer(socket, offered) == Offer.REJECT
        (tmp_path / INCOMING).write_bytes(b"in the way")
        assert await offer(socket, offered) == Offer.REJECT
        (tmp_path / INCOMING).unlink()
        assert await offer(socket, offered) == Offer.ACCEPT
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", full)
            answer = await give(socket, 0, offered.chunks[0])
        assert (answer.result, list(answer.reject_senders)) == (Apply.REJECT_SNAPSHOT, [])
        assert await offer(socket, offered) == Offer.ACCEPT
        assert set(await give_all(socket, offered.chunks)) == {Apply.ACCEPT}
        assert not running.server.failed.done()


async def test_a_store_that_cannot_take_a_snapshot_over_refuses_it_and_the_node_goes_on(
    tmp_path: Path, source: Founding, offered: Offered
) -> None:
    """With room for the chunks, and none for the ledger in them."""
    async with joining(tmp_path, source) as (running, socket):
        await offer(socket, offered)
        running.application.store.limit_pages(1)
        answers = [await give(socket, index, chunk) for index, chunk in enumerate(offered.chunks)]
        assert (answers[-1].result, list(answers[-1].reject_senders)) == (Apply.REJECT_SNAPSHOT, [])
        assert not (tmp_path / INCOMING).exists() and running.application.store.size_at(1) is None
        running.application.store.limit_pages(None)
        assert await offer(socket, offered) == Offer.ACCEPT
        assert set(await give_all(socket, offered.chunks)) == {Apply.ACCEPT}
        assert (await socket.call(INFO)).info.last_block_app_hash == offered.app_hash
        assert not running.server.failed.done()


async def test_what_is_wrong_with_the_store_itself_ends_the_node(
    tmp_path: Path, source: Founding, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusing would blame strangers, and go on beside a store that says something else. The same once all is durable."""

    def damaged(*_: object) -> None:
        raise StoreCorrupt(path=tmp_path, reason="for the test")

    for kind, name in ((CometStore, "take_over"), (Application, "take_over")):
        folder = tmp_path / kind.__name__
        folder.mkdir()
        async with joining(folder, source) as (running, socket):
            await offer(socket, offered)
            with monkeypatch.context() as patch:
                patch.setattr(kind, name, damaged)
                with pytest.raises(Refused, match="for the test"):
                    await give_all(socket, offered.chunks)
            assert running.server.failed.done()


# -- the disk of the node that makes them --------------------------------------------------------------------------------------


async def test_a_snapshot_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, source: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the halves would take the bytes that the blocks need."""
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if "snapshots" in self.parts and self.name not in ("0", "1"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    async with chained(tmp_path, source, interval_heights=INTERVAL, chunk_bytes=CHUNK_BYTES) as (running, chain):
        await grow(chain, source, 5)
        await running.snapshots.settle()
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", full)
            await grow(chain, source, 5)
            await running.snapshots.settle()
        assert [one.name for one in (tmp_path / "snapshots").iterdir()] == ["5"]
        await grow(chain, source, 5)
        await running.snapshots.settle()
        assert [one.height for one in running.snapshots.all()] == [15, 5]
        assert (await fetch(running, chain.socket, chain.app_hash)).parsed.height == 15


async def test_a_snapshot_is_made_only_where_it_leaves_room(
    tmp_path: Path, source: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For twice what the last one took: nobody knows beforehand how large it is."""
    async with chained(tmp_path, source, interval_heights=INTERVAL) as (running, chain):
        await grow(chain, source, 5)
        await running.snapshots.settle()
        size = sum(one.stat().st_size for one in (tmp_path / "snapshots" / "5").iterdir())
        for short, heights in ((1, [5]), (0, [15, 5])):
            with monkeypatch.context() as patch:
                leave_free(patch, tmp_path, LEAST_FREE_BYTES + 2 * size - short)
                await grow(chain, source, 5)
                await running.snapshots.settle()
            assert [one.height for one in running.snapshots.all()] == heights
        assert sorted(one.name for one in (tmp_path / "snapshots").iterdir()) == ["15", "5"]


def test_of_a_small_disk_the_twentieth_part_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = shutil.disk_usage(tmp_path)._replace(total=2000, free=500)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: small)
    assert [has_room(tmp_path, size) for size in (400, 401)] == [True, False]


async def test_half_a_snapshot_is_cleared_away_at_the_start(tmp_path: Path, source: Founding) -> None:
    """Also one that lacked nothing but its name."""
    folder = tmp_path / "snapshots"
    async with chained(tmp_path, source, interval_heights=INTERVAL) as (running, chain):
        await grow(chain, source, 5)
        await running.snapshots.settle()
    (folder / "5").rename(folder / "5.part")
    (folder / "6").mkdir()
    (folder / "6" / "0").write_bytes(b"x")
    async with serving(tmp_path, source.genesis_file, interval_heights=INTERVAL) as running:
        assert running.snapshots.all() == [] and list(folder.iterdir()) == []
