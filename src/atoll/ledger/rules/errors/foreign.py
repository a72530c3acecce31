"""Refusals about claims that other consortia are asked about."""

from __future__ import annotations

from atoll.errors import RuleError


class ClaimRefused(RuleError):
    """A step of a claim across consortia that does not follow."""

    code = "foreign.claim"
    number = 100
    sentence = "The claim is refused: {reason}."
    remedy = "`atoll duplicate show` says how it stands; register again, which goes on where it can or reserves anew."


class ClaimHeld(RuleError):
    """The fingerprint is claimed in this consortium already."""

    code = "foreign.held"
    number = 101
    sentence = "The fingerprint is {state} by {org}."
    remedy = "A reservation expires; against a confirmed claim register, and contest it (`atoll dataset dispute open`)."


class TooManyClaims(RuleError):
    """A member reserves too much in one day."""

    code = "foreign.too_many"
    number = 102
    sentence = "{org} has made {limit} reservations across consortia today."
    remedy = "Go on tomorrow."
