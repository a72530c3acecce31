"""Who sits where, and what each owner brings.

An owner's table stands in the plan once for each receiver, because what an owner grants, it grants to one organisation: those
lines are alike but for the grant. The table is read and shared once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, ClassVar

from atoll.jobs.errors import BadPlan
from atoll.ledger.plan import Plan, PlanInput, PlanParty
from atoll.protocols.mpc.places import NODES
from atoll.wire.message import Count, Message, Size

MAX_OWNERS = 12
"""Most tables, so that what any but one of their owners could find out together has room in the plan."""
MAX_RECEIVERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants(Message):
    """What the use of a table for one receiver rests on."""

    TAG: ClassVar[str] = "secret-grant/1"

    grant: Annotated[bytes, Size(0, 16)]
    """The grant; empty where the owner receives itself."""
    version: Count
    """Its record version; 0 without one."""


@dataclass(frozen=True, slots=True)
class Table:
    """What one owner's place brings."""

    org: str
    dataset: str
    columns: tuple[str, ...]
    """Columns of the dataset, each once."""
    rules: tuple[str, ...]
    """By which they are read (`atoll.jobs.numbers`), one a column."""
    rows: int
    """Places for rows, which everybody sees; its cap."""
    grants: tuple[Grants, ...]
    """One a receiver, in their order."""


@dataclass(frozen=True, slots=True)
class Seats:
    """The whole table."""

    owners: tuple[Table, ...]
    computes: tuple[str, ...]
    receivers: tuple[str, ...]

    def parties(self) -> tuple[PlanParty, ...]:
        """As plans list them."""
        seats = (
            *(PlanParty(role="compute", index=at, org=org) for at, org in enumerate(self.computes)),
            *(PlanParty(role="owner", index=at, org=table.org) for at, table in enumerate(self.owners)),
            *(PlanParty(role="receiver", index=at, org=org) for at, org in enumerate(self.receivers)),
        )
        return tuple(seats)

    def inputs(self) -> tuple[PlanInput, ...]:
        """The lines of the plan: all tables for the first receiver, all for the second, and so on."""
        return tuple(
            PlanInput(
                role="owner",
                index=at,
                dataset=table.dataset,
                columns=table.columns,
                normalisation=table.rules,
                rows_cap=table.rows,
                grant=table.grants[to].grant,
                grant_version=table.grants[to].version,
                receiver=to,
            )
            for to in range(len(self.receivers))
            for at, table in enumerate(self.owners)
        )

    def verify(self, kind: str) -> None:
        """Refuse what no plan can be made of.

        Raises:
            BadPlan: the first thing that is wrong.
        """
        if reason := next(chain(self._wrong_places(), self._wrong_tables()), ""):
            raise BadPlan(kind=kind, reason=reason)

    def _wrong_places(self) -> Iterator[str]:
        if len(self.computes) != NODES or len(set(self.computes)) != NODES:
            yield "three different organisations compute"
        if not 1 <= len(self.receivers) <= MAX_RECEIVERS or len(set(self.receivers)) != len(self.receivers):
            yield f"1 to {MAX_RECEIVERS} different organisations receive"
        if not 1 <= len(self.owners) <= MAX_OWNERS:
            yield f"1 to {MAX_OWNERS} tables are brought"

    def _wrong_tables(self) -> Iterator[str]:
        if len({one.dataset for one in self.owners}) != len(self.owners):
            yield "a dataset is brought twice"
        for one in self.owners:
            if one.dataset.partition("/")[0] != one.org:
                yield f"{one.dataset} is not a dataset of {one.org}"
            if not one.columns or len(set(one.columns)) != len(one.columns) or len(one.rules) != len(one.columns):
                yield f"of {one.dataset} no column is named, or one twice, or one without its rule"
            if len(one.grants) != len(self.receivers):
                yield f"the use of {one.dataset} rests on {len(one.grants)} grants, and {len(self.receivers)} receive"
            elif any(bool(use.grant) is (org == one.org) for use, org in zip(one.grants, self.receivers, strict=True)):
                yield f"the use of {one.dataset} rests on a grant for every receiver but its owner"


def seats_of(plan: Plan, kind: str) -> Seats:
    """The places that a plan was drafted with, verified; and nothing that `inputs` and `parties` would not give again.

    Raises:
        BadPlan: no seats give its parties and inputs.
    """
    by_role: dict[str, list[str]] = {"owner": [], "compute": [], "receiver": []}
    for one in plan.parties:
        by_role[one.role].append(one.org)
    owners, receivers = by_role["owner"], by_role["receiver"]
    if not owners or len(plan.inputs) != len(owners) * len(receivers):
        raise BadPlan(kind=kind, reason="it does not have one input for each owner's place and receiver")
    lines = [plan.inputs[at :: len(owners)] for at in range(len(owners))]
    tables = tuple(
        Table(
            org=org,
            dataset=own[0].dataset,
            columns=own[0].columns,
            rules=own[0].normalisation,
            rows=own[0].rows_cap,
            grants=tuple(Grants(grant=line.grant, version=line.grant_version) for line in own),
        )
        for org, own in zip(owners, lines, strict=True)
    )
    seats = Seats(owners=tables, computes=tuple(by_role["compute"]), receivers=tuple(receivers))
    seats.verify(kind)
    if (seats.parties(), seats.inputs()) != (plan.parties, plan.inputs):
        raise BadPlan(kind=kind, reason="its parties and inputs do not belong together")
    return seats
