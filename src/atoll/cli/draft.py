"""A job that is not proposed yet, as people see it before they decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from atoll.api.models import DraftInfo, GrantInfo, OptionInfo
from atoll.cli.budget import in_words
from atoll.cli.fitting import left
from atoll.cli.foreseeing import describe_foreseen
from atoll.cli.reply import Fields, Rows, Shown
from atoll.cli.words import duration, iso, listed, size

_ADVERSARIES = {
    "semi-honest": "semi-honest: protects against parties that keep to the protocol",
    "malicious": "malicious: protects against parties that send what they like",
    "honest-majority-semi-honest": "of three compute nodes one may be curious, and keeps to the protocol",
    "honest-majority-malicious": "of three compute nodes one may send what it likes, and is noticed before anything is opened",
}


def describe_draft(draft: DraftInfo, grants: Sequence[GrantInfo], *, me: str) -> list[Shown]:
    """Everything to know before proposing.

    Args:
        draft: what would be proposed.
        grants: what it rests on.
        me: this organisation.
    """
    plan, estimate = draft.plan, draft.estimate
    pairs = [
        ("job", f"{plan['kind']} by {plan['protocol']}/{plan['protocol_version']}, for {plan['purpose']}"),
        *_inputs(plan),
        *(
            ("rests on", f"grant {one.grant} of {one.owner}, {left(one)} uses left, until {iso(one.not_after)}")
            for one in grants
        ),
        (
            "takes",
            f"up to {duration(estimate['seconds'])} on one core, {size(estimate['traffic_mb'] * 1e6)} sent, "
            f"{size(estimate['memory_mb'] * 1e6)} of memory",
        ),
        ("deadline", iso(plan["not_after"])),
        ("result", f"{listed(draft.result_columns)}, for {_receivers(plan, me)}"),
        ("shows", draft.leakage),
        ("adversary", _ADVERSARIES.get(draft.adversary_model, draft.adversary_model)),
    ]
    takes = [
        (one.dataset, in_words(one.account), one.account.unit, str(one.amount), str(one.account.left), str(one.left_after))
        for one in draft.takes
    ]
    rows = [(" + ".join(one.members), listed(one.reads)) for one in draft.coalitions]
    budgets: list[Shown] = ["", Rows(("dataset", "account", "unit", "takes", "left", "left after"), takes)] if takes else []
    together: list[Shown] = ["", Rows(("together", "could read"), rows)]
    return [Fields(pairs), *describe_options(draft), *budgets, *together, *describe_foreseen(draft.foreseen, me=me), ""]


def describe_options(draft: DraftInfo) -> list[Shown]:
    """Which protocols could do it, and why one was chosen."""
    if not draft.options:
        return []
    columns = ("", "protocol", "time", "traffic", "memory", "why not")
    return ["", Rows(columns, [_option(one) for one in draft.options]), "", draft.why]


def _option(one: OptionInfo) -> tuple[str, ...]:
    mark = "*" if one.chosen else ""
    if one.why_not:
        return mark, one.name, "-", "-", "-", one.why_not
    return mark, one.name, duration(one.seconds), size(one.traffic_mb * 1e6), size(one.memory_mb * 1e6), ""


def _inputs(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """Which datasets take part, and how they are read; or who bids, where people are asked and no dataset is."""
    if plan["inputs"]:
        spelt = "read as" if plan["attached"] else "spelt by"
        each = dict.fromkeys(map(_input, plan["inputs"]))
        return [("inputs", "; ".join(each)), (spelt, listed(plan["inputs"][0]["normalisation"]))]
    owners = [one["org"] for one in plan["parties"] if one["role"] == "owner"]
    return [("bidders", listed(owners)), ("bids until", iso(plan["bids_until"]))]


def _input(one: dict[str, Any]) -> str:
    return f"{one['dataset']} ({', '.join(one['columns'])}; at most {one['rows_cap']})"


def _receivers(plan: dict[str, Any], me: str) -> str:
    orgs = [one["org"] for one in plan["parties"] if one["role"] == "receiver"]
    if orgs == [me]:
        return "you alone"
    return f"{orgs[0]} alone" if len(orgs) == 1 else listed(orgs) + (", each from its own rows" if plan["inputs"] else "")
