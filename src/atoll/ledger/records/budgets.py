"""Records of what may still be used: one account a lineage, with sub-accounts by recipient and by purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import JobId
from atoll.ledger.records.base import Record
from atoll.ledger.records.takings import day_in_words
from atoll.wire.message import Count, Name, Pattern, Size

UNITS = ("uses", "rows", "micro-epsilon")
"""What a lineage's accounts count."""
CHECKS = "checks"
"""What accounts of checks for near duplicates count; their limit is fixed by the rules."""
Lineage = Annotated[str, Pattern(r"[a-z][a-z0-9-]{0,39}/[a-z][a-z0-9-]{0,39}")]
"""owner/name of all versions of a dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget(Record):
    """A counted allowance, charged inside `apply` at START; two jobs can never share the last use."""

    TAG: ClassVar[str] = "budget/1"
    NAMESPACE: ClassVar[str] = "budget"

    account: Annotated[str, Size(1, 240)]
    """`grant:hex`, `lineage:owner/name`, or one of its sub-accounts: `...|to:` a tie of a recipient (`ties`), `...|for:` the
    pseudonym of a purpose in hex; `check:owner/name/version|by:` a member `|on:` a day."""
    unit: Annotated[str, Pattern("uses|queries|rows|micro-epsilon|checks")]
    """What is counted."""
    owner: Name
    """Who may set the limit and refund."""
    limit: Count
    """Most that may be reserved and spent together."""
    reserved: Count
    """Held by jobs that run."""
    spent: Count
    """Used by jobs that ended."""
    since: Count = 0
    """Block from which it counts: a job that started before it takes nothing from it and gets nothing back."""

    def identifier(self) -> str:
        return budget_id(self.account, self.unit)

    @property
    def taken(self) -> int:
        """Reserved and spent together."""
        return self.reserved + self.spent

    def left(self) -> int:
        """What can still be reserved."""
        return max(0, self.limit - self.taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Record):
    """That an owner has given back what one job took from one lineage; it is done once."""

    TAG: ClassVar[str] = "refund/1"
    NAMESPACE: ClassVar[str] = "refund"

    job_id: JobId
    """The job."""
    lineage: Lineage
    """The lineage."""
    height: Count
    """Block of the refund."""

    def identifier(self) -> str:
        return refund_id(self.job_id, self.lineage)


def budget_id(account: str, unit: str) -> str:
    """Identifier of a budget record."""
    return f"{account}|{unit}"


def refund_id(job_id: bytes, lineage: str) -> str:
    """Identifier of the record of a refund."""
    return f"{job_id.hex()}/{lineage}"


def grant_account(grant: bytes) -> str:
    """The account of a grant."""
    return f"grant:{grant.hex()}"


def lineage_account(lineage: str) -> str:
    """The account of all uses of a lineage."""
    return f"lineage:{lineage}"


def recipient_account(lineage: str, tie: str) -> str:
    """The sub-account of those who have this tie (`ties`): a recipient by name, its group, its legal entity."""
    return f"lineage:{lineage}|to:{tie}"


def check_account(new: str, by: str, day: int) -> str:
    """The account of what one member starts in a day of checks of one version; days since 1970."""
    return f"check:{new}|by:{by}|on:{day_in_words(day)}"


def purpose_account(lineage: str, purpose: bytes) -> str:
    """The sub-account of a purpose, which is named by its pseudonym."""
    return f"lineage:{lineage}|for:{purpose.hex()}"
