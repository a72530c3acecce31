"""What CheckTx has let in, so that CometBFT's recheck of its whole mempool after every block reads nothing again.

A transaction that was let in can only become too old, or its nonce used; unless a member or a key changes, when everything here
is forgotten and looked at in full once more.
"""

from __future__ import annotations

import collections
import contextlib
from dataclasses import dataclass

from atoll.ledger.apply import Context, Outcome, recheck
from atoll.ledger.rules.membership import EnrolMember
from atoll.ledger.state import State
from atoll.ledger.transaction import parse_transaction
from atoll.ordering.cometbft.asking import Asked

MAX_ADMITTED = 40_000
"""Twice CometBFT's mempool; about 250 bytes each."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a recheck looks at."""

    sender: str
    """Who signed it."""
    nonce: int
    """Its number."""
    expiry_height: int
    """Last height at which it may be included."""

    def recheck(self, state: State, context: Context) -> Outcome:
        """Whether it would be let in now."""
        return recheck(state, self.sender, self.nonce, self.expiry_height, context)


def read_entry(data: bytes) -> Entry:
    """Of a transaction that can be read."""
    transaction = parse_transaction(data)[1]
    return Entry(transaction.sender, transaction.nonce, transaction.expiry_height)


class Admitted:
    """See the module's docstring. Several threads may ask at a time: a lost race costs one look in full.

    What is kept has to hold for every node alike, because proposals are judged by it: an enrolment is not kept, since its
    invitation may end, nor what was looked at before the last change.
    """

    def __init__(self, limit: int = MAX_ADMITTED) -> None:
        self._entries: collections.OrderedDict[bytes, Entry] = collections.OrderedDict()
        self._limit = limit
        self.changes = 0
        """How often a member or a key has changed."""

    def __contains__(self, identifier: bytes) -> bool:
        return identifier in self._entries

    def get(self, identifier: bytes) -> Entry | None:
        """What is known of the transaction of this id."""
        return self._entries.get(identifier)

    def add(self, asked: Asked, changes: int) -> None:
        """It was let in: form, sender, signature, nonce and expiry are good.

        Args:
            asked: the transaction.
            changes: how many there had been before it was looked at.
        """
        transaction = parse_transaction(asked.data)[1]
        if transaction.type == EnrolMember.TAG:
            return
        self._entries[asked.id] = Entry(transaction.sender, transaction.nonce, transaction.expiry_height)
        if changes != self.changes:  # `clear` counts first, so one of the two sees the other
            self._entries.pop(asked.id, None)
        while len(self._entries) > self._limit:
            with contextlib.suppress(KeyError):  # cleared meanwhile
                self._entries.popitem(last=False)

    def clear(self) -> None:
        """A member or a key has changed."""
        self.changes += 1
        self._entries.clear()
