"""Quotients, roots, sigmoids: three nodes give what plain integers give, at the stated cost, and as exactly as stated."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from atoll.protocols.mpc import Adversary, Node, Ring, Steps
from atoll.protocols.mpc.deviation import Spread, comoment, plan_comoment
from atoll.protocols.mpc.division import divide, plan_division
from atoll.protocols.mpc.exponential import exponential, logarithm, plan_exponential, plan_logarithm
from atoll.protocols.mpc.piecewise import DIGITS, fit
from atoll.protocols.mpc.roots import plan_root, root
from atoll.protocols.mpc.sigmoid import plan_sigmoid, sigmoid
from atoll.protocols.mpc.traffic import Traffic
from tests.unit.protocols.mpc.three import answer, deal_ring, run

DIVISIONS = [
    (1 << 30, 1, (1 << 20) - 1, 10),
    (1000, 3, 3, 20),
    (1 << 40, 1 << 19, 1 << 22, 5),
    (7, 1, 200, 30),
    ((1 << 62) - 1, 5, 9, -8),
]
ROOTS = [(0, (1 << 40) - 1, 20), (0, 200, 30), (0, (1 << 62) - 1, 0), (1 << 20, 1 << 24, 10), (0, 1, 4), (0, 200, -40)]
EXPONENTIALS = [
    (-(20 << 20), 2 << 20, 20, 20),
    (-3, 10, 0, 10),
    (0, 20 << 30, 30, 20),
    (-(40 << 16), -(30 << 16), 16, 60),
    (1, 1, 4, 30),
    (-(45 << 10), -(40 << 10), 10, 20),  # all of it below a unit of the result
    (-(100 << 8), -(99 << 8), 8, 0),
]
LOGARITHMS = [((1 << 40) - 1, 20, 20), (1000, 0, 32), ((1 << 62) - 1, 60, 20), (1, 3, 20), (1 << 20, 20, 36)]
SIGMOIDS = [
    (-(40 << 20), 40 << 20, 20, 20),
    (-5, 5, 0, 20),
    (-(8 << 40), 8 << 40, 40, 20),
    (0, 1 << 30, 24, 24),
    (-3, 3, 2, 8),
    (-40, 40, 0, 24),
]


def between(low: int, high: int, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Numbers of a range: its ends, small ones and powers of two among them, and as many small as large ones."""
    random = np.random.default_rng(seed)
    drawn = np.exp2(random.uniform(0, 62, count)).astype(np.int64) * random.choice([-1, 1], count)
    edges = [low, high, low + 1, high - 1, 0, 1, -1, 2, 3, *(sign << bit for bit in range(62) for sign in (1, -1))]
    values = np.concatenate([edges, drawn, random.integers(low, high, count, endpoint=True)])
    return values[(values >= low) & (values <= high)]


def verify_three_nodes(
    steps: Callable[..., Steps[Ring]], given: list[NDArray[np.int64]], expected: list[int], cost: Callable[[bool], Traffic]
) -> None:
    """Equal at both adversaries, at that cost."""
    dealt = [deal_ring(one, seed) for seed, one in enumerate(given)]
    for adversary in Adversary:
        assert answer(steps, *dealt, adversary=adversary).tolist() == expected
        ran = run(steps, *dealt, adversary=adversary)
        assert Traffic(ran.rounds, ran.bytes_by_node) == cost(adversary is Adversary.MALICIOUS)


def verify_error(found: list[int], exact: list[Fraction], bound: Fraction, *, tight: bool = True) -> None:
    """Within the bound, and the bound no looser than 16 times."""
    off = max(abs(one - other) for one, other in zip(found, exact, strict=True))
    assert off <= bound
    assert not tight or bound <= 16 * max(off, Fraction(1, 8))


@pytest.mark.parametrize("ranges", DIVISIONS)
def test_quotients_are_those_of_plain_integers_and_within_the_bound(ranges: tuple[int, int, int, int]) -> None:
    dividend, least, most, scale = ranges
    plan = plan_division(*ranges)
    x, y = np.array([(a, b) for a in between(-dividend, dividend, 40)[::3] for b in between(least, most, 40, 1)[::3]]).T
    found = [plan.quotient(int(a), int(b)) for a, b in zip(x, y, strict=True)]
    verify_error(found, [Fraction(int(a), int(b)) * Fraction(2) ** scale for a, b in zip(x, y, strict=True)], plan.error_units)

    def steps(node: Node, a: Ring, b: Ring) -> Steps[Ring]:
        return divide(node, a, b, plan)

    verify_three_nodes(steps, [x, y], found, lambda malicious: plan.traffic(len(x), malicious=malicious))


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("ranges", ROOTS)
def test_roots_are_those_of_plain_integers_and_within_the_bound(ranges: tuple[int, int, int], *, inverse: bool) -> None:
    low, high, scale = ranges
    plan = plan_root(max(low, 1) if inverse else low, high, scale, inverse=inverse)
    x = between(plan.least, plan.most, 200)
    found, exact = [plan.value(int(one)) for one in x], []
    for one in x.tolist():
        scaled = Fraction(4) ** (scale + 60) * (Fraction(1, one) if inverse else one)
        exact.append(Fraction(math.isqrt(int(scaled)), 1 << 60))
    verify_error(found, exact, plan.error_units + Fraction(1, 1 << 50))

    def steps(node: Node, one: Ring) -> Steps[Ring]:
        return root(node, one, plan)

    verify_three_nodes(steps, [x], found, lambda malicious: plan.traffic(len(x), malicious=malicious))


