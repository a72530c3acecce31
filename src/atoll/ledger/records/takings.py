"""Caps on what a recipient takes in a period, and the tallies they are held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records.base import Record
from atoll.wire.message import Count, Message, Name, Range, Size

MOST_DAYS = 366
"""Longest period of a cap; a tally forgets what is older."""
Day = Annotated[int, Range(0, 2**24)]
"""A day in UTC, counted from 1970-01-01."""
Account = Annotated[str, Size(1, 240)]
"""`owner/name` of the lineage that is used, `|`, and one of the ties of the recipient (`Member.ties`)."""


class CapUnit(StrEnum):
    """What a cap counts."""

    JOBS = "jobs"
    NEW_IDENTIFIERS = "new-identifiers"
    ROWS = "rows"


class Counting(StrEnum):
    """What of the recipient's own set counts as new. Its statements about its sets are asserted, nobody can check them."""

    RUNS = "runs"
    """Every START counts the whole row cap of the set: trusts nothing that the recipient says."""
    VERSIONS = "versions"
    """A version that was counted within the period counts no more: trusts that a version is the same set each time."""
    ASSERTED = "asserted"
    """The same, and a later version counts as many as its owner said were new in it when it registered it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap(Message):
    """At most so many in so many days."""

    unit: CapUnit
    """What is counted."""
    limit: Annotated[int, Range(0, 2**40)]
    """The most that STARTs may take in any such period."""
    days: Annotated[int, Range(1, MOST_DAYS)]
    """Length of the period: this day (UTC) and those just before it."""


DEFAULT_CAPS = (Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=1_000_000, days=30),)
"""What a grant is capped to if its owner says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyDay(Message):
    """What was taken on one day."""

    day: Day
    """The day of the STARTs."""
    jobs: Count
    """Granted inputs that were used."""
    new_identifiers: Count
    """Identifiers of the recipient that counted as new."""
    rows: Count
    """Row caps of the granted inputs."""

    def amount(self, unit: CapUnit) -> int:
        """What was taken of one unit."""
        return {CapUnit.JOBS: self.jobs, CapUnit.NEW_IDENTIFIERS: self.new_identifiers, CapUnit.ROWS: self.rows}[unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally(Record):
    """What one recipient, or one group of affiliates, has taken from one lineage, over all grants."""

    TAG: ClassVar[str] = "tally/1"
    NAMESPACE: ClassVar[str] = "tally"

    account: Account
    """Whose takings of what."""
    owner: Name
    """Owner of the lineage."""
    days: Annotated[tuple[TallyDay, ...], Size(0, MOST_DAYS)]
    """Days on which something was taken, oldest first."""

    def identifier(self) -> str:
        return self.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Record):
    """That a version of a recipient's set was counted; written only where a grant counts by versions."""

    TAG: ClassVar[str] = "shown/1"
    NAMESPACE: ClassVar[str] = "shown"

    account: Account
    """Towards whom."""
    dataset: DatasetId
    """The recipient's dataset version."""
    day: Day
    """Day on which it began to count."""
    rows: Count
    """How many of its identifiers have been counted since."""

    def identifier(self) -> str:
        return shown_id(self.account, self.dataset)


def day_in_words(day: int) -> str:
    """A day as people write it, such as `2026-11-22`."""
    ordinal = date(1970, 1, 1).toordinal() + day
    return date.fromordinal(ordinal).isoformat() if ordinal <= date.max.toordinal() else f"day {day}"


def shown_id(account: str, dataset: str) -> str:
    """Identifier of the record that a version was counted."""
    return f"{account}|{dataset}"
