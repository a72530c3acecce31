"""The desk that every test of this folder works on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.sources import SourceRoot
from tests.unit.sources.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    for folder in ("data", "outside", "scratch"):
        (tmp_path / folder).mkdir()
    yield Desk(tmp_path / "data", tmp_path / "outside", tmp_path / "scratch", SourceRoot([tmp_path / "data"]))
    assert list((tmp_path / "scratch").iterdir()) == [], "a copy of the data was left behind"


@pytest.fixture(params=["csv", "parquet", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
