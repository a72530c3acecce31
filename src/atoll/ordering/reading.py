"""What any engine answers from its store, its ledger and its newest agreed point, whichever way that came to be agreed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ordering.changes import Changes
from atoll.ordering.engine import FRESH_SECONDS, Acknowledged, AgreedBlock, Snapshot, StateProof, View
from atoll.ordering.errors import StaleView
from atoll.ordering.store import StoredBlock
from atoll.ports import Clock

FOLLOW_CHUNK = 64
"""Blocks read from the store at a time."""


class Blocks(Protocol):
    """The part of a store that is read here."""

    def block(self, height: int) -> StoredBlock | None: ...
    def blocks(self, first: int, last: int) -> Iterator[StoredBlock]: ...
    def find_transaction(self, identifier: bytes) -> tuple[int, int] | None: ...
    def find_entry(self, index: int) -> tuple[int, int] | None: ...


class AgreedReader(ABC):
    """The reading half of `atoll.ordering.engine.Engine`."""

    def __init__(self, store: Blocks, clock: Clock) -> None:
        self._blocks = store
        self._clock = clock
        self._agreed = Changes()
        """Fired when the view has moved, and at the end."""
        self._running = False

    @abstractmethod
    def view(self) -> View:
        """See `Engine.view`."""

    @abstractmethod
    def seal(self) -> bytes:
        """See `Engine.seal`."""

    @property
    @abstractmethod
    def ledger(self) -> Ledger:
        """See `Engine.ledger`."""

    async def follow(self, from_height: int = 1) -> AsyncIterator[AgreedBlock]:
        """See `Engine.follow`."""
        height = max(from_height, 1)
        while self._running:
            last = min(self.view().height, height + FOLLOW_CHUNK - 1)
            for stored in list(self._blocks.blocks(height, last)) if height <= last else ():
                yield AgreedBlock(stored.block, stored.summary, stored.outcomes)
            height = max(height, last + 1)
            if height > self.view().height:
                await self._agreed.wait()

    def freshness(self) -> int:
        """See `Engine.freshness`."""
        return self.view().agreed_at

    def require_fresh(self, limit_seconds: int = FRESH_SECONDS) -> View:
        """See `Engine.require_fresh`."""
        age = self._clock.now() - self.freshness()
        if age > limit_seconds:
            raise StaleView(age_seconds=age, limit_seconds=limit_seconds)
        return self.view()

    def blocks(self, first: int, last: int) -> Iterator[Block]:
        """See `Engine.blocks`."""
        return (stored.block for stored in self._blocks.blocks(first, min(last, self.view().height)))

    def entry(self, index: int) -> bytes | None:
        """See `Engine.entry`."""
        genesis = self.ledger.genesis_entries
        if index < len(genesis):
            return genesis[index] if index >= 0 else None
        at = self._blocks.find_entry(index) if index < self.view().log_size else None
        stored = self._blocks.block(at[0]) if at is not None else None
        return stored.entries[at[1]] if at is not None and stored is not None else None

    def entries(self, first: int, count: int) -> Iterator[bytes]:
        """See `Engine.entries`."""
        index, past = max(first, 0), min(first + count, self.view().log_size)
        genesis = self.ledger.genesis_entries
        yield from genesis[index:past]
        index = max(index, min(len(genesis), past))
        while index < past:
            at = self._blocks.find_entry(index)
            stored = self._blocks.block(at[0]) if at is not None else None
            if at is None or stored is None:
                return
            found = stored.entries[at[1] : at[1] + past - index]
            yield from found
            index += len(found)

    def log_proof(self, index: int) -> tuple[bytes, ...]:
        """See `Engine.log_proof`."""
        return tuple(self.ledger.log.inclusion_proof(index, self.view().log_size))

    def prove(self, raw_key: bytes) -> StateProof:
        """See `Engine.prove`."""
        seal, view = self.seal(), self.view()
        summary, log_proof = self._last_summary(view)
        return StateProof(raw_key, view.tree.get(raw_key), view.tree.prove(raw_key), summary, log_proof, seal)

    def snapshot(self) -> Snapshot:
        """See `Engine.snapshot`."""
        seal, view = self.seal(), self.view()
        summary, log_proof = self._last_summary(view)
        return Snapshot(view.height, dict(view.tree.items()), summary, log_proof, seal)

    def find(self, identifier: bytes) -> Acknowledged | None:
        """See `Engine.find`."""
        found = self._find_placed(identifier)
        return found if found is not None and found.height <= self.view().height else None

    def _find_placed(self, identifier: bytes) -> Acknowledged | None:
        """A transaction in a block here, agreed or not."""
        at = self._blocks.find_transaction(identifier)
        stored = self._blocks.block(at[0]) if at is not None else None
        if at is None or stored is None:
            return None
        height, position = at
        return Acknowledged(identifier, height, stored.summary.first + position, stored.outcomes[position])

    def _last_summary(self, view: View) -> tuple[bytes, tuple[bytes, ...]]:
        """The last log entry below an agreed point, which is always a summary, and its inclusion."""
        summary = self.entry(view.log_size - 1)
        assert summary is not None, "every agreed checkpoint ends with a summary"
        return summary, self.log_proof(view.log_size - 1)
