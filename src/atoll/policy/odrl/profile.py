"""The closed profile: which operands, operators and actions there are, what each means, and what they are called on the wire.

Everything that compares, checks, reads or writes a policy looks here, and the decision table in the documentation is generated
from it. What is not here is refused when a policy is published and denies when one is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from atoll.policy.odrl.model import Operand, Operator

NAMESPACE = "https://w3id.org/atoll/dex#"
"""Of the product's own terms; they travel as full identifiers."""
PROFILE_IRI = NAMESPACE + "profile"
"""What a policy says in `profile` that is written for this profile."""
ODRL = "http://www.w3.org/ns/odrl/2/"
XSD = "http://www.w3.org/2001/XMLSchema#"
MODEL_CHAINS: tuple[tuple[str, ...], ...] = (
    ("semi-honest", "malicious"),
    ("honest-majority-semi-honest", "honest-majority-malicious"),
)
"""The misbehaviour that a job withstands, in each chain each more than the one before it: of anybody, and of at most one of
three compute nodes. No model of one chain stands above or below one of the other, so a term that asks for at least `malicious`
does not cover a job that three compute nodes carry out, and neither the other way round."""
ADVERSARY_MODELS: tuple[str, ...] = tuple(name for chain in MODEL_CHAINS for name in chain)
"""Every model there is."""
HONEST_MAJORITY = "honest-majority-"
"""What the name of a model begins with that holds as long as no two of three compute nodes work together."""


class Kind(StrEnum):
    """How an operand's values are compared."""

    NAMES = "names"
    """A set of names."""
    TREE = "tree"
    """A set of names of which some are part of others."""
    RANKED = "ranked"
    """One name of a short ordered list."""
    NUMBER = "number"
    """A whole number from 0 on."""
    DECIMAL = "decimal"
    """A decimal number from 0 on."""
    TIME = "time"
    """A moment."""
    DURATION = "duration"
    """A length of time."""


_EQUAL = (Operator.EQ, Operator.NEQ)
_SETS = (Operator.IS_ANY_OF, Operator.IS_NONE_OF, Operator.IS_ALL_OF)
_ORDER = (Operator.LT, Operator.LTEQ, Operator.TERM_LTEQ, Operator.GT, Operator.GTEQ)
_TREE = (Operator.IS_A, Operator.IS_PART_OF, Operator.HAS_PART)
OPERATORS: dict[Kind, frozenset[Operator]] = {
    Kind.NAMES: frozenset((*_EQUAL, *_SETS)),
    Kind.TREE: frozenset((*_EQUAL, *_SETS, *_TREE)),
    Kind.RANKED: frozenset((*_EQUAL, *_SETS, *_ORDER)),
    Kind.NUMBER: frozenset((*_EQUAL, *_ORDER)),
    Kind.DECIMAL: frozenset((*_EQUAL, *_ORDER)),
    Kind.TIME: frozenset((*_EQUAL, *_ORDER)),
    Kind.DURATION: frozenset((*_EQUAL, *_ORDER)),
}
"""Operators that say something about values of each kind."""


@dataclass(frozen=True, slots=True)
class OperandProfile:
    """What there is to know about one operand."""

    kind: Kind
    iri: str
    """Its name on the wire."""
    means: str
    """What is observed, for people."""
    observed: bool = True
    """Whether a job has it at all; a permission that asks for what no job has covers nothing."""
    part_of: str | None = None
    """What stands between a name and its part, in a tree; the empty text if a part is just longer."""


