"""The embedded engine, wired: one replica, and around it the tasks of a member or of the sequencer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atoll.ledger.records import Member, MemberState
from atoll.ledger.rules.errors import BadTransaction
from atoll.ledger.transaction import transaction_id
from atoll.ordering.embedded.catchup import QUIET_SECONDS, Catchup
from atoll.ordering.embedded.changes import Changes
from atoll.ordering.embedded.forwarder import Forwarder
from atoll.ordering.embedded.member import MemberSide
from atoll.ordering.embedded.messages import BLOCKS, PUSH, SUBMIT, Handler, Members
from atoll.ordering.embedded.offload import Offload, in_thread
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.publisher import Publisher
from atoll.ordering.embedded.replica import Replica, Sign
from atoll.ordering.embedded.sequencer import Sequencer
from atoll.ordering.embedded.store import Store, StoredBlock
from atoll.ordering.embedded.waiting import Waiting
from atoll.ordering.engine import FRESH_SECONDS, Acknowledged, AgreedBlock, Snapshot, StateProof, View
from atoll.ordering.errors import NotAcknowledged, NotAdmitted, NotAgreedYet, StaleView
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

FOLLOW_CHUNK = 64
"""Blocks read from the store at a time."""


@dataclass(frozen=True, slots=True)
class Signers:
    """What this member signs with; the keys stay behind the functions (`atoll.trust.signer.signing`)."""

    identity: Sign
    """Signs votes and the transaction of a hand-over."""
    cosign: Sign
    """Signs cosignatures."""
    log: Sign
    """Signs checkpoints while this member is the sequencer."""


class EmbeddedEngine:
    """`atoll.ordering.engine.Engine`, embedded. Make it, plug `methods()` into the transport, then `start`."""

    kind = "embedded"

    def __init__(
        self,
        *,
        org: str,
        genesis_file: bytes,
        store_path: Path,
        signers: Signers,
        clock: Clock,
        members: Members,
        offload: Offload = in_thread,
        max_pages: int | None = None,
    ) -> None:
        """Open the store.

        Args:
            org: this member.
            genesis_file: as the founders signed it.
            store_path: SQLite file of the replica; made if it is not there.
            signers: this member's keys.
            clock: time for blocks, cosignatures and waiting.
            members: how to reach the others.
            offload: where blocks are carried out and written; `inline` for simulations.
            max_pages: most pages of 4 KiB in the store; for tests of a full disk.

        Raises:
            BadGenesis, ForeignStore, StoreCorrupt, StoreFull: see `open_store`.
        """
        self.org = org
        self.store = Store(store_path, max_pages=max_pages)
        self.replica = Replica(org=org, genesis_file=genesis_file, store=self.store, clock=clock, offload=offload)
        self.replica.on_agreed = self._on_agreed
        self._clock = clock
        self._agreed = Changes()
        self._published = Changes()
        self._waiting = Waiting()
        self._running = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._member = MemberSide(self.replica, self._waiting, clock, signers.cosign)
        self._catchup = Catchup(self.replica, self._waiting, members, self._others, self._is_quiet)
        self._forwarder = Forwarder(self.replica, self._waiting, members, clock, self._others)
        self._publisher = Publisher(self.replica, self._waiting, members, clock, self._published)
        self._sequencer = Sequencer(self.replica, self._waiting, clock, signers.log, self._published, self._agreed)
        for point in self.replica.points.values():
            if point.executed is not None:
                self._waiting.place(point.executed.block.transactions, placed=True)

    def methods(self) -> dict[str, Handler]:
        """What the other members call here, by name; to be served by the transport."""
        return {PUSH: self._member.on_push, BLOCKS: self._catchup.on_blocks, SUBMIT: self._forwarder.on_submit}

    # -- life ------------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to take part, as sequencer or as member, whichever the ledger says."""
        self._running = True
        self._take_role()

    async def stop(self) -> None:
        """Leave. Waiting submissions end with NotAcknowledged, followers end."""
        self._running = False
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        for held in self._waiting.all():
            self._waiting.refuse(held.id, NotAcknowledged(seconds=0))
        self._agreed.fire()
        await self.replica.close()

    @property
    def is_sequencer(self) -> bool:
        """Whether this member orders now."""
        return self.replica.tip.after.sequencer == self.org

    def _take_role(self) -> None:
        wanted: dict[str, Coroutine[Any, Any, None]] = {}
        if self.is_sequencer:
            wanted["sequencer"] = self._sequencer.run()
            for org in self._others():
                wanted[f"serve {org}"] = self._publisher.serve(org)
        else:
            wanted["catchup"] = self._catchup.run()
            wanted["forwarder"] = self._forwarder.run()
        for name in [name for name in self._tasks if name not in wanted]:
            self._tasks.pop(name).cancel()
        for name, work in wanted.items():
            if name in self._tasks:
                work.close()
            else:
                self._tasks[name] = asyncio.create_task(self._guard(name, work), name=f"{self.org} {name}")

    async def _guard(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """The outermost loop of a task: what ends it is logged, and the rest goes on."""
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("%s of %s has ended", name, self.org)

    def _others(self) -> list[str]:
        """Active members but this one, the sequencer first."""
        sequencer = self.replica.tip.after.sequencer
        orgs = [one.org for one in self.replica.view.all(Member) if one.state is MemberState.ACTIVE and one.org != self.org]
        return sorted(orgs, key=lambda org: (org != sequencer, org))

    def _is_quiet(self) -> bool:
        heard = self._member.heard_at
        return heard is None or self._clock.monotonic() - heard > QUIET_SECONDS

    # -- submitting ------------------------------------------------------------------------------------------------------------

    async def submit(self, transaction: bytes, *, timeout_seconds: float = 30.0) -> Acknowledged:
        """See `Engine.submit`."""
        identifier = transaction_id(transaction)
        known = self._find(identifier)
        if known is not None and known.height <= self.replica.agreed_height:
            return known
        if known is None and self._waiting.get(identifier) is None:
            outcome = self._forwarder.admit(transaction)
            if not outcome.ok and (self.is_sequencer or outcome.number == BadTransaction.number):
                raise NotAdmitted(refusal=outcome.code, reason=outcome.sentence)
        held = self._waiting.hold(transaction, placed=known is not None)
        waiter: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()
        held.waiters.append(waiter)
        try:
            return await asyncio.wait_for(waiter, timeout_seconds)
        except TimeoutError as err:
            raise NotAcknowledged(seconds=timeout_seconds) from err

    def _find(self, identifier: bytes) -> Acknowledged | None:
        """A transaction in a block here, agreed or not."""
        at = self.store.find_transaction(identifier)
        stored = self.store.block(at[0]) if at is not None else None
        if at is None or stored is None:
            return None
        height, position = at
        return Acknowledged(identifier, height, stored.summary.first + position, stored.outcomes[position])

    def _on_agreed(self, points: list[Point]) -> None:
        for point in points:
            executed = point.executed
            if executed is None:
                continue
            for position, data in enumerate(executed.block.transactions):
                index = executed.summary.first + position
                self._waiting.settle(Acknowledged(transaction_id(data), point.height, index, executed.outcomes[position]))
            if self._running and any(key.startswith(b"member\0") for key in executed.changes):
                self._take_role()
        self._agreed.fire()

    # -- reading ---------------------------------------------------------------------------------------------------------------

    async def follow(self, from_height: int = 1) -> AsyncIterator[AgreedBlock]:
        """See `Engine.follow`."""
        height = max(from_height, 1)
        while True:
            last = min(self.replica.agreed_height, height + FOLLOW_CHUNK - 1)
            for stored in list(self.store.blocks(height, last)) if height <= last else ():
                yield _agreed_block(stored)
            height = max(height, last + 1)
            if height > self.replica.agreed_height:
                if not self._running:
                    return
                await self._agreed.wait()

    def view(self) -> View:
        """See `Engine.view`."""
        return self.replica.view

    def freshness(self) -> int:
        """See `Engine.freshness`."""
        return self.replica.view.agreed_at

    def require_fresh(self, limit_seconds: int = FRESH_SECONDS) -> View:
        """See `Engine.require_fresh`."""
        age = self._clock.now() - self.freshness()
        if age > limit_seconds:
            raise StaleView(age_seconds=age, limit_seconds=limit_seconds)
        return self.view()

    def note(self) -> bytes:
        """The newest agreed checkpoint with its cosignatures.

        Raises:
            NotAgreedYet: there is none yet.
        """
        agreement = self.replica.agreed.agreement
        if agreement is None:
            raise NotAgreedYet()
        return agreement.note.encode()

    def entry(self, index: int) -> bytes | None:
        """A log entry below the agreed checkpoint; None where there is none."""
        genesis = self.replica.ledger.genesis_entries
        if index < len(genesis):
            return genesis[index] if index >= 0 else None
        at = self.store.find_entry(index) if index < self.replica.agreed.checkpoint.size else None
        stored = self.store.block(at[0]) if at is not None else None
        return stored.entries[at[1]] if at is not None and stored is not None else None

    def log_proof(self, index: int) -> tuple[bytes, ...]:
        """Inclusion of a log entry in the agreed checkpoint."""
        return tuple(self.replica.ledger.log.inclusion_proof(index, self.replica.agreed.checkpoint.size))

    def prove(self, raw_key: bytes) -> StateProof:
        """See `Engine.prove`."""
        note, view = self.note(), self.view()
        index = view.log_size - 1
        summary = self.entry(index)
        assert summary is not None, "every agreed checkpoint ends with a summary"
        return StateProof(raw_key, view.tree.get(raw_key), view.tree.prove(raw_key), summary, self.log_proof(index), note)

    def snapshot(self) -> Snapshot:
        """See `Engine.snapshot`."""
        note, view = self.note(), self.view()
        index = view.log_size - 1
        summary = self.entry(index)
        assert summary is not None, "every agreed checkpoint ends with a summary"
        return Snapshot(view.height, dict(view.tree.items()), summary, self.log_proof(index), note)


def _agreed_block(stored: StoredBlock) -> AgreedBlock:
    return AgreedBlock(stored.block, stored.summary, stored.outcomes)
