"""How an auction stands: what came of it and what became of each bid, as far as the ledger and the receipts here tell."""

from __future__ import annotations

from atoll.api.models import JobInfo
from atoll.cli.reply import Fields, Rows, Shown
from atoll.cli.words import duration, iso, listed

VOID = "counts as none"


def describe_bidding(one: JobInfo, *, now: int) -> list[Shown]:
    """The outcome first, then each bidder.

    Args:
        one: a job that asks for bids.
        now: Unix seconds.
    """
    rows = [(org, _bid(one, org, now), _detail(one, org)) for org in one.bidders]
    left = one.bids_until - now
    pairs = [
        ("auction", one.job),
        ("outcome", _outcome(one, now)),
        ("bids until", iso(one.bids_until) + (f", in {duration(left)}" if left > 0 else ", over")),
        ("goes to", listed(one.receivers) + (" alone" if len(one.receivers) == 1 else "")),
    ]
    return [Fields(pairs), "", Rows(("bidder", "bid", ""), rows)]


def _outcome(one: JobInfo, now: int) -> str:
    """What came of it in a sentence."""
    missing = [org for org in one.parties if org not in one.consents]
    silent = [org for org in one.bidders if org not in one.consents]
    match one.state:
        case "proposed" if now <= one.bids_until or not silent:
            return f"open; {listed(missing)} {'have' if len(missing) > 1 else 'has'} not consented yet"
        case "proposed":
            return f"none: no bid of {listed(silent)} came in time, so it cannot start; it expires at {iso(one.not_after)}"
        case "consented":
            return "open: all have committed; it starts by itself when bidding is over"
        case "started":
            return "not yet: it is being computed"
        case "completed":
            return f"there is one; `atoll job result {one.job}` shows it at the node of {' and '.join(one.receivers)}"
        case "unacknowledged":
            return f"none is acknowledged: {listed([org for org in one.parties if org not in one.receipts])} signed no receipt"
    by = f" by {one.ended_by}" if one.ended_by else ""
    said = f" ({one.reason})" if one.reason and not one.reason.startswith("withdrawn") else ""
    return f"none: {one.state}{by}{said}"


def _bid(one: JobInfo, org: str, now: int) -> str:
    """What became of an organisation's bid, in a word."""
    if one.ended_by == org and one.state in ("refused", "withdrawn"):
        return one.state
    if org not in one.consents:
        return "awaited" if one.state == "proposed" and now <= one.bids_until else "none"
    if org in one.unopened:
        return "not opened"
    return "opened" if one.opening_witnesses else "committed"


def _detail(one: JobInfo, org: str) -> str:
    if org in one.unopened:
        return f"{VOID}; {listed(one.unopened[org])} signed that"
    if one.state == "completed" and org in one.consents and not one.opening_witnesses:
        return "whether it was opened, the compute nodes' receipts say; they are not here"
    return ""
