"""The ten reliability tests in their long form, one after the other; their results go into the repository as a table.

    python -m tools.torture                those without a good result for the sources as they are now
    python -m tools.torture --only 2,3     only these, again
    python -m tools.torture --table        nothing is run; the table is written anew

Each takes at most 25 minutes and shows what it does. What was counted is kept in tests/torture/results.json, from which the
table in docs/explanation/reliability.md is made.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "tests" / "torture" / "results.json"
PAGE = ROOT / "docs" / "explanation" / "reliability.md"
BEGIN, END = "<!-- results: written by make torture -->", "<!-- end of results -->"
LONGEST_SECONDS = 25 * 60
SOURCES = ("src", "rust", "tests/torture", "tools/cometbft")
"""What a result is about; it counts as long as none of it has changed."""


@dataclass(frozen=True)
class Torture:
    """One of the ten."""

    number: int
    title: str
    file: str
    """Below tests/torture."""
    selection: str = ""
    """Which tests in it, as `pytest -k` has it."""
    beside: str = ""
    """Another file that belongs to it, below tests."""


TEN = (
    Torture(1, "determinism", "test_1_determinism.py"),
    Torture(2, "crash matrix", "test_network.py", "crash"),
    Torture(3, "node loss", "test_network.py", "loss"),
    Torture(4, "partitions", "test_4_partitions.py"),
    Torture(5, "twins", "test_5_twins.py"),
    Torture(6, "clocks", "test_6_clocks.py"),
    Torture(7, "disk faults", "test_7_disks.py"),
    Torture(8, "state sync", "test_8_state_sync.py", beside="contract/ordering/test_state_sync.py"),
    Torture(9, "tamper, rollback, split view", "test_9_tamper.py"),
    Torture(10, "hostile input and soak", "test_10_hostile.py"),
)


def machine() -> str:
    """What this ran on, in a few words."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{os.cpu_count()} cores, {gibibytes:.0f} GiB, {platform.system()} {platform.machine()}, Python {python}"


def sources_digest() -> str:
    """Names the state of the sources; changes when one of them does."""
    listed = subprocess.run(["git", "ls-files", "-s", *SOURCES], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    kept = "".join(line for line in listed.splitlines(keepends=True) if not line.endswith(f"\t{RESULTS.relative_to(ROOT)}\n"))
    changed = subprocess.run(
        ["git", "diff", "--", *SOURCES, f":!{RESULTS.relative_to(ROOT)}"], cwd=ROOT, check=True, capture_output=True
    )
    hashed = subprocess.run(
        ["git", "hash-object", "--stdin"], input=kept.encode() + changed.stdout, check=True, capture_output=True
    )
    return hashed.stdout.decode()[:12]


def run(torture: Torture) -> dict[str, Any]:
    """Run one; its entry for the results."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures"
        command = [sys.executable, "-m", "pytest", "-q", "-s", "-rs", "-p", "no:cacheprovider", f"tests/torture/{torture.file}"]
        command += [f"tests/{torture.beside}"] if torture.beside else []
        command += ["-k", torture.selection] if torture.selection else []
        environment = os.environ | {"ATOLL_TORTURE": "long", "ATOLL_TORTURE_FIGURES": str(figures)}
        started = time.monotonic()
        try:
            status = subprocess.run(command, cwd=ROOT, env=environment, check=False, timeout=LONGEST_SECONDS + 60).returncode
        except subprocess.TimeoutExpired:
            status = -1
        told = [json.loads(line) for line in figures.read_text().splitlines()] if figures.exists() else []
    verdict = {0: "passed", -1: f"not over after {LONGEST_SECONDS // 60} minutes", 5: "ran nothing"}.get(status, "FAILED")
    return {
        "title": torture.title,
        "verdict": verdict,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "load": f"{os.getloadavg()[0] / (os.cpu_count() or 1):.1f}",
        "seconds": round(time.monotonic() - started),
        "sources": sources_digest(),
        "figures": merged([one["figures"] for one in told]),
    }


def merged(figures: list[dict[str, Any]]) -> dict[str, Any]:
    """One mapping of all; what several tests say under one name stands side by side."""
    together: dict[str, Any] = {}
    for one in figures:
        for name, value in one.items():
            together[name] = value if name not in together else f"{together[name]}, {value}"
    return together


def write_table(results: dict[str, Any]) -> None:
    """Put the table into the page."""
    rows = ["| # | test | result | date | took | load | counted |", "|---|---|---|---|---|---|---|"]
    for one in TEN:
        result = results.get(str(one.number))
        if result is None:
            rows.append(f"| {one.number} | {one.title} | not run yet | | | | |")
            continue
        counted = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in result["figures"].items())
        took = f"{result['seconds'] // 60}:{result['seconds'] % 60:02d} min"
        rows.append(
            f"| {one.number} | {one.title} | {result['verdict']} | {result['date']} | {took} | {result['load']} | {counted} |"
        )
    machines = sorted({result["machine"] for result in results.values()})
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    said = "\n".join([*rows, "", f"Machine: {'; '.join(machines) or 'none yet'}. Load: of each core, in the last minute."])
    PAGE.write_text(f"{before}{BEGIN}\n\n{said}\n\n{END}{after}", "utf-8")


def load_results() -> dict[str, Any]:
    """By number."""
    return dict(json.loads(RESULTS.read_text("utf-8"))) if RESULTS.exists() else {}


def save_results(results: dict[str, Any]) -> None:
    """Write them, and the table."""
    ordered = {key: results[key] for key in sorted(results, key=int)}
    RESULTS.write_text(json.dumps(ordered, indent=2) + "\n", "utf-8")
    write_table(ordered)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.torture", description="The ten reliability tests in their long form."
    )
    parser.add_argument("--only", default="", help="numbers, with commas between")
    parser.add_argument("--table", action="store_true", help="write the table, run nothing")
    given = parser.parse_args()
    results, sources = load_results(), sources_digest()
    if given.table:
        write_table(results)
        return 0
    only = {int(one) for one in given.only.split(",") if one}
    failed = 0
    for one in TEN:
        known = results.get(str(one.number), {})
        if one.number not in only if only else (known.get("verdict"), known.get("sources")) == ("passed", sources):
            continue
        print(f"== {one.number}. {one.title}", flush=True)
        results[str(one.number)] = result = run(one)
        save_results(results)
        failed += result["verdict"] != "passed"
        print(f"   {result['verdict']} in {result['seconds']} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
