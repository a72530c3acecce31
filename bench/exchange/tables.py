"""Tables of the kind that people register: identifiers, phones, names, dates, amounts, words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

_FAMILY = ["王", "李", "张", "刘", "陈", "杨", "Smith", "García", "Müller", "Novák"]
_GIVEN = ["伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "Ana", "John", "Zoë", "Li Na"]
_CITIES = ["Shanghai", "Beijing", "Shenzhen", "杭州", "成都", "Singapore", ""]
_WORDS = ["transfer", "invoice", "paid", "late", "refund, partial", "goods", "service", "monthly", "annual", "fee", '"VIP"']
BATCH_ROWS = 500_000


def make_rows(first: int, rows: int, seed: int) -> pa.Table:
    """Rows `first` to `first + rows` of an endless table; those of equal seed and number are equal, batch by batch."""
    generator = np.random.default_rng([seed, first])

    def pick(words: list[str]) -> np.ndarray:
        return np.array(words, dtype=object)[generator.integers(0, len(words), rows)]

    numbers = np.arange(first, first + rows)
    phones = 13_000_000_000 + generator.integers(0, 6_999_999_999, rows)
    notes = pick(_WORDS) + " " + pick(_WORDS) + " " + pick(_WORDS)
    return pa.table(
        {
            "customer_id": numbers * 387_420_489 % 999_999_999_989,
            "phone": phones,
            "name": pick(_FAMILY) + pick(_GIVEN),
            "born": generator.integers(-7000, 14_000, rows).astype("datetime64[D]"),
            "opened_at": (1_500_000_000 + generator.integers(0, 200_000_000, rows)).astype("datetime64[s]"),
            "balance": np.round(generator.gamma(2, 900, rows), 2),
            "limit": generator.integers(0, 50, rows) * 1000,
            "city": pick(_CITIES),
            "is_active": generator.integers(0, 2, rows).astype(bool),
            "score": generator.integers(300, 850, rows),
            "branch": generator.integers(1, 400, rows),
            "note": notes,
        }
    )


def write_large_csv(path: Path, size_bytes: int) -> int:
    """Write a table of at least so many bytes unless it is there; the size of the file."""
    if path.exists() and path.stat().st_size >= size_bytes:
        return path.stat().st_size
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        first = 0
        while file.tell() < size_bytes:
            options = pa.csv.WriteOptions(include_header=first == 0, quoting_style="needed")
            pa.csv.write_csv(make_rows(first, BATCH_ROWS, 1), file, options)
            first += BATCH_ROWS
    part.replace(path)
    return path.stat().st_size
