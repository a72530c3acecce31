"""Why a right does not carry, reach or move so."""

from __future__ import annotations

from atoll.errors import RuleError


class RightNotInForce(RuleError):
    """A right, or one above it on the way to the root, is unknown, frozen, revoked, out of its term, or in no proper chain."""

    code = "right.not_in_force"
    number = 40
    sentence = "Right {right} carries nothing now: {reason}."
    remedy = "`atoll right show` names every right up to the root and its state."


class RightExceeded(RuleError):
    """What is asked for goes beyond the right it would come from: kind, depth, term, uses, share, or a lease in the way."""

    code = "right.exceeds_parent"
    number = 41
    sentence = "Right {right} does not reach that far: {reason}."
    remedy = "Ask for less, or ask its grantor for more; `atoll right show` says what is left."


class RightNotMovable(RuleError):
    """A right other than the root is transferred without a right of transaction over it."""

    code = "right.not_movable"
    number = 42
    sentence = "Right {right} cannot be passed on: {reason}."
    remedy = "A right can be transferred by a holder who also has a right of transaction from above it; name that with --under."


class RightChanged(RuleError):
    """A transfer names an older version of the right: something was given from it, or done to it, in between."""

    code = "right.changed"
    number = 43
    sentence = "Right {right} is at version {version}; the transfer was agreed on version {agreed}."
    remedy = "Look at it again with `atoll right show`, and transfer it as it is now."


class NotFrozenSo(RuleError):
    """Only another order lifts a regulator's freeze, and only a manager a manager's."""

    code = "right.frozen_otherwise"
    number = 44
    sentence = "Right {right} is not frozen by this authority; on it are: {freezes}."
    remedy = "A freeze is lifted by those who set it: a regulator by two persons, or the manager of the lineage."


class TooManyRights(RuleError):
    """A right has as many living children as the ledger keeps count of."""

    code = "right.too_many"
    number = 45
    sentence = "Right {right} has {most} living rights directly under it, and takes no more."
    remedy = "Revoke those that are not needed, or give one right of operation and let its holder give the rest."
