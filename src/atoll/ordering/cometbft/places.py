"""Places in this node's mempool, of which each member has a share: what CheckTx let in and no block holds.

A share is so large that those of all active members leave room, in transactions and in bytes, and no larger than what one node
holds for a member.

CometBFT says when a transaction comes in and never when it drops one. So a place is kept only by what it asks about again:
after each block it rechecks all that it holds, before the next is committed. What is in the block, or is turned away by the
recheck, gives its place back at once. No block depends on any of this: a proposal may hold more of one member than a share.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from atoll.ledger.apply import Outcome
from atoll.ordering.cometbft.asking import Asked
from atoll.ordering.cometbft.home import MEMPOOL_BYTES, MEMPOOL_TRANSACTIONS
from atoll.ordering.errors import ShareFull
from atoll.ordering.waiting import MOST_BYTES_OF_A_MEMBER, MOST_OF_A_MEMBER, sender_of

SHARE_FULL = 1_000
"""CheckTx's code of this refusal, beyond those of the rules. No header depends on what CheckTx says."""


@dataclass(frozen=True, slots=True)
class Share:
    """Of one member."""

    count: int
    """Transactions."""
    size: int
    """Their bytes."""

    def is_beyond(self, most: Share) -> bool:
        """Whether it is more than that; a single transaction never is."""
        return self.count > most.count or (self.count > 1 and self.size > most.size)


_NOTHING = Share(0, 0)


@functools.lru_cache
def share_of(members: int) -> Share:
    """What each of so many active members has, one more share being left over."""
    return Share(
        max(1, min(MOST_OF_A_MEMBER, MEMPOOL_TRANSACTIONS // (members + 1))),
        min(MOST_BYTES_OF_A_MEMBER, MEMPOOL_BYTES // (members + 1)),
    )


@dataclass(slots=True)
class _Held:
    sender: str
    size: int
    asked: int
    """After how many blocks CometBFT asked last."""


class Places:
    """See the module's docstring. Calls belong to the event loop."""

    def __init__(self, share: Callable[[], Share]) -> None:
        """Args: share: of each member, now."""
        self._share = share
        self._held: dict[bytes, _Held] = {}
        self._taken: dict[str, Share] = {}
        self._blocks = 0

    def checked(self, asked: Asked, outcome: Outcome) -> Outcome:
        """What CheckTx answers about a transaction, given what the ledger says of it."""
        held = self._held.get(asked.id)
        if not outcome.ok:
            self._give_back(asked.id)
        elif held is not None:
            held.asked = self._blocks
        else:
            sender, size = sender_of(asked.data), len(asked.data)
            before = self._taken.get(sender, _NOTHING)
            after = Share(before.count + 1, before.size + size)
            if not asked.again and after.is_beyond(self._share()):
                return _full(sender, before.count)
            self._taken[sender] = after
            self._held[asked.id] = _Held(sender, size, self._blocks)
        return outcome

    def committed(self, identifiers: Iterable[bytes]) -> None:
        """A block with these is committed; CometBFT rechecks the rest next."""
        for identifier in identifiers:
            self._give_back(identifier)
        gone = [identifier for identifier, held in self._held.items() if held.asked < self._blocks]
        for identifier in gone:
            self._give_back(identifier)
        self._blocks += 1

    def clear(self) -> None:
        """CometBFT begins, with an empty mempool."""
        self._held.clear()
        self._taken.clear()

    def _give_back(self, identifier: bytes) -> None:
        held = self._held.pop(identifier, None)
        if held is not None:
            taken = self._taken.pop(held.sender)
            if taken.count > 1:
                self._taken[held.sender] = Share(taken.count - 1, taken.size - held.size)


def _full(sender: str, count: int) -> Outcome:
    err = ShareFull(org=sender, limit=count)
    return Outcome(SHARE_FULL, err.code, str(err))
