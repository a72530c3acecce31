"""Truth values joined. Negation and exclusive or are local; `and` takes one round and a bit an element and node."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import bool_
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Held, Operation, register
from atoll.programs.operations.checks import same_shape, truths
from atoll.programs.operations.held import bits_of_public, shared
from atoll.protocols.mpc import Circuit, CircuitBuilder, Node, Planes, Steps, evaluate, memory, traffic
from atoll.protocols.mpc.traffic import Traffic


@register
@dataclass(frozen=True, slots=True)
class LogicalAnd(Operation):
    """x and y, element by element."""

    NAME: ClassVar[str] = "logical_and"
    SOURCE: ClassVar[str] = "Araki et al., CCS 2016 (ePrint 2016/768), section 2, over GF(2)"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        truths(self, kinds, 2)
        same_shape(self, kinds)
        return (kinds[0].like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] & values[1],)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.circuit(and_circuit(), kinds[0].size) if kinds[0].secret and kinds[1].secret else Traffic()

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.circuit(kinds[0].size, 1)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x, y = values
        if isinstance(x, Planes) and isinstance(y, Planes):
            return (yield from evaluate(node, and_circuit(), x, y))
        secret, public = (x, y) if isinstance(x, Planes) else (y, x)
        return (Planes(secret.planes & bits_of_public(public), secret.count),)


@register
@dataclass(frozen=True, slots=True)
class LogicalXor(Operation):
    """Either x or y, not both."""

    NAME: ClassVar[str] = "logical_xor"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        truths(self, kinds, 2)
        same_shape(self, kinds)
        return (kinds[0].like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] ^ values[1],)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        return (shared(node, values[0]) ^ shared(node, values[1]),)


@register
@dataclass(frozen=True, slots=True)
class LogicalNot(Operation):
    """Not x."""

    NAME: ClassVar[str] = "logical_not"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = truths(self, kinds, 1)
        return (x.like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.logical_not(values[0]),)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        return (values[0].inverted(node.me),)


@cache
def and_circuit() -> Circuit:
    """Both of two bits."""
    build = CircuitBuilder()
    (x,), (y,) = build.input(1), build.input(1)
    return build.circuit([[build.conjunction(x, y)]])
