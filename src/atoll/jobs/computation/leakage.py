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
        f"{gets}. The compute nodes {_listed(seats.computes)} learn the program and the sizes of its columns, "
        f"{_MODEL[said.security]}.{opened} Any two of them together could read everything. Everybody knows {known}. "
        "Repeating the job on changed tables shows the difference."
    )
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."


def _rows(dataset: str, rows: int, rules: tuple[str, ...]) -> str:
    hidden = all(parse_number_rule(one).is_nullable for one in rules)
    return f"that {dataset} has at most {rows} rows" if hidden else f"that {dataset} has {rows} rows"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
