"""The calendar of what lasts: tables and their keys are made anew every thirty days.

Every node reckons the period from its own time, so nobody can propose that an old one goes on.
"""

from __future__ import annotations

PERIOD_SECONDS = 30 * 86_400


def period_of(time: int) -> int:
    """The number of the period that holds a time, in seconds since 1970 UTC.

    >>> period_of(0), period_of(PERIOD_SECONDS - 1), period_of(PERIOD_SECONDS)
    (0, 0, 1)
    """
    return time // PERIOD_SECONDS
