"""The terms of a grant, in the shape of ODRL 2.2: permissions and prohibitions with constraints over a closed set of operands.

The ledger holds a salted commitment to the terms; owner, grantee and auditor hold the body. Whatever a reader does not know
denies.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, GrantId, Label
from atoll.wire.message import Digest, Message, Name, Size

TERMS_DOMAIN = "grant-terms"


class Operand(StrEnum):
    """Left operands of a constraint; there are no others.

    `epsilon` counts millionths and is said of noisy outputs only; `payload` are the columns whose values leave or are summed;
    `adversary-model` is one of `ADVERSARY_MODELS`.
    """

    PURPOSE = "purpose"
    COLUMNS = "columns"
    COUNTERPARTIES = "counterparties"
    RECEIVERS = "receivers"
    JOB_KINDS = "job-kinds"
    PROTOCOLS = "protocols"
    ADVERSARY_MODEL = "adversary-model"
    COUNT = "count"
    DATE_TIME = "date-time"
    MINIMUM_GROUP = "minimum-group"
    EPSILON = "epsilon"
    REGION = "region"
    ROWS = "rows"
    OUTPUTS = "outputs"
    PAYLOAD = "payload"


ADVERSARY_MODELS: tuple[str, ...] = ("semi-honest", "malicious")
"""The misbehaviour that a job withstands, each more than the one before it. There are no others to a reader of terms: a plan's
`honest-majority` stands neither above nor below them, so terms that look at the model do not cover it."""


class Operator(StrEnum):
    """Operators of ODRL that the operands understand."""

    EQ = "eq"
    NEQ = "neq"
    LT = "lt"
    LTEQ = "lteq"
    GT = "gt"
    GTEQ = "gteq"
    IS_ANY_OF = "isAnyOf"
    IS_NONE_OF = "isNoneOf"
    IS_ALL_OF = "isAllOf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint(Message):
    """A condition on the use that is asked for."""

    left: Operand
    """What is looked at."""
    operator: Operator
    """How it is compared."""
    right: Annotated[tuple[Label, ...], Size(1, 200)]
    """What it is compared with; numbers and times as decimal text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRule(Message):
    """A permission or a prohibition."""

    action: Label
    """ODRL action; `use` is the one that jobs need."""
    constraints: Annotated[tuple[Constraint, ...], Size(0, 50)]
    """All of them must hold for the rule to apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTerms(Message):
    """The committed body of a grant."""

    TAG: ClassVar[str] = "grant-terms/1"

    salt: Digest
    """256 random bits that make the commitment hiding."""
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
    """A use that any of these covers is denied, whatever is permitted."""
