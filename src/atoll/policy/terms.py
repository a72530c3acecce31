"""The terms of a grant, in the shape of ODRL 2.2: permissions, prohibitions and obligations over a closed set of operands.

The ledger holds a salted commitment to the terms; owner, grantee and auditor hold the body. Whatever a reader does not know
denies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, GrantId
from atoll.policy.odrl.model import (
    Conflict,
    Constraint,
    Duty,
    Join,
    LogicalConstraint,
    Operand,
    Operator,
    TermRule,
    verify_bounds,
)
from atoll.policy.odrl.profile import ADVERSARY_MODELS, HONEST_MAJORITY
from atoll.wire.message import Digest, Message, Name, Size

TERMS_DOMAIN = "grant-terms"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTerms(Message):
    """The committed body of a grant."""

    TAG: ClassVar[str] = "grant-terms/2"

    salt: Digest
    """256 random bits that make the commitment hiding."""
    purpose_salt: Annotated[bytes, Size(0, 32)] = b""
    """Salt of the lineage by which purposes are called on the ledger (`atoll.policy.purposes`), the same in all its grants;
    empty where nothing is counted by purpose."""
    grant: GrantId
    """The grant these are the terms of."""
    assigner: Name
    """The owner."""
    assignee: Name
    """The grantee."""
    target: DatasetId
    """The dataset version."""
    permissions: Annotated[tuple[TermRule, ...], Size(1, 20)]
    """A use must be covered by at least one of these."""
    prohibitions: Annotated[tuple[TermRule, ...], Size(0, 20)]
    """A use that any of these covers is denied, whatever is permitted, unless `conflict` says otherwise."""
    obligations: Annotated[tuple[Duty, ...], Size(0, 20)] = ()
    """What the grantee must do, whatever it uses."""
    conflict: Conflict = Conflict.PROHIBIT
    """What holds where a permission and a prohibition cover the same use."""

    def __post_init__(self) -> None:
        super(GrantTerms, self).__post_init__()
        verify_bounds(self)


__all__ = [
    "ADVERSARY_MODELS",
    "HONEST_MAJORITY",
    "TERMS_DOMAIN",
    "Conflict",
    "Constraint",
    "Duty",
    "GrantTerms",
    "Join",
    "LogicalConstraint",
    "Operand",
    "Operator",
    "TermRule",
]
