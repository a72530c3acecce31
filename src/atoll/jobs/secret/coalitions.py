"""Who could read what together: the table that every owner signs in its consent (SECURITY 1.4).

    two compute nodes                  every input and everything that is computed: their shares are all there is
    one compute node                   what the program opens to the nodes, if it opens anything
    a receiver                         its outputs
    a receiver and one compute node    no more than both alone
    a receiver and all owners but one  what the outputs tell of that owner alone: they know the rest
    all receivers                      all outputs

Of a pair's own tables nothing is said: it has them already.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from atoll.jobs.errors import BadPlan
from atoll.jobs.secret.places import Seats
from atoll.ledger.plan import Coalition

MAX_COALITIONS = 64
MAX_MEMBERS = 16
MAX_READS = 100
MAX_LABEL = 120
EVERYTHING = "everything that is computed"


def coalitions(seats: Seats, outputs: Sequence[Sequence[str]], opened: Sequence[str], *, kind: str) -> tuple[Coalition, ...]:
    """The table.

    Args:
        seats: verified.
        outputs: names of what each receiver gets.
        opened: what the compute nodes are shown, in words.
        kind: of the job, for the error.

    Raises:
        BadPlan: a plan has no room for it.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for members, reads in _lines(seats, outputs, opened):
        found.setdefault(tuple(sorted(set(members))), []).extend(reads)
    if len(found) > MAX_COALITIONS or any(len(members) > MAX_MEMBERS for members in found):
        raise BadPlan(kind=kind, reason="so many organisations could read so much together that a plan cannot tell it")
    return tuple(Coalition(members=members, reads=_short(reads)) for members, reads in sorted(found.items()) if reads)


def _lines(
    seats: Seats, outputs: Sequence[Sequence[str]], opened: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    shown = [f"opened to the compute nodes: {what}" for what in opened]
    named = [[f"output {name}" for name in names] for names in outputs]
    for pair in itertools.combinations(seats.computes, 2):
        others = [table for table in seats.owners if table.org not in pair]
        yield pair, [*(label for table in others for label in _columns(table.dataset, table.columns)), EVERYTHING]
    for node in seats.computes:
        yield (node,), shown
    for receiver, own in zip(seats.receivers, named, strict=True):
        yield (receiver,), own
        for node in seats.computes:
            if node != receiver:
                yield (receiver, node), [*own, *shown]
        for left in dict.fromkeys(table.org for table in seats.owners if table.org != receiver):
            rest = {table.org for table in seats.owners} - {left}
            alone = [f"what the outputs tell of {table.dataset} alone" for table in seats.owners if table.org == left]
            yield (receiver, *rest), alone
    if len(seats.receivers) > 1:
        yield seats.receivers, [label for own in named for label in own]


def _columns(dataset: str, columns: Sequence[str]) -> list[str]:
    labels = [f"{dataset}:{column}" for column in columns]
    return [label if len(label) <= MAX_LABEL else f"{dataset}:#{at + 1}" for at, label in enumerate(labels)]


def _short(reads: list[str]) -> tuple[str, ...]:
    unique = [one[:MAX_LABEL] for one in dict.fromkeys(reads)]
    return tuple(unique if len(unique) <= MAX_READS else [*unique[: MAX_READS - 1], f"and {len(unique) - MAX_READS + 1} more"])
