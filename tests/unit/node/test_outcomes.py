"""Outcomes on disk: sealed block by block, read page by page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from atoll.jobs.kind import Outcome
from atoll.jobs.result import BLOCK_ROWS, Result, encoded_bytes
from atoll.node.outcomes import OutcomeFile
from atoll.primitives.drbg import SeededEntropy
from atoll.storage.errors import StoreCorrupt
from atoll.storage.sealed import Sealer

ROWS = 2 * BLOCK_ROWS + 5
RESULT = Result(pa.table({"id": [f"P{at:06}" for at in range(ROWS)], "n": pa.array(range(ROWS))}))


def outcome(result: Result | None = RESULT) -> Outcome:
    return Outcome(result_commitment=b"c" * 32, result=result, opening=b"o" * 32, counts={"b": 1, "a": 2})


def file(folder: Path, *, name: str = "job/1.outcome", key: bytes = b"k" * 32) -> OutcomeFile:
    """Opened as a new process would."""
    return OutcomeFile(folder / "1.outcome", name=name, sealer=Sealer(key, SeededEntropy(bytes(32))))


def test_an_outcome_comes_back_and_its_rows_only_when_asked_for(tmp_path: Path) -> None:
    assert not file(tmp_path).exists()
    file(tmp_path).save(outcome())
    back = file(tmp_path).load()
    assert (back.result_commitment, back.opening, back.counts) == (b"c" * 32, b"o" * 32, {"a": 2, "b": 1})
    assert back.result is None
    assert "oooo" not in repr(back)
    stored = file(tmp_path).open_result()
    assert stored is not None
    assert "oooo" not in repr(stored)
    assert (stored.commitment, stored.opening) == (b"c" * 32, b"o" * 32)
    assert (stored.rows, stored.encoded_bytes) == (ROWS, encoded_bytes(RESULT))
    assert Result(pa.Table.from_batches(stored.blocks(), stored.schema)) == RESULT
    assert [block.num_rows for block in stored.blocks()] == [BLOCK_ROWS, BLOCK_ROWS, 5]


@pytest.mark.parametrize(
    ("offset", "rows"),
    [(0, 3), (BLOCK_ROWS - 2, 4), (BLOCK_ROWS, 1), (5, 2 * BLOCK_ROWS), (ROWS - 2, 10), (ROWS, 10), (ROWS + 10**9, 1)],
)
def test_a_page_is_what_stands_there_wherever_blocks_end(offset: int, rows: int, tmp_path: Path) -> None:
    file(tmp_path).save(outcome())
    stored = file(tmp_path).open_result()
    assert stored is not None
    assert stored.page(offset, rows) == [(f"P{at:06}", at) for at in range(offset, min(offset + rows, ROWS))]


def test_a_result_says_of_how_many_keys_the_other_side_spoiled_what_it_sent(tmp_path: Path) -> None:
    for counts, spoiled in (({"own": 5}, 0), ({"own": 5, "spoiled": 2}, 2)):
        file(tmp_path).save(replace(outcome(), counts=counts))
        stored = file(tmp_path).open_result()
        assert stored is not None
        assert stored.spoiled == spoiled


def test_an_outcome_without_a_result_says_so(tmp_path: Path) -> None:
    file(tmp_path).save(outcome(None))
    assert file(tmp_path).open_result() is None
    file(tmp_path).save(outcome(Result.from_rows(("id",), [])))
    stored = file(tmp_path).open_result()
    assert stored is not None
    assert (stored.schema.names, stored.rows, list(stored.blocks()), stored.page(0, 10)) == (["id"], 0, [], [])


def test_a_changed_byte_anywhere_is_noticed_and_so_are_another_name_and_another_key(tmp_path: Path) -> None:
    file(tmp_path).save(outcome(Result.from_rows(("id",), [("secret",)])))
    path = tmp_path / "1.outcome"
    data = path.read_bytes()
    assert b"secret" not in data
    assert path.stat().st_mode & 0o777 == 0o600

    def read(one: OutcomeFile) -> None:
        stored = one.open_result()
        assert stored is not None
        list(stored.blocks())

    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(StoreCorrupt):
            read(file(tmp_path))
    for cut in (b"", data[:3], data[:-1], data[1:]):
        path.write_bytes(cut)
        with pytest.raises(StoreCorrupt):
            read(file(tmp_path))
    path.write_bytes(data)
    read(file(tmp_path))
    for other in (file(tmp_path, name="job/2.outcome"), file(tmp_path, key=b"x" * 32)):
        with pytest.raises(StoreCorrupt):
            read(other)


def test_blocks_that_change_places_are_noticed(tmp_path: Path) -> None:
    file(tmp_path).save(outcome())
    path = tmp_path / "1.outcome"
    stored = file(tmp_path).open_result()
    assert stored is not None
    data, (first, second) = path.read_bytes(), stored._ends[:2]
    assert second == 2 * first
    path.write_bytes(data[first:second] + data[:first] + data[second:])
    with pytest.raises(StoreCorrupt):
        list(stored.blocks())
