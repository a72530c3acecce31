"""Where a version comes from: the versions before it, what it was made from, the job whose result it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from atoll.ledger.records import Dataset, Job

MOST_VERSIONS = 1000
"""Versions looked at; a longer history is cut, and says so."""


class EdgeKind(StrEnum):
    """How one version comes from another."""

    REVISION = "revision"
    """It is the next version of the same lineage."""
    SOURCE = "source"
    """It was made from it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One step back."""

    child: str
    parent: str
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class Lineage:
    """A version with everything that it comes from."""

    root: str
    versions: tuple[Dataset, ...]
    """In the order of their registration."""
    jobs: tuple[Job, ...]
    """Jobs whose results are among them."""
    edges: tuple[Edge, ...]
    is_whole: bool
    """Whether nothing was cut off."""


def trace_lineage(
    dataset: str, *, version: Callable[[str], Dataset | None], job: Callable[[bytes], Job | None], most: int = MOST_VERSIONS
) -> Lineage:
    """Walk back from a version, breadth first, each version once.

    Args:
        dataset: where to begin.
        version, job: look a record up; None for one that the ledger does not hold.
        most: versions to look at.
    """
    found: dict[str, Dataset] = {}
    edges: list[Edge] = []
    jobs: dict[bytes, Job] = {}
    waiting = deque([dataset])
    seen = {dataset}
    while waiting and len(found) < most:
        name = waiting.popleft()
        record = version(name)
        if record is None:
            continue
        found[name] = record
        if record.source_job and (made_by := job(record.source_job)) is not None:
            jobs[record.source_job] = made_by
        for edge in _steps(record):
            edges.append(edge)
            if edge.parent not in seen:
                seen.add(edge.parent)
                waiting.append(edge.parent)
    ordered = sorted(found.values(), key=lambda one: (one.height, one.dataset))
    kept = tuple(edge for edge in edges if edge.parent in found)
    return Lineage(dataset, tuple(ordered), tuple(jobs[one] for one in sorted(jobs)), kept, not waiting)


def _steps(record: Dataset) -> list[Edge]:
    number = int(record.dataset.rpartition("/")[2])
    steps = [Edge(record.dataset, f"{record.lineage}/{number - 1}", EdgeKind.REVISION)] if number > 1 else []
    return steps + [Edge(record.dataset, parent, EdgeKind.SOURCE) for parent in record.parents]
