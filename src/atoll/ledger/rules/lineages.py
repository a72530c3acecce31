"""What a dataset version was made from, as far back as the ledger knows: budgets and orders reach derived sets too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from atoll.ledger.records import Dataset, Record
from atoll.ledger.rules.errors import TooManyAncestors

R = TypeVar("R", bound=Record)
MOST_ANCESTORS = 256
"""Dataset versions that one version may rest on, itself included; what rests on more cannot be used."""


class Reader(Protocol):
    """A ledger's state, or a node's copy of it."""

    def get(self, kind: type[R], identifier: str) -> R | None: ...


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
    found = {dataset.dataset: dataset.lineage}
    row: Sequence[Dataset] = (dataset,)
    while row:
        names = dict.fromkeys(name for one in row for name in one.parents if name not in found)
        if len(found) + len(names) > MOST_ANCESTORS:
            raise TooManyAncestors(dataset=dataset.dataset, most=MOST_ANCESTORS)
        found |= {name: name.rpartition("/")[0] for name in names}
        row = [one for one in (state.get(Dataset, name) for name in names) if one is not None]
    return Ancestry(tuple(found), tuple(dict.fromkeys(found.values())))
