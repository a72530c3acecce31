"""The scope of a right: what it may be used for. A committed body; the ledger holds a salted commitment to it.

Columns, purposes and kinds of job tell what is traded, so they do not stand in clear for all members (SECURITY 2.2). The ledger
therefore cannot compare a scope with its parent's. It need not: the rows are at the custodian, and its node asks the scope of
*every* right on the way to the root, so a right that was written wider than its parent reaches no further than it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import Label
from atoll.ledger.records import RightId
from atoll.wire.message import Digest, Message, Size

SCOPE_DOMAIN = "right-scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class RightScope(Message):
    """The committed body of a right. An empty list leaves its dimension as wide as the parent has it."""

    TAG: ClassVar[str] = "right-scope/1"

    salt: Digest
    """256 random bits that make the commitment hiding."""
    right: RightId
    """The right that this is the scope of."""
    columns: Annotated[tuple[Label, ...], Size(0, 200)] = ()
    """Columns that may be used, sorted."""
    purposes: Annotated[tuple[Label, ...], Size(0, 50)] = ()
    """Purposes it may be used for, sorted."""
    job_kinds: Annotated[tuple[Label, ...], Size(0, 50)] = ()
    """Kinds of job it may be used in, sorted."""


DIMENSIONS = ("columns", "purposes", "job_kinds")


def dimension(scope: RightScope, name: str) -> frozenset[str]:
    """What a scope permits in one of DIMENSIONS; empty for everything."""
    return frozenset({"columns": scope.columns, "purposes": scope.purposes, "job_kinds": scope.job_kinds}[name])


def why_scope_not_within(child: RightScope, parent: RightScope) -> str:
    """Why a scope reaches beyond its parent's; empty if it does not. For the giver's node, which has both bodies."""
    for name in DIMENSIONS:
        asked, allowed = dimension(child, name), dimension(parent, name)
        if asked and allowed and not asked <= allowed:
            return f"{name.replace('_', ' ')} {', '.join(sorted(asked - allowed))} are not in the parent's scope"
    return ""
