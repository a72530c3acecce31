"""Rebuild examples/data from the published package they come from. For developers; nothing here runs at run time.

    python -m venv tables && tables/bin/pip install causaldata==0.1.5 pyarrow
    PYTHONPATH=src tables/bin/python tools/make_tables.py            # writes examples/data
    PYTHONPATH=src tables/bin/python tools/make_tables.py --check    # compares rows; file bytes differ with library versions

What it does, step by step, is told in examples/data/SOURCE.md.
"""

from __future__ import annotations

import importlib
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from atoll.testing.tables import (
    TABLES,
    Person,
    assign_identifier,
    read_rows,
    write_bank,
    write_bureau,
    write_telecom,
)

TARGET = Path(__file__).resolve().parents[1] / "examples" / "data"
SEED = "atoll examples/data 1"
BLOCKS = {
    ("bank", "bureau", "telecom"): 1500,
    ("bank", "bureau"): 1500,
    ("bank", "telecom"): 500,
    ("bureau", "telecom"): 1000,
    ("bank",): 2500,
    ("bureau",): 4000,
    ("telecom",): 2000,
}
"""How many persons each combination of owners knows: 6,000, 8,000 and 5,000 in all."""

BLEMISHES = {"empty": 10, "malformed": 3, "repeated": 7}
"""Rows added to each table that no real table is without, and that normalisation must leave out and count."""


def load_people() -> list[Person]:
    """All 30,000 rows of the table, in the order of the package."""
    module: Any = importlib.import_module("causaldata.credit_cards")
    data = module.load_pandas().data
    return [
        {
            "number": number,
            "bill_april": f"{row.BillApril:.3f}".rstrip("0").rstrip("."),
            "late_april": int(row.LateApril),
            "late_september": int(row.LateSept),
            "age": int(row.AGE),
        }
        for number, row in enumerate(data.itertuples())
    ]


def divide(people: list[Person], draw: random.Random) -> dict[str, list[Person]]:
    """Deal shuffled persons out to the owners, block by block."""
    rest = draw.sample(people, sum(BLOCKS.values()))
    owned: dict[str, list[Person]] = {"bank": [], "bureau": [], "telecom": []}
    for owners, size in BLOCKS.items():
        block, rest = rest[:size], rest[size:]
        for owner in owners:
            owned[owner] += block
    return owned


def blemish(people: list[Person], draw: random.Random) -> list[Person]:
    """Add the rows of `BLEMISHES`, then shuffle."""
    spoiled: list[Person] = [{**person, "blemish": ""} for person in draw.sample(people, BLEMISHES["empty"])]
    for person in draw.sample(people, BLEMISHES["malformed"]):
        spoiled.append({**person, "blemish": assign_identifier(int(person["number"]))[:5] + "?????"})
    repeated = draw.sample(people, BLEMISHES["repeated"])
    every = people + spoiled + repeated
    draw.shuffle(every)
    return every


def make(folder: Path) -> None:
    """Write the three tables into `folder`."""
    draw = random.Random(SEED)
    owned = divide(load_people(), draw)
    for owner, write in {"bank": write_bank, "bureau": write_bureau, "telecom": write_telecom}.items():
        write(folder, blemish(owned[owner], draw), draw)


def main() -> int:
    if sys.argv[1:] != ["--check"]:
        make(TARGET)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        different = [table.file for table in TABLES if read_rows(table, Path(folder)) != read_rows(table, TARGET)]
    print("\n".join(f"{name}: rows differ" for name in different) or "examples/data holds what this script makes")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
