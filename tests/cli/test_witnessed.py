"""Real nodes and a real witness process: what is published is witnessed, what is rolled back is refused, and the nodes stop."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.api.models import RegisterDataset
from atoll.cli.main import main
from atoll.cli.process import start_node
from atoll.ledger.note import parse_note, verify_note
from atoll.ledger.vkey import parse_vkey
from atoll.testing.ports import HOST, Ports
from tests.cli.world import ORGS, Lagoon, found_lagoon, start_lagoon, stop_lagoon

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("processors")]
PATIENCE_SECONDS = 90.0
LAST_SECONDS = 45
"""The others have asked after 20 s, and have been asked for fresh cosignatures twice."""


class Witness:
    """A witness as its operator runs it."""

    def __init__(self, home: Path, name: str) -> None:
        self.home = home
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and wait until it does."""
        command = [sys.executable, "-c", "from atoll.cli.main import run; run()", "witness", "serve", str(self.home)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert self.process.stderr is not None
        line = self.process.stderr.readline().decode()
        assert "is ready" in line, line

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait()
            assert self.process.stderr is not None
            self.process.stderr.close()
            self.process = None


class World:
    """A consortium whose nodes publish with two witnesses."""

    def __init__(self, folder: Path) -> None:
        self.ports = Ports()
        self.lagoon = found_lagoon(folder, self.ports)
        self.witnesses = [Witness(folder / name, f"{name}.example/witness") for name in ("north", "south")]

    def init(self) -> None:
        """Make the witnesses from the trust file, and tell the nodes of them."""
        trust = self.lagoon.folder / "lagoon.trust"
        with self.lagoon.connect("operator") as node:
            trust.write_text(node.ledger.trust_file())
        lines = []
        for one in self.witnesses:
            listen = f"{HOST}:{self.ports.take()}"
            words = ["witness", "init", str(one.home), "--name", one.name, "--listen", listen, "--trust", str(trust)]
            assert main(words) == 0
            vkey = (one.home / "witness.vkey").read_text().strip()
            lines.append(f"witness {one.home.name} {vkey} https://{listen}")
        policy = "\n".join([*lines, "group both all north south", "quorum both"]) + "\n"
        for org in ORGS:
            home = self.lagoon.home(org)
            (home / "witnesses.policy").write_text(policy)
            for one in self.witnesses:
                shutil.copy(one.home / "tls.der", home / f"{one.home.name}.der")
            config = home / "atoll.toml"
            said = '[tlog]\nwitnesses = "witnesses.policy"\ncertificates = ["north.der", "south.der"]\nevery-seconds = 1\n'
            config.write_text(config.read_text().replace("[tlog]\n", said))

    def register(self, name: str) -> int:
        """Make the log grow; its size."""
        with self.lagoon.connect("bank") as node:
            node.datasets.register(RegisterDataset(name=name, path="customers.csv", title=name, columns=[]))
            return node.status().log_size

    def published(self, org: str = "bank") -> int:
        """Size of the published checkpoint; every witness's line on it has been verified."""
        with self.lagoon.connect(org) as node:
            note = parse_note(node.ledger.published().encode())
        keys = [parse_vkey((one.home / "witness.vkey").read_text().strip()) for one in self.witnesses]
        assert len(verify_note(note, keys)) == len(keys)
        return int(note.text.split("\n")[1])

    def close(self) -> None:
        """End everything."""
        stop_lagoon(self.lagoon)
        for one in self.witnesses:
            one.kill()
        self.ports.release()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    try:
        start_lagoon(made.lagoon)
        made.init()
        stop_lagoon(made.lagoon)
        for one in made.witnesses:
            one.start()
        start_lagoon(made.lagoon)
        yield made
    finally:
        made.close()


def until(what: str, condition: object) -> None:
    """Wait for it."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < ends, what
        time.sleep(0.2)


def has_stopped(lagoon: Lagoon, org: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether a node has stopped because more had been published before, which is the one reason it may have."""
    status = process.poll()
    said = (lagoon.home(org) / "log/stderr.log").read_text()
    assert status is None or (status, "entries were published before (witness" in said) == (8, True), said
    return status is not None


def witness_show(one: Witness, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    main(["witness", "show", str(one.home), "--json"])
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_what_is_published_is_witnessed_and_what_is_rolled_back_stops_the_nodes(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    lagoon = world.lagoon
    size = world.register("first")
    until("the first is witnessed", lambda: world.published() >= size)

    stop_lagoon(lagoon)
    for org in ORGS:  # what somebody restores later
        shutil.copytree(lagoon.home(org), lagoon.folder / "backup" / org)
    start_lagoon(lagoon)

    world.witnesses[0].kill()  # as kill -9 does
    size = world.register("second")
    time.sleep(3)
    assert world.published() < size, "published without a quorum of witnesses"
    world.witnesses[0].start()
    until("the second is witnessed", lambda: world.published() >= size)

    stop_lagoon(lagoon)
    for org in ORGS:
        shutil.rmtree(lagoon.home(org))
        shutil.copytree(lagoon.folder / "backup" / org, lagoon.home(org))
        (lagoon.home(org) / "node.pid").unlink(missing_ok=True)
    config = lagoon.home("operator") / "atoll.toml"
    config.write_text(config.read_text().replace("every-seconds = 1\n", f"every-seconds = {LAST_SECONDS}\n"))
    processes = {org: start_node(lagoon.home(org), detach=True) for org in reversed(ORGS)}
    # The operator asks when the two whose cosignatures it counts have stopped: what it has counted until then is enough.
    for org, process in processes.items():
        until(f"{org} stops", lambda org=org, process=process: has_stopped(lagoon, org, process))
    for one in world.witnesses:
        shown = witness_show(one, capsys)
        assert shown["logs"][0]["size"] >= size  # type: ignore[index]
