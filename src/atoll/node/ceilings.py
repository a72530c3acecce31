"""The most that a job may take of this machine, from the section [jobs] of `atoll.toml`.

A plan's limits are its proposer's word. They are held to these, so a member who writes a large number into a plan does not lift
the cap on anybody's machine.

[jobs]
max-memory-mb = 4096     # of a job's process; half of the machine's memory if left out
max-traffic-mb = 100000  # what one job sends; as the plan says if left out
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from atoll.ledger.plan import Limits


def half_of_memory() -> int:
    """Half of this machine's memory in bytes: the node, the ledger and the other programs have the rest."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Upper bounds of this node's own."""

    memory_bytes: int = field(default_factory=half_of_memory)
    """Of one job's process."""
    traffic_bytes: int = 1 << 50
    """Of what one job sends; the default is the most that a plan can say."""

    def hold(self, limits: Limits) -> tuple[int, int]:
        """Memory and traffic, in bytes, that a job with these limits may take here: the smaller of the two words."""
        return min(self.memory_bytes, limits.memory_bytes), min(self.traffic_bytes, limits.traffic_bytes)
