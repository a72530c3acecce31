"""A line for whoever waits: what is submitted is silent until a quorum has confirmed it, or for thirty seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from atoll.cli.frame import same_node
from atoll.cli.screen import say

QUIET_SECONDS = 2.0
"""How long nothing is said; with a quorum it takes less."""


@contextmanager
def waiting() -> Iterator[None]:
    """While something is submitted. At a terminal only: elsewhere nobody waits, and programs read what is printed."""
    if not sys.stderr.isatty():
        yield
        return
    doctor = f"atoll doctor{same_node()}"
    timer = Timer(QUIET_SECONDS, say, [f"waiting for a quorum of the members to confirm it; `{doctor}` shows who is missing"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
