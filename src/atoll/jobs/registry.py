"""The job kinds of this version: a closed list. A new kind is a few lines here and a folder beside it.

A kind is imported when it is first asked for: a job's process needs one of them, and some bring much along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from atoll.jobs.errors import UnknownKind
from atoll.jobs.kind import JobKind


def _intersection() -> JobKind[Any]:
    from atoll.jobs.intersection import Intersection

    return Intersection()


def _similarity() -> JobKind[Any]:
    from atoll.jobs.similarity import Similarity

    return Similarity()


def _computation() -> JobKind[Any]:
    from atoll.jobs.computation import Computation

    return Computation()


def _ranking() -> JobKind[Any]:
    from atoll.jobs.ranking import Ranking

    return Ranking()


JOB_KINDS: Mapping[str, Callable[[], JobKind[Any]]] = MappingProxyType(
    {"intersection": _intersection, "similarity": _similarity, "computation": _computation, "ranking": _ranking}
)
"""By name, what makes each kind."""


@cache
def job_kind(name: str) -> JobKind[Any]:
    """The kind of this name.

    Raises:
        UnknownKind: there is none.
    """
    make = JOB_KINDS.get(name)
    if make is None:
        raise UnknownKind(kind=name[:40], known=", ".join(sorted(JOB_KINDS)))
    return make()


def load_kinds() -> None:
    """Import every kind, and with them their errors: for who meets the code of an error that happened in another process.

    Cost: 0.1 s of processor time, once.
    """
    for name in JOB_KINDS:
        job_kind(name)
