"""Buckets and what they are filled to."""

from __future__ import annotations

from math import comb

import pytest

from atoll.protocols.psi.cut import LEAST_KEYS, MOST_KEYS, TARGET_KEYS, bucket_count, is_within_cap, padded_size, padded_total


@pytest.mark.parametrize(("rows", "buckets"), [(0, 1), (1, 1), (TARGET_KEYS, 1), (TARGET_KEYS + 1, 2), (10 * TARGET_KEYS, 10)])
def test_a_bucket_holds_about_the_target(rows: int, buckets: int) -> None:
    assert bucket_count(rows) == buckets


@pytest.mark.parametrize("most", [TARGET_KEYS, 10_000_000, 100_000_000])
@pytest.mark.parametrize("least", [1, 1_000, LEAST_KEYS - 1, LEAST_KEYS, 400_000, 5_000_000])
def test_a_small_set_is_padded_by_no_more_than_a_sixteenth_unless_the_large_one_would_not_fit(most: int, least: int) -> None:
    buckets = bucket_count(least, most)
    assert most / buckets <= MOST_KEYS
    assert is_within_cap(least, buckets, least) or buckets == -(-most // MOST_KEYS)
    assert padded_total(least, buckets) >= least


def test_a_receiver_of_few_rows_among_very_many_is_above_its_cap() -> None:
    buckets = bucket_count(1_000, 100_000_000)
    assert not is_within_cap(1_000, buckets, 1_000)
    assert is_within_cap(1_000, buckets, padded_total(1_000, buckets))


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
