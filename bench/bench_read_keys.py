"""What it costs to bring a table's keys into an intersection: from the owner's file to sorted buckets of digests.

    make bench-read-keys
    python bench/bench_read_keys.py --rows 10000000 --memory-mib 64    # with files in the scratch folder

Each stage in processor time and wall time, of the whole process. `parse` is there for comparison: it reads the key column and
drops it, which `read and normalise` does again. The peak is of memory, after all stages. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from atoll.protocols.identifiers import Report, parse_rules
from atoll.protocols.psi.items import SALT_BYTES
from atoll.sources import SourceRoot, SourceRows, open_items, open_source

SALT = bytes(range(SALT_BYTES))
ROWS_PER_BUCKET = 1 << 20


def write_table(path: Path, rows: int) -> None:
    """Twelve digits and an amount, 20 bytes a row; keys distinct and in no order."""
    with path.open("w") as file:
        file.write("id,amount\n")
        for start in range(0, rows, 1 << 16):
            numbers = range(start, min(start + (1 << 16), rows))
            file.writelines(f"{number * 387_420_489 % 999_999_999_989:012d},{number % 1_000_000:06d}\n" for number in numbers)


def peak_mib() -> int:
    """Not getrusage, whose peak includes that of the process that started this one."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    (peak,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak) >> 10


class Stages:
    """A line a stage."""

    def __init__(self, rows: int, file_bytes: int) -> None:
        self._rows = rows
        self._bytes = file_bytes
        self.lines: list[dict[str, object]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what stands in the block."""
        processor, wall = time.process_time(), time.perf_counter()
        yield
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        rate, volume = round(self._rows / processor), round(self._bytes / processor / 1e6)
        print(f"{name:24} {processor:8.3f} CPU-s {wall:8.3f} s {rate:>12,} rows/CPU-s {volume:>6,} MB/CPU-s", file=sys.stderr)
        self.lines.append({"name": name, "cpu_s": round(processor, 4), "wall_s": round(wall, 4), "rows_per_cpu_s": rate})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--memory-mib", type=int, default=256, help="what the set may keep in memory")
    options.add_argument("--rule", default="exact/1")
    options.add_argument("--folder", type=Path, help="where the table and the scratch files go")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        stages, spilled, keys = measure(Path(folder), asked.rows, asked.memory_mib << 20, asked.rule)
    figures = {"bench": "read-keys", "rows": asked.rows, "keys": keys, "spilled": spilled, "peak_mib": peak_mib()}
    print(f"on disk: {spilled}; peak: {figures['peak_mib']} MiB", file=sys.stderr)
    machine = {"processor": platform.machine(), "python": platform.python_version()}
    print(json.dumps({**figures, "machine": machine, "context": stages}))


def measure(folder: Path, rows: int, memory_bytes: int, rule: str) -> tuple[list[dict[str, object]], bool, int]:
    table = folder / "table.csv"
    write_table(table, rows)
    stages = Stages(rows, table.stat().st_size)
    rules = parse_rules([rule])
    with stages.stage("copy and hash"):
        source = open_source(table.name, root=SourceRoot([folder]), scratch=folder)
    with source:
        with stages.stage("parse"):
            for _ in source.batches(["id"]):
                pass
        with stages.stage("read and normalise"):
            items = open_items(source, ["id"], rules, report=Report(), scratch=folder, memory_bytes=memory_bytes)
        with items:
            with stages.stage("digest, cut and sort"):
                buckets = items.partition(SALT, max(1, rows // ROWS_PER_BUCKET))
            with stages.stage("load every bucket"):
                for bucket in range(len(buckets)):
                    buckets.load(bucket)
            wanted = np.arange(0, rows, 10, dtype="<u4").tobytes()
            with stages.stage("take every tenth row"):
                SourceRows(source).take(["id", "amount"], wanted)
            return stages.lines, items.on_disk or buckets.on_disk, buckets.keys


if __name__ == "__main__":
    main()
