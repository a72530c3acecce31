"""What a node does with a table before it registers it, once; the last line says what it cost.

python bench/exchange/register_once.py TABLE.csv SCRATCH
"""

from __future__ import annotations

import datetime
import json
import sys
import tempfile
import time
from pathlib import Path

from atoll.exchange.grading import DEFAULT_TABLE, load_table
from atoll.node.reading import look_at


def peak_mib() -> int:
    """Of this process alone."""
    (peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak) >> 10


def main() -> None:
    table, folder = Path(sys.argv[1]), Path(sys.argv[2])
    levels = load_table(DEFAULT_TABLE)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        home = Path(name)
        wall, processor = time.perf_counter(), time.process_time()
        look = look_at(table.name, folders=[table.parent], home=home, out=home, levels=levels, today=datetime.date(2026, 1, 1))
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    took_sm3 = look.print.bytes_sm3 is not None
    found = {"seconds": round(wall, 3), "cpu_seconds": round(processor, 3), "peak_mib": peak_mib(), "sm3": took_sm3}
    print(json.dumps({**found, "rows": look.rows, "level": look.grading.level}))


if __name__ == "__main__":
    main()
