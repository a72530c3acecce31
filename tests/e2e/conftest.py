"""A consortium of five real node processes for the tests of one module, and what comes to hand around it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.screen import Screen
from atoll.cli.demo.stage import Scale, Stage

SEED_VARIABLE = "ATOLL_E2E_SEED"
"""Repeats what an earlier run left to chance."""
KILL_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A consortium that runs."""

    stage: Stage
    exchange: Exchange
    seed: int


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Five nodes, founded for this module; ended and removed after it."""
    seed = int(os.environ.get(SEED_VARIABLE, secrets.randbits(32)))
    screen = Screen(Console(stderr=True, quiet=True))
    with Stage(screen, scale=Scale(None, KILL_ROWS), seed=seed) as stage:
        yield Standing(stage, Exchange(stage), seed)


def processes_below(folder: Path) -> list[str]:
    """Command lines of the living processes that name a folder, or work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
            place = (process / "cwd").readlink()
        except OSError:
            continue  # it has ended
        if words and process.name != str(os.getpid()) and (str(folder) in words or place.is_relative_to(folder)):
            found.append(words)
    return found
