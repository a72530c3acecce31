"""Why a grant or a standing consent carries nothing, or no more."""

from __future__ import annotations

from atoll.errors import RuleError


class GrantExhausted(RuleError):
    """A counted allowance is used up; START reserved nothing."""

    code = "budget.exhausted"
    number = 11
    sentence = "Budget {account} has {left} {unit} left; the job needs {needed}."
    remedy = "Ask the owner for a new grant or a higher limit."


class GrantNotInForce(RuleError):
    """The grant a job rests on is revoked, expired, changed, for another dataset, or another grantee's."""

    code = "grant.not_in_force"
    number = 12
    sentence = "Grant {grant} does not carry this job: {reason}."
    remedy = "Negotiate a grant whose terms cover the plan, and plan again."


class CapReached(RuleError):
    """The recipient, or its group, would take more from a lineage in a period than the grant permits; START took nothing."""

    code = "grant.cap_reached"
    number = 20
    sentence = "Grant {grant} permits {limit} {unit} in {days} days; {taken} are taken and the job needs {needed}: {free}."
    remedy = "Wait until the period has moved on, ask with a smaller set, or ask the owner for a grant with a higher cap."


class StandingNotInForce(RuleError):
    """A consent rests on a standing consent that is unknown, somebody else's, revoked, or outside its term."""

    code = "standing.not_in_force"
    number = 60
    sentence = "Standing consent {standing} carries no consent: {reason}."
    remedy = "`atoll policy standing list` shows those in force; a person can approve the job with `atoll job approve`."


class StandingTooLong(RuleError):
    """A standing consent would have ended before it began, or holds longer than any may."""

    code = "standing.term"
    number = 61
    sentence = (
        "The term from {first} to {last} is no term at {now}: it ends later than that, and at most {days} days after it began."
    )
    remedy = "Give it for fewer days; give another one when it has ended."
