"""What would be refused when a policy is published, and why: before anybody relies on words that deny without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl.compare import read_right
from atoll.policy.odrl.model import Constraint, Duty, LogicalConstraint, Rules, TermRule
from atoll.policy.odrl.profile import ACTIONS, ADVERSARY_MODELS, OPERATORS, PERFORMANCE, PROFILE, Kind

NUMBERS = frozenset({Kind.NUMBER, Kind.DECIMAL, Kind.TIME, Kind.DURATION})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a policy."""

    where: str
    """Rule and constraint."""
    what: str
    """What is wrong, with the name of what is not known."""
    refused: bool = True
    """Whether it is refused; otherwise it is only said, because it can never hold."""


def find_problems(rules: Rules) -> Iterator[Problem]:
    """Everything that the profile refuses in a policy, and what in it can never hold."""
    if not rules.permissions and not rules.prohibitions:
        yield Problem("policy", "it has neither permission nor prohibition")
    for kind, listed in (("permission", rules.permissions), ("prohibition", rules.prohibitions)):
        for number, rule in enumerate(listed):
            yield from _of_rule(rule.uid or f"{kind} {number}", rule, permits=kind == "permission")
    for number, duty in enumerate(rules.obligations):
        yield from _of_duty(duty.uid or f"obligation {number}", duty)
    yield from _twice(rules)


def verify_policy(rules: Rules) -> None:
    """Refuse what the profile refuses.

    Raises:
        PolicyRefused: with the first problem.
    """
    first = next((one for one in find_problems(rules) if one.refused), None)
    if first is not None:
        raise PolicyRefused(where=first.where, what=first.what)


def _of_rule(where: str, rule: TermRule, *, permits: bool) -> Iterator[Problem]:
    yield from _of_action(where, rule.action)
    for one in rule.constraints:
        yield from _of_constraint(where, one)
        if permits and not PROFILE[one.left].observed:
            yield Problem(where, f"no job has {one.left}, so this permission never covers one", refused=False)
    for group in rule.groups:
        yield from _of_group(where, group)
    for number, duty in enumerate(rule.duties):
        yield from _of_duty(duty.uid or f"{where}, duty {number}", duty)


def _of_duty(where: str, duty: Duty) -> Iterator[Problem]:
    yield from _of_action(where, duty.action)
    for one in duty.constraints:
        yield from _of_constraint(where, one)
    for group in duty.groups:
        yield from _of_group(where, group)
        if any(one.left in PERFORMANCE for one in _atoms(group)):
            yield Problem(where, "amount, unit and share stand beside each other, not in a group")
    for number, inner in enumerate(duty.consequences):
        yield from _of_duty(inner.uid or f"{where}, consequence {number}", inner)


def _of_action(where: str, action: str) -> Iterator[Problem]:
    if action not in ACTIONS:
        yield Problem(where, f"there is no action {action}")


def _of_group(where: str, group: LogicalConstraint) -> Iterator[Problem]:
    if not group.constraints and not group.groups:
        yield Problem(where, f"an {group.join} without members")
    for one in group.constraints:
        yield from _of_constraint(where, one)
    for inner in group.groups:
        yield from _of_group(where, inner)


def _atoms(group: LogicalConstraint) -> Iterator[Constraint]:
    yield from group.constraints
    for inner in group.groups:
        yield from _atoms(inner)


def _of_constraint(where: str, one: Constraint) -> Iterator[Problem]:
    kind = PROFILE[one.left].kind
    if one.operator not in OPERATORS[kind]:
        yield Problem(where, f"{one.operator} says nothing about {one.left}")
    if kind in NUMBERS and read_right(one) is None:
        yield Problem(where, f"{', '.join(one.right)} is no {kind} that {one.left} can be compared with")
    if kind is Kind.RANKED:
        for name in one.right:
            if name not in ADVERSARY_MODELS:
                yield Problem(where, f"there is no {one.left} {name}")


def _twice(rules: Rules) -> Iterator[Problem]:
    both = (*rules.permissions, *rules.prohibitions)
    named = [one.uid for one in both]
    for duty in (*rules.obligations, *(duty for rule in both for duty in rule.duties)):
        named.extend(_uids(duty))
    for uid, times in Counter(named).items():
        if uid and times > 1:
            yield Problem(uid, "two rules have this identifier")


def _uids(duty: Duty) -> Iterator[str]:
    yield duty.uid
    for inner in duty.consequences:
        yield from _uids(inner)
