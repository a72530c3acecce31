"""Caps on all uses of a lineage, and what is left of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from atoll.api.models.base import Model


class BudgetRequest(Model):
    name: str
    unit: Literal["uses", "rows", "micro-epsilon"] = "uses"
    limit: int = Field(ge=0)
    to: str = ""
    """One recipient, with all members that belong to it; empty for all recipients."""
    purpose: str = ""
    """One purpose; empty for all. It goes onto the ledger under a pseudonym."""


class RefundRequest(Model):
    job: str
    """The ended job."""
    name: str
    """Dataset of this organisation that it took from."""


class BudgetInfo(Model):
    account: str
    """Its name on the ledger."""
    lineage: str
    part: str
    """`all`, `recipient`, `purpose`, `grant` or `checks`."""
    who: str
    """The recipient, its group or legal entity, the purpose, the grant, who checks and on which day; empty for all."""
    unit: str
    limit: int
    reserved: int
    """By jobs that run."""
    spent: int
    left: int


class TakesInfo(Model):
    """What a job would take from one account."""

    dataset: str
    amount: int
    left_after: int
    """Below 0 where it does not fit."""
    account: BudgetInfo
    """As it stands now."""
