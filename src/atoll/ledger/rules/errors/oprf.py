"""Why the members' fingerprint key is not dealt or not used so."""

from __future__ import annotations

from atoll.errors import RuleError


class OprfNoKey(RuleError):
    """The members share no key yet, so there is nothing to evaluate."""

    code = "oprf.no_key"
    number = 21
    sentence = "The members of this consortium share no fingerprint key yet."
    remedy = "It is dealt once enough validating members' nodes are up; `atoll ledger show oprf-dealing/0` tells how far it is."


class OprfLimitReached(RuleError):
    """A member has used up its evaluations of the day; that bounds how fast anybody can guess at fingerprints."""

    code = "oprf.limit_reached"
    number = 22
    sentence = "{org} has asked for {limit} evaluations today (UTC), the most a member may."
    remedy = "Wait for the next day; no member can be given more."


class OprfWrongDealing(RuleError):
    """A part of a dealing that is not due: another dealing, another phase, or not this member's to give."""

    code = "oprf.wrong_dealing"
    number = 23
    sentence = "This is no part of the dealing that is under way: {reason}."
    remedy = "The node looks again by itself; `atoll ledger show oprf-dealing/0` shows what is due."


class OprfBadDeal(RuleError):
    """A deal does not hold: its form, its commitments, or the proof that its dealer knows what it deals."""

    code = "oprf.bad_deal"
    number = 24
    sentence = "The deal of {org} does not hold: {reason}."
    remedy = "The dealer's node is faulty or hostile; the refused transaction, which it signed, is the evidence."


class OprfUnfounded(RuleError):
    """A complaint that shows no wrong share."""

    code = "oprf.unfounded"
    number = 25
    sentence = "The complaint about {org} does not hold: {reason}."
    remedy = "The member that complained is faulty or hostile; the refused transaction, which it signed, is the evidence."
