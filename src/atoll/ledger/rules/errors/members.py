"""Why a motion, a departure or an invitation is refused."""

from __future__ import annotations

from atoll.errors import RuleError


class MotionTooLong(RuleError):
    """A motion would stand for longer than any may."""

    code = "motion.too_long"
    number = 90
    sentence = "A motion stands for at most {days} days."
    remedy = "Open it with an earlier end; it can be opened again."


class NotCarried(RuleError):
    """What the transaction builds on has not been approved by enough members."""

    code = "motion.not_carried"
    number = 91
    sentence = "Motion {motion} has {found} of the {needed} approvals that it needs."
    remedy = (
        "Validating members approve it at their own nodes: `atoll consortium motions`, then `atoll consortium approve NUMBER`."
    )


class MemberNeeded(RuleError):
    """The ledger cannot do without this member as it is."""

    code = "member.needed"
    number = 92
    sentence = "{org} cannot go now: {reason}."
    remedy = "Have another member take its part first; the one who orders transactions: `atoll consortium handover`."
