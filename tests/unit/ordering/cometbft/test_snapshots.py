"""State sync: a new node takes over what others made, byte for byte the same on each; nothing bad of it ever gets in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from atoll.ordering.cometbft import restoring
from atoll.ordering.cometbft.errors import BadSnapshot
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.snapshots import FORMAT, MAX_METADATA_BYTES, parse_snapshot
from atoll.ordering.cometbft.store import CometStore, app_state
from atoll.testing.abci import INFO, Chain, Refused
from atoll.testing.abciserver import STORE
from atoll.testing.consortium import FOUNDED, Founding
from atoll.wire.cbor import decode, encode
from tests.unit.ordering.cometbft.desk import chained, dataset, signed
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


async def test_a_new_node_takes_a_snapshot_over_and_goes_on(tmp_path: Path, source: Founding, offered: Offered) -> None:
    assert len(offered.parsed.block_chunks) > 2 and len(offered.parsed.record_chunks) > 2
    restored: list[int] = []
    async with joining(tmp_path, source) as (running, socket):
        running.application.on_restored = lambda: restored.append(running.application.tip.height)
        assert await offer(socket, offered) == Offer.ACCEPT
        assert set(await give_all(socket, offered.chunks)) == {Apply.ACCEPT}
        info = (await socket.call(INFO)).info
        assert (info.last_block_height, info.last_block_app_hash) == (10, offered.app_hash)
        assert restored == [7]
        chain = Chain(socket, FOUNDED + 20_000)
        await chain.begin(source.genesis_file)
        done = await chain.decide([signed(source, "bank", dataset(11), 11)])
        assert done.tx_results[0].code == 0
    async with joining(tmp_path, source) as (running, socket):
        assert running.application.tip.app_hash == done.app_hash
        heights = running.application.store.height_at
        assert [heights(at) for at in (0, 7, 9, 10, 11)] == [None, None, None, 7, 8]
        entries = [one.entries for one in running.application.store.blocks(1, 8)]
        assert len(entries) == 8


async def test_snapshots_are_the_same_on_every_node_and_after_a_restart(
    tmp_path: Path, source: Founding, offered: Offered
) -> None:
    settings = {"interval_heights": INTERVAL, "chunk_bytes": CHUNK_BYTES}
    async with chained(tmp_path, source, **settings) as (_, chain):
        await grow(chain, source, 10)
    async with chained(tmp_path, source, **settings) as (running, chain):
        again = await fetch(running, chain.socket, chain.app_hash)
        assert again == offered
        assert [one.height for one in running.snapshots.all()] == [10, 5]
        await grow(chain, source, 5)
        await running.snapshots.settle()
        assert [one.height for one in running.snapshots.all()] == [15, 10]
        assert sorted(one.name for one in (tmp_path / "snapshots").iterdir()) == ["10", "15"]
        assert await fetch(running, chain.socket, b"") != offered


async def test_a_node_that_took_a_snapshot_over_makes_the_same_ones(tmp_path: Path, source: Founding, offered: Offered) -> None:
    settings = {"interval_heights": INTERVAL, "chunk_bytes": CHUNK_BYTES}
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    async with joining(second, source) as (_, socket):
        await offer(socket, offered)
        await give_all(socket, offered.chunks)
    found = []
    for folder in (first, second):
        async with chained(folder, source, **settings) as (running, chain):
            chain.time = FOUNDED + 10_000 + chain.height
            await grow(chain, source, 15 - chain.height)
            found.append(await fetch(running, chain.socket, chain.app_hash))
    assert found[0] == found[1]


@pytest.mark.parametrize("spoil", ["flip", "cut", "empty", "swap", "another snapshot's"])
async def test_a_bad_chunk_is_asked_for_again_and_its_sender_named(
    tmp_path: Path, source: Founding, offered: Offered, spoil: str
) -> None:
    """At each place: the right one afterwards is taken, and the ledger is whole."""
    spoilt: Callable[[bytes], bytes] = {
        "flip": lambda chunk: chunk[:-1] + bytes([chunk[-1] ^ 1]),
        "cut": lambda chunk: chunk[:-1],
        "empty": lambda chunk: b"",
        "swap": lambda chunk: next(one for one in offered.chunks if one != chunk),
        "another snapshot's": lambda chunk: encode([]),
    }[spoil]
    async with joining(tmp_path, source) as (_, socket):
        assert await offer(socket, offered) == Offer.ACCEPT
        for index, chunk in enumerate(offered.chunks):
            answer = await give(socket, index, spoilt(chunk), "liar")
            assert answer.result == Apply.RETRY
            assert (list(answer.refetch_chunks), list(answer.reject_senders)) == ([index], ["liar"])
            assert (await give(socket, index, chunk)).result == Apply.ACCEPT
        assert (await socket.call(INFO)).info.last_block_app_hash == offered.app_hash


async def test_chunks_may_come_in_any_order(tmp_path: Path, source: Founding, offered: Offered) -> None:
    async with joining(tmp_path, source) as (_, socket):
        await offer(socket, offered)
        for index in reversed(range(len(offered.chunks))):
            assert (await give(socket, index, offered.chunks[index])).result == Apply.ACCEPT
        assert (await socket.call(INFO)).info.last_block_app_hash == offered.app_hash


def lies(offered: Offered) -> dict[str, Offered]:
    """Snapshots whose description has the agreed app hash and fits their chunks, which are of another ledger."""
    records = len(offered.parsed.block_chunks)
    blocks, state = offered.items(0), offered.items(records)
    first = blocks[0]
    key, value = state[0]
    assert isinstance(value, bytes) and isinstance(first[0], bytes) and isinstance(first[1], bytes)
    return {
        "a record changed": offered.with_chunk(records, [[key, value[:-1] + bytes([value[-1] ^ 1])], *state[1:]]),
        "a record more": offered.with_chunk(records, [*state, [b"member\0nobody", b"x"]]),
        "a record less": offered.with_chunk(records, state[1:]),
        "records swapped": offered.with_chunk(records, [state[1], state[0], *state[2:]]),
        "a record twice": offered.with_chunk(records, [state[0], *state]),
        "an empty value": offered.with_chunk(records, [*state, [b"k", b""]]),
        "no pair": offered.with_chunk(records, [*state, [b"k"]]),
        "no list": offered.with_chunk(records, [*state, 5]),
        "a block changed": offered.with_chunk(0, [[first[0].replace(b"bank", b"bonk"), *first[1:]], *blocks[1:]]),
        "no block": offered.with_chunk(0, [[b"x", *first[1:]], *blocks[1:]]),
        "another summary": offered.with_chunk(0, [[first[0], blocks[1][1]], *blocks[1:]]),
        "no summary": offered.with_chunk(0, [[first[0], b""], *blocks[1:]]),
        "blocks swapped": offered.with_chunk(0, [blocks[1], blocks[0], *blocks[2:]]),
        "a block less": offered.with_chunk(0, blocks[1:]),
        "a height beside a block": offered.with_chunk(0, [[*first, 1], *blocks[1:]]),
    }


LIES = (
    "a record changed",
    "a record more",
    "a record less",
    "records swapped",
    "a record twice",
    "an empty value",
    "no pair",
    "no list",
    "a block changed",
    "no block",
    "another summary",
    "no summary",
    "blocks swapped",
    "a block less",
    "a height beside a block",
)


@pytest.mark.parametrize("name", LIES)
async def test_a_consistent_lie_is_refused_at_the_end_and_leaves_nothing(
    tmp_path: Path, source: Founding, offered: Offered, name: str
) -> None:
    lie = lies(offered)[name]
    async with joining(tmp_path, source) as (running, socket):
        assert await offer(socket, lie) == Offer.ACCEPT
        results = await give_all(socket, lie.chunks)
        assert results == [Apply.ACCEPT] * (len(lie.chunks) - 1) + [Apply.REJECT_SNAPSHOT]
        assert running.application.tip.height == 0 and running.application.store.size_at(1) is None
        assert await offer(socket, offered) == Offer.ACCEPT
        assert set(await give_all(socket, offered.chunks)) == {Apply.ACCEPT}


def test_every_lie_is_tried(offered: Offered) -> None:
    assert tuple(lies(offered)) == LIES


def test_a_description_has_one_form(offered: Offered) -> None:
    metadata = offered.snapshot.metadata
    assert parse_snapshot(metadata).metadata == metadata
    value = decode(metadata, max_bytes=MAX_METADATA_BYTES)
    blocks = value[3]
    bad: list[Any] = [
        [],
        ["snapshot/2", *value[1:]],
        [*value, 1],
        [*value[:2], [*value[2], 1], *value[3:]],
        [value[0], [*value[1][:2], -1], *value[2:]],
        [value[0], [*value[1], 1], *value[2:]],
        [value[0], [10, 0, 0], value[2], [], value[4]],
        [*value[:3], blocks[1:], value[4]],
        [*value[:3], blocks[:-1], value[4]],
        [*value[:3], [[b"x", *blocks[0][1:]], *blocks[1:]], value[4]],
        [*value[:3], [[blocks[0][0], True, blocks[0][2]], *blocks[1:]], value[4]],
        [*value[:4], [*value[4], bytes(31)]],
        [*value[:4], 7],
        [value[0], [*value[1][:1], "noon", *value[1][2:]], *value[2:]],
        [value[0], [*value[1][:1], 1 << 60, *value[1][2:]], *value[2:]],
        [*value[:3], [[*blocks[0][:2], "2"], *blocks[1:]], value[4]],
        7,
        {"a": 1},
        *[[*value[:at], {"a": 1}, *value[at + 1 :]] for at in range(5)],
        *[[*value[:at], [{"a": 1}], *value[at + 1 :]] for at in range(5)],
    ]
    for one in bad:
        with pytest.raises(BadSnapshot):
            parse_snapshot(encode(one, max_bytes=MAX_METADATA_BYTES))
    for data in (b"", b"\xff", metadata[:-1], metadata + b"\0"):
        with pytest.raises(BadSnapshot):
            parse_snapshot(data)


async def test_an_offer_is_held_against_the_verified_app_hash(tmp_path: Path, source: Founding, offered: Offered) -> None:
    async with joining(tmp_path, source) as (running, socket):
        other_hash = dataclasses.replace(offered, app_hash=bytes(32))
        assert await offer(socket, other_hash) == Offer.REJECT
        no_sense = offered.described(b"\x80")
        assert await offer(socket, no_sense) == Offer.REJECT_SENDER
        for name, value in (("height", 11), ("chunks", 3), ("hash", bytes(32))):
            odd = abci.Snapshot()
            odd.CopyFrom(offered.snapshot)
            setattr(odd, name, value)
            assert await offer(socket, dataclasses.replace(offered, snapshot=odd)) == Offer.REJECT_SENDER
        odd = abci.Snapshot()
        odd.CopyFrom(offered.snapshot)
        odd.format = FORMAT + 1
        assert await offer(socket, dataclasses.replace(offered, snapshot=odd)) == Offer.REJECT_FORMAT
        with pytest.raises(Refused, match="not accepted"):
            await give(socket, 0, offered.chunks[0])
        assert running.application.tip.height == 0


async def test_a_description_that_is_none_costs_its_sender_its_place_and_stops_nothing(
    tmp_path: Path, source: Founding, offered: Offered
) -> None:
    """Any peer may offer one to a node that begins."""
    strange = encode(["snapshot/3", [1, 1, 1], {"a": 1}, [[bytes(32), 1, 1]], [bytes(32)]], max_bytes=MAX_METADATA_BYTES)
    async with joining(tmp_path, source) as (running, socket):
        assert await offer(socket, offered.described(strange)) == Offer.REJECT_SENDER
        assert await offer(socket, offered) == Offer.ACCEPT
        assert not running.server.failed.done()


async def test_blocks_that_the_last_snapshot_had_are_not_read_again(
    tmp_path: Path, source: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the last chunk, which may not be full: that the result is the same is said above."""
    read: list[int] = []
    real = CometStore.encoded_blocks

    def encoded_blocks(self: CometStore, first: int, last: int) -> Iterator[tuple[bytes, bytes]]:
        read.append(first)
        return real(self, first, last)

    monkeypatch.setattr(CometStore, "encoded_blocks", encoded_blocks)
    settings = {"interval_heights": INTERVAL, "chunk_bytes": CHUNK_BYTES}
    async with chained(tmp_path, source, **settings) as (running, chain):
        await grow(chain, source, 15)
        await running.snapshots.settle()
        first, second = reversed(running.snapshots.all())
    assert second.block_chunks[: len(first.block_chunks) - 1] == first.block_chunks[:-1]
    assert read[-1] == first.block_chunks[-1][1] > 1


