"""The example tables are what their SOURCE.md says, and can be grown."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest

from atoll.protocols.identifiers import Report, normalise, parse_rule, parse_rules
from atoll.protocols.psi.hashing import digest_key
from atoll.protocols.psi.items import DIGEST_BYTES, SALT_BYTES
from atoll.sources import SourceRoot, open_items, open_source
from atoll.testing.tables import (
    BANK,
    BUREAU,
    ID_RULE,
    PHONE_RULE,
    TABLES,
    TELECOM,
    Table,
    assign_identifier,
    assign_phone,
    clear_identifiers,
    examples_folder,
    generate,
    main,
    read_rows,
)

FOLDER = examples_folder()
SALT = bytes(SALT_BYTES)
SIZES = {BANK: 6000, BUREAU: 8000, TELECOM: 5000}
IN_COMMON = {(BANK, BUREAU): 3000, (BANK, TELECOM): 2000, (BUREAU, TELECOM): 2500}


def keys(
    table: Table, scratch: Path, folder: Path = FOLDER, *, column: str = "", rule: str = ID_RULE
) -> tuple[set[bytes], Report]:
    """The digests of a table's keys, and what was counted."""
    report = Report()
    with open_source(table.address, root=SourceRoot([folder]), scratch=scratch) as source:
        assert tuple(source.schema().names) == table.columns
        items = open_items(source, [column or table.id_column], parse_rules([rule]), report=report, scratch=scratch)
    with items:
        digests = items.partition(SALT, 1).load(0).digests
    return {digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES)}, report


def clear_keys(table: Table, folder: Path = FOLDER) -> set[bytes]:
    return {digest_key(SALT, identifier) for identifier in clear_identifiers(table, folder)}


def test_the_files_are_small_and_those_that_their_source_page_lists() -> None:
    page = (FOLDER / "SOURCE.md").read_text()
    for table in TABLES:
        content = (FOLDER / table.file).read_bytes()
        assert len(content) < 1 << 20
        assert f"{hashlib.sha256(content).hexdigest()}  {table.file}" in page
        assert f"{SIZES[table] + 20:,} |" in page


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.owner)
def test_blemishes_are_left_out_and_counted(table: Table, tmp_path: Path) -> None:
    size = SIZES[table]
    assert keys(table, tmp_path)[1] == Report(rows=size + 20, kept=size, empty=10, malformed=3, duplicate=7)


def test_the_intersections_are_those_worked_out_in_the_clear(tmp_path: Path) -> None:
    private = {table: keys(table, tmp_path)[0] for table in TABLES}
    assert private == {table: clear_keys(table) for table in TABLES}
    for (one, other), size in IN_COMMON.items():
        assert len(private[one] & private[other]) == size
    assert len(set.intersection(*private.values())) == 1500


def test_without_the_rule_most_of_an_intersection_would_be_lost(tmp_path: Path) -> None:
    as_written = {table: keys(table, tmp_path, rule="exact/1")[0] for table in TABLES}
    for (one, other), size in IN_COMMON.items():
        assert len(as_written[one] & as_written[other]) < size / 20


def test_bank_and_telecom_also_meet_by_phone(tmp_path: Path) -> None:
    bank, _ = keys(BANK, tmp_path, column="phone", rule=PHONE_RULE)
    telecom, _ = keys(TELECOM, tmp_path, column="msisdn", rule=PHONE_RULE)
    by_identifier = clear_identifiers(BANK, FOLDER) & clear_identifiers(TELECOM, FOLDER)
    assert len(bank & telecom) == len(by_identifier) == 2000


def test_assigned_identifiers_and_phones_are_distinct_and_in_normal_form() -> None:
    identifiers = [assign_identifier(number) for number in range(50_000)]
    assert len(set(identifiers)) == 50_000
    assert normalise(parse_rule(ID_RULE), identifiers[7]).decode() == identifiers[7]
    phones = [assign_phone(number) for number in range(50_000)]
    assert len(set(phones)) == 50_000
    assert normalise(parse_rule(PHONE_RULE), phones[7]).decode() == "+1" + phones[7]


def test_grown_tables_have_the_size_and_overlap_asked_for(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "scratch").mkdir()
    assert generate(tmp_path / "tables", rows=2000, overlap=0.25, seed=3) == 500
    private = {table: keys(table, tmp_path / "scratch", tmp_path / "tables") for table in TABLES}
    for table, (found, report) in private.items():
        assert report == Report(rows=2000, kept=2000)
        assert found == clear_keys(table, tmp_path / "tables")
    for one, other in itertools.combinations(TABLES, 2):
        assert len(private[one][0] & private[other][0]) == 500


def test_a_grown_row_is_a_copy_of_a_real_one(tmp_path: Path) -> None:
    generate(tmp_path, rows=300, overlap=1, seed=4)
    for table in TABLES:
        data = slice(-1, None) if table is not BUREAU else slice(1, None)
        real = {row[data] for row in read_rows(table, FOLDER)}
        assert {row[data] for row in read_rows(table, tmp_path)} <= real


def test_equal_seeds_grow_equal_rows(tmp_path: Path) -> None:
    grown = []
    for name, seed in {"a": 5, "b": 5, "c": 6}.items():
        main([str(tmp_path / name), "--rows", "200", "--overlap", "0.5", "--seed", str(seed)])
        grown.append([read_rows(table, tmp_path / name) for table in TABLES])
    assert grown[0] == grown[1] != grown[2]


@pytest.mark.parametrize(("rows", "overlap"), [(0, 0.5), (1_000_001, 0.5), (10, 1.1), (10, -0.1)])
def test_sizes_out_of_range_are_refused(tmp_path: Path, rows: int, overlap: float) -> None:
    with pytest.raises(ValueError, match="overlap"):
        generate(tmp_path, rows=rows, overlap=overlap, seed=1)
