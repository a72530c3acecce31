"""How much longer a test waits on a machine that has other things to do."""

from __future__ import annotations

import os


def patience() -> float:
    """By how much longer things take than on a machine that has nothing else to do; never less than 1.

    A consortium of four keeps two cores busy by itself, so a load of twice the cores is what it should be.
    """
    return max(1.0, os.getloadavg()[0] / (2 * (os.cpu_count() or 1)))
