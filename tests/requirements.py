"""What a test may do without, and what not: the ledger of skips.

A test that needs something a bare clone does not have says so by name:

    from tests.requirements import atoll_require

    atoll_require("vectors", present=folder.is_dir())

Present: the test goes on. Absent: it is skipped with the reason that `tests/skips.toml` gives for that name, or fails where the
environment's ATOLL_REQUIRE (`vectors,netns`) holds the name. Any other skip fails the run (`tests/conftest.py`), so that a test
can never fall silent unseen.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

SKIPS = Path(__file__).parent / "skips.toml"


def load_skips(path: Path = SKIPS) -> dict[str, str]:
    """Name -> reason, of every skip that is allowed outside CI."""
    entries = tomllib.loads(path.read_text())["skip"]
    return {entry["name"]: entry["reason"] for entry in entries}


def required_names(environment: str | None = None) -> frozenset[str]:
    """The names in ATOLL_REQUIRE."""
    text = os.environ.get("ATOLL_REQUIRE", "") if environment is None else environment
    return frozenset(filter(None, (name.strip() for name in text.split(","))))


def atoll_require(name: str, *, present: bool) -> None:
    """Go on only if the thing called `name` in `tests/skips.toml` is `present`; otherwise this test is skipped."""
    if not present:
        pytest.skip(f"{name}: {load_skips()[name]}", allow_module_level=True)


def judge_skip(reason: str, allowed: dict[str, str], required: frozenset[str]) -> str:
    """Why a skip with this reason must fail the run; empty where it may stand. Reasons begin with their name and a colon."""
    name = reason.removeprefix("Skipped: ").split(":")[0]
    if name not in allowed:
        return f"skipped for a reason that tests/skips.toml does not list: {reason}"
    if name in required:
        return f"skipped although ATOLL_REQUIRE holds {name}: {reason}"
    return ""
