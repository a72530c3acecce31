"""One of two shared values by a shared bit.

Leaks: nothing. Spec: specs/mpc-bits.md.
"""

from __future__ import annotations

from functools import cache

from atoll.protocols.mpc.circuit import Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.circuits.choice import choose
from atoll.protocols.mpc.conversion import from_bit
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.products import multiply
from atoll.protocols.mpc.rounds import Steps
from atoll.protocols.mpc.shares import Planes, Ring


def where(node: Node, condition: Planes, if_one: Ring, if_zero: Ring) -> Steps[Ring]:
    """Numbers: `if_one` where the bit is 1, `if_zero` elsewhere.

    Rounds: 3. Bytes: those of `from_bit` and of `multiply`.
    """
    return (yield from where_number(node, (yield from from_bit(node, condition)), if_one, if_zero))


def where_number(node: Node, condition: Ring, if_one: Ring, if_zero: Ring) -> Steps[Ring]:
    """As `where`, with the condition as a number 0 or 1: for many columns chosen by one bit.

    Rounds: 1. Bytes sent a node: 8 an element.
    """
    return if_zero + (yield from multiply(node, condition, if_one - if_zero))


def where_bits(node: Node, condition: Planes, if_one: Planes, if_zero: Planes) -> Steps[Planes]:
    """Bits: `if_one` where the bit is 1, `if_zero` elsewhere.

    Rounds: 1. Bytes sent a node: one bit an element and plane.
    """
    (chosen,) = yield from evaluate(node, choice_circuit(if_one.width), condition, if_one, if_zero)
    return chosen


@cache
def choice_circuit(width: int) -> Circuit:
    """One of two words by a bit."""
    build = CircuitBuilder()
    (condition,), if_one, if_zero = build.input(1), build.input(width), build.input(width)
    return build.circuit([choose(build, condition, if_one, if_zero)])
