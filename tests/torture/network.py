"""Validators as real processes: an application and a CometBFT each, killed, paused, cut off and started again one by one.

    with Network(folder) as network:
        network.start()
        done = network["bank"].submit(data)
        network["bank"].kill()                 # the application and, because it loses it, CometBFT
        network["bank"].start()
        network.wait_for_height(network.height + 1)

Everything is on loopback, or in network namespaces that `tests.torture.namespaces` made. Waiting is by polling, bounded
everywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from atoll.ledger.block import Block, parse_block
from atoll.ordering.cometbft.keys import write_keys
from atoll.testing.consortium import Founding
from atoll.testing.ports import Ports
from atoll.trust.keys import Purpose
from tests.patience import patience
from tests.torture.places import COMETBFT, CONTROL, GENESIS, ROOT, SPOKEN

VALIDATORS = ("operator", "bank", "bureau", "telecom")
CLIENTS = tuple(f"client{number}" for number in range(8))
"""Members that validate nothing and run nothing: transactions are signed by them and handed to any validator."""
FAIL_INDEX = "fail-index"
"""A file in CometBFT's folder: its next start gets the number in it as FAIL_TEST_INDEX, later ones do not."""
_CHILD = (
    f'if [ -f {FAIL_INDEX} ]; then FAIL_TEST_INDEX=$(cat {FAIL_INDEX}); export FAIL_TEST_INDEX; rm {FAIL_INDEX}; fi; exec "$@"'
)
START_SECONDS = 60
BACK_SECONDS = 20
"""A node that comes back must answer and have caught up by then (LEDGER 13)."""
POLL_SECONDS = 0.1
LAST_WORDS = 6_000


class Unanswered(Exception):
    """A validator did not answer: it is down, paused, or cannot reach a quorum."""


@dataclass(frozen=True, slots=True)
class Done:
    """An acknowledged transaction."""

    height: int
    index: int
    number: int