async def test_chunks_wait_on_disk_and_are_cleared_away(tmp_path: Path, source: Founding, offered: Offered) -> None:
    incoming = tmp_path / f"{STORE}.incoming"
    async with joining(tmp_path, source) as (_, socket):
        await offer(socket, offered)
        for index in (0, 1, 1):
            await give(socket, index, offered.chunks[index])
        assert {one.name: one.read_bytes() for one in incoming.iterdir()} == {"0": offered.chunks[0], "1": offered.chunks[1]}
    async with joining(tmp_path, source) as (_, socket):
        assert not incoming.exists(), "of a life before"
        await offer(socket, offered)
        await give_all(socket, offered.chunks)
        assert not incoming.exists()


async def test_a_snapshot_that_is_larger_than_its_log_makes_it_is_refused_before_the_end(
    tmp_path: Path, source: Founding, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever describes it writes the digests as well, so they bound nothing."""
    sizes = [len(one) for one in offered.chunks]
    monkeypatch.setattr(restoring, "MOST_BYTES_AN_ENTRY", sum(sizes[:3]) // offered.parsed.state.log_size + 1)
    async with joining(tmp_path, source) as (_, socket):
        await offer(socket, offered)
        results = [(await give(socket, index, offered.chunks[index])).result for index in (0, 0, 0, 1, 2, 3)]
        assert results == [Apply.ACCEPT] * 5 + [Apply.REJECT_SNAPSHOT], "the same chunk again counts once"
        assert not (tmp_path / f"{STORE}.incoming").exists()


async def test_a_fault_in_reading_a_snapshot_refuses_it_and_stops_nothing(
    tmp_path: Path, source: Founding, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(data: bytes) -> object:
        raise ZeroDivisionError(len(data))

    async with joining(tmp_path, source) as (_, socket):
        monkeypatch.setattr(restoring, "parse_block", broken)
        assert await offer(socket, offered) == Offer.ACCEPT
        assert (await give_all(socket, offered.chunks))[-1] == Apply.REJECT_SNAPSHOT
        monkeypatch.undo()
        assert await offer(socket, offered) == Offer.ACCEPT
        assert set(await give_all(socket, offered.chunks)) == {Apply.ACCEPT}


async def test_a_node_that_is_behind_takes_a_snapshot_and_loses_nothing(
    tmp_path: Path, source: Founding, offered: Offered
) -> None:
    async with chained(tmp_path, source) as (running, chain):
        await grow(chain, source, 4)
        before = running.application.ledger.log.root()
        assert await offer(chain.socket, offered) == Offer.ACCEPT
        assert set(await give_all(chain.socket, offered.chunks)) == {Apply.ACCEPT}
        ledger = running.application.ledger
        assert ledger.log.root(running.application.store.size_at(3)) == before
        assert app_state(ledger).app_hash == offered.app_hash
        await grow(Chain(chain.socket, 0), source, 0)
    async with chained(tmp_path, source) as (running, chain):
        assert (await offer(chain.socket, offered), running.application.tip.consensus_height) == (Offer.ACCEPT, 10)


async def test_a_snapshot_of_another_history_stops_the_node(tmp_path: Path, source: Founding, offered: Offered) -> None:
    async with chained(tmp_path, source) as (_, chain):
        await chain.decide([signed(source, "bank", dataset(77), 1)])
        assert await offer(chain.socket, offered) == Offer.ACCEPT
        with pytest.raises(Refused, match="another history"):
            await give_all(chain.socket, offered.chunks)


async def test_an_older_snapshot_than_the_ledger_is_not_wanted(tmp_path: Path, source: Founding, offered: Offered) -> None:
    async with chained(tmp_path, source) as (_, chain):
        await grow(chain, source, 11)
        assert await offer(chain.socket, offered) == Offer.REJECT


async def test_what_is_not_here_is_answered_by_nothing(tmp_path: Path, source: Founding) -> None:
    async with chained(tmp_path, source, interval_heights=INTERVAL, chunk_bytes=CHUNK_BYTES) as (running, chain):
        await grow(chain, source, 5)
        await running.snapshots.settle()
        (snapshot,) = running.snapshots.all()
        for height, version, index in ((4, FORMAT, 0), (5, FORMAT + 1, 0), (5, FORMAT, 10_000)):
            asked = abci.RequestLoadSnapshotChunk(height=height, format=version, chunk=index)
            answer = await chain.socket.call(abci.Request(load_snapshot_chunk=asked))
            assert answer.load_snapshot_chunk.chunk == b""
        records = tmp_path / "snapshots" / "5" / "0"
        records.write_bytes(records.read_bytes()[:-1])
        assert await running.snapshots.chunk(5, FORMAT, len(snapshot.block_chunks)) == b""
        records.unlink()
        assert await running.snapshots.chunk(5, FORMAT, len(snapshot.block_chunks)) == b""
