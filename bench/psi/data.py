"""Two or more CSV files of identifiers, half of each shared: the same from the same numbers, written as a stream."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from pathlib import Path

import duckdb

DIGITS = 18
"""As a national identity number has."""
_FACTOR = 2_654_435_769_123_457
_MODULUS = 1 << 59
"""Odd times anything modulo a power of two is a permutation, so numbers 0, 1, 2, ... become different identifiers all over."""


@dataclass(frozen=True, slots=True)
class Tables:
    """One file a party; the first is the receiver's."""

    paths: tuple[Path, ...]
    rows: int
    """Rows of each."""
    shared: int
    """Identifiers that all have."""


def make_tables(folder: Path, rows: int, *, parties: int = 2, smaller: int | None = None) -> Tables:
    """Tables of `rows` distinct identifiers each, half of them shared by all; kept from an earlier call if they are there.

    Args:
        folder: made if it is not there.
        rows: of each party, at least 2.
        parties: 2 or more.
        smaller: rows of the receiver, if it has fewer than the others; half of these are shared.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = rows if smaller is None else smaller
    shared = own // 2
    paths = []
    for party in range(parties):
        count = own if party == 0 else rows
        path = folder / f"{rows}-{parties}-{own}-{party}.csv"
        paths.append(path)
        if path.exists():
            continue
        # The first `shared` numbers are everybody's; the others belong to this party alone.
        apart = (party + 1) << 40
        stride = next(step for step in range(7919 + 2 * party, 9000) if gcd(step, count) == 1)
        part = path.with_suffix(".part")
        duckdb.sql(f"""
            COPY (
                SELECT printf('%0{DIGITS}d', CAST((CAST(number AS HUGEINT) * {_FACTOR}) % {_MODULUS} AS BIGINT)) AS id
                FROM (
                    SELECT CASE WHEN place < {shared} THEN place ELSE place + {apart} END AS number
                    FROM (SELECT (range * {stride}) % {count} AS place FROM range({count}))
                )
            ) TO '{part}' (HEADER)
        """)
        part.rename(path)
    return Tables(tuple(paths), rows, shared)


def digest_of_column(path: Path) -> tuple[int, str]:
    """Rows and an order-free digest of the identifiers in a result, whatever column it has; so outputs are compared."""
    found = duckdb.sql(
        f"SELECT count(*), md5(string_agg(id, ',' ORDER BY id)) FROM (SELECT trim(columns(*), '\"') AS id FROM "
        f"read_csv('{path}', all_varchar = true, header = true))"
    )
    assert found is not None
    rows, digest = found.fetchall()[0]
    return int(rows), str(digest)