def test_the_root_of_zero_is_zero() -> None:
    assert [plan_root(*ranges).value(0) for ranges in ROOTS if not ranges[0]] == [0] * 5


@pytest.mark.parametrize("ranges", SIGMOIDS)
def test_sigmoids_are_those_of_plain_integers_and_within_the_bound(ranges: tuple[int, int, int, int]) -> None:
    low, high, point, precision = ranges
    plan = plan_sigmoid(*ranges)
    x = between(low, high, 300)
    found = [plan.value(int(one)) for one in x]
    exact = [Fraction(0.5 + math.tanh(one / 2**point / 2) / 2) * (1 << precision) for one in x.tolist()]
    verify_error(found, exact, plan.error_units + Fraction(1, 1 << 20), tight=point == precision)

    def steps(node: Node, one: Ring) -> Steps[Ring]:
        return sigmoid(node, one, plan)

    verify_three_nodes(steps, [x], found, lambda malicious: plan.traffic(len(x), malicious=malicious))


@pytest.mark.parametrize("ranges", EXPONENTIALS)
def test_powers_are_those_of_plain_integers_and_within_the_bound(ranges: tuple[int, int, int, int]) -> None:
    low, high, point, fraction = ranges
    plan = plan_exponential(*ranges)
    x = between(low, high, 100)
    found = [plan.value(int(one)) for one in x]
    with localcontext(DIGITS):
        exact = [Fraction((Decimal(one) / (1 << point)).exp()) * (1 << fraction) for one in x.tolist()]
    verify_error(found, exact, plan.error_units)

    def steps(node: Node, one: Ring) -> Steps[Ring]:
        return exponential(node, one, plan)

    verify_three_nodes(steps, [x], found, lambda malicious: plan.traffic(len(x), malicious=malicious))


@pytest.mark.parametrize("ranges", LOGARITHMS)
def test_logarithms_are_those_of_plain_integers_and_within_the_bound(ranges: tuple[int, int, int]) -> None:
    most, point, fraction = ranges
    plan = plan_logarithm(*ranges)
    x = between(1, most, 100)
    found = [plan.value(int(one)) for one in x]
    with localcontext(DIGITS):
        exact = [Fraction((Decimal(one) / (1 << point)).ln()) * (1 << fraction) for one in x.tolist()]
    verify_error(found, exact, plan.error_units)

    def steps(node: Node, one: Ring) -> Steps[Ring]:
        return logarithm(node, one, plan)

    verify_three_nodes(steps, [x], found, lambda malicious: plan.traffic(len(x), malicious=malicious))


def test_a_sigmoid_of_twenty_bits_is_exact_to_six_millionths() -> None:
    assert plan_sigmoid(-(1 << 40), 1 << 40, 20, 20).error_units / (1 << 20) < Fraction(6, 10**6)


@pytest.mark.parametrize(
    "bounds",
    [
        (3, -1000, 1000, 0),
        (5000, 0, 1000, 0),
        (500, 10**9, 10**9 + 2**29, 20),
        (9, -(2**29), 2**29 - 1, 29),
        (64, 0, 1, 0),
        (40, -1, 1, 56),
    ],
)
def test_products_of_deviations_are_within_the_bound(bounds: tuple[int, int, int, int]) -> None:
    count, low, high, _ = bounds
    spread = Spread(*bounds)
    plan = plan_comoment(spread, spread)
    random = np.random.default_rng(count)
    x, y = random.integers(low, high, (2, 3, count), endpoint=True)
    y[0], x[1] = x[0], low
    found = answer(lambda node, a, b: comoment(node, a, b, plan), deal_ring(x), deal_ring(y, 1))
    for row in range(3):
        pairs = list(zip(x[row].tolist(), y[row].tolist(), strict=True))
        means = Fraction(sum(one for one, _ in pairs), count), Fraction(sum(other for _, other in pairs), count)
        exact = sum((one - means[0]) * (other - means[1]) for one, other in pairs)
        assert abs(int(found[row]) - exact * Fraction(4) ** spread.scale) <= plan.error_units
        assert abs(int(found[row])) <= plan.magnitude


def test_a_table_of_few_bits_holds_the_function_itself() -> None:
    table = fit(
        lambda x: x * x,
        start=Fraction(0),
        length=Fraction(8),
        bits=3,
        index_bits=7,
        fraction=4,
        remainder=lambda _: Fraction(1),
    )
    assert [table.value(one) for one in range(8)] == [16 * one * one for one in range(8)]
    assert table.low_bits == 0


def test_tables_are_the_same_on_every_machine() -> None:
    """Pinned: nodes whose tables differed would build different circuits."""
    tables: list[Any] = [plan_division(*DIVISIONS[0]).table, plan_root(*ROOTS[0]).table, plan_sigmoid(*SIGMOIDS[0]).table]
    digests = [sha256(repr(table.coefficients).encode()).hexdigest()[:16] for table in tables]
    assert digests == PINNED


PINNED = ["a3f15de66db5215f", "8632f3b631b69494", "e23e6d45e0f874c3"]
