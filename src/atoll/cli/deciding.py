"""What decided about a job: who, by which rule, under which grant; first the row that did, then all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atoll.cli.reply import Fields, Rows, Shown
from atoll.cli.words import listed, readable_times, yes_no

if TYPE_CHECKING:
    from atoll.api.models import DecisionInfo, ReasonInfo, WhyInfo

ASK = "policy.ask"
AWAITING = "awaiting approval"
WAITING = {"proposed": "the consent", "expired": "the consent", "started": "the receipt", "unacknowledged": "the receipt"}
"""What is missing of the parties that are named, by the state of the job."""
UNDER_A_GRANT = frozenset(
    {"policy.budget", "policy.cap", "policy.no_grant", "policy.prohibited", "policy.right", "policy.terms"}
)


def describe_why(info: WhyInfo) -> list[Shown]:
    """Why a job stands where it stands, what decided on top."""
    pairs = [("job", info.job), ("state", _state(info))]
    own = next((one for decision in info.decisions.values() if (one := deciding(decision))), None)
    here = next(iter(info.decisions), "")
    if info.reason and own is not None and own.rule == info.reason and info.ended_by in ("", here):
        pairs.append(("because", f"{own.constraint}: wanted {readable_times(own.wanted)}, {_found(own)} [{info.reason}]"))
        grant = next(_grant(decision, own) for decision in info.decisions.values())
        pairs += [("under", f"grant {grant}")] if grant else []
    elif info.reason and info.state != "withdrawn":
        pairs.append(("because", info.reason))
        if info.reason.startswith("policy.") and info.ended_by not in ("", here):
            pairs.append(("by which rule", f"`atoll why {info.job}` at the node of {info.ended_by} says it"))
    pairs += [("means", info.sentence)] if info.sentence else []
    if info.phase == AWAITING and info.state == "proposed":
        asked = [one.wanted for decision in info.decisions.values() for one in decision.reasons if one.rule == ASK]
        pairs.append(("waits here", "for a person" + (f": {listed(asked)}" if asked else "")))
        todo = "`atoll job show` says what it asks for; then `atoll job approve`, `atoll auction bid` or `atoll job refuse`"
        pairs.append(("what to do", todo))
    pairs += [("what to do", info.remedy)] if info.remedy else []
    shown: list[Shown] = [Fields(pairs)]
    for org, decision in info.decisions.items():
        shown += ["", *describe_decision(org, decision)]
    return shown


def _state(info: WhyInfo) -> str:
    """The state with who brought it about, or whom it waits for."""
    said = info.state
    if info.ended_by:
        reported = ", reported" if info.state == "failed" else ""  # by the first to say so, which need not have caused it
        said += f"{reported} by {info.ended_by}, in block {info.ended_height}"
    missing = WAITING.get(info.state)
    return said + (f"; {missing} of {listed(info.waits_for)} is missing" if missing and info.waits_for else "")


def deciding(decision: DecisionInfo) -> ReasonInfo | None:
    """The first rule that does not hold, from which a refusal has its code; None where all do."""
    return next((one for one in decision.reasons if not one.holds), None)


def describe_decision(who: str, decision: DecisionInfo) -> list[Shown]:
    """An organisation's decision, rule by rule; first what does not hold."""
    rows = [
        (
            yes_no(one.holds),
            one.constraint,
            readable_times(one.wanted),
            readable_times(one.observed),
            "" if one.holds else one.rule,
        )
        for one in sorted(decision.reasons, key=lambda one: one.holds)
    ]
    return [
        f"{who} decided: {decision.verdict} ({decision.code})",
        Rows(("holds", "looked at", "wanted", "found", "code"), rows),
    ]


def _found(one: ReasonInfo) -> str:
    return f"found {readable_times(one.observed)}"


def _grant(decision: DecisionInfo, row: ReasonInfo) -> str:
    """The grant that a row is about: the last one that was looked for above it, in what is asked of the same dataset."""
    if row.rule not in UNDER_A_GRANT:
        return ""
    found = ""
    for one in decision.reasons[: decision.reasons.index(row) + 1]:
        if one.constraint.startswith("state of "):  # the next dataset
            found = ""
        if one.constraint.startswith("grant for ") and one.holds:
            found = one.observed
    return found
