"""What a test of this folder opens is closed after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.witness.home import OPENED


@pytest.fixture(autouse=True)
def closed_after_the_test() -> Iterator[None]:
    """No store stays open."""
    yield
    while OPENED:
        OPENED.pop()._store.close()
