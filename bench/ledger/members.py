"""The three members of the embedded benchmark as processes: started, given orders together, ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from psi.processes import free_ports

from ledger.load import MEMBERS, ORGS

FOLDER = Path(__file__).parents[1]
SETTLE_SECONDS = 30.0


class Members:
    """A context manager that ends them."""

    def __init__(self, folder: Path) -> None:
        ports = [str(port) for port in free_ports(len(ORGS))]
        self._children = {
            org: subprocess.Popen(
                [sys.executable, "-m", "ledger.member", org, str(folder), *ports],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=FOLDER,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[1:])},
            )
            for org in ORGS
        }
        for org in ORGS:
            self._hear(org)

    def load(self, do: str, **order: Any) -> list[dict[str, Any]]:
        """Give both members that send transactions an order at the same moment, and wait for both."""
        return self._ask(MEMBERS, do, order)

    def state(self) -> dict[str, dict[str, Any]]:
        """Where the ledger stands at everybody."""
        return dict(zip(ORGS, self._ask(ORGS, "state", {}), strict=True))

    def settled(self) -> dict[str, dict[str, Any]]:
        """As `state`, once everybody has the same.

        Raises:
            RuntimeError: that takes too long.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            states = self.state()
            if len({one["state_root"] for one in states.values()}) == 1:
                return states
            time.sleep(0.2)
        raise RuntimeError("the members have different states")

    def _ask(self, orgs: Sequence[str], do: str, order: dict[str, Any]) -> list[dict[str, Any]]:
        for org in orgs:
            pipe = self._children[org].stdin
            assert pipe is not None
            pipe.write(json.dumps({"do": do, **order}) + "\n")
            pipe.flush()
        return [self._hear(org) for org in orgs]

    def _hear(self, org: str) -> dict[str, Any]:
        pipe = self._children[org].stdout
        assert pipe is not None
        line = pipe.readline()
        if not line:
            raise RuntimeError(f"{org} ended with status {self._children[org].wait()}")
        said: dict[str, Any] = json.loads(line)
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for child in self._children.values():
            assert child.stdin is not None
            child.stdin.close()
        for child in self._children.values():
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
