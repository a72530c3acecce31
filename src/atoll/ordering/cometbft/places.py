"""Places in this node's mempool, of which each member has a share: what CheckTx let in and no block holds.

CometBFT says when a transaction comes in and never when it drops one. So a place is kept only by what it asks about again:
after each block it rechecks all that it holds, before the next is committed. What is in the block, or is turned away by the
recheck, gives its place back at once. No block depends on any of this: a proposal may hold more of one member than a share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from atoll.ledger.apply import Outcome
from atoll.ledger.transaction import transaction_id
from atoll.ordering.errors import ShareFull
from atoll.ordering.waiting import MOST_OF_A_MEMBER, sender_of

SHARE_FULL = 1_000
"""CheckTx's code of this refusal, beyond those of the rules. No header depends on what CheckTx says."""


class Places:
    """See the module's docstring. Calls belong to the event loop."""

    def __init__(self, limit: int = MOST_OF_A_MEMBER) -> None:
        """Args: limit: most places of one member."""
        self._limit = limit
        self._held: dict[bytes, tuple[str, int]] = {}
        """Sender, and after how many blocks CometBFT asked last."""
        self._counts: Counter[str] = Counter()
        self._blocks = 0

    def checked(self, data: bytes, outcome: Outcome, *, again: bool) -> Outcome:
        """What CheckTx answers about a transaction, given what the ledger says of it.

        Args:
            data: the transaction.
            outcome: the ledger's.
            again: whether CometBFT holds it already.
        """
        identifier = transaction_id(data)
        if not outcome.ok:
            self._give_back(identifier)
            return outcome
        held = self._held.get(identifier)
        sender = held[0] if held is not None else sender_of(data)
        if held is None:
            if self._counts[sender] >= self._limit and not again:
                return _full(sender, self._limit)
            self._counts[sender] += 1
        self._held[identifier] = (sender, self._blocks)
        return outcome

    def committed(self, transactions: Iterable[bytes]) -> None:
        """A block with these is committed; CometBFT rechecks the rest next."""
        for data in transactions:
            self._give_back(transaction_id(data))
        gone = [identifier for identifier, (_, asked) in self._held.items() if asked < self._blocks]
        for identifier in gone:
            self._give_back(identifier)
        self._blocks += 1

    def clear(self) -> None:
        """CometBFT begins, with an empty mempool."""
        self._held.clear()
        self._counts.clear()

    def _give_back(self, identifier: bytes) -> None:
        held = self._held.pop(identifier, None)
        if held is not None:
            self._counts[held[0]] -= 1
            if not self._counts[held[0]]:
                del self._counts[held[0]]


def _full(sender: str, limit: int) -> Outcome:
    err = ShareFull(org=sender, limit=limit)
    return Outcome(SHARE_FULL, err.code, str(err))
