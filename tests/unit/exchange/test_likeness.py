"""What follows from how alike two tables are."""

from __future__ import annotations

import pytest

from atoll.exchange.fingerprint import (
    LEAST_DISTINCT_ROWS,
    Likeness,
    Sketch,
    Verdict,
    count_likeness,
    estimate_jaccard_ppm,
    judge_likeness,
)
from atoll.wire.errors import MessageError


@pytest.mark.parametrize(
    ("newcomer", "incumbent", "shared", "verdict"),
    [
        (1000, 1000, 889, Verdict.NEAR),  # 889 / 1111 = 0.8002
        (1000, 1000, 888, Verdict.REVIEW),
        (1000, 1000, 667, Verdict.REVIEW),
        (1000, 1000, 666, Verdict.NEW),
        (100, 1000, 90, Verdict.SUBSET),
        (1000, 100, 90, Verdict.SUBSET),
        (100, 1000, 89, Verdict.NEW),
        (1000, 1000, 0, Verdict.NEW),
    ],
)
def test_each_verdict_begins_where_it_says(newcomer: int, incumbent: int, shared: int, verdict: Verdict) -> None:
    assert judge_likeness(count_likeness(newcomer, incumbent, shared), least_rows=min(newcomer, incumbent)) is verdict


def test_tables_of_few_different_rows_are_alike_by_chance() -> None:
    same = count_likeness(63, 63, 63)
    assert judge_likeness(same, least_rows=LEAST_DISTINCT_ROWS - 1) is Verdict.NEW
    assert judge_likeness(same, least_rows=LEAST_DISTINCT_ROWS) is Verdict.NEAR


def test_empty_tables_have_nothing_in_common() -> None:
    assert count_likeness(0, 0, 0) == Likeness(0, 0, 0)
    assert count_likeness(0, 5, 0).containment_ppm == 0


def test_more_shared_rows_than_a_table_has_are_refused() -> None:
    for newcomer, incumbent, shared in ((5, 9, 6), (9, 5, 6), (5, 5, -1)):
        with pytest.raises(ValueError, match="no more rows"):
            count_likeness(newcomer, incumbent, shared)


def test_signatures_agree_in_a_share_of_their_places() -> None:
    one = b"".join(number.to_bytes(8, "big") for number in range(128))
    other = b"".join((number + (number % 4 == 0)).to_bytes(8, "big") for number in range(128))
    assert estimate_jaccard_ppm(one, one) == 1_000_000
    assert estimate_jaccard_ppm(one, other) == 750_000


@pytest.mark.parametrize(
    ("scale", "values"),
    [
        (0, bytes(8) + bytes(8)),
        (0, bytes(7)),
        (0, (5).to_bytes(8, "big") + (4).to_bytes(8, "big")),
        (60, (16).to_bytes(8, "big")),
    ],
)
def test_a_sketch_that_nobody_could_have_made_is_refused(scale: int, values: bytes) -> None:
    with pytest.raises(MessageError):
        Sketch(scale=scale, values=values)
