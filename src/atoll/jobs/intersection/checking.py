"""What makes no sense, found before a plan is drafted from it; and so in every plan, which is drafted again to be checked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from atoll.jobs.errors import BadPlan
from atoll.jobs.intersection.outputs import Join, Output, joined_names
from atoll.jobs.intersection.reading import KIND
from atoll.jobs.intersection.spec import MAX_PLACES, TOTAL_BITS, IntersectionSpec, Side
from atoll.policy.demand import OF_PROGRAMS
from atoll.protocols.identifiers import UnknownRule, parse_rules


def verify_spec(spec: IntersectionSpec) -> None:
    """Refuse what no plan can be made of.

    Raises:
        BadPlan: the first thing that is wrong.
    """
    reason = next(chain(_sides(spec), _outputs(spec), _names(spec)), "")
    if reason:
        raise BadPlan(kind=KIND, reason=reason)
    try:
        parse_rules(spec.receivers[0].normalisation)
    except UnknownRule as err:
        raise BadPlan(kind=KIND, reason=str(err).rstrip(".")) from err


def _sides(spec: IntersectionSpec) -> Iterator[str]:
    orgs = [side.org for side in spec.sides]
    if not 2 <= len(orgs) <= MAX_PLACES:
        yield f"it takes 2 to {MAX_PLACES} organisations"
    if len(set(orgs)) != len(orgs):
        yield "an organisation has two places, and does not intersect with itself"
    for side in spec.sides:
        yield from _side(side, spec)


def _side(side: Side, spec: IntersectionSpec) -> Iterator[str]:
    if side.dataset.partition("/")[0] != side.org:
        yield f"{side.dataset} is not a dataset of {side.org}"
    if len(side.columns) != len(side.normalisation) or len(set(side.columns)) != len(side.columns):
        yield f"the key of {side.dataset} does not have one rule for each of its columns, each named once"
    if side.normalisation != spec.receivers[0].normalisation:
        yield "the sides spell their keys by different rules, so equal identifiers would not match"
    for beside in (side.keeps, side.shows):
        if len({*side.columns, *beside}) != len(side.columns) + len(beside):
            yield f"a column of {side.dataset} is named twice"
    others = len(spec.receivers) - (side in spec.receivers)
    if len(side.grants) != others:
        yield f"the use of {side.dataset} rests on {len(side.grants)} grants, and {others} other organisations receive"
    if side.keeps and side not in spec.receivers:
        yield f"{side.org} gets no result that it could keep columns in"


def _outputs(spec: IntersectionSpec) -> Iterator[str]:
    output, shown = spec.output, [side for side in spec.sides if side.shows]
    if output in OF_PROGRAMS:
        yield f"{output} is what programs on secret shares give"
    if spec.join is Join.LEFT and output is not Output.ROWS:
        yield "a left join without columns of the other side gives a table back as it was"
    if spec.join is Join.ANTI and output is not Output.IDENTIFIERS:
        yield "an anti join gives identifiers: rows that do not match have nothing of the other side beside them"
    if spec.epsilon_micro and output is not Output.CARDINALITY:
        yield "noise is for a cardinality"
    if (spec.min_count or spec.total_bits) and output is not Output.SUM:
        yield "a least number of matches, or a width, is for a sum"
    if spec.total_bits and spec.total_bits not in TOTAL_BITS:
        yield f"a sum has {TOTAL_BITS[0]} to {TOTAL_BITS[-1]} bits"
    givers = [side for side in spec.sides if spec.receivers != (side,)]
    if output is Output.ROWS and not all(side.shows for side in givers):
        yield "rows are asked for and a side shows no column; for rows of your own keep columns beside identifiers"
    if output is Output.SUM and (len(shown) != 1 or len(shown[0].shows) != 1 or shown[0] in spec.receivers):
        yield "a sum is over one column of one owner"
    if output not in (Output.ROWS, Output.SUM) and shown:
        yield f"{shown[0].dataset} shows columns that {output} does not give to anybody"
    if output in (Output.CARDINALITY, Output.SUM) and any(side.keeps for side in spec.sides):
        yield f"{output} has no rows that columns could stand in"
    if len(spec.receivers) == 1 and spec.receivers[0].shows:
        yield f"{spec.receivers[0].org} shows columns, and nobody else receives"


def _names(spec: IntersectionSpec) -> Iterator[str]:
    for receiver in spec.receivers:
        others = ((side.org, name) for side in spec.sides if side is not receiver for name in side.shows)
        names = joined_names((*receiver.columns, *receiver.keeps), others)
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"two columns of the result of {receiver.org} would be called {name}; leave one of them out"
