"""Who could read what: the table that every owner signs in its consent (SECURITY 1.4)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from atoll.jobs.intersection.outputs import Output
from atoll.jobs.intersection.spec import IntersectionSpec, Side
from atoll.ledger.plan import Coalition

MAX_LABEL = 120
MAX_READS = 100
PAIR = 2
"""Of more sides than these the table names datasets and not their columns: a plan has no room for the columns of 63 sets."""


def coalitions(spec: IntersectionSpec) -> tuple[Coalition, ...]:
    """Every set of the organisations with what its members could read together of the others and of themselves.

    Who puts its set together with others' has shown it to them, so of its members a set of two or more reads everything. Of
    everybody else one organisation reads what its result tells. A receiver with an owner beside it reads more: the owner can
    bring the receiver's own set, under any protocol, and what all have is then what those outside have.
    """
    sides = sorted(spec.sides, key=lambda side: side.org)
    sets = itertools.chain.from_iterable(itertools.combinations(sides, size) for size in range(1, len(sides) + 1))
    return tuple(Coalition(members=tuple(one.org for one in members), reads=_reads(spec, members)) for members in sets)


def _reads(spec: IntersectionSpec, members: tuple[Side, ...]) -> tuple[str, ...]:
    found: list[str] = []
    receives = any(one in spec.receivers for one in members)
    for side in spec.sides:
        if side in members:
            if len(members) > 1 and len(spec.sides) > PAIR:
                found.append(f"all columns of {side.dataset}")
            elif len(members) > 1:
                found += labels(side, (*side.columns, *side.keeps, *side.shows))
        else:
            if receives and len(members) == 1:
                found += _told(spec, side)
            found.append(f"size of {side.dataset}")
    if receives and len(members) > 1 and (outside := [side for side in spec.sides if side not in members]):
        found.insert(0, f"keys in common with {outside[0].dataset if len(outside) == 1 else 'all those outside'} alone")
    unique = tuple(dict.fromkeys(found))
    return unique if len(unique) <= MAX_READS else (*unique[: MAX_READS - 1], f"and {len(unique) - MAX_READS + 1} more")


def _told(spec: IntersectionSpec, side: Side) -> Iterable[str]:
    """What a result tells its receiver about another side."""
    match spec.output:
        case Output.CARDINALITY:
            return (f"{'noisy number' if spec.epsilon_micro else 'number'} of keys in common",)
        case Output.SUM:
            return ("number of keys in common", *labels(side, side.shows, "sum of "))
        case Output.IDENTIFIERS if len(spec.sides) > PAIR:
            return (f"matched keys of {side.dataset}",)
        case _:
            return (*labels(side, side.columns, "matched "), *labels(side, side.shows, "matched "))


def labels(side: Side, columns: Iterable[str], how: str = "") -> tuple[str, ...]:
    """`dataset:column`; a column whose name is too long for a label by its place among the side's columns."""
    every = (*side.columns, *side.keeps, *side.shows)
    named = [(f"{how}{side.dataset}:{column}", f"{how}{side.dataset}:#{every.index(column) + 1}") for column in columns]
    return tuple(name if len(name) <= MAX_LABEL else number for name, number in named)