PROFILE: dict[Operand, OperandProfile] = {
    Operand.PURPOSE: OperandProfile(Kind.TREE, ODRL + "purpose", "the plan's purpose", part_of="/"),
    Operand.COLUMNS: OperandProfile(Kind.NAMES, NAMESPACE + "columns", "the columns that take part"),
    Operand.COUNTERPARTIES: OperandProfile(Kind.NAMES, NAMESPACE + "counterparties", "the other parties of the job"),
    Operand.RECEIVERS: OperandProfile(Kind.NAMES, ODRL + "recipient", "who gets a result"),
    Operand.JOB_KINDS: OperandProfile(Kind.NAMES, NAMESPACE + "jobKind", "the kind of job"),
    Operand.PROTOCOLS: OperandProfile(Kind.NAMES, NAMESPACE + "protocol", "the protocol of the plan"),
    Operand.ADVERSARY_MODEL: OperandProfile(
        Kind.RANKED,
        NAMESPACE + "adversaryModel",
        f"what the job withstands: {'; '.join(' < '.join(chain) for chain in MODEL_CHAINS)}",
    ),
    Operand.COUNT: OperandProfile(Kind.NUMBER, ODRL + "count", "uses of the grant, this one included"),
    Operand.DATE_TIME: OperandProfile(Kind.TIME, ODRL + "dateTime", "the time of the decision"),
    Operand.ELAPSED_TIME: OperandProfile(Kind.DURATION, ODRL + "elapsedTime", "time since the grant began"),
    Operand.MINIMUM_GROUP: OperandProfile(Kind.NUMBER, NAMESPACE + "minGroup", "fewest matches over which a result is told"),
    Operand.EPSILON: OperandProfile(
        Kind.NUMBER, NAMESPACE + "epsilon", "privacy loss of a noisy output, in millionths; on the wire as a decimal number"
    ),
    Operand.SPATIAL: OperandProfile(
        Kind.TREE, ODRL + "spatial", "where it is used, as ISO 3166 codes", observed=False, part_of="-"
    ),
    Operand.ROWS: OperandProfile(Kind.NUMBER, NAMESPACE + "rows", "most rows that take part"),
    Operand.OUTPUTS: OperandProfile(Kind.NAMES, NAMESPACE + "output", "what leaves the job"),
    Operand.PAYLOAD: OperandProfile(Kind.NAMES, NAMESPACE + "payload", "columns whose values leave or are summed"),
    Operand.KEYS: OperandProfile(Kind.NAMES, NAMESPACE + "keys", "columns by which rows are compared with another's"),
    Operand.INDUSTRY: OperandProfile(
        Kind.TREE, ODRL + "industry", "the recipient's industry, as codes of GB/T 4754", observed=False, part_of=""
    ),
    Operand.EVENT: OperandProfile(Kind.NAMES, ODRL + "event", "what has happened", observed=False),
    Operand.DELIVERY_MODE: OperandProfile(Kind.NAMES, NAMESPACE + "deliveryMode", "how it is delivered: `compute` for a job"),
    Operand.DATA_LEVEL: OperandProfile(Kind.NUMBER, NAMESPACE + "dataLevel", "the dataset's level, 1 to 6"),
    Operand.PAY_AMOUNT: OperandProfile(Kind.DECIMAL, ODRL + "payAmount", "of a duty: what was paid", observed=False),
    Operand.UNIT: OperandProfile(Kind.NAMES, ODRL + "unit", "of a duty: in which unit", observed=False),
    Operand.SHARE: OperandProfile(Kind.DECIMAL, NAMESPACE + "share", "of a duty: which share", observed=False),
}
PERFORMANCE = frozenset({Operand.PAY_AMOUNT, Operand.UNIT, Operand.SHARE})
"""Operands that say how a duty is done, and not when it applies."""

_USED = ("read", "write", "execute", "play")
_PROCESSED = ("derive", "aggregate", "extract", "anonymize")
_OPERATED = ("distribute", "grantUse")
_DONE = (
    "archive",
    "delete",
    "compensate",
    "attribute",
    "inform",
    "obtainConsent",
    "nextPolicy",
    "reviewPolicy",
    "hold",
    "manage",
)
OWN_ACTIONS = frozenset({"hold", "manage"})
"""Actions of the product's own namespace."""
ACTIONS: tuple[str, ...] = ("use", *_USED, *_PROCESSED, *_OPERATED, *_DONE, "transfer", "sell")
"""Every action there is."""
PERMITTED_BY: dict[str, frozenset[str]] = {one: frozenset({one}) for one in ACTIONS} | {"use": frozenset({"use", *_USED})}
"""What a permission of an action covers. Narrower than ODRL: to use is not to derive, to distribute or to permit to others,
because those are separate rights."""
FORBIDDEN_BY: dict[str, frozenset[str]] = PERMITTED_BY | {
    "use": frozenset(ACTIONS) - {"transfer", "sell"},
    "transfer": frozenset({"transfer", "sell"}),
}
"""What a prohibition of an action covers: all that ODRL includes in it."""


def action_iri(action: str) -> str:
    """The full name of an action."""
    return (NAMESPACE if action in OWN_ACTIONS else ODRL) + action


OPERAND_OF: dict[str, Operand] = {profile.iri: operand for operand, profile in PROFILE.items()}
"""Operands by their full names."""
ACTION_OF: dict[str, str] = {action_iri(one): one for one in ACTIONS}
"""Actions by their full names."""
