"""The CometBFT engines of a consortium in one Python process, each with a real CometBFT beside it, on loopback.

    validators = Validators(["operator", "bank", "bureau", "telecom"], folder)
    await validators.start()
    await validators["bank"].submit(validators.founding.sign("bank", body))
    await validators.crash("operator")                    # as kill -9 would; nothing is closed properly
    await validators.start("operator")             # from what is on its disk

The same shape as `atoll.testing.engines.Engines`, in real time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from atoll.ledger.records import EngineKind
from atoll.ordering.cometbft.engine import CometEngine
from atoll.ordering.cometbft.keys import SIGNING_STATE, write_keys
from atoll.ordering.cometbft.settings import Settings
from atoll.ordering.cometbft.store import CometStore
from atoll.ports import SystemClock
from atoll.testing.consortium import Founding
from atoll.testing.ports import Ports
from atoll.trust.keys import Purpose

QUICK = Settings(timeout_commit_ms=50, timeout_propose_ms=1000, timeout_vote_ms=300, empty_block_seconds=5)
"""For tests: everybody is on one machine."""
PATIENCE_SECONDS = 120.0
"""For what takes some seconds, on a machine that is busy with something else."""


@dataclass(slots=True)
class SkewedClock(SystemClock):
    """The machine's clock, put wrong."""

    skew_seconds: int = 0
    """How far it is off; a test sets it."""

    def now(self) -> int:
        return int(time.time()) + self.skew_seconds


class Validators:
    """See the module's docstring."""

    patience_seconds = 4.0
    """How long a scenario waits for something that must not happen."""

    def __init__(
        self,
        orgs: Sequence[str],
        folder: Path,
        *,
        not_validating: Sequence[str] = (),
        settings: Settings = QUICK,
        founding: Founding | None = None,
    ) -> None:
        """Found it; nothing runs yet.

        Args:
            orgs: the founders.
            folder: for their homes.
            not_validating: founders that only follow.
            settings: of all of them; where each listens is filled in.
            founding: another one than that of these organisations, with addresses of its own.
        """
        self.ports = Ports()
        """Where they listen, and where else something may."""
        addresses = {org: self.ports.address() for org in orgs}
        self.founding = founding or Founding(
            orgs,
            not_validating=not_validating,
            engine=EngineKind.COMETBFT,
            consensus_addresses=addresses,
            time=int(time.time()) - 1,
        )
        self.folder = folder
        self.running: dict[str, CometEngine] = {}
        self.settings: dict[str, Settings] = {}
        """What a member decides; a test may change it before it starts."""
        self.max_pages: dict[str, int] = {}
        """Size of a member's disk, in pages of 4 KiB; set before it starts."""
        self._default = settings
        self._addresses = addresses
        self._clocks: dict[str, SkewedClock] = {}

    def __getitem__(self, org: str) -> CometEngine:
        return self.running[org]

    @property
    def orgs(self) -> list[str]:
        """Everybody who has keys."""
        return list(self.founding.orgs)

    def clock(self, org: str) -> SkewedClock:
        """The member's clock."""
        return self._clocks.setdefault(org, SkewedClock())

    def home(self, org: str) -> Path:
        """The member's folder for CometBFT."""
        return self.folder / org / "cometbft"

    def store_path(self, org: str) -> Path:
        """Where the member's ledger is."""
        return self.folder / org / "ledger.sqlite"

    def address(self, org: str) -> str:
        """host:port of the member's consensus."""
        if org not in self._addresses:
            self._addresses[org] = self.ports.address()
        return self._addresses[org]

    async def start(self, *orgs: str) -> None:
        """Start these members, or everybody; those that run are left alone."""
        await asyncio.gather(*(self.make(org).start() for org in orgs or self.orgs if org not in self.running))

    def make(self, org: str) -> CometEngine:
        """Open a member's engine, without starting it."""
        home, keys = self.home(org), self.founding.orgs[org]
        if not (home / SIGNING_STATE).exists():
            seed = keys.keys[Purpose.CONSENSUS].expose_seed()
            write_keys(home, validator_seed=seed, node_seed=keys.node_seed)
        settings = replace(self.settings.get(org, self._default), listen=self.address(org))
        engine = CometEngine(
            org=org,
            genesis_file=self.founding.genesis_file,
            store_path=self.store_path(org),
            home=home,
            settings=settings,
            clock=self.clock(org),
            max_pages=self.max_pages.get(org),
        )
        self.running[org] = engine
        return engine

    async def close(self) -> None:
        """The end of a test, whatever became of it: nothing is left running."""
        await self.stop()
        self.ports.release()

    async def stop(self, *orgs: str) -> None:
        """Stop these members, or everybody, properly."""
        await asyncio.gather(*(self.running.pop(org).stop() for org in orgs or list(self.running)))

    def blocks_on_disk(self, org: str, height: int) -> tuple[bytes, ...]:
        """Transactions of a block as the disk of a member that does not run has it; none where it has it not."""
        store = CometStore(self.store_path(org))
        stored = store.block(height)
        store.close()
        return stored.block.transactions if stored is not None else ()

    async def crash(self, org: str) -> None:
        """The member's CometBFT is killed, and its store closed without a word to anybody."""
        engine = self.running.pop(org)
        if engine.child_pid is not None:
            os.kill(engine.child_pid, signal.SIGKILL)
        await engine.stop()

    async def settle(self, *orgs: str, timeout_seconds: float = PATIENCE_SECONDS) -> None:
        """Until these members, or all that run, show one log; its height is the highest of theirs."""
        await self.until(lambda: len({self.running[org].view().log_root for org in orgs or self.running}) == 1, timeout_seconds)

    async def until(self, condition: Callable[[], bool], timeout_seconds: float = PATIENCE_SECONDS) -> None:
        """Until something holds."""
        async with asyncio.timeout(timeout_seconds):
            while not condition():  # noqa: ASYNC110 -- a condition on several engines, which no one event tells of
                await asyncio.sleep(0.02)
