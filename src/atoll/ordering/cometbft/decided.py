"""Which part of CometBFT's block becomes a block of the ledger. Pure: the same on every node, whatever a proposer put in.

A block of the ledger has bounds that CometBFT does not know: at most 1,000 entries of at most 65,000 bytes that cannot be taken
for what the engine itself writes. No honest validator accepts a proposal beyond them (`is_sound`). Should one be decided all
the same, what does not fit is answered with a refusal and stays out of the log, and the rest is carried out.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from atoll.errors import AtollError
from atoll.ledger.apply import Outcome
from atoll.ledger.block import MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, reads_as_summary
from atoll.ledger.fault import ConsensusFault, reads_as_fault
from atoll.ledger.records import ConsensusSet
from atoll.ledger.rules.errors import BadTransaction
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES, parse_transaction
from atoll.ordering.cometbft.parameters import POWER
from atoll.primitives.uvarint import encode_uvarint
from atoll.wire.message import encode_message

MAX_FAULTS = 100
"""As many as there can be validators."""
_HEADER_BYTES = 64
"""At most, of a block's encoding around its entries."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """A decided block's entries, and what was left out."""

    entries: tuple[bytes, ...]
    """For the ledger: faults, then transactions in their order."""
    faults: int
    """How many of the entries are faults."""
    refusals: tuple[Outcome | None, ...]
    """One a transaction of the decided block: why it was left out, or None where it is among the entries."""

    def outcomes(self, carried_out: Sequence[Outcome]) -> list[Outcome]:
        """One a transaction of the decided block, given those of the entries."""
        rest = iter(carried_out[self.faults :])
        return [refusal if refusal is not None else next(rest) for refusal in self.refusals]


def sift(transactions: Iterable[bytes], faults: Sequence[ConsensusFault] = ()) -> Sifted:
    """What of a decided block the ledger carries out."""
    by_key = {one.address: encode_message(one) for one in reversed(faults[:MAX_FAULTS])}  # the first report of each key
    entries = [by_key[address] for address in sorted(by_key)]
    budget = MAX_BLOCK_BYTES - _HEADER_BYTES - sum(proposed_bytes(one) for one in entries)
    refusals: list[Outcome | None] = []
    for data in transactions:
        refusal, size = misfit(data), proposed_bytes(data)
        if refusal is None and (len(entries) == MAX_BLOCK_TRANSACTIONS or size > budget):
            refusal = _refused("the block is full")
        refusals.append(refusal)
        if refusal is None:
            entries.append(data)
            budget -= size
    return Sifted(tuple(entries), len(by_key), tuple(refusals))


def is_sound(
    transactions: Sequence[bytes],
    faults: Sequence[ConsensusFault] = (),
    *,
    unread: Sequence[bytes] | None = None,
) -> bool:
    """Whether an honest validator stands for a proposal: all of it becomes part of the ledger, and each can be read.

    It says nothing of signatures, nonces and rules: what fails by those is in the block with the number of its refusal.

    Args:
        transactions: proposed.
        faults: that it holds evidence of.
        unread: those that have not been read before; None for all. It changes the cost and nothing else.
    """
    if any(one is not None for one in sift(transactions, faults).refusals):
        return False
    return all(map(is_readable, transactions if unread is None else unread))


def is_readable(data: bytes) -> bool:
    """Whether these bytes are a transaction at all, whoever signed it."""
    if misfit(data) is not None:
        return False
    try:
        parse_transaction(data)
    except AtollError:
        return False
    return True


def proposed_bytes(data: bytes) -> int:
    """What a transaction takes of a block: its field in CometBFT's encoding, which is no shorter than in the ledger's."""
    return len(data) + _around(len(data))


@functools.lru_cache(maxsize=4096)
def _around(size: int) -> int:
    return 1 + len(encode_uvarint(size))


def validator_updates(before: ConsensusSet, after: ConsensusSet) -> tuple[tuple[bytes, int], ...]:
    """The changes of who votes, as (key, power), each key once and sorted: CometBFT stops for good at a key named twice."""
    old = {one.consensus for one in before.counted()}
    new = {one.consensus for one in after.counted()}
    return tuple((key, POWER if key in new else 0) for key in sorted(old ^ new))


def misfit(data: bytes) -> Outcome | None:
    """Why these bytes can be no entry of the log, whatever they are; None where they can."""
    if not 0 < len(data) <= MAX_TRANSACTION_BYTES:
        return _refused(f"{len(data)} bytes, at most {MAX_TRANSACTION_BYTES}")
    if reads_as_summary(data) or reads_as_fault(data):
        return _refused("it reads as an entry that only the engine writes")
    return None


def _refused(reason: str) -> Outcome:
    err = BadTransaction(reason=reason)
    return Outcome(err.number, err.code, str(err))
