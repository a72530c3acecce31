"""Why an order binds, and why a person's signature does not count."""

from __future__ import annotations

from atoll.errors import RuleError


class OrderInForce(RuleError):
    """A regulator has frozen or recalled what this rests on."""

    code = "order.in_force"
    number = 51
    sentence = "{what} is {state} by order {order} of {regulator}."
    remedy = (
        "Ask the regulator; `atoll order show` tells who signed. A frozen thing can be used again when the order is lifted."
    )


class OneHandOnly(RuleError):
    """An order does not carry the good signatures of two different approvers of the regulator that gives it."""

    code = "order.not_two_persons"
    number = 52
    sentence = "The order is not signed by two different approvers of {org}: {reason}."
    remedy = "Have two persons sign the same order file: `atoll order sign`, each with an own key."


class BadApprover(RuleError):
    """A person's key may not be registered or counted."""

    code = "approver.refused"
    number = 53
    sentence = "{person} of {org} is no approver: {reason}."
    remedy = "Make a new key with `atoll key approver new`, and have approvers in force sign its request."


class ApprovalMissing(RuleError):
    """The consent of an owner whose data are of level G4 or above lacks the signature of one of its approvers."""

    code = "consent.no_person"
    number = 54
    sentence = "{dataset} is of level {level}: the consent of {org} must carry the signature of one of its approvers."
    remedy = "Have a person sign: `atoll job approve JOB --approver FILE`."
