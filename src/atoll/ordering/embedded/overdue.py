"""Transactions that a member forwarded long ago and that no block holds: first it brings them back, then it holds them against
its sequencer (SECURITY 3.3).

    forwarded -> 15 s -> brought back, with every answer to a push -> 15 s more -> left out: no cosignature

An honest sequencer may have refused one for want of room in its sender's share; one that is brought back it takes beyond that,
and places before the next share's worth of the sender. So whoever keeps its own share full brings nobody into suspicion: while
the blocks hold a whole share of that sender, the sequencer had no room for more, and the patience begins anew. This each member
reads from its own copy of the log, and so does whoever is shown the evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.ledger.apply import Context, apply
from atoll.ordering.embedded.messages import MAX_BLOCKS_BYTES, MAX_HELD
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.waiting import Held, Waiting, is_share, sender_of
from atoll.ports import Clock

PATIENCE_SECONDS = 30.0
"""How long a valid transaction may be left out after it was forwarded; after half of it, it is brought back."""
LEAST_TIMES = 2
"""So often it is brought back before it counts as left out: one answer can get lost on its way. Where nothing is put in order
there is a push every 20 s only, and the patience lasts as long as two of them take."""


@dataclass(slots=True)
class Watched:
    """One transaction that is being brought back."""

    held: Held
    """Which."""
    since: float
    """Monotonic time from which on the sequencer is expected to have it."""
    after: int
    """The last block before the sequencer had it."""
    times: int = 0
    """How often it was brought back since."""
    counted: int = 0
    """The last block that has been looked at."""
    count: int = 0
    """Transactions of its sender in the blocks above `after`."""
    size: int = 0
    """Their bytes."""


@dataclass(slots=True)
class Overdue:
    """Those of one member."""

    replica: Replica
    waiting: Waiting
    clock: Clock
    _watched: dict[bytes, Watched] = field(default_factory=dict)
    """By id of the transaction; at most MAX_HELD."""
    _left_out: set[bytes] = field(default_factory=set)
    """Ids of what this term's sequencer was found to leave out; what is kept no longer goes when the next one comes."""

    def begin_term(self) -> None:
        """Another sequencer: nothing is held against it."""
        self._watched.clear()
        self._left_out.clear()

    @property
    def is_any_left_out(self) -> bool:
        """Whether something that was found to be left out is in no block yet, and has not become impossible since."""
        return any(held is not None and not held.placed for held in map(self.waiting.get, self._left_out))

    def bring_back(self) -> tuple[bytes, ...]:
        """What the sequencer is to be told of now, in order of arrival."""
        now = self.clock.monotonic()
        brought: dict[bytes, Watched] = {}
        total = 0
        for held in self.waiting.all_unplaced():
            if held.forwarded_at is None or now - held.forwarded_at <= PATIENCE_SECONDS / 2:
                continue
            total += len(held.data)
            if len(brought) == MAX_HELD or total > MAX_BLOCKS_BYTES:
                break
            if self._is_valid_now(held):
                watched = self._watched.get(held.id) or Watched(held, now, held.forwarded_height, counted=held.forwarded_height)
                watched.times += 1
                brought[held.id] = watched
        self._watched = brought
        return tuple(one.held.data for one in brought.values())

    def find_left_out(self) -> Watched | None:
        """The first that was brought back in vain for so long; None if there is none."""
        now = self.clock.monotonic()
        for watched in self._watched.values():
            if watched.held.placed or watched.times < LEAST_TIMES or now - watched.since <= PATIENCE_SECONDS / 2:
                continue
            if self.waiting.get(watched.held.id) is None or not self._is_valid_now(watched.held):
                continue
            if self._had_its_share(watched):
                height = self.replica.tip.height
                self._watched[watched.held.id] = Watched(watched.held, now, height, counted=height)
                continue
            self._left_out = {one for one in self._left_out if self.waiting.get(one) is not None} | {watched.held.id}
            return watched
        return None

    def _had_its_share(self, watched: Watched) -> bool:
        """Whether the blocks since hold as much of its sender as the sequencer holds at a time."""
        height = self.replica.tip.height
        while watched.counted < height and not is_share(watched.count, watched.size):
            stored = self.replica.store.block(watched.counted + 1)
            for data in stored.block.transactions if stored is not None else ():
                if sender_of(data) == watched.held.sender:
                    watched.count += 1
                    watched.size += len(data)
            watched.counted += 1
        return is_share(watched.count, watched.size)

    def _is_valid_now(self, held: Held) -> bool:
        tip = self.replica.tip
        context = Context(height=tip.height + 1, time=tip.time, verify=self.replica.verdicts)
        return apply(self.replica.ledger.view(), held.data, context).ok
