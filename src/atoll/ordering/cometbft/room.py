"""How much of the disk snapshots may take: what blocks need goes first."""

from __future__ import annotations

import shutil
from pathlib import Path

LEAST_FREE_BYTES = 1 << 30
"""What snapshots leave of the disk; of a small one the twentieth part."""


def has_room(folder: Path, size: int) -> bool:
    """Whether so many bytes more may be written; raises OSError where there is no such folder."""
    disk = shutil.disk_usage(folder)
    return disk.free - size >= min(LEAST_FREE_BYTES, disk.total // 20)
