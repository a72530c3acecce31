"""Whether near copies are found, and nothing else: shuffled, permuted, renamed, in other formats, parts of each other.

Every table goes through the product's own fingerprint, from a file. A pair is a candidate when it shares a band, and near when
the file of rows then counts so, as the two jobs between owners do. Beside it the peer `datasketch`, with as many values and
bands, on the same row digests: it reads no tables.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from atoll.exchange.fingerprint import ROW_RECORD_BYTES, SIGNATURE_VALUES, TablePrint, Verdict, count_likeness, judge_likeness
from atoll.sources import SourceRoot
from atoll.sources.fingerprints import ROWS_FILE, take_fingerprint
from exchange.figures import Figure
from exchange.tables import make_rows

FAMILIES, OTHERS, ROWS = 100, 2200, 400
"""5 tables a family; 2,700 tables are 3.6 million pairs."""
PEER = Path(__file__).with_name("datasketch_party.py")


@dataclass(frozen=True, slots=True)
class Taken:
    """A table's fingerprint and its row digests."""

    family: int
    print: TablePrint
    rows: np.ndarray


class Shelf:
    """Writes tables, takes their fingerprints."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.taken: list[Taken] = []
        self.seconds = 0.0

    def add(self, family: int, address: str) -> None:
        """Take the fingerprint of a file of the folder, and delete the file."""
        started = time.process_time()
        print_ = take_fingerprint(address, root=SourceRoot([self._folder]), scratch=self._folder, out=self._folder)
        self.seconds += time.process_time() - started
        rows = np.fromfile(self._folder / ROWS_FILE, dtype=f"V{ROW_RECORD_BYTES}").view("u1").reshape(-1, ROW_RECORD_BYTES)
        self.taken.append(Taken(family, print_, np.ascontiguousarray(rows[:, :8]).view(">u8").ravel().astype("u8")))
        (self._folder / address.partition("#")[0].partition("?")[0].removeprefix("csv:")).unlink()

    def add_csv(self, family: int, table: pa.Table, delimiter: str = "comma") -> None:
        signs = {"comma": ",", "semicolon": ";", "tab": "\t"}
        options = pa.csv.WriteOptions(delimiter=signs[delimiter], quoting_style="needed")
        pa.csv.write_csv(table, self._folder / "t.csv", options)
        self.add(family, f"t.csv?delimiter={delimiter}")

    def add_parquet(self, family: int, table: pa.Table) -> None:
        pq.write_table(table, self._folder / "t.parquet")
        self.add(family, "t.parquet")

    def add_sqlite(self, family: int, table: pa.Table) -> None:
        rows = [tuple(str(cell) if hasattr(cell, "isoformat") else cell for cell in row.values()) for row in table.to_pylist()]
        with sqlite3.connect(self._folder / "t.sqlite") as database:
            columns = ", ".join(f'"{name}"' for name in table.column_names)
            database.execute(f"CREATE TABLE t ({columns})")
            database.executemany(f"INSERT INTO t VALUES ({', '.join('?' * table.num_columns)})", rows)
        database.close()
        self.add(family, "t.sqlite#t")


def add_family(shelf: Shelf, family: int, generator: np.random.Generator) -> None:
    """A table and four near copies of it, with Jaccard's index 0.8 and more to it."""
    rows = ROWS if family % 5 else 10 * ROWS
    table = make_rows(family * 1_000_000, rows, family)
    fresh = make_rows(family * 1_000_000 + rows, rows, family)
    shelf.add_csv(family, table)

    def shuffled(share_kept: float, share_new: float) -> pa.Table:
        chosen = generator.permutation(rows)[: round(share_kept * rows)]
        return pa.concat_tables([table.take(chosen), fresh.slice(0, round(share_new * rows))])

    shelf.add_csv(family, shuffled(0.9, 0.1), "semicolon")
    permuted = shuffled(0.92, 0.0)
    order = generator.permutation(permuted.num_columns)
    shelf.add_csv(family, permuted.select(order.tolist()).rename_columns([f"f{number}" for number in order]), "tab")
    shelf.add_parquet(family, shuffled(0.9, 0.1))
    shelf.add_sqlite(family, shuffled(0.8, 0.0))


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """Recall over pairs of a family whose index is at least 0.8, alarms over all others."""
    generator = np.random.default_rng(7)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        shelf = Shelf(Path(name))
        for family in range(FAMILIES // 10 if quick else FAMILIES):
            add_family(shelf, family, generator)
        for number in range(OTHERS // 10 if quick else OTHERS):
            shelf.add_csv(-1 - number, make_rows(number * 10_000, ROWS, 10_000 + number))
        taken = shelf.taken
        near, far = split_pairs(taken)
        found = find_candidates(taken)
        alarms = sum(is_near(taken[one], taken[other]) for one, other in found - near)
        hits = sum(is_near(taken[one], taken[other]) for one, other in found & near)
        context = {"tables": len(taken), "pairs_near": len(near), "pairs_other": far, "candidates_other": len(found - near)}
        yield Figure("near copies found (J >= 0.8)", hits / len(near), at_least=0.95, context=context)
        yield Figure("false alarms a pair", alarms / far, at_most=1e-6)
        yield Figure("candidates a pair that are none", len(found - near) / far)
        yield Figure("error of J from signatures, root mean square", error_of_signatures(taken, near))
        yield Figure("fingerprint of a small table", 1000 * shelf.seconds / len(taken), "CPU-ms")
        peer = run_peer(Path(name), taken, folder)
    theirs = {tuple(pair) for pair in peer["candidates"]}
    yield Figure("datasketch: near copies among candidates", len(theirs & near) / len(near))
    yield Figure("datasketch: candidates a pair that are none", len(theirs - near) / far)
    yield Figure("datasketch: processor time for the same rows", peer["cpu_seconds"], "CPU-s")
    yield Figure("near copies found / datasketch's", len(found & near) / max(1, len(theirs & near)), at_least=0.99)


def split_pairs(taken: list[Taken]) -> tuple[set[tuple[int, int]], int]:
    """The pairs with an index of at least 0.8, and the number of those that are of different families."""
    families = defaultdict(list)
    for number, one in enumerate(taken):
        families[one.family].append(number)
    pairs = {pair for members in families.values() for pair in combinations(members, 2)}
    near = {(one, other) for one, other in pairs if jaccard_ppm(taken[one], taken[other]) >= 800_000}
    return near, len(taken) * (len(taken) - 1) // 2 - len(near)


def find_candidates(taken: list[Taken]) -> set[tuple[int, int]]:
    """Pairs that share a band."""
    holders = defaultdict(list)
    for number, one in enumerate(taken):
        for tag in one.print.bands:
            holders[tag].append(number)
    return {pair for numbers in holders.values() for pair in combinations(numbers, 2)}


def jaccard_ppm(one: Taken, other: Taken) -> int:
    shared = len(np.intersect1d(one.rows, other.rows, assume_unique=True))
    return count_likeness(len(one.rows), len(other.rows), shared).jaccard_ppm


def is_near(one: Taken, other: Taken) -> bool:
    shared = len(np.intersect1d(one.rows, other.rows, assume_unique=True))
    likeness = count_likeness(len(one.rows), len(other.rows), shared)
    return judge_likeness(likeness, least_rows=min(len(one.rows), len(other.rows))) is Verdict.NEAR


def error_of_signatures(taken: list[Taken], pairs: set[tuple[int, int]]) -> float:
    """Of the share of equal values against the index."""
    errors = []
    for one, other in pairs:
        left, right = (np.frombuffer(taken[number].print.minhash, ">u8") for number in (one, other))
        errors.append(np.count_nonzero(left == right) / SIGNATURE_VALUES - jaccard_ppm(taken[one], taken[other]) / 1e6)
    return float(np.sqrt(np.mean(np.square(errors))))


def run_peer(scratch: Path, taken: list[Taken], cache: Path) -> dict[str, object]:
    """The peer in an environment of its own, made from a locked list on first use."""
    home, lock = cache / "datasketch", Path(__file__).with_name("datasketch.lock")
    mark = home / ".lock"
    if not mark.exists() or mark.read_bytes() != lock.read_bytes():
        print("installing datasketch into .bench", file=sys.stderr)
        subprocess.run(["python3.11", "-m", "venv", "--clear", home], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock]
        subprocess.run([home / "bin" / "python", *install], check=True)
        mark.write_bytes(lock.read_bytes())
    np.savez(scratch / "rows.npz", *[one.rows for one in taken])
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ""}
    run = subprocess.run(
        [home / "bin" / "python", PEER, scratch / "rows.npz"], check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    found: dict[str, object] = json.loads(run.stdout)
    return found
