"""How long a reliability test is: short in `make test`, long under `make torture`, which sets ATOLL_TORTURE=long."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")
IS_LONG = os.environ.get("ATOLL_TORTURE") == "long"


def scale(short: T, long: T) -> T:
    """The one or the other."""
    return long if IS_LONG else short
