"""Profile, fingerprint and grade of one large CSV file by the product's own path: time, processor time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from exchange.figures import Figure
from exchange.tables import write_large_csv

LARGE_BYTES = 1_000_000_000
QUICK_BYTES = 100_000_000


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """In a process of its own, whose peak is nobody else's."""
    table = folder / ("quick.csv" if quick else "large.csv")
    size = write_large_csv(table, QUICK_BYTES if quick else LARGE_BYTES)
    script = Path(__file__).with_name("register_once.py")
    run = subprocess.run([sys.executable, script, table, folder], check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(run.stdout.splitlines()[-1])
    rate = size / 1e6 / found["seconds"]
    yield Figure("profile, fingerprint and grade, rate", round(rate, 1), "MB/s", at_least=100, context={**found, "bytes": size})
    yield Figure("profile, fingerprint and grade, peak", found["peak_mib"], "MiB", at_most=1024)
    yield Figure(
        "profile, fingerprint and grade, processor", round(found["cpu_seconds"] / size * 1e9, 2), "CPU-s/GB", at_most=20
    )
