"""Circuits against plain integers: all inputs at small widths, random and extreme ones at 64 bits; then on shares."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import pytest

from atoll.protocols.mpc import Bits, Circuit, CircuitBuilder, Node, Planes, Steps, evaluate, parallel
from atoll.protocols.mpc.circuits import arithmetic, choice, order, prefix
from atoll.protocols.mpc.errors import ShapesDiffer
from tests.unit.protocols.mpc.three import answer, deal_planes, numbers, run

Build = Callable[..., Sequence[Bits]]
FORMS = (0, 1, 2, 8)


def circuit(build: Build, *widths: int) -> Circuit:
    builder = CircuitBuilder()
    return builder.circuit(build(builder, *(builder.input(width) for width in widths)))


def signed(value: int, width: int) -> int:
    return value - (value >> (width - 1) << width)


def arithmetic_of(extra: int) -> Build:
    def build(b: CircuitBuilder, x: Bits, y: Bits) -> list[Bits]:
        total, carry = arithmetic.add(b, x, y, extra=extra)
        difference, borrow = arithmetic.subtract_with_borrow(b, x, y, extra=extra)
        flags = [
            arithmetic.carry_out(b, x, y, extra=extra),
            arithmetic.carry_out(b, x, y, carry=b.constant(1), extra=extra),
            arithmetic.top_bit_of_sum(b, x, y, extra=extra),
            order.less_than(b, x, y, extra=extra),
            order.less_than(b, x, y, signed=True, extra=extra),
            order.equal(b, x, y),
            order.is_zero(b, x),
            carry,
            borrow,
        ]
        words = [total, arithmetic.add_modulo(b, x, y, extra=extra), difference, arithmetic.subtract(b, x, y, extra=extra)]
        return [flags, *words, arithmetic.add(b, x, y, carry=x[0], extra=extra)[0]]

    return build


def arithmetic_clear(x: int, y: int, n: int) -> tuple[int, ...]:
    sx, sy, m = signed(x, n), signed(y, n), 1 << n
    flags = [
        x + y >= m,
        x + y + 1 >= m,
        bool((x + y) % m >> (n - 1)),
        x < y,
        sx < sy,
        x == y,
        x == 0,
        x + y >= m,
        x < y,
    ]
    words = [(x + y) % m, (x + y) % m, (x - y) % m, (x - y) % m, (x + y + (x & 1)) % m]
    return sum(flag << at for at, flag in enumerate(flags)), *words


@pytest.mark.parametrize("extra", FORMS)
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_sums_and_comparisons_are_right_for_all_small_words(width: int, extra: int) -> None:
    made = circuit(arithmetic_of(extra), width, width)
    for x, y in itertools.product(range(1 << width), repeat=2):
        assert made.evaluate_clear(x, y) == arithmetic_clear(x, y, width)


@pytest.mark.parametrize("extra", FORMS)
@pytest.mark.parametrize("width", [23, 63, 64])
def test_sums_and_comparisons_are_right_for_large_words(width: int, extra: int) -> None:
    made = circuit(arithmetic_of(extra), width, width)
    xs = [int(v) % (1 << width) for v in numbers(40, 1)]
    ys = [int(v) % (1 << width) for v in numbers(40, 2)[::-1]]
    for x, y in [*zip(xs, ys, strict=True), (xs[0], xs[0]), ((1 << width) - 1, 1), (0, 0)]:
        assert made.evaluate_clear(x, y) == arithmetic_clear(x, y, width)


@pytest.mark.parametrize("width", range(1, 8))
def test_choices_are_right_for_all_small_words(width: int) -> None:
    table = [(7 * at * at + 3) % 256 for at in range((1 << width) - 1)]

    def build(b: CircuitBuilder, x: Bits) -> list[Bits]:
        hot = choice.one_hot(b, x)
        filled = [choice.from_the_highest(b, x, extra=extra) for extra in FORMS]
        return [
            hot,
            choice.look_up(b, hot, table, 8),
            *filled,
            choice.highest_alone(b, x),
            choice.shift_left(b, x, x[:3]),
            [b.any_of(x), b.all_of(x), b.parity_of(x)],
        ]

    made = circuit(build, width)
    for x in range(1 << width):
        top = (1 << x.bit_length()) - 1
        assert made.evaluate_clear(x) == (
            1 << x,
            [*table, 0][x],
            *([top] * len(FORMS)),
            (top + 1) >> 1,
            (x << x % 8) % (1 << width),
            (x > 0) | (x == (1 << width) - 1) << 1 | x.bit_count() % 2 << 2,
        )


def test_three_numbers_add_up_to_the_two_of_a_carry_save_adder() -> None:
    made = circuit(arithmetic.save_carries, 4, 4, 4)
    for three in itertools.product(range(16), repeat=3):
        total, carries = made.evaluate_clear(*three)
        assert (total + carries) % 16 == sum(three) % 16


def test_a_bit_chooses_a_word() -> None:
    made = circuit(lambda b, c, x, y: [choice.choose(b, c[0], x, y)], 1, 2, 2)
    for c, x, y in itertools.product(range(2), range(4), range(4)):
        assert made.evaluate_clear(c, x, y) == (x if c else y,)


@pytest.mark.parametrize("count", range(9))
@pytest.mark.parametrize("extra", FORMS)
def test_prefixes_keep_their_order(count: int, extra: int) -> None:
    done = prefix.prefixes([chr(97 + at) for at in range(count)], lambda high, low: low + high, extra)
    assert done == ["abcdefghi"[: at + 1] for at in range(count)]


def test_costs_are_those_of_the_specification() -> None:
    def of(build: Build, *widths: int) -> tuple[int, int]:
        made = circuit(build, *widths)
        assert (made.and_gates, made.depth) == (made.compiled.and_gates, made.compiled.depth)
        return made.and_gates, made.depth

    assert of(lambda b, x, y: [[arithmetic.top_bit_of_sum(b, x, y)]], 64, 64) == (149, 7)
    assert of(lambda b, x, y: [[arithmetic.top_bit_of_sum(b, x, y)]], 32, 32) == (70, 6)
    assert of(lambda b, x, y: [[order.less_than(b, x, y)]], 64, 64) == (152, 7)
    assert of(lambda b, x, y: [arithmetic.add_modulo(b, x, y)], 64, 64) == (293, 7)
    assert of(lambda b, x, y: [arithmetic.add_modulo(b, x, y, extra=2)], 64, 64) == (207, 9)
    assert of(lambda b, x, y: [[order.equal(b, x, y)]], 64, 64) == (63, 6)
    assert of(lambda b, x: [choice.one_hot(b, x)], 8) == (247, 3)
    assert of(lambda b, x: [choice.highest_alone(b, x)], 64) == (168, 6)


def test_the_builder_folds_constants_shares_equal_gates_and_drops_unused_ones() -> None:
    def build(b: CircuitBuilder, x: Bits) -> list[Bits]:
        one, zero = b.constant(1), b.constant(0)
        b.conjunction(x[1], x[2])  # used by nobody
        both = b.conjunction(x[0], x[1])
        again = b.conjunction(x[1], x[0])
        kept = [b.conjunction(x[0], one), b.conjunction(zero, x[0]), b.xor(x[0], zero), b.xor(one, x[0]), b.xor(x[0], x[0])]
        return [[both, again, *kept, b.invert(b.invert(x[2])), b.disjunction(x[0], one)]]

    made = circuit(build, 3)
    assert made.and_gates == 1
    for x in range(8):
        a, c = x & 1, x >> 2
        both = a & x >> 1
        expected = [both, both, a, 0, a, 1 - a, 0, c, 1]
        assert made.evaluate_clear(x) == (sum(bit << at for at, bit in enumerate(expected)),)


def test_inputs_come_before_gates() -> None:
    build = CircuitBuilder()
    build.constant(1)
    with pytest.raises(ValueError, match="inputs come before gates"):
        build.input(1)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
def test_shares_give_what_the_description_gives(count: int) -> None:
    x, y = numbers(count, 1, bits=20), numbers(count, 2, bits=20)
    made = circuit(lambda b, x, y: [arithmetic.add_modulo(b, x, y), [b.constant(1), order.less_than(b, x, y)]], 20, 20)
    dealt = deal_planes(x, 20, 1), deal_planes(y, 20, 2)
    for number in range(2):
        found = answer(lambda node, *mine, number=number: outputs(node, made, number, *mine), *dealt)
        mask = (1 << 20) - 1
        expected = [made.evaluate_clear(int(a) & mask, int(b) & mask)[number] for a, b in zip(x, y, strict=True)]
        assert found.tolist() == expected


def outputs(node: Node, made: Circuit, number: int, *mine: Planes) -> Steps[Planes]:
    return (yield from evaluate(node, made, *mine))[number]


def test_an_empty_column_takes_no_rounds() -> None:
    made = circuit(lambda b, x: [[order.is_zero(b, x)]], 8)
    ran = run(lambda node, mine: evaluate(node, made, mine), deal_planes(numbers(0), 8))
    assert ran.rounds == 0
    assert ran.outputs[0][0].planes.shape == (2, 1, 0)


def test_columns_that_do_not_fit_are_refused() -> None:
    made = circuit(lambda b, x, y: [[order.equal(b, x, y)]], 8, 8)
    fitting = deal_planes(numbers(5), 8)
    for other in (deal_planes(numbers(5), 7), deal_planes(numbers(6), 8)):
        with pytest.raises(ShapesDiffer):
            run(lambda node, *mine: evaluate(node, made, *mine), fitting, other)


def test_circuits_side_by_side_share_rounds() -> None:
    made = circuit(lambda b, x: [[order.is_zero(b, x)]], 64)
    ran = run(lambda node, mine: parallel(*[evaluate(node, made, mine) for _ in range(3)]), deal_planes(numbers(9), 64))
    assert (ran.rounds, ran.bytes_by_node) == (6, (3 * 63 * 8,) * 3)
