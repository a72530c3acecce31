"""Intersections from CSV file to CSV file, both parties on this machine, beside the peers in the same run.

    make bench-psi                                            2^16 to 1e7 rows, every protocol, every peer
    python bench/bench_psi.py --rows 1048576 --repeat 5       one size
    python bench/bench_psi.py --long                          1e8 rows as well; 20 GB of disk
    python bench/bench_psi.py --no-peers                      ours alone

What is timed, for all alike: warm processes, from the order to the written result, so reading, normalising, hashing, protocol,
network and writing. Warm means: processes started for this line of the table, ours and the peers' alike, have run the same
protocol once, untimed, on a sixteenth of the rows, the files to be read are in the page cache, and idle memory has been
touched. Ours goes through the product's sealed TLS sessions and its durable journal; the peers' links are plain. Every output
is compared with every other before a figure counts. A peer that by its smaller runs would take more than MOST_SECONDS is
skipped, and what is promised against it is not judged. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from environments import CACHE
from psi.data import Tables, digest_of_column, make_tables
from psi.peers import OPENMINED, SPU
from psi.processes import ATOLL, Parties, PartyEndedError, Ran

from atoll.protocols.psi_ecdh.params import VERSION

SIZES = (1 << 16, 1 << 20, 10_000_000)
LONG = 100_000_000
ECDH = f"ecdh version {VERSION}"
"""Its versions differ in speed, so results say which was run."""
OURS = {
    "rr22": {"protocol": "rr22"},
    "rr22 low communication": {"protocol": "rr22", "variant": "low-communication"},
    "rr22 malicious": {"protocol": "rr22", "mode": "malicious"},
    ECDH: {"protocol": "ecdh"},
}
MOST_ROWS = {ECDH: 1 << 20, "spu ECDH": 1 << 20, "spu KKRT": 1 << 20, "openmined ECDH": 1 << 16}
"""What would take longer than it tells."""
MULTI_PARTIES, MULTI_ROWS = 5, 1 << 20
WARM_SHARE, LEAST_WARM_ROWS, MOST_WARM_ROWS = 16, 1 << 12, 1 << 20
"""Rows of the untimed run: this part of those that are timed, within these bounds."""
TOUCHED_BYTES_A_ROW = 512
"""Memory that is touched before what is timed, for each row that two parties have."""
MOST_SECONDS = 300.0
"""A peer's run that would take longer is skipped: ECDH on processors without the instructions that it was made fast for."""


