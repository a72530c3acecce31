"""The engine against the slow oracle: every word on every wire, and every part of every result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from atoll.protocols.mpc import Node, Planes, Ring, Steps, conversion, multiply, reshare, to_bits, truncate, truncation
from atoll.protocols.mpc.circuit import Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.circuits.arithmetic import add
from atoll.protocols.mpc.local import planes_from_node_zero, ring_from_node_zero
from atoll.protocols.mpc.shares import Words64
from specs.reference import mpc
from specs.reference.mpc import Held, Nodes
from tests.unit.protocols.mpc.three import KEYS, held, numbers, plane_parts, ring_parts, run

Wire = tuple[int, int]


def both(
    operation: Callable[..., Steps[Any]], oracle: Callable[..., Any], *parts: Words64, wrap: Callable[[Words64], Any]
) -> tuple[Any, Any]:
    """Results of the three nodes and of the oracle, once their wires are found equal."""
    heard: dict[Wire, bytes] = dict.fromkeys(Nodes(KEYS).said, b"")

    def ear(sender: int, to: int, data: bytes) -> bytes:
        heard[sender, to] += data
        return data

    ran = run(operation, *([wrap(shares) for shares in held(one)] for one in parts), tap=ear)
    seats = Nodes(KEYS)
    expected = oracle(seats, *(as_held(one) for one in parts))
    assert {wire: np.frombuffer(data, "<u8").tolist() for wire, data in heard.items()} == seats.said
    return ran.outputs, expected


def as_held(parts: Words64) -> Held:
    return mpc.hold([[int(v) for v in part.reshape(-1)] for part in parts])


def verify(outputs: list[Any], expected: Held) -> None:
    """Each node holds what the oracle's dictionary says."""
    for i, output in enumerate(outputs):
        shares = output.shares if isinstance(output, Ring) else output.planes
        for row, part in enumerate(mpc.own_and_next(i)):
            assert [int(v) for v in shares[row].reshape(-1)] == expected[i][part]


def test_a_product_is_the_oracles() -> None:
    draw = np.random.default_rng(1)
    x, y = ring_parts(numbers(9), draw), ring_parts(numbers(9, 1), draw)
    verify(*both(multiply, mpc.multiply, x, y, wrap=Ring))


def test_resharing_is_the_oracles() -> None:
    x = ring_parts(numbers(9), np.random.default_rng(2))

    def operation(node: Node, mine: Ring) -> Steps[Ring]:
        return reshare(node, mine.shares[0].copy())

    verify(*both(operation, lambda seats, mine: mpc.reshare(seats, [mine[i][i] for i in range(3)]), x, wrap=Ring))


@pytest.mark.parametrize("xor", [True, False])
def test_what_node_zero_gives_out_is_the_oracles(xor: bool) -> None:
    x = ring_parts(numbers(7), np.random.default_rng(3))

    def operation(node: Node, mine: Ring) -> Steps[Ring | Planes]:
        known = mine.shares[0] if node.me == 0 else None
        if xor:
            planes = None if known is None else known.reshape(7, 1)
            return (yield from planes_from_node_zero(node, planes, 7, 64))
        return (yield from ring_from_node_zero(node, known, (7,)))

    verify(*both(operation, lambda seats, mine: mpc.from_node_zero(seats, mine[0][0], xor=xor), x, wrap=Ring))


def adder(width: int) -> Circuit:
    build = CircuitBuilder()
    total, carry = add(build, build.input(width), build.input(width), carry=build.constant(1))
    return build.circuit([[build.invert(bit) for bit in total], [carry, build.constant(0), build.constant(1)]])


def test_a_circuit_is_the_oracles() -> None:
    draw = np.random.default_rng(4)
    circuit = adder(13)
    x, y = plane_parts(numbers(50, bits=13), 13, draw), plane_parts(numbers(50, 1, bits=13), 13, draw)

    def operation(node: Node, *mine: Planes) -> Steps[Any]:
        return evaluate(node, circuit, *mine)

    def oracle(seats: Nodes, *mine: Held) -> list[Held]:
        return mpc.evaluate(seats, circuit.gates, circuit.outputs, *mine)

    outputs, expected = both(operation, oracle, x, y, wrap=lambda shares: Planes(shares, 50))
    for number, one in enumerate(expected):
        verify([output[number] for output in outputs], one)


@pytest.mark.parametrize("width", [1, 20, 64])
def test_bits_of_numbers_are_the_oracles(width: int) -> None:
    x = ring_parts(numbers(40), np.random.default_rng(5))
    circuit = conversion.sum_circuit(width, 2, 0)

    def oracle(seats: Nodes, mine: Held) -> Held:
        return mpc.evaluate(seats, circuit.gates, circuit.outputs, *mpc.summands(seats, mine, width))[0]

    verify(*both(lambda node, mine: to_bits(node, mine, width), oracle, x, wrap=Ring))


@pytest.mark.parametrize("width", [1, 20, 64])
def test_numbers_of_bits_are_the_oracles(width: int) -> None:
    x = plane_parts(numbers(40, bits=64), width, np.random.default_rng(6))
    circuit = conversion.unmask_circuit(width, 0)

    def oracle(seats: Nodes, mine: Held) -> Held:
        return mpc.from_bits(seats, mine, (circuit.gates, circuit.outputs), width, 40)

    outputs, expected = both(conversion.from_bits, oracle, x, wrap=lambda shares: Planes(shares, 40))
    verify(outputs, expected)
    assert mpc.value(expected) == [int(v) % (1 << width) for v in numbers(40, bits=64)]


def test_single_bits_are_the_oracles() -> None:
    x = plane_parts(numbers(40, bits=3), 3, np.random.default_rng(7))
    verify(
        *both(
            conversion.from_each_bit,
            lambda seats, mine: mpc.from_each_bit(seats, mine, 40),
            x,
            wrap=lambda shares: Planes(shares, 40),
        )
    )


@pytest.mark.parametrize("bits", [1, 20, 62])
def test_truncation_is_the_oracles(bits: int) -> None:
    values = numbers(40, bits=63)
    x = ring_parts(values, np.random.default_rng(8))
    circuit = truncation.carries_circuit(bits, full=False, extra=0)

    def oracle(seats: Nodes, mine: Held) -> Held:
        return mpc.truncate(seats, mine, (circuit.gates, circuit.outputs), bits)

    outputs, expected = both(lambda node, mine: truncate(node, mine, bits), oracle, x, wrap=Ring)
    verify(outputs, expected)
    assert mpc.value(expected) == [(int(v) >> bits) % mpc.M for v in values]
