"""What goes through the members' OPRF, and what is too alike by chance to go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from atoll.exchange.fingerprint import LEAST_DISTINCT_ROWS
from atoll.exchange.registration import tag_inputs

SEED, OTHER = b"\x01" * 32, b"\x02" * 32


def inputs(rows: int, seed: bytes) -> tuple[bytes, bytes, bytes]:
    table: Any = SimpleNamespace(bytes_sha256=b"b" * 32, content_root=b"c" * 32, nameless_root=b"n" * 32, distinct_rows=rows)
    return tag_inputs(table, seed=seed)


def test_equal_tables_ask_for_equal_tags_and_layers_for_different_ones() -> None:
    found = inputs(LEAST_DISTINCT_ROWS, SEED)
    assert found == inputs(LEAST_DISTINCT_ROWS, OTHER)
    assert len(set(found)) == 3


def test_a_short_table_meets_no_other_without_its_names_and_resumed_asks_for_the_same() -> None:
    one, other = inputs(LEAST_DISTINCT_ROWS - 1, SEED), inputs(LEAST_DISTINCT_ROWS - 1, OTHER)
    assert one[:2] == other[:2] == inputs(LEAST_DISTINCT_ROWS, SEED)[:2]
    assert one[2] != other[2]
    assert one == inputs(LEAST_DISTINCT_ROWS - 1, SEED)
    assert one[2] != inputs(LEAST_DISTINCT_ROWS, SEED)[2]
