"""Words that a person chooses from. Names in plans, on the command line and in the documentation are the same.

`Output` is the policy's, `Security` that of all jobs; an intersection gives `identifiers`, `rows`, `cardinality` or `sum`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from atoll.jobs.security import Security
from atoll.policy.demand import Output


class Join(StrEnum):
    """Which rows a receiver gets, in SQL's words; its own table stands on the left."""

    INNER = "inner"
    """Its rows that match."""
    LEFT = "left"
    """With `rows`: all its rows; those that match carry the owner's columns."""
    ANTI = "anti"
    """With `identifiers`: its rows that do not match."""


def joined_names(own: Sequence[str], others: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """A joined table's names: the receiver's own, then the others', with its organisation before a name that is taken.

    >>> joined_names(("id", "score"), (("bureau", "score"), ("bureau", "debt")))
    ('id', 'score', 'bureau.score', 'debt')
    """
    names = list(own)
    for org, name in others:
        names.append(f"{org}.{name}" if name in names else name)
    return tuple(names)


__all__ = ["Join", "Output", "Security", "joined_names"]
