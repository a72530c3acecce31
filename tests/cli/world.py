"""A consortium of three on this machine, for transcripts: three homes, three processes, files to register."""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from atoll.cli.init import ensure_passphrase
from atoll.cli.process import find_process, start_node, stop_node
from atoll.client import Node, NodeUnreachable, connect_home
from atoll.ledger.records import EngineKind
from atoll.node.config import Home, load_config
from atoll.node.founding import draft_genesis, seal_genesis, sign_genesis
from atoll.node.home import NewHome, create_home, open_home_keys, write_private
from atoll.ports import SystemClock, SystemEntropy
from atoll.testing.ports import HOST, Ports
from atoll.trust.signer import SoftwareSigner

ORGS = {"operator": ("auditor", "operator", "regulator"), "bank": ("owner", "user"), "bureau": ("owner", "user")}
CUSTOMERS = [f"AT{number}K" for number in range(1000, 1060)]
FILES = [f"at-{number} k" for number in range(1040, 1100)]
"""Twenty of them are customers, spelt differently."""
CONSENSUS_ID = "lagoon.test.example"
"""CometBFT takes no slash in it."""
READY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Lagoon:
    """The consortium."""

    folder: Path
    """One home an organisation, named after it; the place where transcripts run."""
    ports: Ports
    """Where further nodes may listen."""

    def home(self, org: str) -> Path:
        """The home of an organisation."""
        return self.folder / org

    def connect(self, org: str, role: str = "admin") -> Node:
        """A connection with the token of a role."""
        return connect_home(self.home(org), role=role)

    def settle(self, org: str) -> None:
        """Wait until every node's copy of the ledger has come as far as that of one, where something has just been said."""
        ends = time.monotonic() + READY_SECONDS
        reached = self._height(org)
        while any(self._height(one) < reached for one in ORGS):
            assert time.monotonic() < ends
            time.sleep(0.02)

    def _height(self, org: str) -> int:
        with self.connect(org) as node:
            return node.status().height

    def secrets(self) -> list[str]:
        """Everything in the homes that no output may show."""
        files = [*self.folder.glob("*/tokens/*"), *self.folder.glob("*/passphrase")]
        return [path.read_text().strip() for path in files]


def found_lagoon(folder: Path, ports: Ports, *, engine: EngineKind = EngineKind.EMBEDDED) -> Lagoon:
    """Make the homes, the genesis and the files; nothing is started."""
    clock, entropy = SystemClock(), SystemEntropy()
    enrolments = []
    for org, roles in ORGS.items():
        home = Home(folder / org)
        ensure_passphrase(home)
        new = NewHome(
            org=org,
            title=f"The {org}",
            legal_id=f"legal-{org}",
            roles=roles,
            peer=f"{HOST}:{ports.take()}",
            https=f"{HOST}:{ports.take()}",
            consent="manual" if org == "bureau" else "automatic",
            consensus=f"{HOST}:{ports.take()}" if engine is EngineKind.COMETBFT else "",
        )
        enrolments.append(create_home(home.path, new, passphrase=home.passphrase().decode(), clock=clock, entropy=entropy))
    chain_id = CONSENSUS_ID if engine is EngineKind.COMETBFT else "test.example/lagoon"
    body = draft_genesis(enrolments, chain_id=chain_id, sequencer="operator", clock=clock, test=True, engine=engine)
    signatures = [
        sign_genesis(body, one.org, one, SoftwareSigner(open_home_keys(load_config(folder / one.org)))) for one in enrolments
    ]
    sealed = seal_genesis(body, signatures)
    for org in ORGS:
        write_private(folder / org / "genesis.atoll", sealed)
    (folder / "bank/data/customers.csv").write_text(
        "customer_id,balance\n" + "".join(f"{one},{at}\n" for at, one in enumerate(CUSTOMERS))
    )
    (folder / "bureau/data/files.csv").write_text("ref,score\n" + "".join(f"{one},{at}\n" for at, one in enumerate(FILES)))
    return Lagoon(folder, ports)


def start_lagoon(lagoon: Lagoon) -> None:
    """Start those of the three nodes that do not run, and wait until each has published what a quorum stands for."""
    missing = [one for one in ORGS if not answers(lagoon, one)]
    for org in missing:
        while find_process(lagoon.home(org)) is not None:
            time.sleep(0.01)  # it was killed, and the kernel is not done with it
    with ThreadPoolExecutor() as pool:
        for process in pool.map(lambda org: start_node(lagoon.home(org), detach=True), missing):
            process.returncode = 0  # it is the pid file's from here on; nobody waits for it
    ends = time.monotonic() + READY_SECONDS
    for org in ORGS:
        with lagoon.connect(org) as node:
            while not all(one.ok for one in node.doctor() if one.check in ("ledger", "published log")):
                assert time.monotonic() < ends, node.doctor()
                time.sleep(0.1)


def answers(lagoon: Lagoon, org: str) -> bool:
    """Whether the node of an organisation runs."""
    with lagoon.connect(org) as node:
        try:
            return node.status().org == org
        except NodeUnreachable:
            return False


def stop_lagoon(lagoon: Lagoon) -> None:
    """End every node that a pid file in the folder names."""
    for home in (path.parent for path in lagoon.folder.glob("*/node.pid")):
        if find_process(home) is None:
            continue
        pid = stop_node(home)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
