"""What a version comes from, and what that asks of it: its sources, the rights in them, the levels it may not fall below."""

from __future__ import annotations

from collections.abc import Sequence

from atoll.api.models import RegisterDataset
from atoll.ledger.records import Dataset, Grant, Job, LevelFloor, Right
from atoll.ledger.rules.dataset import lineage_of
from atoll.node.errors import NoSuchThing
from atoll.ordering.engine import View
from atoll.policy.levels import level_of


def latest_version(view: View, lineage: str) -> int:
    """Number of the newest version of a lineage; 0 where there is none."""
    version = 0
    while view.get(Dataset, f"{lineage}/{version + 1}") is not None:
        version += 1
    return version


def parents_of(view: View, request: RegisterDataset, identifier: str) -> tuple[str, ...]:
    """What a person names, all that went into the job whose result this is, and the sources of the version before it; sorted.

    Raises:
        NoSuchThing: there is no such job.
    """
    before = view.get(Dataset, _version_before(identifier))
    named = {*request.parents, *(before.parents if before is not None else ())}
    if request.from_job:
        job = view.get(Job, request.from_job)
        if job is None:
            raise NoSuchThing(what="job", name=request.from_job)
        named |= {one.dataset for one in job.inputs}
    return tuple(sorted(named))


def bases_of(view: View, org: str, parents: Sequence[str]) -> tuple[bytes, ...]:
    """One grant or right of `org` for each lineage of another member among the sources; the ledger wants to see it."""
    foreign = dict.fromkeys(lineage_of(one) for one in parents if not one.startswith(f"{org}/"))
    found = {lineage_of(one.dataset): one.grant for one in view.all(Grant) if one.grantee == org}
    found |= {one.lineage: one.right for one in view.all(Right) if one.holder == org}
    return tuple(found[one] for one in foreign if one in found)


def least_levels(view: View, identifier: str, parents: Sequence[str]) -> tuple[int, ...]:
    """Levels below which the ledger does not take a version: its lineage's, its sources', the one's before it."""
    floor = view.get(LevelFloor, lineage_of(identifier))
    records = [view.get(Dataset, one) for one in (*parents, _version_before(identifier))]
    return (floor.floor if floor else 0, *(level_of(view, one) for one in records if one is not None))


def _version_before(identifier: str) -> str:
    """Name of the version before a version; of a first one a name that nothing has."""
    lineage, _, version = identifier.rpartition("/")
    return f"{lineage}/{int(version) - 1}"
