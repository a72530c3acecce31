"""Four validators on this machine, each a CometBFT with an application: its own kvstore, inside it or over a socket, or ours.

All have one configuration, which is the product's; only the application differs. CometBFT's kvstore checks no signature and
keeps its state in memory.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from environments import ROOT

from atoll.ledger.genesis import verify_genesis
from atoll.ordering.cometbft.home import CONFIG, write_config, write_genesis
from atoll.ordering.cometbft.keys import write_keys
from atoll.ordering.cometbft.parameters import genesis_document
from atoll.ordering.cometbft.paths import APP_SOCKET, RPC_SOCKET
from atoll.ordering.cometbft.settings import Settings
from atoll.testing.ports import Ports
from atoll.trust.keys import Purpose
from ledger.load import VALIDATORS, make_network_founding

TOOLS = ROOT / ".tools"
KINDS = {
    "kvstore": "CometBFT's kvstore in its process (B)",
    "kvstore, socket": "CometBFT's kvstore over a socket (Bs)",
    "no-op": "our ABCI server, doing nothing",
    "ledger": "our full ledger",
}
START_SECONDS = 60.0


def settings_of(address: str) -> Settings:
    """Of every node, whatever its application."""
    return Settings(listen=address, timeout_commit_ms=200, empty_block_seconds=5, snapshot_heights=0)


class Network:
    """Four nodes of one kind; a context manager that ends them."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._ports = Ports()
        self.addresses = {org: self._ports.address() for org in VALIDATORS}
        self.founding = make_network_founding(self.addresses, int(time.time()) - 1)
        self._folder = folder
        self._children: list[subprocess.Popen[bytes]] = []
        for org in VALIDATORS:
            (folder / org).mkdir(parents=True)
            if kind == "ledger":
                self._start(org, self._ours(org), self._folder / org)
            else:
                self._prepare(org)

    @property
    def sockets(self) -> list[str]:
        """CometBFT's RPC of each node."""
        return [str(self._folder / org / "cometbft" / RPC_SOCKET) for org in VALIDATORS]

    def cpu_seconds(self) -> float:
        """What all processes of all nodes have used so far."""
        return sum(cpu_of_tree(child.pid) for child in self._children)

    def _ours(self, org: str) -> list[str]:
        arguments = [org, str(self._folder / org), str(self.founding.genesis.time), *self.addresses.values()]
        return [sys.executable, "-m", "ledger.validator", *arguments]

    def _prepare(self, org: str) -> None:
        home, keys = self._folder / org / "cometbft", self.founding.orgs[org]
        write_keys(home, validator_seed=keys.keys[Purpose.CONSENSUS].expose_seed(), node_seed=keys.node_seed)
        write_genesis(home, genesis_document(self.founding.genesis, verify_genesis(self.founding.genesis_file)[1]))
        peers = [f"{self.founding.orgs[one].node_id}@{at}" for one, at in self.addresses.items() if one != org]
        write_config(home, settings_of(self.addresses[org]), name=org, peers=peers)
        config = (home / CONFIG).read_text()
        config = config.replace("filter_peers = true", "filter_peers = false")
        if self.kind == "kvstore":
            config = re.sub("proxy_app = .*", 'proxy_app = "kvstore"', config)
        else:
            self._start(org, self._application(home), home)
        (home / CONFIG).write_text(config)
        self._start(org, [str(TOOLS / "cometbft"), "start", "--home", "."], home)

    def _application(self, home: Path) -> list[str]:
        if self.kind == "no-op":
            return [sys.executable, "-m", "ledger.noop", str(home / APP_SOCKET)]
        return [str(TOOLS / "abci-cli"), "--address", f"unix://{home / APP_SOCKET}", "--log_level", "error", "kvstore"]

    def _start(self, org: str, command: Sequence[str], folder: Path) -> None:
        log = (self._folder / f"{org}.log").open("ab")
        bench, source = str(ROOT / "bench"), str(ROOT / "src")
        environment = {**os.environ, "PYTHONPATH": f"{source}:{bench}", "ATOLL_COMETBFT": str(TOOLS / "cometbft")}
        self._children.append(
            subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for child in self._children:
            child.terminate()
        for child in self._children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._ports.release()


def cpu_of_tree(pid: int) -> float:
    """CPU time of a process and all below it that live, seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return 0.0
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_of_tree(int(child)) for found in children for child in found)
