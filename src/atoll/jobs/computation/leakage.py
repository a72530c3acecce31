"""What each place learns beside its output, in words: one text for the plan, the command line and the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from atoll.jobs.computation.statement import Statement
from atoll.jobs.numbers import parse_number_rule
from atoll.jobs.secret.places import Seats
from atoll.jobs.security import Security

MAX_TEXT = 2000
_MODEL = {
    Security.SEMI_HONEST: "as long as no two of them work together and all follow the protocol",
    Security.MALICIOUS: "as long as no two of them work together; one that deviates is noticed before anything is opened",
}


def leakage_text(said: Statement, seats: Seats) -> str:
    """The text. What is too long for a plan is cut, and stands whole in its program and coalitions."""
    gets = "; ".join(
        f"{org} learns {_listed([one.name for one in place.outputs])}"
        for org, place in zip(seats.receivers, said.receivers, strict=True)
    )
    known = "; ".join(_rows(table.dataset, table.rows, table.rules) for table in seats.owners)
    opened = f" They are shown {_listed(said.opens)}." if said.opens else " They are shown nothing else."
    text = (
        f"{_chosen(seats)}{_first(seats)}{gets}. The compute nodes {_listed(seats.computes)} learn the program and the sizes "
        f"of its columns, {_MODEL[said.security]}.{opened} Any two of them together could read everything. Everybody knows "
        f"{known}. Repeating the job on changed tables shows the difference."
    )
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."


def _chosen(seats: Seats) -> str:
    """Of receivers who bring something beside others: a column of noughts and a one picks a row, and no operation shows that.
    It stands first, where names that others chose cannot push it out of the text."""
    owners = {table.org for table in seats.owners}
    both = [org for org in seats.receivers if org in owners and owners != {org}]
    if not both:
        return ""
    who = f"{_listed(both)} receives and brings" if len(both) == 1 else f"{_listed(both)} receive and bring"
    return (
        f"{who} columns too: where the program multiplies, compares or joins them with others', whoever brings them "
        "chooses, in each job anew, which of the others' rows count. "
    )


def _first(seats: Seats) -> str:
    if len(seats.receivers) == 1:
        return ""
    return "Whoever receives has its outputs first, and can then still end the job as failed for all others. "


def _rows(dataset: str, rows: int, rules: tuple[str, ...]) -> str:
    hidden = all(parse_number_rule(one).is_nullable for one in rules)
    return f"that {dataset} has at most {rows} rows" if hidden else f"that {dataset} has {rows} rows"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