class Control:
    """A connection to a validator's desk; requests may wait side by side."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            with _short(path) as name:
                self._socket.connect(name)
        except OSError:
            self._socket.close()
            raise
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._count = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, verb: str, *, wait_seconds: float = 10.0, **request: Any) -> dict[str, Any]:
        """One request and its answer.

        Raises:
            Unanswered: none came in time, or an error did.
        """
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            self._count += 1
            number = self._count
            self._waiting[number] = answer
        try:
            self._socket.sendall(json.dumps({"verb": verb, "id": number, **request}).encode() + b"\n")
            said = answer.result(timeout=wait_seconds * patience())
        except (OSError, TimeoutError) as err:
            raise Unanswered(f"{verb}: {err!r}") from err
        finally:
            self._waiting.pop(number, None)
        if "error" in said:
            raise Unanswered(f"{verb}: {said['error']}: {said['sentence']}")
        return said

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError), self._socket.makefile("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # it was killed while it spoke
                said = json.loads(line)
                waiting = self._waiting.get(said["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(said)
        for waiting in list(self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(OSError("the validator is gone"))


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for a socket that is short enough, however deep it lies."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Validator:
    """One organisation's validator, up or down."""

    def __init__(self, org: str, folder: Path, *, prefix: Sequence[str] = ()) -> None:
        self.org = org
        self.folder = folder
        self.prefix = list(prefix)
        """What the process is started under: a network namespace, a false clock."""
        self.environment: dict[str, str] = {}
        """Of the application, at its next start only."""
        self.process: subprocess.Popen[bytes] | None = None
        self._output = folder.with_suffix(".output")  # beside its folder: on a full disk nobody has last words
        self._control: Control | None = None
        self._connecting = threading.Lock()

    # -- life ------------------------------------------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> None:
        """Start it; with `wait`, until it answers."""
        assert self.process is None, f"{self.org} runs already"
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **self.environment}
        self.environment = {}
        (self.folder / CONTROL).unlink(missing_ok=True)
        with self._output.open("ab") as output:
            command = [*self.prefix, sys.executable, "-m", "tests.torture.validator", str(self.folder)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        if wait:
            self.wait_until(self.answers, START_SECONDS, "answers")

    def stop(self) -> int:
        """Stop it in order; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the application. CometBFT, whose application is gone, ends by itself."""
        self._end(signal.SIGKILL)

    def kill_child(self) -> None:
        """SIGKILL to CometBFT; the application starts it again."""
        os.kill(self.child, signal.SIGKILL)

    def pause(self) -> None:
        """Both stand still."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Both go on."""
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def pids(self) -> list[int]:
        """The application and its CometBFT, if it has one."""
        assert self.process is not None
        return [self.process.pid, *self.children()]

    def children(self) -> list[int]:
        """Its CometBFT, also one that has outlived its application."""
        return processes_in(self.folder / COMETBFT)

    def await_end(self, seconds: float = 30.0) -> int:
        """Until it has ended by itself; its exit status."""
        assert self.process is not None
        status = self.process.wait(timeout=seconds * patience())
        self._gone()
        return status

    def reap(self) -> bool:
        """Whether the application has ended by itself; if so it can be started again."""
        if self.process is None or self.process.poll() is None:
            return False
        self._gone()
        return True

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None, f"{self.org} does not run"
        self.process.send_signal(number)
        status = self.process.wait(timeout=30 * patience())
        self._gone()
        return status

    def _gone(self) -> None:
        self.wait_until(lambda: not self.children(), 10, "has taken its CometBFT along")
        with self._connecting:
            if self._control is not None:
                self._control.close()
            self._control = self.process = None

    # -- asking ----------------------------------------------------------------------------------------------------------------

    @property
    def control(self) -> Control:
        """The connection, made on first use."""
        with self._connecting:
            if self._control is None:
                try:
                    self._control = Control(self.folder / CONTROL)
                except OSError as err:
                    raise Unanswered(f"{self.org}: {err}") from err
            return self._control

    def view(self, *, seconds: float = 10.0) -> dict[str, Any]:
        """Where it stands."""
        return self.control.ask("view", wait_seconds=seconds)

    def answers(self) -> bool:
        """Whether it does."""
        try:
            self.view(seconds=2)
        except Unanswered:
            return False
        return True

    @property
    def height(self) -> int:
        """Its last agreed block."""
        return int(self.view()["height"])

    @property
    def child(self) -> int:
        """Process id of its CometBFT."""
        return int(self.view()["child"])

    def submit(self, data: bytes, *, seconds: float = 20.0) -> Done:
        """Hand a transaction over, until it is acknowledged."""
        said = self.control.ask("submit", wait_seconds=seconds + 2, data=data.hex(), seconds=seconds)
        return Done(said["height"], said["index"], said["number"])

    def blocks(self, first: int = 1, last: int | None = None) -> list[Block]:
        """Agreed blocks."""
        found: list[Block] = []
        last = self.height if last is None else last
        for start in range(first, last + 1, 100):
            said = self.control.ask("blocks", first=start, last=min(last, start + 99), wait_seconds=60)
            found += [parse_block(bytes.fromhex(one)) for one in said["blocks"]]
        return found

    def wait_until(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """Until something holds; how long that took.

        Raises:
            AssertionError: it did not hold in time.
        """
        return wait_until(condition, seconds, f"{self.org} {what}")

    def output(self) -> str:
        """What it has written since ever."""
        return self._output.read_text("utf-8", errors="replace")


class Network:
    """See the module's docstring."""

    def __init__(
        self,
        folder: Path,
        *,
        validators: Sequence[str] = VALIDATORS,
        hosts: Mapping[str, str] | None = None,
        prefixes: Mapping[str, Sequence[str]] | None = None,
        settings: Mapping[str, Any] | None = None,
        rpc: bool = False,
        chain_id: str = "lagoon.test.example",
        binaries: Mapping[str, Path] | None = None,
    ) -> None:
        """Found it; nothing runs yet.

        Args:
            folder: short enough that sockets below it have names.
            validators: who validates.
            hosts: the address each listens on; loopback unless given.
            prefixes: what each process is started under.
            settings: of CometBFT, for all.
            rpc: whether CometBFT's own RPC listens.
            chain_id: the ledger's name.
            binaries: another CometBFT for some of them.
        """
        self.folder = folder
        self.hosts = {org: (hosts or {}).get(org, "127.0.0.1") for org in validators}
        self.ports = Ports()
        """Where they listen, and where else something may."""
        self.addresses = {org: f"{host}:{self.ports.take()}" for org, host in self.hosts.items()}
        self.founding = Founding(
            [*validators, *CLIENTS],
            not_validating=CLIENTS,
            chain_id=chain_id,
            engine="cometbft",
            time=int(time.time()),
            consensus_addresses=self.addresses | dict.fromkeys(CLIENTS, ""),
        )
        self._binaries = dict(binaries or {})
        self.rpc = {org: self.ports.address() for org in validators} if rpc else {}
        """Where CometBFT's own RPC listens."""
        own = {org: {"rpc_listen": self.rpc.get(org, ""), **(settings or {})} for org in validators}
        self.validators = {org: self._make(org, own[org], (prefixes or {}).get(org, ())) for org in validators}

    def add_twin(self, org: str, guise: str, *, host: str = "127.0.0.1", prefix: Sequence[str] = ()) -> Validator:
        """A second node that votes with a validator's key, under the name of a member that validates nothing."""
        self.addresses[guise] = f"{host}:{self.ports.take()}"
        self.validators[guise] = self._make(guise, {}, prefix, votes_as=org)
        return self.validators[guise]

    def _make(self, org: str, settings: Mapping[str, Any], prefix: Sequence[str], *, votes_as: str = "") -> Validator:
        folder = self.folder / org
        write_keys(
            folder / COMETBFT,
            validator_seed=self.founding.orgs[votes_as or org].keys[Purpose.CONSENSUS].expose_seed(),
            node_seed=self.founding.orgs[org].node_seed,
        )
        (folder / GENESIS).write_bytes(self.founding.genesis_file)
        said = {
            "org": org,
            "binary": str(self._binaries.get(org, "")),
            "settings": {
                "listen": self.addresses[org],
                "timeout_commit_ms": 100,
                "empty_block_seconds": 5,
                "command": ["/bin/sh", "-c", _CHILD, "sh"],
                **settings,
            },
        }
        (folder / SPOKEN).write_text(json.dumps(said), "utf-8")
        return Validator(org, folder, prefix=prefix)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for validator in self.validators.values():
            if validator.process is not None:
                validator.resume()
                validator.kill()
        self.ports.release()

    def __getitem__(self, org: str) -> Validator:
        return self.validators[org]

    def __iter__(self) -> Iterator[Validator]:
        return iter(self.validators.values())

    def running(self) -> list[Validator]:
        """Those that were started and not stopped."""
        return [one for one in self if one.process is not None]

    def start(self, *orgs: str) -> None:
        """Start these, or all, and wait until they answer and know one another."""
        chosen = [self.validators[org] for org in orgs or self.validators]
        for one in chosen:
            one.start(wait=False)
        for one in chosen:
            one.wait_until(one.answers, START_SECONDS, "answers")

    @property
    def height(self) -> int:
        """The highest agreed block that anybody tells of.

        Raises:
            Unanswered: nobody tells.
        """
        told: list[int] = []
        for one in self.running():
            with contextlib.suppress(Unanswered):  # it may be on its way out
                told.append(one.height)
        if not told:
            raise Unanswered("nobody tells of a height")
        return max(told)

    def is_even(self) -> bool:
        """Whether all that run stand at one height with one app hash."""
        try:
            views = [one.view(seconds=2) for one in self.running()]
        except Unanswered:
            return False
        return len({(view["height"], view["app_hash"]) for view in views}) == 1

    def settle(self, seconds: float = BACK_SECONDS) -> float:
        """Until all that run agree; how long that took."""
        return wait_until(self.is_even, seconds, "all agree")

    def explain(self, *victims: Validator) -> None:
        """Print what everybody says of itself, and the last words of some: for whoever looks into a failure."""
        for one in self:
            with contextlib.suppress(Unanswered):
                print(f"   {one.org}: {one.view(seconds=2)}", flush=True)
        for victim in victims:
            print(f"   last words of {victim.org}:\n{victim.output()[-LAST_WORDS:]}", flush=True)

    def copy_store(self, org: str, to: Path) -> None:
        """A stopped validator's whole folder, as a careless administrator would back it up."""
        assert self.validators[org].process is None
        shutil.copytree(self.folder / org, to, symlinks=True, ignore=lambda _, names: [one for one in names if one == CONTROL])


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Poll until something holds; how long that took. On a busy machine it waits longer, as `patience` says.

    While a validator that it asks about does not answer, it does not hold.

    Raises:
        AssertionError: it did not hold in time.
    """

    def holds() -> bool:
        with contextlib.suppress(Unanswered):
            return condition()
        return False

    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > seconds * patience():
            raise AssertionError(f"not within {seconds} s (load {os.getloadavg()[0]:.0f}): {what}")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - started


def processes_in(folder: Path) -> list[int]:
    """Living processes whose working directory is this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder.resolve():
                found.append(int(entry.name))
    return sorted(found)
