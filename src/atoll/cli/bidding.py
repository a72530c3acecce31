"""How an auction stands: what came of it and what became of each bid, as far as the ledger and the receipts here tell."""

from __future__ import annotations

from atoll.api.models import JobInfo
from atoll.cli.reply import Fields, Rows, Shown
from atoll.cli.words import duration, iso, listed

VOID = "counts as none"
ENOUGH = 2
"""Compute nodes whose word on an opening is believed together: at most one of the three is dishonest."""


def describe_offer(one: JobInfo) -> list[Shown]:
    """What is bid for, before somebody bids: the rule and all that it tells whom, and who could read bids together."""
    plan = one.plan or {"coalitions": []}
    pairs = [
        ("auction", one.job),
        ("opened by", f"{one.proposer}, for {one.purpose or 'a purpose that is not known here'}"),
        ("bids until", iso(one.bids_until)),
        ("shows", one.leakage or "its plan is not here, so nobody here knows"),
    ]
    rows = [(" + ".join(each["members"]), listed(each["reads"])) for each in plan["coalitions"]]
    return [Fields(pairs), "", Rows(("together", "could read"), rows, "not known here"), ""]


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
            missing = [org for org in one.parties if org not in one.receipts]
            return f"none is acknowledged: {listed(missing)} signed no receipt" + _signed(one)
    by = f"{', reported' if one.state == 'failed' else ''} by {one.ended_by}" if one.ended_by else ""  # not: caused by
    said = f" ({one.reason})" if one.reason and not one.reason.startswith("withdrawn") else ""
    return f"{'not for all' if _signed(one) else 'none'}: {one.state}{by}{said}{_signed(one)}"


def _signed(one: JobInfo) -> str:
    """Who has an outcome though it is not acknowledged by all: whoever had signed its receipt by then."""
    signed = [org for org in one.receivers if org in one.receipts]
    return f"; {listed(signed)} signed a receipt, and can read an outcome" if signed else ""


def _bid(one: JobInfo, org: str, now: int) -> str:
    """What became of an organisation's bid, in a word. Of opening, two compute nodes' word counts: one alone may lie."""
    if one.ended_by == org and one.state in ("refused", "withdrawn"):
        return one.state
    if org not in one.consents:
        return "awaited" if one.state == "proposed" and now <= one.bids_until else "none"
    if len(one.unopened.get(org, ())) >= ENOUGH:
        return "not opened"
    return "opened" if len(_who_say_opened(one, org)) >= ENOUGH else "committed"


def _detail(one: JobInfo, org: str) -> str:
    denied, opened = one.unopened.get(org, []), _who_say_opened(one, org)
    if len(denied) >= ENOUGH:
        return f"{VOID}; {listed(denied)} signed that"
    if denied:
        against = f"{listed(opened)} that it was" if opened else "of the others no receipt is here"
        return f"{listed(denied)} signed that it was not opened, {against}; one node's word shows nothing"
    if one.state == "completed" and org in one.consents and len(opened) < ENOUGH:
        return "whether it was opened, the compute nodes' receipts say; " + ("one is here" if opened else "they are not here")
    return ""


def _who_say_opened(one: JobInfo, org: str) -> list[str]:
    """The compute nodes whose receipts are here and do not name this bidder."""
    denied = one.unopened.get(org, ())
    return [node for node in one.opening_witnesses if node not in denied] if org in one.consents else []
