"""Tables to try things on: the committed examples, and larger ones grown from them.

`examples/data/` holds three excerpts of one real, openly licensed table, split between a bank, a credit bureau and a telecom
(its SOURCE.md tells the origin). Two things in them are *not* real, and whoever shows them says so: the identifiers and phone
numbers are assigned, because no open table of persons has any, and they are written in each owner's own manner, because in
practice they are.

    $ python -m atoll.testing.tables tables/ --rows 100000 --overlap 0.3 --seed 7

grows tables of any size: every row is a copy of a real row under a newly assigned identifier.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import random
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ID_RULE = "national-id/1"
"""The normalisation under which the owners' identifiers meet."""

PHONE_RULE = "phone-e164/1?region=US"
"""The normalisation under which the phone numbers of bank and telecom meet."""

Person = dict[str, str | int | float]
"""One real row under an assigned identifier: number, bill_april, late_april, late_september, age."""


@dataclass(frozen=True, slots=True)
class Table:
    """One owner's table: where it is, and which columns identify a person."""

    owner: str
    address: str
    """As in `dataset register`, relative to the folder of the tables."""

    columns: tuple[str, ...]
    """All of them, in order; the first identifies a person under `ID_RULE`."""

    phone_column: str | None = None
    """Identifies a person under `PHONE_RULE`."""

    @property
    def id_column(self) -> str:
        return self.columns[0]

    @property
    def file(self) -> str:
        """Name of the file, without the table inside it."""
        return self.address.partition("#")[0]


BANK = Table("bank", "bank_customers.csv", ("customer", "phone", "bill_april"), "phone")
BUREAU = Table("bureau", "bureau_records.parquet", ("person", "late_april", "late_september"))
TELECOM = Table("telecom", "telecom_subscribers.sqlite#subscribers", ("subscriber", "msisdn", "age"), "msisdn")
TABLES = (BANK, BUREAU, TELECOM)

_DIGITS = 10_000_000
_STRIDE, _OFFSET = 6_700_417, 1_234_567  # the stride has no factor in common with _DIGITS, so identifiers never repeat
_CHECK_LETTERS = "ABCDEFGHJKLMNPQRSTVWXYZ"
_AREAS = [area for area in range(201, 990) if area % 100 != 11 and (area // 10) % 10 != 9]
_FULL_WIDTH = str.maketrans("0123456789", "".join(chr(ord("0") + 0xFEE0 + n) for n in range(10)))


def examples_folder() -> Path:
    """The committed excerpts, in a checkout of the repository. Raises FileNotFoundError elsewhere."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "examples" / "data" / BANK.file).is_file():
            return parent / "examples" / "data"
    raise FileNotFoundError("examples/data is part of the repository, not of the installed package")


# -- what is assigned ----------------------------------------------------------------------------------------------------------


def assign_identifier(number: int) -> str:
    """Person `number`'s identifier: `ZZ` (a country code that ISO 3166 leaves to users), seven digits, a check letter."""
    digits = (number * _STRIDE + _OFFSET) % _DIGITS
    return f"ZZ{digits:07d}{_CHECK_LETTERS[digits % len(_CHECK_LETTERS)]}"


def assign_phone(number: int) -> str:
    """Person `number`'s phone number, ten digits of the range 555-0100 to 555-0199, which belongs to fiction in every area.

    After some 70,000 persons numbers repeat, as in a family with one telephone.
    """
    return f"{_AREAS[number // 100 % len(_AREAS)]}55501{number % 100:02d}"


def spell_bank_id(identifier: str, draw: random.Random) -> str:
    """`ZZ-1234567-K`; a few typed without dashes or with spaces around."""
    return draw.choice(["{}-{}-{}"] * 8 + ["{}{}{}", " {} {}-{} "]).format(identifier[:2], identifier[2:9], identifier[9:])


def spell_bureau_id(identifier: str, draw: random.Random) -> str:
    """`zz1234567k`; a few as on the card."""
    return identifier if draw.random() < 0.1 else identifier.lower()


def spell_telecom_id(identifier: str, draw: random.Random) -> str:
    """`ZZ 123 4567 K`; a few keyed in with full-width digits."""
    spaced = f"{identifier[:2]} {identifier[2:5]} {identifier[5:9]} {identifier[9:]}"
    return spaced.translate(_FULL_WIDTH) if draw.random() < 0.05 else spaced


def spell_bank_phone(phone: str, draw: random.Random) -> str:
    return draw.choice(["({}) {}-{}", "{}-{}-{}", "{}.{}.{}"]).format(phone[:3], phone[3:6], phone[6:])


def spell_telecom_phone(phone: str, draw: random.Random) -> str:
    return draw.choice(["+1 {} {} {}", "1{}{}{}"]).format(phone[:3], phone[3:6], phone[6:])


# -- writing -------------------------------------------------------------------------------------------------------------------


def write_bank(folder: Path, people: Iterable[Person], draw: random.Random) -> None:
    """Write `BANK`; rows in the order given."""
    with (folder / BANK.file).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(BANK.columns)
        for person in people:
            phone = spell_bank_phone(assign_phone(int(person["number"])), draw)
            writer.writerow([_spell(person, spell_bank_id, draw), phone, person["bill_april"]])


def write_bureau(folder: Path, people: Iterable[Person], draw: random.Random) -> None:
    """Write `BUREAU`; rows in the order given."""
    rows = [(_spell(person, spell_bureau_id, draw), person["late_april"], person["late_september"]) for person in people]
    types = (pa.string(), pa.int8(), pa.int8())
    arrays = [pa.array(cells, kind) for cells, kind in zip(zip(*rows, strict=True), types, strict=True)]
    pq.write_table(pa.table(arrays, names=BUREAU.columns), folder / BUREAU.file, compression="zstd")


def write_telecom(folder: Path, people: Iterable[Person], draw: random.Random) -> None:
    """Write `TELECOM`; rows in the order given."""
    path = folder / TELECOM.file
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE subscribers (subscriber TEXT, msisdn TEXT, age INTEGER)")
        database.executemany(
            "INSERT INTO subscribers VALUES (?, ?, ?)",
            (
                (
                    _spell(person, spell_telecom_id, draw),
                    spell_telecom_phone(assign_phone(int(person["number"])), draw),
                    person["age"],
                )
                for person in people
            ),
        )


def _spell(person: Person, spell: Callable[[str, random.Random], str], draw: random.Random) -> str:
    """The person's identifier as this owner writes it, or the blemish that stands in its place."""
    if "blemish" in person:
        return str(person["blemish"])
    return spell(assign_identifier(int(person["number"])), draw)


# -- reading, without the code under test --------------------------------------------------------------------------------------


def read_rows(table: Table, folder: Path) -> list[tuple[str, ...]]:
    """All rows as text, read with the plainest means there are; an empty text for a missing cell."""
    path = folder / table.file
    rows: Iterable[Sequence[object]]
    if table is BANK:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))[1:]
    elif table is BUREAU:
        rows = [tuple(row.values()) for row in pq.read_table(path).to_pylist()]
    else:
        with closing(sqlite3.connect(path)) as database:
            rows = database.execute("SELECT subscriber, msisdn, age FROM subscribers ORDER BY rowid").fetchall()
    return [tuple("" if cell is None else str(cell) for cell in row) for row in rows]


