"""Transactions that are not agreed yet: at the sequencer the queue, at every other member what it has forwarded and watches
for.

A transaction is kept until it is in an agreed block, or can never be in one. It is *placed* while a block above the agreed
height holds it; when a hand-over drops that block it is unplaced again, with the same bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.transaction import parse_transaction, transaction_id
from atoll.ordering.changes import Changes
from atoll.ordering.engine import Acknowledged
from atoll.ordering.errors import NotAcknowledged, ShareFull, TooManyWaiting

MAX_WAITING = 20_000
MAX_WAITING_BYTES = 64 << 20
MOST_OF_A_MEMBER = 1_000
"""Transactions of one sender: nobody fills the queue alone. Of CometBFT's mempool a member's share is the same, or
less where there are many members; what is not let in waits here."""
MOST_BYTES_OF_A_MEMBER = 8 << 20


@dataclass(slots=True)
class Held:
    """One transaction."""

    id: bytes
    """SHA-256 of its bytes."""
    data: bytes
    """The received bytes."""
    sender: str = ""
    """Who signed it."""
    placed: bool = False
    """Whether a block of the tail holds it."""
    forwarded_at: float | None = None
    """Monotonic time at which the sequencer was first sent it; None before."""
    forwarded_height: int = 0
    """The last block that was here then."""
    last_sent_at: float | None = None
    """Monotonic time at which it was sent last."""
    relayed: bool = False
    """Whether the other members were asked to hold it too."""
    waiters: list[asyncio.Future[Acknowledged]] = field(default_factory=list)
    """Who waits for its acknowledgement here."""


class Waiting:
    """See the module's docstring; in order of arrival."""

    def __init__(self) -> None:
        self._held: dict[bytes, Held] = {}
        self._unplaced: dict[bytes, Held] = {}
        """Those of them that no block holds, in the same order: few, where many wait for a quorum."""
        self._bytes = 0
        self._shares: dict[str, tuple[int, int]] = {}
        """Transactions and bytes of each sender."""
        self.arrived = Changes()
        """Fired when there is something to put in order."""

    def __len__(self) -> int:
        return len(self._held)

    @property
    def unplaced_count(self) -> int:
        """How many no block holds."""
        return len(self._unplaced)

    def get(self, identifier: bytes) -> Held | None:
        """The transaction of that id."""
        return self._held.get(identifier)

    def hold(self, data: bytes, *, placed: bool = False, unlimited: bool = False) -> Held:
        """Keep a transaction; the one that is there already, if it is.

        Args:
            data: the transaction.
            placed: whether a block of the tail holds it.
            unlimited: whether it is taken though there is no room, or its sender has its share already.

        Raises:
            TooManyWaiting: no room.
            ShareFull: its sender has too many here.
        """
        identifier = transaction_id(data)
        held = self._held.get(identifier)
        if held is None:
            if not unlimited and (len(self._held) >= MAX_WAITING or self._bytes + len(data) > MAX_WAITING_BYTES):
                raise TooManyWaiting(limit=len(self._held))
            sender = sender_of(data)
            count, size = self._shares.get(sender, (0, 0))
            if not unlimited and (count >= MOST_OF_A_MEMBER or (count and size + len(data) > MOST_BYTES_OF_A_MEMBER)):
                raise ShareFull(org=sender, limit=count)
            held = self._held[identifier] = Held(identifier, data, sender, placed)
            self._bytes += len(data)
            self._shares[sender] = (count + 1, size + len(data))
            if not placed:
                self._unplaced[identifier] = held
            self.arrived.fire()
        return held

    async def acknowledged(self, data: bytes, *, placed: bool, timeout_seconds: float) -> Acknowledged:
        """Keep a transaction and wait until it is agreed.

        Raises:
            TooManyWaiting: no room.
            ShareFull: its sender has too many here.
            NotAcknowledged: not in this time; the transaction is kept, and may be agreed yet.
            NotAdmitted: it can never be in a block.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Acknowledged] = loop.create_future()
        self.hold(data, placed=placed).waiters.append(waiter)
        end = loop.call_later(timeout_seconds, give_up, waiter, timeout_seconds)  # half the cost of `asyncio.wait_for`
        try:
            return await waiter
        finally:
            end.cancel()

    def unplaced(self, *, max_count: int, max_bytes: int) -> list[Held]:
        """The first ones that no block holds, within these limits; at least one where there is one."""
        found: list[Held] = []
        total = 0
        for held in self._unplaced.values():
            total += len(held.data)
            if len(found) == max_count or (found and total > max_bytes):
                break
            found.append(held)
        return found

    def all(self) -> list[Held]:
        """Everything, in order of arrival."""
        return list(self._held.values())

    def all_unplaced(self) -> list[Held]:
        """Everything that no block holds, in order of arrival."""
        return list(self._unplaced.values())

    def place(self, transactions: Iterable[bytes], *, placed: bool) -> None:
        """A block of the tail holds these now, or no longer does."""
        moved = [
            held
            for data in transactions
            if (held := self._held.get(transaction_id(data))) is not None and held.placed is not placed
        ]
        for held in moved:
            held.placed = placed
            if placed:
                del self._unplaced[held.id]
            else:
                held.last_sent_at = None
        if moved and not placed:
            self._unplaced = {held.id: held for held in self._held.values() if not held.placed}
            self.arrived.fire()

    def settle(self, acknowledged: Acknowledged) -> None:
        """A transaction is agreed: it is kept no longer, and whoever waits is told."""
        for waiter in self.release(acknowledged.transaction_id):
            waiter.set_result(acknowledged)

    def release(self, identifier: bytes) -> list[asyncio.Future[Acknowledged]]:
        """As `settle`, where it is for the caller to tell those who are returned; mostly nobody waits."""
        held = self._remove(identifier)
        return [waiter for waiter in held.waiters if not waiter.done()] if held is not None and held.waiters else []

    def refuse(self, identifier: bytes, error: Exception) -> None:
        """A transaction can never be in a block: whoever waits is told why."""
        held = self._remove(identifier)
        for waiter in held.waiters if held is not None else ():
            if not waiter.done():
                waiter.set_exception(error)

    def refuse_all(self, error: Exception) -> None:
        """As `refuse`, for everything that is kept."""
        for identifier in list(self._held):
            self.refuse(identifier, error)

    def _remove(self, identifier: bytes) -> Held | None:
        held = self._held.pop(identifier, None)
        if held is not None:
            self._bytes -= len(held.data)
            count, size = self._shares.pop(held.sender)
            if count > 1:
                self._shares[held.sender] = (count - 1, size - len(held.data))
            if not held.placed:
                del self._unplaced[identifier]
        return held


def sender_of(data: bytes) -> str:
    """Whose a transaction is, as it says itself; empty where it cannot be read."""
    try:
        return parse_transaction(data)[1].sender
    except AtollError:
        return ""


def is_share(count: int, size: int) -> bool:
    """Whether so many transactions, of so many bytes, are all that the sequencer holds of one sender at a time."""
    return count >= MOST_OF_A_MEMBER or size >= MOST_BYTES_OF_A_MEMBER


def give_up(waiter: asyncio.Future[Acknowledged], seconds: float) -> None:
    """Tell who waits for an acknowledgement that it has taken too long."""
    if not waiter.done():
        waiter.set_exception(NotAcknowledged(seconds=seconds))
