"""The question that `decide` answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from atoll.ledger.plan import Plan
from atoll.ledger.records import Reader
from atoll.policy.card import DatasetCard
from atoll.policy.demand import Demand
from atoll.policy.local import LocalRules
from atoll.policy.odrl import Performance
from atoll.policy.rights import Scopes, no_scopes
from atoll.policy.standing_terms import StandingTerms
from atoll.policy.terms import GrantTerms


def _none_held() -> Iterable[StandingTerms]:
    return ()


def _nothing_done(_: bytes) -> Mapping[str, Performance]:
    return {}


def _none_promised(_: bytes) -> int:
    return 0


def _no_salt(_: str) -> bytes:
    return b""


def _none_reviewed(_: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a decision rests on."""

    me: str
    """The organisation that decides."""
    proposer: str
    """Who proposed the job, from its record on the ledger."""
    plan: Plan
    """Checked by its kind and against its proposal."""
    demands: Sequence[Demand]
    """What the plan asks, one an input, in the plan's order."""
    view: Reader
    """Own copy of the ledger."""
    card: Callable[[str], DatasetCard | None]
    """Own cards, by dataset version."""
    terms: Callable[[bytes], GrantTerms | None]
    """Terms that fit their commitment on the ledger, by grant."""
    revoked: Callable[[bytes], bool]
    """Grants this organisation has revoked, acknowledged on the ledger or not."""
    rules: LocalRules
    """The owner's own veto rules."""
    now: int
    """The later of block time and own clock, Unix seconds."""
    scopes: Scopes = no_scopes
    """Scopes of rights that fit their commitment on the ledger, by right."""
    standing: Callable[[], Iterable[StandingTerms]] = _none_held
    """Bounds of own standing consents that fit their commitment on the ledger; asked only where a person would be."""
    performed: Callable[[bytes], Mapping[str, Performance]] = _nothing_done
    """What is known at this node of the duties in a grant's terms, by grant."""
    promised: Callable[[bytes], int] = _none_promised
    """Uses, by grant, that this organisation has consented to in other jobs and that no START has taken yet."""
    charged: bool = False
    """START has taken what the job takes, and only its process has not begun: accounts and caps are not asked again, and
    the job's own uses are among those that are counted."""
    purpose_salt: Callable[[str], bytes] = _no_salt
    """Salt of an own lineage, by which its accounts of purposes are called; empty where none was ever drawn."""
    reviewed: Callable[[bytes], bool] = _none_reviewed
    """Whether a person of this organisation has reviewed the program of this digest, and not taken that back."""
    entrusted: bool = False
    """Whether a person here has acknowledged, for this job, that own data are shared among compute nodes of which this
    organisation is none."""
