"""The ordering engines of a consortium in one process: started, stopped, killed in mid-write and started again.

    engines = Engines(Founding(["operator", "bank", "bureau"]), folder)
    await engines.start()
    await engines["bank"].submit(engines.founding.sign("bank", body))
    engines.kill("operator")                       # as kill -9 would; nothing is closed properly
    await engines.start("operator")                # from what is on its disk

For use under `atoll.testing.virtual.run_virtually`: everything happens on the loop, in virtual time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.records import current_kid
from atoll.ordering.embedded.engine import EmbeddedEngine, Signers
from atoll.ordering.embedded.store import Store
from atoll.ordering.members import Handler
from atoll.ordering.offload import inline
from atoll.testing.consortium import Founding
from atoll.testing.members import MemberNetwork, Unreachable
from atoll.testing.virtual import VirtualClock
from atoll.trust.keys import Purpose, SecretKey

Scenario = Callable[["Engines"], Awaitable[None]]
"""What happens in a test."""


@contextlib.contextmanager
def memory_folder(fallback: Path) -> Iterator[Path]:
    """A folder in memory where the system has one, for stores that wait for the disk at each block; else the fallback."""
    memory = Path("/dev/shm")  # noqa: S108 -- inside it a folder of our own is made
    if not os.access(memory, os.W_OK):
        yield fallback
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


class Killed(BaseException):
    """What ends a member's work when its process is killed; no handler of ordinary errors catches it."""


@dataclass(slots=True)
class KillSwitch:
    """Kills a member at one of its writes to disk."""

    at_write: int
    """Which write, counted from 0."""
    after_commit: bool
    """Killed when the write is durable and nobody knows; else before anything of it is written."""
    on_kill: Callable[[], None]
    """Called once, at that moment."""
    count: int = 0

    @contextlib.contextmanager
    def around(self, write: Callable[[], contextlib.AbstractContextManager[None]]) -> Iterator[None]:
        """One write."""
        number, self.count = self.count, self.count + 1
        if number > self.at_write or (number == self.at_write and not self.after_commit):
            self._kill(number)
        with write():
            yield
        if number == self.at_write:
            self._kill(number)

    def _kill(self, number: int) -> None:
        if number == self.at_write:
            self.on_kill()
        raise Killed


class Engines:
    """See the module's docstring."""

    patience_seconds = 20.0
    """How long a scenario waits for something that must not happen."""

    def __init__(self, founding: Founding, folder: Path, *, network: MemberNetwork | None = None) -> None:
        self.founding = founding
        self.folder = folder
        self.network = network or MemberNetwork()
        self.running: dict[str, EmbeddedEngine] = {}
        self.clocks: dict[str, VirtualClock] = {}
        self.newer_keys: dict[str, SecretKey] = {}
        """What members have made since the founding, by kid; they sign with it once the ledger says that it is current."""
        self.max_pages: dict[str, int] = {}
        """Size of a member's disk, in pages of 4 KiB; set before it starts."""
        self._dying: list[asyncio.Task[None]] = []

    def __getitem__(self, org: str) -> EmbeddedEngine:
        return self.running[org]

    @property
    def orgs(self) -> list[str]:
        """Everybody who has keys."""
        return list(self.founding.orgs)

    def clock(self, org: str) -> VirtualClock:
        """The member's clock; set its `skew_seconds` to put it wrong."""
        if org not in self.clocks:
            self.clocks[org] = VirtualClock(asyncio.get_running_loop())
        return self.clocks[org]

    def store_path(self, org: str) -> Path:
        """Where the member's replica is."""
        return self.folder / f"{org}.ledger"

    async def start(self, *orgs: str) -> None:
        """Start these members, or everybody; those that run are left alone."""
        for org in orgs or self.orgs:
            if org not in self.running:
                await self.make(org).start()

    def make(self, org: str) -> EmbeddedEngine:
        """Open a member's engine and connect it, without starting it."""

        def signing(purpose: Purpose) -> Callable[[bytes], bytes]:
            def sign(data: bytes) -> bytes:
                kid = current_kid(engine.view(), org, purpose)
                return self.newer_keys.get(kid, self.founding.keys[org][purpose]).sign(data)

            return sign

        engine = EmbeddedEngine(
            org=org,
            genesis_file=self.founding.genesis_file,
            store_path=self.store_path(org),
            signers=Signers(identity=signing(Purpose.IDENTITY), cosign=signing(Purpose.COSIGN), log=signing(Purpose.LOG)),
            clock=self.clock(org),
            members=self.network.port(org),
            offload=inline,
            max_pages=self.max_pages.get(org),
        )
        self.running[org] = engine
        self.network.serve(org, {name: _mortal(org, name, handler) for name, handler in engine.methods().items()})
        return engine

    async def close(self) -> None:
        """The end of a test, whatever became of it: nothing is left running."""
        await self.stop()
        await asyncio.gather(*self._dying, return_exceptions=True)

    async def stop(self, *orgs: str) -> None:
        """Stop these members, or everybody, properly."""
        for org in orgs or list(self.running):
            self.network.down(org)
            await self.running.pop(org).stop()

    def kill(self, org: str) -> None:
        """The member's process ends here and now."""
        self.network.down(org)
        engine = self.running.pop(org)
        engine._running = False
        self._dying += engine._tasks.cancel()
        engine._agreed.fire()
        engine.store.close()

    async def crash(self, org: str) -> None:
        """As `kill`."""
        self.kill(org)

    def blocks_on_disk(self, org: str, height: int) -> tuple[bytes, ...]:
        """Transactions of a block as the disk of a member that does not run has it; none where it has it not."""
        stored = self.make(org).store.block(height)
        self.kill(org)
        return stored.block.transactions if stored is not None else ()

    def kill_at_write(self, org: str, at_write: int, *, after_commit: bool) -> KillSwitch:
        """Kill a running member at one of its next writes."""
        switch = KillSwitch(at_write, after_commit, lambda: self.kill(org))
        store: Store = self.running[org].store
        write = store.write
        store.write = lambda: switch.around(write)  # type: ignore[method-assign]
        return switch

    async def settle(self, *orgs: str, timeout_seconds: float = 60.0) -> None:
        """Until these members, or all that run, have agreed on one log; its height is the highest of theirs."""
        await self.until(lambda: len({self.running[org].view().log_root for org in orgs or self.running}) == 1, timeout_seconds)

    async def until(self, condition: Callable[[], bool], timeout_seconds: float = 60.0) -> None:
        """Until something holds."""
        async with asyncio.timeout(timeout_seconds):
            while not condition():  # noqa: ASYNC110 -- a condition on several engines, which no one event tells of
                await asyncio.sleep(0.1)


def _mortal(org: str, name: str, handler: Handler) -> Handler:
    """A caller sees a member that dies in mid-answer as one that does not answer."""

    async def answer(caller: str, payload: bytes) -> bytes:
        try:
            return await handler(caller, payload)
        except Killed:
            raise Unreachable(org=org, method=name) from None

    return answer