class Bench:
    """Runs, compares outputs, keeps the medians."""

    def __init__(self, repeat: int) -> None:
        self._repeat = repeat
        self._digests: dict[Tables, tuple[int, str]] = {}
        self.results: list[dict[str, Any]] = []
        self.wrong: list[dict[str, Any]] = []
        """Peers that gave another answer."""
        self.skipped: list[dict[str, Any]] = []
        """Peers that would have taken too long."""

    def measure_warm(
        self, name: str, start: Callable[[], Parties], tables: Tables, order: Callable[[int], dict[str, Any]]
    ) -> None:
        """`measure` with fresh processes after an untimed run; not at all where a peer would take too long. A peer whose
        process ends is started once more.

        Args:
            name: of the line.
            start: the processes.
            tables: what is timed.
            order: what else an order for this many rows says.
        """
        smaller = [(one["seconds"], one["rows"]) for one in self.results if one["name"] == name and one["rows"] < tables.rows]
        if smaller and self._is_too_long(name, *smaller[-1], tables.rows):
            return
        try:
            self._measure_warm(name, start, tables, order)
        except PartyEndedError as error:
            if self._is_ours(name):
                raise
            print(f"{tables.rows:>11,} rows  {name:26} {error}; once more", file=sys.stderr)
            self._measure_warm(name, start, tables, order)

    def _measure_warm(
        self, name: str, start: Callable[[], Parties], tables: Tables, order: Callable[[int], dict[str, Any]]
    ) -> None:
        fewer = min(max(tables.rows // WARM_SHARE, LEAST_WARM_ROWS), MOST_WARM_ROWS)
        warm = make_tables(CACHE / "data", fewer, parties=len(tables.paths))
        with start() as parties:
            ran = parties.run(warm.paths, CACHE / "warm.csv", **order(fewer))
            if fewer < tables.rows and self._is_too_long(name, ran.seconds, fewer, tables.rows):
                return
            for path in tables.paths:
                load(path)
            touch_memory(tables.rows * len(tables.paths) // 2)
            self.measure(name, parties, tables, **order(tables.rows))

    def _is_too_long(self, name: str, seconds: float, rows: int, wanted_rows: int) -> bool:
        """Whether a peer is skipped, by what `rows` rows took; ours never is."""
        expected = seconds * wanted_rows / rows
        if self._is_ours(name) or expected <= MOST_SECONDS:
            return False
        self.skipped.append({"name": name, "rows": wanted_rows, "expected_seconds": round(expected)})
        print(
            f"{wanted_rows:>11,} rows  {name:26} skipped: {rows:,} rows took {seconds:.1f} s, so these would take about"
            f" {expected:,.0f} s, more than {MOST_SECONDS:,.0f}",
            file=sys.stderr,
        )
        return True

    def measure(self, name: str, parties: Parties, tables: Tables, **order: Any) -> None:
        """One line of the table: the median run of several, fewer for large sets."""
        output = CACHE / "out" / f"{name.replace(' ', '-')}.csv"
        output.parent.mkdir(parents=True, exist_ok=True)
        times = self._repeat if tables.rows <= 1 << 20 else 1
        runs = sorted((parties.run(tables.paths, output, **order) for _ in range(times)), key=lambda run: run.seconds)
        run = runs[len(runs) // 2]
        if not self._is_right(name, tables, run, output):
            return
        self.results.append(
            {
                "name": name,
                "rows": tables.rows,
                "parties": len(tables.paths),
                "seconds": round(run.seconds, 3),
                "cpu_seconds": round(statistics.median(one.cpu_seconds for one in runs), 3),
                "peak_mb": run.peak_bytes >> 20,
                "bits_an_item": run.sent_bytes and round(8 * run.sent_bytes / tables.rows, 1),
                "runs": times,
            }
        )
        print(describe(self.results[-1]), file=sys.stderr)

    @staticmethod
    def _is_ours(name: str) -> bool:
        """Whether this is a protocol of ours, which may be neither wrong nor skipped nor tried again."""
        return name in OURS or name == "multi"

    def _is_right(self, name: str, tables: Tables, run: Ran, output: Path) -> bool:
        """Whether the output is what everybody else's is. A peer that is wrong has no figure; ours may not be wrong."""
        found = digest_of_column(output)
        if run.matched == found[0] == tables.shared and self._digests.setdefault(tables, found) == found:
            return True
        print(f"{tables.rows:>11,} rows  {name:26} WRONG: {found[0]:,} rows found of {tables.shared:,}", file=sys.stderr)
        if self._is_ours(name):
            raise SystemExit("a wrong answer of ours")
        self.wrong.append({"name": name, "rows": tables.rows, "found": found[0], "expected": tables.shared})
        return False


def load(path: Path) -> None:
    """Has a file in the page cache."""
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def touch_memory(rows: int) -> None:
    """Has as much memory in this machine's hands as two parties and their files take at this size.

    A virtual machine gives its host back what is idle, and whoever comes first would pay for getting it again: at ten million
    rows half as much time as for the whole intersection.
    """
    wanted = min(rows * TOUCHED_BYTES_A_ROW, os.sysconf("SC_AVPHYS_PAGES") // 2 * mmap.PAGESIZE)
    mmap.mmap(-1, wanted, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()


def describe(one: dict[str, Any]) -> str:
    """A line for people."""
    bits = f"{one['bits_an_item']:7.1f} bits/item" if one["bits_an_item"] else ""
    return (
        f"{one['rows']:>11,} rows  {one['name']:26} {one['seconds']:8.2f} s {one['cpu_seconds']:8.2f} CPU-s "
        f"{one['peak_mb']:6,} MB  {bits}"
    )


def wanted(rows: int, name: str, only: str | None) -> bool:
    """Whether to run this at this size."""
    is_named = only is None or (only[:-1] == name if only.endswith(".") else only in name)
    return is_named and rows <= MOST_ROWS.get(name, rows)


def ours() -> Parties:
    """Two warm parties of Atoll."""
    return Parties("atoll", ATOLL, 2)


def run_pairs(bench: Bench, sizes: list[int], arguments: argparse.Namespace) -> None:
    """All two-party protocols at each size, ours first; in fresh processes, because one's peak would hide the next one's.

    What is compared runs within minutes: a processor that others use as well has faster and slower hours.
    """
    tables = [make_tables(CACHE / "data", rows) for rows in sizes]
    peers = () if arguments.no_peers else (SPU, OPENMINED)
    theirs = [(f"{peer.name} {protocol}", peer, protocol) for peer in peers for protocol in peer.protocols]
    for one in tables:
        for name, order in OURS.items():
            if wanted(one.rows, name, arguments.only):
                bench.measure_warm(name, ours, one, partial(order_ours, order))
        for name, peer, protocol in theirs:
            if wanted(one.rows, name, arguments.only):
                bench.measure_warm(name, peer.start, one, partial(order_peer, protocol))


def order_ours(order: dict[str, str], rows: int) -> dict[str, Any]:
    """What an order to ours says."""
    return {"rows_cap": rows, **order}


def order_peer(protocol: str, _: int) -> dict[str, Any]:
    """What an order to a peer says."""
    return {"protocol": protocol}


def run_many(bench: Bench) -> None:
    """Five parties."""
    tables = make_tables(CACHE / "data", MULTI_ROWS, parties=MULTI_PARTIES)
    start = partial(Parties, "atoll", ATOLL, MULTI_PARTIES)
    bench.measure_warm("multi", start, tables, partial(order_ours, {"protocol": "multi"}))


def targets(results: list[dict[str, Any]], skipped: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The figures that are promised, each with its limit; those not measured in this run are left out.

    A figure against a peer that was skipped is None: neither met nor missed.
    """
    by = {(one["name"], one["rows"]): one for one in results}
    without = {(one["name"], one["rows"]) for one in skipped}

    def ratio(what: str, rows: int, peer: str, field: str, limit: float) -> Iterator[dict[str, Any]]:
        if (what, rows) in by and (peer, rows) in by:
            value = by[what, rows][field] / by[peer, rows][field]
            yield {"name": f"{what} / {peer}, {field}, {rows:,} rows", "ours": round(value, 3), "at_most": limit}
        elif (what, rows) in by and (peer, rows) in without:
            yield {"name": f"{what} / {peer}, {field}, {rows:,} rows", "ours": None, "at_most": limit}

    def most(what: str, rows: int, field: str, limit: float) -> Iterator[dict[str, Any]]:
        if (what, rows) in by and by[what, rows][field] is not None:
            yield {"name": f"{what}, {field}, {rows:,} rows", "ours": by[what, rows][field], "at_most": limit}

    yield from most(ECDH, 1 << 20, "seconds", 13)
    yield from ratio(ECDH, 1 << 20, "spu ECDH", "seconds", 0.6)
    yield from ratio("rr22", 1 << 20, "spu RR22", "seconds", 0.2)
    yield from ratio("rr22", 1 << 20, "spu RR22", "cpu_seconds", 0.2)
    yield from ratio("rr22", 10_000_000, "spu RR22", "seconds", 1 / 6)
    yield from most("rr22", 10_000_000, "seconds", 15)
    yield from most("rr22", LONG, "seconds", 200)
    yield from most("rr22", LONG, "peak_mb", 4096)
    yield from ratio("rr22 malicious", 1 << 20, "rr22", "seconds", 1.3)
    yield from most("rr22", 1 << 20, "bits_an_item", 1.05 * 260)
    yield from most("rr22 low communication", 1 << 20, "bits_an_item", 1.05 * 187)
    yield from most("rr22 malicious", 1 << 20, "bits_an_item", 1.05 * 343)
    yield from most("multi", MULTI_ROWS, "seconds", 12)


def judge(one: dict[str, Any]) -> str:
    """A promised figure and whether it is kept, for people."""
    if one["ours"] is None:
        return f"SKIP {one['name']:60} not measured   at most {one['at_most']:,.3f}"
    verdict = "ok  " if one["ours"] <= one["at_most"] else "MISS"
    return f"{verdict} {one['name']:60} {one['ours']:10,.3f}   at most {one['at_most']:,.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, action="append", help="rows of each party; may be given several times")
    parser.add_argument("--long", action="store_true", help="1e8 rows too")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each up to 2^20 rows, of which the median counts")
    parser.add_argument("--only", help="protocols whose name contains this; ends in a full stop: whose name is this")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    arguments = parser.parse_args()
    sizes = (arguments.rows or list(SIZES)) + ([LONG] if arguments.long else [])
    bench = Bench(arguments.repeat)
    run_pairs(bench, sizes, arguments)
    if not arguments.rows and wanted(MULTI_ROWS, "multi", arguments.only):
        run_many(bench)
    figures = list(targets(bench.results, bench.skipped))
    for one in figures:
        print(judge(one), file=sys.stderr)
    machine = {"processor": platform.machine(), "python": platform.python_version(), "date": time.strftime("%Y-%m-%d")}
    said = {"figures": figures, "context": bench.results, "wrong": bench.wrong, "skipped": bench.skipped}
    print(json.dumps({"bench": "psi", "machine": machine, **said}))


if __name__ == "__main__":
    main()
