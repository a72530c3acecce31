"""What a person says about the sides of an intersection, completed from the catalogue: rules, row caps, grants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from atoll.api.models import DatasetInfo, GrantInfo
from atoll.cli.errors import BadArgument, GrantUnclear, NoRule, RulesDiffer
from atoll.cli.fitting import Use, left, state, why_unfit
from atoll.cli.grant import rows_limit
from atoll.client import Node

_LINK = re.compile(r"(?P<rate>[0-9]+) ?(?P<unit>[MG])b/s, ?(?P<delay>[0-9]+) ?ms")


class Join(StrEnum):
    """As in `atoll.jobs.intersection`, which takes a quarter of a second to load; a test keeps the two alike."""

    INNER = "inner"
    LEFT = "left"
    ANTI = "anti"


class Wanted(StrEnum):
    """Outputs of an intersection; the policy knows more."""

    IDENTIFIERS = "identifiers"
    ROWS = "rows"
    CARDINALITY = "cardinality"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an intersection."""

    dataset: DatasetInfo
    columns: tuple[str, ...]
    rules: tuple[str, ...]
    rows_cap: int
    grant: GrantInfo | None = None
    keeps: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()

    def to_spec(self) -> dict[str, Any]:
        """As the kind's specification wants it."""
        return {
            "org": self.dataset.owner,
            "dataset": self.dataset.dataset,
            "columns": list(self.columns),
            "normalisation": list(self.rules),
            "rows_cap": self.rows_cap,
            "grants": [{"grant": self.grant.grant, "version": self.grant.version}] if self.grant else [],
            "keeps": list(self.keeps),
            "shows": list(self.shows),
        }


def find_grant(node: Node, dataset: DatasetInfo, named: str, use: Use, *, grantee: str = "") -> GrantInfo:
    """The grant that is named, or the only one in force for the dataset; of several, the only one whose terms fit.

    Args:
        use: what it has to permit.
        grantee: whom it must be given to; anybody if left out.

    Raises:
        NoSuchGrant: the one named is not this organisation's.
        GrantUnclear: none is in force, or of several none fits or several do.
    """
    if named:
        return node.grants.show(named)
    known = [
        one
        for one in node.grants.list()
        if one.dataset == dataset.dataset and one.owner == dataset.owner and grantee in ("", one.grantee)
    ]
    found = [one for one in known if one.state == "active" and left(one)]
    fitting = [one for one in found if not why_unfit(one, use)] if len(found) > 1 else found
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        which = [one.grant for one in fitting]
        raise GrantUnclear(found=f"{len(fitting)} grants in force fit", dataset=dataset.dataset, which=", ".join(which))
    if found:
        which = [f"{one.grant} ({why_unfit(one, use)})" for one in found]
        raise GrantUnclear(found=f"None of {len(found)} grants in force fits", dataset=dataset.dataset, which="; ".join(which))
    which = [f"{one.grant} is {state(one)}" for one in known]
    raise GrantUnclear(found="No grant is in force for", dataset=dataset.dataset, which="; ".join(which) or "none was given")


def share_columns(columns: Sequence[str], sides: int) -> list[list[str]]:
    """Key columns, side by side: first those of the first side, then equally many of each other.

    Raises:
        BadArgument: they are not equally many.
    """
    each, rest = divmod(len(columns), sides)
    if not each or rest:
        raise BadArgument(what="--column", reason="give the key columns of --mine, then equally many of each --theirs")
    return [list(columns[at * each : (at + 1) * each]) for at in range(sides)]


def read_side(
    dataset: DatasetInfo, columns: Sequence[str], rules: Sequence[str], rows_cap: int | None, grant: GrantInfo | None
) -> Side:
    """What a dataset's card says about the columns that make the key.

    Raises:
        BadArgument: the card has no such column, or the rules are not one a column.
        NoRule: neither card nor rules say how a column is spelt.
    """
    by_name = {one.name: one for one in dataset.columns}
    verify_named(dataset, columns, "--column")
    if rules and len(rules) != len(columns):
        raise BadArgument(what="--normalisation", reason=f"{len(rules)} rules for keys of {len(columns)} columns")
    spelt = tuple(rules) or tuple(by_name[name].normalisation if name in by_name else "" for name in columns)
    for name, rule in zip(columns, spelt, strict=True):
        if not rule:
            raise NoRule(dataset=dataset.dataset, column=name)
    limits = [one for one in (dataset.rows_at_most, rows_limit(grant) if grant else None) if one]
    cap = rows_cap or (min(limits) if limits else 0)
    if not cap:
        raise BadArgument(what="--rows-cap", reason=f"the card of {dataset.dataset} is not here, so it has to be said")
    return Side(dataset, tuple(columns), spelt, cap, grant)


def verify_named(dataset: DatasetInfo, columns: Sequence[str], option: str) -> None:
    """Columns of a card that is here.

    Raises:
        BadArgument: the card has no such column.
    """
    names = {one.name for one in dataset.columns}
    for name in columns:
        if names and name not in names:
            reason = f"{dataset.dataset} has no such column"
            if option == "--column":
                reason += "; first come the columns of --mine, then those of --theirs"
            raise BadArgument(what=f"{option} {name}", reason=reason)


def verify_shown(output: Wanted, show: Sequence[str]) -> None:
    """What comes out, and of which columns.

    Raises:
        BadArgument: an output of columns without one, or a sum of several.
    """
    if output is Wanted.SUM and not show:
        raise BadArgument(what=f"--output {output}", reason="name what is added up with --show COLUMN, a column of --theirs")
    if output is Wanted.SUM and len(show) > 1:
        raise BadArgument(what="--show", reason="a sum is over one column")


def describe_doubt(grant: GrantInfo, use: Use) -> str:
    """Said before a person decides, where the terms here do not seem to permit a job; empty where they do."""
    why = why_unfit(grant, use)
    return f"Grant {grant.grant} does not name this ({why}); the node of {grant.owner} decides.\n" if why else ""


def verify_same_rules(sides: Sequence[Side]) -> None:
    """All sides spell their keys alike.

    Raises:
        RulesDiffer: two do not.
    """
    first = sides[0]
    for other in sides[1:]:
        for at, (one, two) in enumerate(zip(first.rules, other.rules, strict=True)):
            if one != two:
                raise RulesDiffer(mine=first.columns[at], mine_rule=one, theirs=other.columns[at], theirs_rule=two)


def parse_link(text: str) -> dict[str, int]:
    """`100Mb/s,20ms` as the specification has it.

    >>> parse_link("1 Gb/s, 20 ms")
    {'megabits_per_second': 1000, 'latency_ms': 20}

    Raises:
        BadArgument: it reads otherwise.
    """
    found = _LINK.fullmatch(text.strip())
    if found is None:
        raise BadArgument(what=f"--link {text}", reason="write rate and one-way delay, for example 100Mb/s,20ms")
    return {
        "megabits_per_second": int(found["rate"]) * (1000 if found["unit"] == "G" else 1),
        "latency_ms": int(found["delay"]),
    }
