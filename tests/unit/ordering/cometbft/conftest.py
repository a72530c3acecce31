"""Stores in memory, under names short enough for a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.testing.consortium import Founding
from atoll.testing.engines import memory_folder
from tests.unit.ordering.cometbft.desk import chained, found
from tests.unit.ordering.cometbft.offers import CHUNK_BYTES, INTERVAL, Offered, fetch, grow


@pytest.fixture(name="tmp_path")
def _memory(tmp_path: Path) -> Iterator[Path]:
    with memory_folder(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="session")
def founding() -> Founding:
    """Four members that all vote. Shared: tests name their nonces."""
    return found()


@pytest.fixture(scope="module", name="source")
def _source() -> Founding:
    return found()


@pytest.fixture(name="offered")
async def _offered(tmp_path: Path, source: Founding) -> Offered:
    """What a node has after ten heights."""
    folder = tmp_path / "source"
    folder.mkdir()
    async with chained(folder, source, interval_heights=INTERVAL, chunk_bytes=CHUNK_BYTES) as (running, chain):
        await grow(chain, source, 10)
        return await fetch(running, chain.socket, chain.app_hash)
