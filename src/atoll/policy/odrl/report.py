"""What an evaluation found, premise by premise: the form from which permit or deny follows, and in which it is explained.

Named tuples, because a decision makes dozens of them: a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from atoll.policy.odrl.compare import Observed, show
from atoll.policy.odrl.logic import Truth
from atoll.policy.odrl.model import Operand


class Premise(StrEnum):
    """What a rule rests on."""

    TARGET = "target"
    PARTY = "party"
    ACTION = "action"
    CONSTRAINT = "constraint"
    GROUP = "group"


class Deontic(StrEnum):
    """How a duty stands."""

    FULFILLED = "fulfilled"
    VIOLATED = "violated"
    NOT_SET = "not-set"
    """It does not apply, or nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Performance:
    """What is known about a duty."""

    done: bool
    """Whether its action was carried out."""
    overdue: bool = False
    """Whether it was not carried out in time; a duty done late brings its consequences."""
    values: Mapping[Operand, Observed] | None = None
    """How it was done: amount, unit, share."""


class PremiseReport(NamedTuple):
    """One premise."""

    premise: Premise
    what: str
    """What was looked at: the operand, or how a group is joined."""
    wanted: str
    """What must hold."""
    seen: Observed | None
    """What was found."""
    state: Truth
    """Satisfied, not satisfied, or None where it cannot be said."""
    inner: tuple[PremiseReport, ...] = ()
    """Members of a group."""

    @property
    def observed(self) -> str:
        """What was found, for people."""
        if self.inner:
            return "; ".join(f"{one.what} {one.observed}" for one in self.inner)
        return show(self.seen)


class DutyReport(NamedTuple):
    """One duty."""

    uid: str
    """Its identifier, or its place."""
    action: str
    """What is to be done."""
    applies: Truth
    """Whether its conditions hold; None counts as if they did."""
    performed: bool
    """Whether it is known to have been done as it says."""
    deontic: Deontic
    """How it stands."""
    premises: tuple[PremiseReport, ...]
    """When it applies, and how it is to be done."""
    consequences: tuple[DutyReport, ...]
    """What must be done besides, where it was overdue."""

    @property
    def satisfied(self) -> bool:
        """Whether it keeps nobody from using: it does not apply, or was fulfilled."""
        return self.applies is False or self.deontic is Deontic.FULFILLED


class RuleReport(NamedTuple):
    """One permission or prohibition."""

    kind: str
    """`permission` or `prohibition`."""
    uid: str
    """Its identifier, or its place."""
    premises: tuple[PremiseReport, ...]
    """All that it rests on; what comes from outside the rule (`assumed`) too."""
    duties: tuple[DutyReport, ...]
    """Of a permission, what must be done first; of a prohibition, its remedies."""
    state: Truth
    """Whether it covers the use."""

    @property
    def active(self) -> bool:
        """Whether it takes effect: a permission that surely covers the use, a prohibition that may."""
        return self.state is True if self.kind == "permission" else self.state is not False


@dataclass(frozen=True, slots=True)
class Report:
    """A whole policy against one use."""

    permissions: tuple[RuleReport, ...]
    prohibitions: tuple[RuleReport, ...]
    obligations: tuple[DutyReport, ...]
    permits: bool
    """The answer, by the policy's strategy for conflicts."""