def clear_identifiers(table: Table, folder: Path) -> set[bytes]:
    """The table's identifiers in the clear, for the answer that a private computation is compared with.

    Worked out from the assigned form alone, independently of `atoll.protocols.identifiers`: letters and digits, upper case.
    """
    plain = set()
    for identifier, *_ in read_rows(table, folder):
        compact = _clear(identifier)
        if len(compact) == len("ZZ1234567K") and compact[2:9].isdigit():
            plain.add(compact.encode())
    return plain


# -- growing -------------------------------------------------------------------------------------------------------------------


def generate(folder: Path, *, rows: int, overlap: float, seed: int, source: Path | None = None) -> int:
    """Write the three tables with `rows` rows each.

    Every person is a copy of a person who is in all three excerpts, under a newly assigned identifier, so a person's bill, late
    payments and age belong together as they do in the real table.

    Args:
        folder: exists; files of the tables' names in it are replaced.
        rows: of each table, 1 to 1,000,000, without blemishes.
        overlap: the part of each table that all three have in common, 0 to 1; the others are in one table only.
        seed: equal seeds give equal rows.
        source: the excerpts; those of the repository if not given.

    Returns:
        How many persons all three tables have in common; any two have no others in common.

    Cost: about 3 s and 250 MB for 100,000 rows.
    """
    if not (1 <= rows <= 1_000_000 and 0 <= overlap <= 1):
        raise ValueError("rows are 1 to 1,000,000, the overlap is a part of them, 0 to 1")
    donors = _read_donors(source or examples_folder())
    draw = random.Random(seed)  # noqa: S311 - a table to try things on has no secrets
    numbers = itertools.count(draw.randrange(_DIGITS))
    common = round(rows * overlap)
    shared = [_copy(draw.choice(donors), next(numbers)) for _ in range(common)]
    for write in (write_bank, write_bureau, write_telecom):
        people = shared + [_copy(draw.choice(donors), next(numbers)) for _ in range(rows - common)]
        draw.shuffle(people)
        write(folder, people, draw)
    return common


def _copy(donor: Person, number: int) -> Person:
    return {**donor, "number": number}


def _read_donors(folder: Path) -> list[Person]:
    """The persons that are in all three excerpts, in order of their identifiers."""
    by_table = []
    for table in TABLES:
        rows = {_clear(row[0]): dict(zip(table.columns, row, strict=True)) for row in read_rows(table, folder)}
        by_table.append(rows)
    donors: list[Person] = []
    for key in sorted(set.intersection(*(clear_identifiers(table, folder) for table in TABLES))):
        bank, bureau, telecom = (rows[key.decode()] for rows in by_table)
        donors.append(
            {
                "bill_april": bank["bill_april"],
                "late_april": int(bureau["late_april"]),
                "late_september": int(bureau["late_september"]),
                "age": int(telecom["age"]),
            }
        )
    return donors


def _clear(identifier: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", identifier))).upper()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line of `python -m atoll.testing.tables`."""
    parser = argparse.ArgumentParser(prog="python -m atoll.testing.tables", description="Grow example tables of any size.")
    parser.add_argument("folder", type=Path, help="where to write them; made if missing")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of each table (default: 20000)")
    parser.add_argument("--overlap", type=float, default=0.3, help="part that all three have in common (default: 0.3)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal rows (default: 1)")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    common = generate(given.folder, rows=given.rows, overlap=given.overlap, seed=given.seed)
    print(f"{given.rows} rows each, {common} persons in common, identifiers assigned, rows copied from examples/data")


if __name__ == "__main__":
    main()
