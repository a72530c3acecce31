"""What can go wrong in dealing a key and in evaluating under it."""

from __future__ import annotations

from atoll.errors import PeerError


class BadDeal(PeerError):
    """A deal fails a check that everybody can make."""

    code = "oprf.deal_refused"
    sentence = "The deal of {org} does not hold: {reason}."
    remedy = "The dealer's node is faulty or hostile; the others go on without it."


class WrongShare(PeerError):
    """A dealer sealed something to a member that is not its share."""

    code = "oprf.wrong_share"
    sentence = "What {org} dealt to {member} is not the share that it committed to."
    remedy = "The member's node shows it to everybody in a complaint by itself; the dealer's deal then counts no more."
