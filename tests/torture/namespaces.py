"""Hosts in network namespaces of our own, and a network between them that can be cut.

with Fabric(["bank", "bureau"]) as fabric:
    fabric.addresses["bank"], fabric.prefixes["bank"]      # where it listens, what its process is started under
    fabric.split(["bank"], ["bureau"])
    fabric.heal()
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Self

from tests.torture.places import ROOT

NETWORK = "10.213.0."
_LONGEST_NAME = 15


def can_make_namespaces() -> bool:
    """Whether this user may make namespaces and TUN devices here."""
    if shutil.which("ip") is None or not os.access("/dev/net/tun", os.W_OK):
        return False
    name = f"atoll-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return made


class Fabric:
    """See the module's docstring."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.hosts = list(hosts)
        self.addresses = {host: f"{NETWORK}{number}" for number, host in enumerate(hosts, 1)}
        self._namespaces = {host: f"at{os.getpid()}-{number}"[:_LONGEST_NAME] for number, host in enumerate(hosts)}
        self.prefixes = {host: ("ip", "netns", "exec", name) for host, name in self._namespaces.items()}
        self._switch: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        for name in self._namespaces.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
        hosts = [f"{host}={self._namespaces[host]},{self.addresses[host]}" for host in self.hosts]
        command = [sys.executable, "-m", "tests.torture.switch", *hosts]
        self._switch = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._await_ready()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._switch is not None and self._switch.stdin is not None and self._switch.stdout is not None
        self._switch.stdin.close()
        self._switch.stdout.close()
        self._switch.wait(timeout=60)
        for name in self._namespaces.values():
            subprocess.run(["ip", "netns", "del", name], check=False)

    def weather(self, *, cut: Iterable[tuple[str, str]] = (), loss: float = 0.0, delay_seconds: float = 0.0) -> None:
        """What holds from now on; a cut is one-way."""
        self._tell(cut=sorted(cut), loss=loss, delay_seconds=delay_seconds)

    def heal(self) -> None:
        """Everything passes."""
        self.weather()

    def split(self, *groups: Sequence[str]) -> None:
        """Nothing passes between groups."""
        pairs = itertools.permutations(groups, 2)
        self.weather(cut={(one, other) for here, there in pairs for one in here for other in there})

    def ring(self) -> None:
        """Everybody hears its two neighbours only."""
        count = len(self.hosts)
        near = {(at, (at + step) % count) for at in range(count) for step in (1, -1)}
        far = [pair for pair in itertools.permutations(range(count), 2) if pair not in near]
        self.weather(cut={(self.hosts[one], self.hosts[other]) for one, other in far})

    def _tell(self, **weather: Any) -> None:
        assert self._switch is not None and self._switch.stdin is not None
        self._switch.stdin.write(json.dumps(weather) + "\n")
        self._switch.stdin.flush()
        self._await_ready()

    def _await_ready(self) -> None:
        assert self._switch is not None and self._switch.stdout is not None
        if self._switch.stdout.readline() != "ready\n":
            raise RuntimeError("the switch did not start")
