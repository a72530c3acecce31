"""How often an owner's function may be asked, counted at its own node.

The bound on false matches covers 2^LOOKUP_BITS look-ups in a table, and what the owner consented to is a number of rows a job.
Both are counted here, from job to job, in a note beside the table:

    note = [[grantee, job, attempt, evaluations], ...], CBOR
"""

from __future__ import annotations

from typing import Protocol

from atoll.protocols.psi_oprf.errors import TooManyLookUps
from atoll.protocols.psi_oprf.params import LOOKUP_BITS, Epoch
from atoll.protocols.psi_oprf.table import TableCache
from atoll.wire.cbor import decode, encode

ATTEMPT_BYTES = 16
METER_NOTE = "look ups"
MAX_NOTE_BYTES = 64 << 20


class Meter(Protocol):
    """The owner's limits on how often its function is asked, enforced at its own node."""

    def charge(self, job: bytes, attempt: bytes, evaluations: int) -> None:
        """Let an attempt of a job have `evaluations` answers in all, those it had before included; raises to refuse.

        Args:
            job: the context.
            attempt: ATTEMPT_BYTES that follow from the attempt's seed. One that is resumed sends the same elements again and is
                not charged twice; another attempt of the same job sends others, and is charged beside the first.
            evaluations: never falls within an attempt.
        """
        ...


class NotedMeter:
    """Counts in a note of the owner's cache, durably before the answers leave."""

    def __init__(
        self, cache: TableCache, epoch: Epoch, *, grantee: str, most: int, most_in_epoch: int = 1 << LOOKUP_BITS
    ) -> None:
        """
        Args:
            cache: the owner's.
            epoch: of the table that is asked.
            grantee: the organisation that asks.
            most: evaluations for one job, all its attempts together: its row cap.
            most_in_epoch: evaluations for all jobs and grantees; beyond 2^LOOKUP_BITS false matches are too likely.
        """
        self._cache = cache
        self._key = epoch.cache_key
        self._grantee = grantee
        self._most = most
        self._most_in_epoch = most_in_epoch

    def charge(self, job: bytes, attempt: bytes, evaluations: int) -> None:
        """As `Meter.charge`.

        Raises:
            TooManyLookUps: the job, or the epoch, would have more than it may; nothing is charged.
        """
        self._cache.note(self._key, METER_NOTE, lambda noted: self._charged(noted, job, attempt, evaluations))

    def _charged(self, noted: bytes, job: bytes, attempt: bytes, evaluations: int) -> bytes:
        counts = {(who, job, attempt): count for who, job, attempt, count in _entries(noted)}
        one = (self._grantee, job, attempt)
        counts[one] = max(evaluations, counts.get(one, 0))
        of_job = sum(count for (_, other, _), count in counts.items() if other == job)
        if of_job > self._most:
            raise TooManyLookUps(limit=self._most, scope="in a job", asked=of_job)
        if sum(counts.values()) > self._most_in_epoch:
            raise TooManyLookUps(limit=self._most_in_epoch, scope="in an epoch", asked=sum(counts.values()))
        return encode([[*name, count] for name, count in counts.items()], max_bytes=MAX_NOTE_BYTES)


def taken_by(cache: TableCache, epoch: Epoch) -> dict[str, int]:
    """Evaluations of each grantee in an epoch, as noted."""
    taken: dict[str, int] = {}
    for grantee, _, _, count in _entries(cache.note(epoch.cache_key, METER_NOTE, lambda noted: noted)):
        taken[grantee] = taken.get(grantee, 0) + count
    return taken


def _entries(noted: bytes) -> list[tuple[str, bytes, bytes, int]]:
    return [(who, job, attempt, count) for who, job, attempt, count in decode(noted, max_bytes=MAX_NOTE_BYTES)] if noted else []
