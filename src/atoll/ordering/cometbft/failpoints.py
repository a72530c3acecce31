"""Where a test kills this process: `ATOLL_FAIL_POINT=name:count` ends it, as SIGKILL does, when it passes there for the
count-th time. Only on a ledger whose genesis says `test`; nothing else ever looks at the variable.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

VARIABLE = "ATOLL_FAIL_POINT"
FINALIZE_BEGIN = "finalize-begin"
FINALIZE_END = "finalize-end"
COMMIT_OPEN = "commit-open"
"""Inside the durable transaction, everything written and nothing durable."""
COMMIT_DURABLE = "commit-durable"
"""After the fsync, before the engine hears of it."""
NAMES = (FINALIZE_BEGIN, FINALIZE_END, COMMIT_OPEN, COMMIT_DURABLE)

FailPoint = Callable[[str], None]
"""Told the name of each point that is passed."""


def no_fail_point(name: str) -> None:
    """Goes on."""
    del name


def insecure_fail_point(environ: Mapping[str, str] = os.environ) -> FailPoint:
    """What the environment asks for.

    Raises:
        ValueError: it asks for a point that is not there.
    """
    asked = environ.get(VARIABLE)
    if not asked:
        return no_fail_point
    wanted, _, count = asked.partition(":")
    if wanted not in NAMES:
        raise ValueError(f"{VARIABLE} is {asked!r}; points are {', '.join(NAMES)}")
    left = int(count or 1)

    def pass_by(name: str) -> None:
        nonlocal left
        if name == wanted:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return pass_by
