"""Noise that is drawn exactly."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import exp, sqrt

import pytest

from atoll.primitives.discrete_laplace import bound_for, draw
from atoll.primitives.drbg import SeededEntropy

TINY = Fraction(1, 1 << 40)


def chances(epsilon: Fraction, bound: int) -> dict[int, float]:
    weights = {z: exp(-float(epsilon) * abs(z)) for z in range(-bound, bound + 1)}
    return {z: weight / sum(weights.values()) for z, weight in weights.items()}


@pytest.mark.parametrize(("epsilon", "bound"), [(Fraction(1, 2), 6), (Fraction(3, 2), 3), (Fraction(7, 10), 2)])
def test_every_outcome_comes_as_often_as_its_probability_says(epsilon: Fraction, bound: int) -> None:
    entropy, draws = SeededEntropy(bytes(32)), 4000
    seen = Counter(draw(epsilon, bound, entropy) for _ in range(draws))
    for outcome, chance in chances(epsilon, bound).items():
        assert abs(seen.pop(outcome, 0) - draws * chance) < 5 * sqrt(draws * chance), outcome
    assert not seen


@pytest.mark.parametrize("epsilon", [Fraction(1), Fraction(1, 10), Fraction(3), Fraction(123_457, 1_000_000)])
@pytest.mark.parametrize("delta", [Fraction(1, 1000), TINY], ids=["wide", "narrow"])
def test_the_bound_is_the_least_whose_delta_is_small_enough(epsilon: Fraction, delta: Fraction) -> None:
    """Delta is the probability of the one outcome that a neighbouring count cannot have."""
    bound = bound_for(epsilon, delta, 1 << 16)
    assert chances(epsilon, bound)[bound] <= float(delta) < chances(epsilon, bound - 1)[bound - 1]


def test_neighbouring_counts_are_alike_within_epsilon_and_delta() -> None:
    """The definition itself, summed over the worst set of outcomes."""
    epsilon, delta = Fraction(1, 3), Fraction(1, 500)
    here = chances(epsilon, bound_for(epsilon, delta, 1000))
    there = {outcome + 1: chance for outcome, chance in here.items()}
    for left, right in ((here, there), (there, here)):
        excess = sum(max(0.0, chance - exp(float(epsilon)) * right.get(outcome, 0.0)) for outcome, chance in left.items())
        assert excess <= float(delta) * (1 + 1e-9)


def test_an_epsilon_too_small_for_the_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="noise"):
        bound_for(Fraction(1, 1_000_000), TINY, 1 << 16)
