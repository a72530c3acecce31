"""Whoever reads a page turns to another node after a moment, and by then that one has heard what was said at the last.

with Turns(folder, path=PATH) as turns:  # where the page runs; its homes lie in there
    status, printed = turns.run("atoll grant list --home bank")
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Self

from atoll.cli.process import find_process
from atoll.client import Node, NodeUnreachable, connect_home
from tests.docs.shell import Shell
from tests.patience import patience

PAGE_SECONDS = 600.0
"""What the commands of a page may take together."""
SETTLE_SECONDS = 120.0
POLL_SECONDS = 0.02


class Turns:
    """The shell of a page, and whose node it has asked last."""

    def __init__(self, folder: Path, *, path: str) -> None:
        self._folder = folder
        self._shell = Shell(folder, path=path, deadline_seconds=PAGE_SECONDS * patience())
        self._last = ""
        self._nodes: dict[str, Node] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self._nodes.values():
            node.close()
        self._shell.__exit__()

    def run(self, command: str) -> tuple[int, str]:
        """Exit status and output of one command. If it is for another home than the last one, all nodes have what that one has
        before it begins; how long that takes is no part of the page's time.

        Raises:
            ShellTimeoutError: the page's time is over.
            AssertionError: a node that runs has not heard in time of what was said at the last one.
        """
        found = re.search(r"--home (\w+)", command)
        if found is not None and found[1] != self._last:
            began = time.monotonic()
            if self._last and find_process(self._folder / self._last) is not None:
                self._settle()
            self._last = found[1]
            self._shell.prolong(time.monotonic() - began)
        return self._shell.run(command)

    def _settle(self) -> None:
        """Wait until every node that runs has what the last one has."""
        began, reached, behind = time.monotonic(), 0, [self._last]
        while behind:
            reached = max(reached, self._height(self._last))
            behind = [home for home in self._running() if self._height(home) < reached]
            in_time = time.monotonic() - began < SETTLE_SECONDS * patience()
            assert in_time or not behind, f"{behind} have not heard of block {reached}"
            time.sleep(POLL_SECONDS if behind else 0)

    def _running(self) -> list[str]:
        homes = [path.parent for path in self._folder.glob("*/node.pid")]
        return [home.name for home in homes if find_process(home) is not None]

    def _height(self, home: str) -> int:
        """Of the ledger as a node shows it; -1 where it does not answer yet."""
        try:
            if home not in self._nodes:
                self._nodes[home] = connect_home(self._folder / home)
            return self._nodes[home].status().height
        except NodeUnreachable:
            return -1
