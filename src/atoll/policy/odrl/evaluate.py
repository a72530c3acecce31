"""A policy against a use: which rules take effect, and what follows from that.

A permission takes effect if action, party and target are its own, all its constraints are True, and each of its duties that
applies was fulfilled. A prohibition takes effect unless one of these is False. The use is permitted if a permission takes
effect, no prohibition does (or the policy's strategy says that permissions win), and no obligation is known to be violated.

A name that a rule gives for party or target is another's only if it is known to be: a name that nobody knows may be another
spelling of the one at hand, so it cannot be said, and a prohibition that names it takes effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from atoll.policy.odrl.compare import Observed, read_constraint
from atoll.policy.odrl.logic import JOINED, Truth, all_of
from atoll.policy.odrl.model import Conflict, Constraint, Duty, Join, LogicalConstraint, Node, Operand, Rules, TermRule
from atoll.policy.odrl.profile import ACTIONS, FORBIDDEN_BY, PERFORMANCE, PERMITTED_BY
from atoll.policy.odrl.report import Deontic, DutyReport, Performance, Premise, PremiseReport, Report, RuleReport

_NOTHING: Mapping[str, Performance] = {}
_ACTION, _CONSTRAINT = Premise.ACTION, Premise.CONSTRAINT  # looked up once: a member of an enum is a call


def _none_known(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Use:
    """What is asked for, operand by operand."""

    action: str
    values: Mapping[Operand, Observed]
    parties: frozenset[str] = frozenset()
    """Who asks, by each of its names; for rules that name an assignee."""
    targets: frozenset[str] = frozenset()
    """What is asked for, by each of its names; for rules that name a target."""
    performed: Mapping[str, Performance] = field(default_factory=lambda: _NOTHING)
    """What is known of duties, by their identifiers."""
    is_party: Callable[[str], bool] = _none_known
    """Whether a name is certainly somebody's, so that it is somebody else's where it is none of `parties`."""
    is_target: Callable[[str], bool] = _none_known
    """The same of what is asked for."""


def judge(rules: Rules, use: Use, *, assumed: tuple[Constraint, ...] = ()) -> Report:
    """Every rule with every premise, and what follows.

    Args:
        assumed: constraints of every permission that does not bind their operand itself.
    """
    permissions = tuple([_permission(number, one, use, assumed) for number, one in enumerate(rules.permissions)])
    prohibitions = tuple([_prohibition(number, one, use) for number, one in enumerate(rules.prohibitions)])
    obligations = tuple([_duty(f"obligation {number}", one, use) for number, one in enumerate(rules.obligations)])
    permitted = any(one.active for one in permissions)
    prohibited = any(one.active for one in prohibitions)
    broken = any(one.deontic is Deontic.VIOLATED for one in obligations)
    permits = permitted and not broken and (not prohibited or rules.conflict is Conflict.PERM)
    return Report(permissions, prohibitions, obligations, permits)


def _permission(number: int, rule: TermRule, use: Use, assumed: tuple[Constraint, ...]) -> RuleReport:
    name = rule.uid or f"permission {number}"
    premises = _premises(rule, use, PERMITTED_BY)
    premises += [_looked_at(one, use.values) for one in assumed if not binds(rule.constraints, rule.groups, one.left)]
    duties = tuple([_duty(f"{name}, duty {place}", one, use) for place, one in enumerate(rule.duties)])
    state = all_of([one.state for one in premises])
    if state and not all(one.satisfied for one in duties):
        state = False
    return RuleReport("permission", name, tuple(premises), duties, state)


def _prohibition(number: int, rule: TermRule, use: Use) -> RuleReport:
    name = rule.uid or f"prohibition {number}"
    premises = _premises(rule, use, FORBIDDEN_BY)
    remedies = tuple([_duty(f"{name}, remedy {place}", one, use) for place, one in enumerate(rule.duties)])
    return RuleReport("prohibition", name, tuple(premises), remedies, all_of([one.state for one in premises]))


def _premises(rule: TermRule, use: Use, covers: Mapping[str, frozenset[str]]) -> list[PremiseReport]:
    found = [PremiseReport(_ACTION, "action", rule.action, frozenset((use.action,)), _acts(rule, use, covers))]
    if rule.assignee:
        state = _named(rule.assignee, use.parties, use.is_party)
        found.append(PremiseReport(Premise.PARTY, "assignee", rule.assignee, use.parties, state))
    if rule.target:
        state = _named(rule.target, use.targets, use.is_target)
        found.append(PremiseReport(Premise.TARGET, "target", rule.target, use.targets, state))
    found += [_looked_at(one, use.values) for one in rule.constraints]
    found += [_grouped(one, use) for one in rule.groups]
    return found


def _named(wanted: str, names: frozenset[str], is_known: Callable[[str], bool]) -> Truth:
    """Whether a rule names this one; of a name that nobody knows it cannot be said."""
    if wanted in names:
        return True
    return False if is_known(wanted) else None


def _acts(rule: TermRule, use: Use, covers: Mapping[str, frozenset[str]]) -> Truth:
    """An action that nobody knows may be this one: then it cannot be said."""
    covered = covers.get(rule.action)
    if covered is None or use.action not in _KNOWN:
        return None
    return use.action in covered


_KNOWN = frozenset(ACTIONS)


def _grouped(group: LogicalConstraint, use: Use) -> PremiseReport:
    inner = (*(_looked_at(one, use.values) for one in group.constraints), *(_grouped(one, use) for one in group.groups))
    wanted = "; ".join(f"{one.what} {one.wanted}" if one.premise is Premise.CONSTRAINT else f"({one.wanted})" for one in inner)
    state = JOINED[group.join]([one.state for one in inner]) if inner else None
    return PremiseReport(Premise.GROUP, group.join, f"{group.join}: {wanted}", None, state, inner)


def _duty(place: str, duty: Duty, use: Use) -> DutyReport:
    name = duty.uid or place
    known = use.performed.get(name)
    values = (known.values or {}) if known else {}
    when = [_looked_at(one, use.values) for one in duty.constraints if one.left not in PERFORMANCE]
    when += [_grouped(one, use) for one in duty.groups]
    how = [_looked_at(one, values) for one in duty.constraints if one.left in PERFORMANCE]
    applies = all_of([one.state for one in when])
    performed = known is not None and known.done and all(one.state is True for one in how)
    consequences = tuple(_duty(f"{name}, consequence {number}", one, use) for number, one in enumerate(duty.consequences))
    deontic = Deontic.NOT_SET
    if applies is not False and known is not None:
        late = known.overdue and not all(one.satisfied for one in consequences)
        if performed and not late:
            deontic = Deontic.FULFILLED
        elif known.overdue:
            deontic = Deontic.VIOLATED
    return DutyReport(name, duty.action, applies, performed, deontic, (*when, *how), consequences)


def _looked_at(constraint: Constraint, values: Mapping[Operand, Observed]) -> PremiseReport:
    seen = values.get(constraint.left)
    read = read_constraint(constraint)
    return PremiseReport(_CONSTRAINT, read.what, read.wanted, seen, None if seen is None else read.compare(seen))


def binds(constraints: tuple[Constraint, ...], groups: tuple[LogicalConstraint, ...], operand: Operand) -> bool:
    """Whether conditions that must all hold say something about an operand, whichever way they come to hold."""
    return any(one.left is operand for one in constraints) or any(_group_binds(one, operand) for one in groups)


def _group_binds(group: LogicalConstraint, operand: Operand) -> bool:
    if group.join in (Join.AND, Join.AND_SEQUENCE):
        return binds(group.constraints, group.groups, operand)
    members: list[Node] = [*group.constraints, *group.groups]
    return bool(members) and all(
        one.left is operand if isinstance(one, Constraint) else _group_binds(one, operand) for one in members
    )
