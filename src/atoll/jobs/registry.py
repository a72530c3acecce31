"""The job kinds of this version: a closed list. A new kind is one line here and a folder beside it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from atoll.jobs.computation import Computation
from atoll.jobs.errors import UnknownKind
from atoll.jobs.intersection import Intersection
from atoll.jobs.kind import JobKind
from atoll.jobs.ranking import Ranking
from atoll.jobs.similarity import Similarity

JOB_KINDS: Mapping[str, JobKind[Any]] = MappingProxyType(
    {kind.name: kind for kind in (Intersection(), Similarity(), Computation(), Ranking())}
)
"""Every kind by name."""


def job_kind(name: str) -> JobKind[Any]:
    """The kind of this name.

    Raises:
        UnknownKind: there is none.
    """
    kind = JOB_KINDS.get(name)
    if kind is None:
        raise UnknownKind(kind=name[:40], known=", ".join(sorted(JOB_KINDS)))
    return kind
