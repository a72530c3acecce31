"""What a node does with a table before it registers it, once; the last line says what it cost.

python bench/exchange/register_once.py TABLE.csv SCRATCH
"""

from __future__ import annotations

import datetime
import itertools
import json
import sys
import tempfile
import time
from pathlib import Path

from atoll.exchange.grading import DEFAULT_TABLE, grade, load_table
from atoll.sources import SourceRoot
from atoll.sources.fingerprints import read_table
from atoll.sources.profiling import profile_reading


def peak_mib() -> int:
    """Of this process alone."""
    (peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak) >> 10


def main() -> None:
    table, folder = Path(sys.argv[1]), Path(sys.argv[2])
    started = time.perf_counter()
    marks = [time.process_time()]
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        reading = read_table(table.name, root=SourceRoot([table.parent]), scratch=scratch, out=scratch)
        marks.append(time.process_time())
        profile, sample = profile_reading(reading)
        marks.append(time.process_time())
        grading = grade(profile, sample, load_table(DEFAULT_TABLE), today=datetime.date(2026, 1, 1))
        marks.append(time.process_time())
    wall, processor = time.perf_counter() - started, marks[-1] - marks[0]
    taken = [later - earlier for earlier, later in itertools.pairwise(marks)]
    steps = dict(zip(("fingerprint", "profile", "grade"), taken, strict=True))
    found = {"seconds": round(wall, 3), "cpu_seconds": round(processor, 3), "peak_mib": peak_mib(), "steps": steps}
    print(json.dumps({**found, "rows": reading.print.rows, "level": grading.level}))


if __name__ == "__main__":
    main()
