"""Who ended a job, and in which block: its record says how it ended, the log says by whom."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.errors import AtollError
from atoll.ledger.evidence.verify import ENDINGS
from atoll.ledger.fault import reads_as_fault
from atoll.ledger.records import Job
from atoll.ledger.transaction import parse_transaction, transaction_id
from atoll.node.context import NodeContext

MOST_BLOCKS = 10_000
"""Blocks behind a proposal that are read; what ended later is not told."""
MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Ending:
    """One signed transaction."""

    org: str
    """Who sent it."""
    height: int
    """The block that carried it out."""


class Endings:
    """Finds what ended a job, once each: an end is for good."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._found: dict[bytes, Ending] = {}

    def find(self, job: Job) -> Ending | None:
        """What ended a job without a result; None while nothing has. Cost: reads the blocks from its proposal to its end."""
        if job.job_id not in self._found:
            found = self._search(job) if job.state in ENDINGS else None
            if found is None:
                return None
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            self._found[job.job_id] = found
        return self._found[job.job_id]

    def _search(self, job: Job) -> Ending | None:
        engine, tag = self._context.engine, ENDINGS[job.state][1].TAG
        for block in engine.blocks(job.proposed_height, job.proposed_height + MOST_BLOCKS - 1):
            for data in block.transactions:
                if job.job_id not in data or reads_as_fault(data):
                    continue
                try:
                    transaction = parse_transaction(data)[1]
                except AtollError:
                    continue
                if (transaction.type, transaction.body.get("job_id")) != (tag, job.job_id):
                    continue
                carried = engine.find(transaction_id(data))  # another one, tried too late or by no party, was refused
                if carried is not None and carried.outcome.ok:
                    return Ending(transaction.sender, carried.height)
        return None
