"""Which transactions can stand one after another in a proposal, given the committed state."""

from __future__ import annotations

from collections.abc import Sequence

from atoll.ledger.apply import Context, check
from atoll.ledger.records import Nonce
from atoll.ledger.state import State
from atoll.ordering.cometbft.admitted import Entry, read_entry


class Row:
    """Transactions in the order of a proposal. Each would be let in now, and uses up its nonce for those behind it."""

    def __init__(self, state: State, context: Context) -> None:
        """Nothing stands in it yet.

        Args:
            state: committed; only read.
            context: of the block that would hold the proposal.
        """
        self._state = state
        self._context = context
        self._used: dict[str, int] = {}
        """The last nonce of each sender that has been looked at."""

    def takes(self, data: bytes, known: Entry | None) -> bool:
        """Whether a transaction can stand next; it does if so.

        Args:
            data: the transaction.
            known: what it said when it was let in; None for one that has to be looked at in full.
        """
        if known is None:
            if not check(self._state, data, self._context).ok:
                return False
            known = read_entry(data)
        elif known.expiry_height < self._context.height:
            return False
        used = self._used.get(known.sender)
        if used is None:
            nonce = self._state.get(Nonce, known.sender)
            used = -1 if nonce is None else nonce.last
        if known.nonce <= used:
            return False
        self._used[known.sender] = known.nonce
        return True


def in_order_of_nonces(transactions: Sequence[tuple[bytes, Entry]]) -> list[tuple[bytes, Entry]]:
    """Each sender's transactions in ascending order of nonces, in the places that this sender's transactions hold."""
    waiting: dict[str, list[tuple[bytes, Entry]]] = {}
    for one in transactions:
        waiting.setdefault(one[1].sender, []).append(one)
    queues = {sender: iter(sorted(queue, key=lambda one: one[1].nonce)) for sender, queue in waiting.items()}
    return [next(queues[entry.sender]) for _, entry in transactions]
