"""What a node does with a table before it registers it, once; the last line says what it cost.

python bench/exchange/register_once.py TABLE.csv SCRATCH
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from atoll.sources import SourceRoot
from atoll.sources.fingerprints import read_table


def peak_mib() -> int:
    """Of this process alone."""
    (peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak) >> 10


def main() -> None:
    table, folder = Path(sys.argv[1]), Path(sys.argv[2])
    steps = {}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        wall, processor = time.perf_counter(), time.process_time()
        reading = read_table(table.name, root=SourceRoot([table.parent]), scratch=scratch, out=scratch)
        steps["fingerprint"] = time.process_time() - processor
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    found = {"seconds": round(wall, 3), "cpu_seconds": round(processor, 3), "peak_mib": peak_mib(), "steps": steps}
    print(json.dumps({**found, "rows": reading.print.rows}))


if __name__ == "__main__":
    main()
