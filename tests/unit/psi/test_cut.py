"""Buckets and what they are filled to."""

from __future__ import annotations

from math import comb

import pytest

from atoll.protocols.psi.cut import TARGET_KEYS, bucket_count, padded_size


@pytest.mark.parametrize(("rows", "buckets"), [(0, 1), (1, 1), (TARGET_KEYS, 1), (TARGET_KEYS + 1, 2), (10 * TARGET_KEYS, 10)])
def test_a_bucket_holds_about_the_target(rows: int, buckets: int) -> None:
    assert bucket_count(rows) == buckets


def test_one_bucket_is_not_padded() -> None:
    assert [padded_size(rows, 1) for rows in (0, 1, 17, TARGET_KEYS)] == [0, 1, 17, TARGET_KEYS]


def test_a_bucket_never_has_more_than_the_whole_set() -> None:
    assert padded_size(3, 1000) == 3


@pytest.mark.parametrize(("rows", "buckets"), [(4_000, 2), (20_000, 10), (1_000, 100), (300, 30)])
def test_the_chance_that_a_bucket_overflows_is_below_two_to_the_minus_40(rows: int, buckets: int) -> None:
    """Exactly, by the binomial, at sizes where that can be summed; larger sets are closer to the normal."""
    room = padded_size(rows, buckets)
    over = sum(comb(rows, keys) * (buckets - 1) ** (rows - keys) for keys in range(room + 1, min(rows, room + 400) + 1))
    assert over * buckets * 2**40 < buckets**rows
