"""Stores in memory, under names short enough for a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.testing.consortium import Founding
from atoll.testing.engines import memory_folder
from tests.unit.ordering.cometbft.desk import found


@pytest.fixture(name="tmp_path")
def _memory(tmp_path: Path) -> Iterator[Path]:
    with memory_folder(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="session")
def founding() -> Founding:
    """Four members that all vote. Shared: tests name their nonces."""
    return found()
