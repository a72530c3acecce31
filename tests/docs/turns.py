"""Whoever reads a page turns to another node after a moment, and by then that one has heard what was said at the last.

with Turns(folder) as turns:  # where the page runs; its homes lie in there
    turns.await_turn("atoll grant list --home bank")
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Self

from atoll.client import Node, NodeUnreachable, connect_home

PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.02


class Turns:
    """Whose node a page has asked last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = ""
        self._nodes: dict[str, Node] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self._nodes.values():
            node.close()

    def await_turn(self, command: str) -> None:
        """Before a command: if it is for another home than the last one, all nodes have what that one has.

        Raises:
            AssertionError: not in time.
        """
        found = re.search(r"--home (\w+)", command)
        if found is None or found[1] == self._last:
            return
        if self._last:
            self._settle(self._height(self._last))
        self._last = found[1]

    def _settle(self, reached: int) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        homes = [path.parent.name for path in self._folder.glob("*/node.pid")]
        while behind := [home for home in homes if 0 <= self._height(home) < reached]:
            assert time.monotonic() < ends, f"{behind} have not heard of block {reached}"
            time.sleep(POLL_SECONDS)

    def _height(self, home: str) -> int:
        """Of the ledger as a node shows it; -1 where none answers."""
        try:
            if home not in self._nodes:
                self._nodes[home] = connect_home(self._folder / home)
            return self._nodes[home].status().height
        except NodeUnreachable:
            return -1
