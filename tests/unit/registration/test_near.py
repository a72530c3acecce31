"""From the counts of a check to what is looked at more closely, and what is stated."""

from __future__ import annotations

import random

import pytest

from atoll.exchange.registration import may_be_near


def sampled(*, rows: int, common_share: float, seed: int) -> dict[str, int]:
    """Counts of a sample of two equally large tables with this Jaccard index."""
    draw = random.Random(seed)
    common = sum(draw.random() < common_share for _ in range(rows))
    apart = rows - common
    return {"common": common, "incumbent": common + apart // 2, "new": common + apart - apart // 2}


@pytest.mark.parametrize("rows", [64, 256, 1024])
def test_who_is_near_goes_on_for_every_sample(rows: int) -> None:
    assert all(may_be_near(**sampled(rows=rows, common_share=0.5, seed=seed)) for seed in range(300))


def test_who_is_far_does_not() -> None:
    assert not any(may_be_near(**sampled(rows=1024, common_share=0.35, seed=seed)) for seed in range(300))


def test_a_sample_goes_on_from_the_shares_that_the_specification_gives() -> None:
    assert may_be_near(common=432, incumbent=728, new=728)  # J = 0.42 of 1,024
    assert not may_be_near(common=420, incumbent=722, new=722)
    assert may_be_near(common=875, incumbent=65_536, new=1024)
    assert not may_be_near(common=868, incumbent=65_536, new=1024)
    assert may_be_near(common=9, incumbent=1024, new=16)
    assert not may_be_near(common=8, incumbent=1024, new=16)


def test_where_nothing_was_sampled_nothing_is_ruled_out() -> None:
    assert may_be_near(common=0, incumbent=1024, new=0)
