"""What a dataset version was made from, as far back as the ledger knows: budgets, orders and levels reach derived sets too."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from atoll.ledger.records import Dataset, LevelFloor, Reader, Regrade
from atoll.ledger.rules.errors import TooManyAncestors

MOST_ANCESTORS = 256
"""Dataset versions that one version may rest on, itself included; what rests on more cannot be used."""


@dataclass(frozen=True, slots=True)
class Ancestry:
    """A version with all it was derived from."""

    datasets: tuple[str, ...]
    """Versions, the asked-for one first, then its parents, then theirs."""
    lineages: tuple[str, ...]
    """Their lineages, each once, in the same order."""


def ancestry(state: Reader, dataset: Dataset) -> Ancestry:
    """What a version rests on.

    Raises:
        TooManyAncestors: more than MOST_ANCESTORS versions.

    Cost: at most MOST_ANCESTORS records.
    """
    if not dataset.parents:
        return Ancestry((dataset.dataset,), (dataset.lineage,))
    found = {dataset.dataset: dataset.lineage}
    row: Sequence[Dataset] = (dataset,)
    while row:
        names = dict.fromkeys(name for one in row for name in one.parents if name not in found)
        if len(found) + len(names) > MOST_ANCESTORS:
            raise TooManyAncestors(dataset=dataset.dataset, most=MOST_ANCESTORS)
        found |= {name: name.rpartition("/")[0] for name in names}
        row = [one for one in (state.get(Dataset, name) for name in names) if one is not None]
    return Ancestry(tuple(found), tuple(dict.fromkeys(found.values())))


def effective_level(state: Reader, dataset: Dataset) -> int:
    """The level that a version is handled by: the highest of its own, its lineage's floor, and those of all it rests on.

    A version that was lowered is not bound by what had risen in its sources before that, along the way through it; what rises
    in them later binds it again. Lowering is explicit: `dataset.regrade` with a reason, from G4 on with a person's signature.

    Raises:
        TooManyAncestors: as `ancestry`.

    Cost: three records a version it rests on.
    """
    level, seen = dataset.level, set[str]()
    waiting: list[tuple[int, str]] = [(0, dataset.dataset)]  # what rose before the block named first does not count
    while waiting:
        since, name = heapq.heappop(waiting)  # the way with the earliest lowering comes first, and tells the most
        if name in seen:
            continue
        seen.add(name)
        if len(seen) > MOST_ANCESTORS:
            raise TooManyAncestors(dataset=dataset.dataset, most=MOST_ANCESTORS)
        one = dataset if name == dataset.dataset else state.get(Dataset, name)
        if one is None:
            continue
        change, floor = state.get(Regrade, name), state.get(LevelFloor, one.lineage)
        if (change.raised if change else one.height) >= since:
            level = max(level, one.level)
        if floor is not None and floor.height >= since:
            level = max(level, floor.floor)
        after = max(since, change.lowered if change else 0)
        for parent in one.parents:
            heapq.heappush(waiting, (after, parent))
    return level
