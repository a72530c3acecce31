"""The schedule of a sort: near the cheapest, and the same integers on every machine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from atoll.protocols.mpc.pivots import ROUND_BYTES, choose_pivots, log2_scaled, spare_comparison_rounds

PLACES = [(1, 0, 1), (2, 1, 1), (1000, 96, 6), (123_456, 128, 9), (10**6, 184, 7), ((1 << 32) - 1, 5000, 12)]


def step(pivots: int, place: tuple[int, int, int]) -> float:
    """Bytes an element that a factor e of the way costs."""
    count, gates, depth = place
    return (pivots * (gates + 1) / 8 + ROUND_BYTES * (depth + 1) / count) / math.log(pivots + 1)


@pytest.mark.parametrize("place", PLACES)
def test_no_other_number_of_pivots_is_cheaper(place: tuple[int, int, int]) -> None:
    choice = choose_pivots(*place)
    best = step(choice.pivots, place)
    assert best <= min(step(pivots, place) for pivots in range(1, 2000)) * (1 + 1e-5)
    for short, is_cheap in ((choice.short, True), (choice.short + 1, False)):
        if 2 < short < 4000:
            assert ((place[1] + 1) / 8 * (short - 1) / 2 <= best * math.log(short)) is is_cheap


def test_the_choice_is_made_without_floating_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logarithms are other ones in the last bit where the processor or the library is another."""

    def refuse(*_: Any) -> float:
        raise AssertionError("a logarithm that is not the same everywhere")

    for module, name in ((np, "log"), (np, "log2"), (math, "log"), (math, "log2")):
        monkeypatch.setattr(module, name, refuse)
    assert [choose_pivots(*place) for place in PLACES[2:5]] == [(30, 363), (1, 13), (1, 6)]
    spare = [spare_comparison_rounds(count, 64) for count in (1, 142_469, 142_470, 284_940, 569_879, 10**7)]
    assert spare == [0, 0, 1, 2, 3, 3]


def test_logarithms_are_rounded_down_to_the_digit() -> None:
    for number, scaled in zip((1, 2, 3, 3999, 1 << 32), log2_scaled(np.array([1, 2, 3, 3999, 1 << 32])), strict=True):
        exact = number ** (1 << 10)  # its length is the logarithm to ten more digits
        assert int(scaled) >> 10 == exact.bit_length() - 1
    assert log2_scaled(np.array([3])).tolist() == [1_661_953]
