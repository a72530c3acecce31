"""What each place learns beside its output, in words: one text for the plan, the command line and the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from atoll.jobs.ranking.spec import Offer
from atoll.jobs.security import Security
from atoll.programs.library.ranking import Rule

MAX_TEXT = 2000
_MODEL = {
    Security.SEMI_HONEST: "as long as no two of them work together and all follow the protocol",
    Security.MALICIOUS: "as long as no two of them work together; one that deviates is noticed before anything is opened, and "
    "none alone can leave out a bid that was opened to them",
}
_GETS = {
    Rule.ORDER: "each bidder learns its own rank and nobody else does",
    Rule.BEST: "{receivers} learn the {best} best bidders in their order, and no bid",
    Rule.WINNER: "{receivers} learn the best bidder, and no bid",
    Rule.FIRST_PRICE: "{receivers} learn the best bidder and its bid",
    Rule.SECOND_PRICE: "{receivers} learn the best bidder and the second-best bid, not whose it is, and not the best one",
}


def leakage_text(offer: Offer, bidders: Sequence[str], computes: Sequence[str], receivers: Sequence[str]) -> str:
    """The text, at most `MAX_TEXT` long: too many names are counted, for the plan has them."""
    named = _text(offer, ", ".join(bidders), ", ".join(computes), ", ".join(receivers))
    if len(named) <= MAX_TEXT:
        return named
    return _text(offer, f"the {len(bidders)} bidders", ", ".join(computes), f"the {len(receivers)} receivers")


def _text(offer: Offer, bidders: str, computes: str, receivers: str) -> str:
    gets = _GETS[offer.rule].format(receivers=receivers, best=offer.best)
    return (
        f"{gets}. The compute nodes {computes} learn nothing of the bids, {_MODEL[offer.security]}; two of "
        "them together could read every bid. Everybody knows that "
        f"{bidders} were asked to bid from {offer.low} to {offer.high}, and in which order they committed. Of equal "
        "bids the one that was committed to first ranks higher, and whoever orders the ledger can say which that was; nobody "
        "is told that there were equal ones. A bid outside the range counts as none, and nobody is told that either, but where "
        "it leaves no winner or decides a price. Whoever receives has the outcome first, and can then still end the ranking as "
        "failed for all others. Who does not open its bid is named in the compute nodes' receipts; one that "
        "does not answer at all ends the ranking without an outcome."
    )
