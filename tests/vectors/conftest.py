"""Test vectors that others wrote, read from beside the repository.

    SOURCE = vectors("hpke-rfc9180")                      # at module level: without the folder, the module is skipped
    CASES = json.loads((SOURCE / "x25519.json").read_text())

    def test_every_case_is_run() -> None:
        assert len(CASES) == listed_cases("hpke-rfc9180")["x25519.json"]

`listed_cases` reads the collection's own table, so that a file cannot shrink or be left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.requirements import atoll_require

FOLDER = Path(__file__).parents[3] / "shared" / "vectors"


def vectors(subject: str) -> Path:
    """The folder of one subject; skips, or fails where ATOLL_REQUIRE holds `vectors`, when the collection is not there."""
    atoll_require("vectors", present=FOLDER.is_dir())
    return FOLDER / subject


def listed_cases(subject: str) -> dict[str, int]:
    """File name -> number of cases that the collection's table states for `subject`; the key "" holds their sum."""
    for line in (FOLDER / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] == subject:
            files = (entry.rpartition(": ") for entry in cells[1].split("; "))
            return {name: int(count) for name, _, count in files} | {"": int(cells[2])}
    raise LookupError(f"the collection lists no {subject}")


@pytest.fixture(name="vectors")
def _vectors() -> Callable[[str], Path]:
    return vectors
