"""The report of an evaluation as reasons: rule, constraint, what was wanted, what was observed."""

from __future__ import annotations

from atoll.policy.errors import Prohibited, TermsRefused
from atoll.policy.odrl.evaluate import Use, judge
from atoll.policy.odrl.model import Conflict, Constraint, Rules
from atoll.policy.odrl.report import Deontic, DutyReport, Report, RuleReport
from atoll.policy.reasons import Reason


def evaluate(rules: Rules, use: Use, *, assumed: tuple[Constraint, ...] = ()) -> tuple[Reason, ...]:
    """Every constraint that was looked at; the use is permitted if all reasons hold.

    Of the permissions, the first that covers the use is reported; if none does, the one that comes closest.

    Args:
        assumed: constraints of every permission that does not bind their operand itself.
    """
    return explain(judge(rules, use, assumed=assumed), rules.conflict, use)


def explain(report: Report, conflict: Conflict, use: Use) -> tuple[Reason, ...]:
    """The reasons for a report's answer; all of them hold exactly where it permits."""
    reasons = [*_best_permission(report)]
    permitted = any(one.active for one in report.permissions)
    for rule in report.prohibitions:
        overruled = conflict is Conflict.PERM and permitted
        reasons.append(_prohibition(rule, use, overruled=overruled))
    reasons.extend(_obligation(one) for one in report.obligations)
    return tuple(reasons)


def _best_permission(report: Report) -> tuple[Reason, ...]:
    covering = next((one for one in report.permissions if one.active), None)
    if covering is None and not report.permissions:
        return (Reason(TermsRefused.code, "permissions", "at least one", "none", False),)
    return _permission(covering or min(report.permissions, key=_distance))


def _distance(rule: RuleReport) -> int:
    return sum(one.state is not True for one in rule.premises) + sum(not one.satisfied for one in rule.duties)


def _permission(rule: RuleReport) -> tuple[Reason, ...]:
    looked_at = [
        Reason(TermsRefused.code, f"{rule.uid}: {one.what}", one.wanted, one.observed, one.state is True)
        for one in rule.premises
    ]
    return (*looked_at, *(_duty(one) for one in rule.duties))


def _duty(duty: DutyReport) -> Reason:
    how = " and ".join(f"{one.what} {one.wanted}" for one in duty.premises)
    wanted = f"{duty.action} done first" + (f" ({how})" if how else "")
    observed = "does not apply" if duty.applies is False else _standing(duty)
    return Reason(TermsRefused.code, duty.uid, wanted, observed, duty.satisfied)


def _standing(duty: DutyReport) -> str:
    if duty.deontic is Deontic.FULFILLED:
        return "done"
    if duty.deontic is Deontic.VIOLATED:
        return "overdue"
    return "done, and not as it says" if duty.performed else "not known to be done"


def _prohibition(rule: RuleReport, use: Use, *, overruled: bool) -> Reason:
    beyond = rule.premises[1:]
    action = rule.premises[0]
    wanted = " and ".join(f"{one.what} {one.wanted}" for one in beyond) or "always"
    observed = ", ".join(f"{one.what} {one.observed}" for one in beyond) or use.action
    if action.state is None:
        observed = f"{observed}, an action that is not known"
    if overruled:
        observed = f"{observed}; permissions win"
    return Reason(Prohibited.code, f"{rule.uid}: {action.wanted}", f"not ({wanted})", observed, overruled or not rule.active)


def _obligation(duty: DutyReport) -> Reason:
    in_time = duty.deontic is not Deontic.VIOLATED
    return Reason(TermsRefused.code, duty.uid, f"{duty.action} not overdue", _standing(duty), in_time)
