"""Rules in the shape of ODRL 2.2 (W3C ODRL Information Model 2.2, section 2): permissions, prohibitions, duties, constraints.

They are messages, so that a grant can carry them as a committed body. Bounds: `MAX_NODES` rules, duties, groups and constraints
together, `MAX_DEPTH` levels; what is larger is not made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Protocol

from atoll.ledger.plan import Label
from atoll.wire.errors import MessageError
from atoll.wire.message import Message, Size

MAX_NODES = 1000
"""Rules, duties, groups and constraints of one policy together."""
MAX_DEPTH = 6
"""Levels of one rule: itself, its groups or duties, theirs, and the constraint inside."""
Id = Annotated[str, Size(0, 200)]
"""An identifier of somebody else's making, such as `urn:uuid:...`; empty where nobody gave one."""


class Operand(StrEnum):
    """Left operands of a constraint; there are no others (`atoll.policy.odrl.profile` says how each is compared).

    `epsilon` counts millionths and is said of noisy outputs only; `payload` are the columns whose values leave or are summed,
    `keys` those by which rows are compared with another's; `adversary-model` is one of `ADVERSARY_MODELS`.
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
    ELAPSED_TIME = "elapsed-time"
    MINIMUM_GROUP = "minimum-group"
    EPSILON = "epsilon"
    SPATIAL = "spatial"
    ROWS = "rows"
    OUTPUTS = "outputs"
    PAYLOAD = "payload"
    KEYS = "keys"
    INDUSTRY = "industry"
    EVENT = "event"
    DELIVERY_MODE = "delivery-mode"
    DATA_LEVEL = "data-level"
    PAY_AMOUNT = "pay-amount"
    UNIT = "unit"
    SHARE = "share"


class Operator(StrEnum):
    """Operators of ODRL, as the Dataspace Protocol lists them."""

    EQ = "eq"
    NEQ = "neq"
    LT = "lt"
    LTEQ = "lteq"
    TERM_LTEQ = "term-lteq"
    """The Dataspace Protocol's second spelling of `lteq`; kept as it was written."""
    GT = "gt"
    GTEQ = "gteq"
    IS_ANY_OF = "isAnyOf"
    IS_NONE_OF = "isNoneOf"
    IS_ALL_OF = "isAllOf"
    IS_A = "isA"
    IS_PART_OF = "isPartOf"
    HAS_PART = "hasPart"


class Join(StrEnum):
    """How a group's members belong together; `atoll.policy.odrl.logic` says what comes out."""

    AND = "and"
    OR = "or"
    XONE = "xone"
    AND_SEQUENCE = "andSequence"


class Conflict(StrEnum):
    """What holds where a permission and a prohibition cover the same use."""

    PROHIBIT = "prohibit"
    """The prohibition."""
    PERM = "perm"
    """The permission."""
    INVALID = "invalid"
    """Neither: the policy is void for this use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint(Message):
    """A condition on the use that is asked for."""

    left: Operand
    """What is looked at."""
    operator: Operator
    """How it is compared."""
    right: Annotated[tuple[Label, ...], Size(1, 200)]
    """What it is compared with; numbers, times and durations as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalConstraint(Message):
    """A group of conditions. An `andSequence` is looked at in order: its constraints, then its groups."""

    join: Join
    """How they belong together."""
    constraints: Annotated[tuple[Constraint, ...], Size(0, 200)] = ()
    """Members that compare something."""
    groups: Annotated[tuple[LogicalConstraint, ...], Size(0, 500)] = ()
    """Members that are groups themselves."""


Node = Constraint | LogicalConstraint


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty(Message):
    """What must be done: before a permission holds, by whoever accepts the policy, or after a prohibition was broken."""

    uid: Id = ""
    """Its identifier; whoever notes that it was done names it."""
    action: Label
    """ODRL action, such as `compensate`."""
    constraints: Annotated[tuple[Constraint, ...], Size(0, 50)] = ()
    """Those over `pay-amount`, `unit` and `share` say how it is done; the others when it applies."""
    groups: Annotated[tuple[LogicalConstraint, ...], Size(0, 50)] = ()
    """Further conditions of its application."""
    consequences: Annotated[tuple[Duty, ...], Size(0, 10)] = ()
    """What must be done besides, once it was not done in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRule(Message):
    """A permission or a prohibition."""

    uid: Id = ""
    """Its identifier; empty where its place in the policy names it."""
    action: Label
    """ODRL action; `use` is the one that jobs need."""
    constraints: Annotated[tuple[Constraint, ...], Size(0, 50)]
    """All of them must hold for the rule to apply."""
    groups: Annotated[tuple[LogicalConstraint, ...], Size(0, 50)] = ()
    """And all of these."""
    duties: Annotated[tuple[Duty, ...], Size(0, 10)] = ()
    """Of a permission: what must have been done first. Of a prohibition: how a breach is made good."""
    assignee: Id = ""
    """Whom it is said of, where that is not every assignee of the policy."""
    target: Id = ""
    """What it is said of, where that is not the policy's target."""


class Rules(Protocol):
    """Whatever carries the rules of a policy."""

    @property
    def permissions(self) -> tuple[TermRule, ...]: ...
    @property
    def prohibitions(self) -> tuple[TermRule, ...]: ...
    @property
    def obligations(self) -> tuple[Duty, ...]: ...
    @property
    def conflict(self) -> Conflict: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Message):
    """Rules without a body around them: what an offer, a template or a file says."""

    uid: Id = ""
    """Its identifier."""
    assigner: Id = ""
    """Who gives it; empty in a template."""
    assignee: Id = ""
    """Whom it is given to; empty in an offer."""
    target: Id = ""
    """What it is about; empty where the document around it says so."""
    permissions: Annotated[tuple[TermRule, ...], Size(0, 20)] = ()
    """A use must be covered by at least one of these."""
    prohibitions: Annotated[tuple[TermRule, ...], Size(0, 20)] = ()
    """What none of these may cover, unless `conflict` says otherwise."""
    obligations: Annotated[tuple[Duty, ...], Size(0, 20)] = ()
    """What the assignee must do, whatever it uses."""
    conflict: Conflict = Conflict.PROHIBIT
    """What holds where both cover a use."""

    def __post_init__(self) -> None:
        super(Policy, self).__post_init__()
        verify_bounds(self)


def verify_bounds(rules: Rules) -> None:
    """Refuse what is too large or too deep to be looked at.

    Raises:
        MessageError: more than MAX_NODES or MAX_DEPTH.
    """
    nodes = 0
    waiting: list[tuple[TermRule | Duty | Node, int]] = [(one, 1) for one in (*rules.permissions, *rules.prohibitions)]
    waiting.extend((one, 1) for one in rules.obligations)
    while waiting:
        one, depth = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise MessageError(message=type(rules).__name__, field="", problem=f"more than {MAX_NODES} rules and constraints")
        if depth > MAX_DEPTH:
            raise MessageError(message=type(rules).__name__, field="", problem=f"nested deeper than {MAX_DEPTH} levels")
        waiting.extend((inner, depth + 1) for inner in _inside(one))


def _inside(one: TermRule | Duty | Node) -> Iterator[TermRule | Duty | Node]:
    if isinstance(one, Constraint):
        return
    yield from one.constraints
    yield from one.groups
    if isinstance(one, TermRule):
        yield from one.duties
    elif isinstance(one, Duty):
        yield from one.consequences
