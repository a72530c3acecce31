"""The stage: five nodes on this machine, each an operating-system process with its own keys, store and TLS key."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from atoll.api.models import JobInfo
from atoll.cli.demo.cable import Cable
from atoll.cli.demo.consortium import CABLED, ORGS, Consortium, found_consortium
from atoll.cli.demo.errors import DidNotHappen, NodeDidNotStart
from atoll.cli.demo.memory import PeakMemory
from atoll.cli.demo.processes import NodeProcess
from atoll.cli.demo.screen import Screen
from atoll.client import Node, RefusedByNode, connect_home
from atoll.errors import NotFoundError
from atoll.ledger.records import EngineKind
from atoll.testing.ports import Ports  # layers: world in memory

T = TypeVar("T")
POLL_SECONDS = 0.1
NOT_FOUND = 404
PATIENCE_SECONDS = 300.0
"""Far more than anything here takes, also on a machine that is busy with something else."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much data."""

    rows: int | None
    """Rows of each table of the scenarios; None for the committed excerpts as they are."""
    kill_rows: int
    """Rows of each table of the job during which a node is killed."""


SCALES = {"small": Scale(None, 20_000), "large": Scale(200_000, 100_000)}


_START = {
    EngineKind.EMBEDDED: "start five nodes, each a process of its own",
    EngineKind.COMETBFT: "start five nodes, each with CometBFT beside it; four of them vote on blocks",
}


class Stage:
    """Founds a consortium and runs its nodes; leaving the context ends every process and removes every file.

    with Stage(screen) as stage:
        stage.client("bank").status()
    """

    def __init__(
        self,
        screen: Screen,
        *,
        scale: Scale = SCALES["small"],
        keep: bool = False,
        seed: int = 0,
        engine: EngineKind = EngineKind.EMBEDDED,
    ) -> None:
        """
        Args:
            screen: where progress is shown.
            scale: how much data.
            keep: leave processes and files where they are.
            seed: of everything that is left to chance in scenarios and attacks.
            engine: what puts transactions in order.
        """
        self.screen = screen
        self.scale = scale
        self.engine = engine
        self.chance = random.Random(seed)  # noqa: S311 - chooses what to break; guards nothing
        self.folder = Path(tempfile.mkdtemp(prefix="atoll-demo-"))
        self.consortium: Consortium
        self.nodes: dict[str, NodeProcess] = {}
        self.cable: Cable
        self._keep = keep
        self._ports = Ports()
        self._clients: dict[tuple[str, str], Node] = {}
        self._ending = contextlib.ExitStack()
        self._memory = PeakMemory(self._processes)

    def __enter__(self) -> Stage:
        self._ending.callback(self._tear_down)
        self._ending.enter_context(self._memory)
        try:
            with self.screen.step("found a consortium of five: keys, homes, a genesis that all have signed"):
                self.consortium = found_consortium(self.folder, self._ports, self.engine)
            with self.screen.step(_START[self.engine]):
                self._start()
        except BaseException:
            self._keep = False
            self._ending.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    @property
    def peak_mb(self) -> float:
        """The most memory that all processes together have taken so far, 10^6 bytes."""
        return self._memory.peak_mb

    # -- the nodes ------------------------------------------------------------------------------------------------------------

    def client(self, org: str, role: str = "admin") -> Node:
        """A node's API, with the token of one of its roles."""
        key = (org, role)
        if key not in self._clients:
            self._clients[key] = connect_home(self.consortium.home(org), role=role)
        return self._clients[key]

    def address(self, org: str) -> str:
        """Where a node's API is."""
        listen = tomllib.loads((self.consortium.home(org) / "atoll.toml").read_text("utf-8"))["https"]["listen"]
        return f"https://{listen}"

    def restart(self, org: str) -> None:
        """Start a node that was killed, from what it had on disk; the others that run are connected with it again."""
        self.begin_restart(org)
        self.await_restart(org)

    def begin_restart(self, org: str) -> None:
        """Start a node that was killed, and do not wait: it goes on with its jobs as soon as it can, before anybody hears of
        it."""
        node = self.nodes[org]
        node.bury()
        self._forget_clients(org)
        node.start()

    def await_restart(self, org: str) -> None:
        """Return when a node that was started again answers, and the others that run are connected with it."""
        self.nodes[org].wait_ready()
        self._wait_connected(org)

    def kill(self, org: str) -> None:
        """`kill -9` a node for good."""
        self.nodes[org].kill()
        self._forget_clients(org)

    @contextmanager
    def paused(self, org: str) -> Iterator[None]:
        """A node frozen, while somebody else uses its organisation's keys."""
        self.nodes[org].pause()
        try:
            yield
        finally:
            self.nodes[org].resume()

    def wait_for(self, what: str, ready: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Return when `ready` says so.

        Raises:
            DidNotHappen: not in time.
        """
        ends = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > ends:
                raise DidNotHappen(what=what, seconds=seconds)
            time.sleep(POLL_SECONDS)

    def seen_by(self, org: str, what: str, ask: Callable[[Node], T]) -> T:
        """What a node answers as soon as its copy of the ledger has come so far: it may be a moment behind the others.

        Raises:
            DidNotHappen: not in time.
        """
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return ask(self.client(org))
            except (RefusedByNode, NotFoundError, LookupError) as err:
                if isinstance(err, RefusedByNode) and err.status != NOT_FOUND:
                    raise
                if time.monotonic() > ends:
                    raise DidNotHappen(what=f"{what} known to {org}", seconds=PATIENCE_SECONDS) from err
            time.sleep(POLL_SECONDS)

    def job_at(self, org: str, job: str) -> JobInfo:
        """A job as a member's node shows it, as soon as it does. Raises as `seen_by`."""
        return self.seen_by(org, f"job {job}", lambda node: node.jobs.show(job))

    def _start(self) -> None:
        place = self.consortium
        self.nodes = {org: NodeProcess(org, place.home(org), place.passphrase_file, keep=self._keep) for org in ORGS}
        log = self.folder / "cable.log"
        self.cable = Cable(place.cable_port, place.cabled_port, log=log, keep=self._keep)
        for node in self.nodes.values():
            node.start()
        if not self.cable.wait_ready():
            raise NodeDidNotStart(org=f"the cable to {CABLED}", reason="it passes nothing on")
        for node in self.nodes.values():
            node.wait_ready()
        for org in ORGS:
            self._wait_connected(org)

    def _wait_connected(self, org: str) -> None:
        """Return when a node is connected with every other that runs."""
        others = sum(1 for one in self.nodes.values() if one.pid) - 1
        self.wait_for(f"{org} connected with all others", lambda: len(self.client(org).status().connected) >= others)

    def _forget_clients(self, org: str) -> None:
        for key in [key for key in self._clients if key[0] == org]:
            self._clients.pop(key).close()

    # -- the end --------------------------------------------------------------------------------------------------------------

    def _tear_down(self) -> None:
        for client in self._clients.values():
            client.close()
        self._ports.release()
        if self._keep:
            return
        for node in self.nodes.values():
            node.ask_to_stop()
        for node in self.nodes.values():
            node.stop()
        if hasattr(self, "cable"):
            self.cable.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _processes(self) -> list[int]:
        return [os.getpid()]  # all others are below it
