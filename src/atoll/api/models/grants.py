"""Grants, their terms and caps."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from atoll.api.models.base import Model, Receipt
from atoll.api.models.budgets import BudgetInfo

OutputName = Literal["identifiers", "rows", "cardinality", "sum", "aggregate", "comparison", "computed"]
"""What may come out of a job."""


class ConstraintModel(Model):
    left: str
    operator: str
    right: list[str]


class CapModel(Model):
    """At most so many in so many days; the days are UTC days, today and those just before it."""

    limit: int = Field(ge=0, le=1 << 40)
    days: int = Field(ge=1, le=366)


class GiveGrant(Model):
    grantee: str
    dataset: str
    right: str = Field(default="", pattern="^([0-9a-f]{32})?$")
    """The right that it is given under; empty for who holds the root of the lineage."""
    uses: int = Field(default=1, ge=1)
    days: int = Field(default=30, ge=1, le=3650)
    columns: list[str] = []
    purposes: list[str] = []
    job_kinds: list[str] = []
    """Kinds of job; empty for the first one that has the output: intersection, or computation for those of programs."""
    protocols: list[str] = []
    """Protocols by which; empty for any."""
    security: Literal["semi-honest", "malicious"] = "semi-honest"
    """The misbehaviour that a job must withstand, at least."""
    rows: int | None = None
    outputs: list[OutputName] = Field(default=["identifiers"], min_length=1)
    """What the grantee may get out of a job."""
    payload: list[str] = []
    """Columns whose values may leave with rows, or be summed."""
    min_count: int = Field(default=20, ge=1)
    """Fewest matches over which a sum is told."""
    epsilon_micro: int = Field(default=0, ge=0, le=1 << 53)
    """Privacy budget of noisy outputs, in millionths of epsilon; above 0, no exact cardinality is permitted."""
    new_identifiers: CapModel = CapModel(limit=1_000_000, days=30)
    """Identifiers of the grantee that may be new in a period."""
    counting: Literal["runs", "versions", "asserted"] = "runs"
    """What of the grantee's sets counts as new: every run, each version once, or what it asserts to be new in a version."""
    rate: CapModel | None = None
    """Jobs in a period."""
    rate_rows: CapModel | None = None
    """Granted rows in a period."""
    constraints: list[ConstraintModel] = []
    prohibitions: list[ConstraintModel] = []
    terms: dict[str, Any] | None = None
    """Terms as an ODRL 2.2 document of the closed profile, instead of columns, purposes, outputs and the other conditions."""


class Given(Receipt):
    """A grant was given."""

    grant: str
    """Its identifier."""


class CapInfo(CapModel):
    """A cap of a grant, and how the grantee stands against it today."""

    unit: str
    """`jobs`, `new-identifiers` or `rows`."""
    taken: int
    """By the grantee or its group, over all grants of the lineage."""
    left: int


class GrantInfo(Model):
    grant: str
    owner: str
    """The custodian of the dataset."""
    giver: str = ""
    """Who gave it."""
    right: str = ""
    """The right that it was given under."""
    grantee: str
    dataset: str
    state: str
    version: int
    not_before: int
    not_after: int
    uses_limit: int
    uses_reserved: int
    uses_spent: int
    caps: list[CapInfo] = []
    counting: str = "runs"
    epsilon_limit_micro: int = 0
    epsilon_left_micro: int = 0
    budgets: list[BudgetInfo] = []
    """Caps of the lineage, and of the grantee in it, that its uses count against too."""
    held: Literal["", "frozen", "recalled"] = ""
    """What a regulator's order did to it, or to something that it rests on."""
    order: str = ""
    """That order, in words; empty for none."""
    terms: dict[str, Any] | None = None
    """The ODRL-shaped terms, where this node holds them."""
    terms_from: str = ""
    """From whom they are on their way, where this node does not have them yet."""
