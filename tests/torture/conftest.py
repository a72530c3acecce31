"""Where reliability tests write what they counted, for the table of `make torture`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atoll.ordering.cometbft.binary import find_binary
from atoll.ordering.errors import BinaryMissing

Tell = Callable[..., None]
"""`tell(transactions=20_000)`: a figure for the table."""


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Iterator[Tell]:
    """Collects figures; after the test they are appended to the file that ATOLL_TORTURE_FIGURES names."""
    figures: dict[str, object] = {}
    yield figures.update
    path = os.environ.get("ATOLL_TORTURE_FIGURES")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"test": request.node.name, "figures": figures}) + "\n")


def has_cometbft() -> bool:
    """Whether CometBFT was built."""
    try:
        find_binary()
    except BinaryMissing:
        return False
    return True


@pytest.fixture(autouse=True)
def alone(processors: None) -> None:
    """No test of this folder runs beside one that counts processor time."""
