"""Boolean circuits: described once, counted before they run, evaluated bit-sliced over whole columns.

    build = CircuitBuilder()
    a, b = build.input(64), build.input(64)
    circuit = build.circuit([less_than(build, a, b)])
    (less,) = yield from evaluate(node, circuit, x, y)

A wire is a number; bits of a value stand in a list, least significant first. XOR and NOT are free: each node computes them on
its parts. An AND costs one bit sent by each node and element, and all ANDs of one depth share one round. The builder folds
constants, shares equal gates and drops unused ones, so circuits may be written for clarity.

Leaks: nothing; rounds and bytes follow from the circuit. Source: Araki et al., CCS 2016, ePrint 2016/768, section 2.1.
Spec: specs/mpc-bits.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from atoll.primitives import replicated
from atoll.protocols.mpc.errors import ShapesDiffer
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.rounds import CIRCUIT_CHUNK, Heard, Round, Steps, chunked
from atoll.protocols.mpc.shares import Planes, SplitPlanes, Words64, word_count

Wire: TypeAlias = int
"""Number of a wire in its builder."""
Bits: TypeAlias = list[int]
"""Wires of a value, least significant bit first."""
Combine: TypeAlias = Callable[[Wire, Wire], Wire]
"""Makes one wire of two."""
KEPT = 64
"""Most circuits, or plans with circuits in them, that a process keeps of a kind whose parameters a program chooses freely."""


class Gate(IntEnum):
    """What a gate does; the kernel's numbers."""

    XOR = 0
    AND = 1
    NOT = 2
    ZERO = 3
    ONE = 4

    __hash__ = int.__hash__  # that of Enum goes by the name, in Python: half of the time that a circuit takes to be built


@dataclass(frozen=True)
class Circuit:
    """A circuit without its data; made by `CircuitBuilder.circuit`."""

    inputs: tuple[int, ...]
    """Widths of the inputs; their wires come first."""
    gates: tuple[tuple[Gate, int, int], ...] = field(repr=False)
    """Operation and operands; gate g makes wire number sum(inputs) + g."""
    outputs: tuple[tuple[int, ...], ...] = field(repr=False)
    """Wires of each output."""

    @cached_property
    def compiled(self) -> replicated.Circuit:
        """The kernel's form, levelled."""
        table = np.array([(gate, left, right) for gate, left, right in self.gates], dtype=np.uint32).reshape(-1, 3)
        return replicated.Circuit(
            sum(self.inputs),
            table[:, 0].astype(np.uint8),
            np.ascontiguousarray(table[:, 1]),
            np.ascontiguousarray(table[:, 2]),
            np.array([wire for output in self.outputs for wire in output], dtype=np.uint32),
        )

    @cached_property
    def and_gates(self) -> int:
        """ANDs: bits that each node sends an element."""
        return sum(gate is Gate.AND for gate, _, _ in self.gates)

    @cached_property
    def depth(self) -> int:
        """ANDs one after the other: rounds."""
        depths = [0] * sum(self.inputs)
        for gate, left, right in self.gates:
            constant = gate in (Gate.ZERO, Gate.ONE)
            depths.append(0 if constant else max(depths[left], depths[right]) + (gate is Gate.AND))
        return max((depths[wire] for output in self.outputs for wire in output), default=0)

    def bytes_sent(self, count: int) -> int:
        """Bytes that each node sends for `count` elements."""
        return self.and_gates * 8 * word_count(count)

    def evaluate_clear(self, *values: int) -> tuple[int, ...]:
        """The oracle: one element of each input to one of each output, as plain integers."""
        wires = [value >> bit & 1 for value, width in zip(values, self.inputs, strict=True) for bit in range(width)]
        for gate, left, right in self.gates:
            match gate:
                case Gate.XOR:
                    wires.append(wires[left] ^ wires[right])
                case Gate.AND:
                    wires.append(wires[left] & wires[right])
                case Gate.NOT:
                    wires.append(1 - wires[left])
                case _:
                    wires.append(int(gate is Gate.ONE))
        return tuple(sum(wires[wire] << bit for bit, wire in enumerate(output)) for output in self.outputs)


class CircuitBuilder:
    """Grows a circuit gate by gate."""

    def __init__(self) -> None:
        self._widths: list[int] = []
        self._inputs = 0
        self._gates: list[tuple[Gate, int, int]] = []
        self._known: dict[tuple[Gate, int, int], int] = {}

    def input(self, width: int) -> Bits:
        """A new input of so many bits; all inputs come before the first gate."""
        if self._gates:
            raise ValueError("inputs come before gates")
        self._widths.append(width)
        self._inputs += width
        return list(range(self._inputs - width, self._inputs))

    def constant(self, bit: int | bool) -> Wire:
        """A bit that everybody knows."""
        return self._gate(Gate.ONE if bit else Gate.ZERO, 0, 0)

    def constants(self, value: int, width: int) -> Bits:
        """A value that everybody knows; its low `width` bits."""
        return [self.constant(value >> bit & 1) for bit in range(width)]

    def xor(self, left: Wire, right: Wire) -> Wire:
        """One of the two, not both."""
        if left == right:
            return self.constant(0)
        for one, other in ((left, right), (right, left)):
            match self._constant_at(one):
                case 0:
                    return other
                case 1:
                    return self.invert(other)
        return self._gate(Gate.XOR, min(left, right), max(left, right))

    def conjunction(self, left: Wire, right: Wire) -> Wire:
        """Both: the only gate that costs."""
        if left == right:
            return left
        for one, other in ((left, right), (right, left)):
            match self._constant_at(one):
                case 0:
                    return one
                case 1:
                    return other
        return self._gate(Gate.AND, min(left, right), max(left, right))

    def invert(self, wire: Wire) -> Wire:
        """The other bit."""
        known = self._constant_at(wire)
        if known is not None:
            return self.constant(1 - known)
        if wire >= self._inputs and self._gates[wire - self._inputs][0] is Gate.NOT:
            return self._gates[wire - self._inputs][1]
        return self._gate(Gate.NOT, wire, wire)

    def disjunction(self, left: Wire, right: Wire) -> Wire:
        """One of the two or both; one AND."""
        return self.xor(self.xor(left, right), self.conjunction(left, right))

    def choose(self, condition: Wire, if_one: Wire, if_zero: Wire) -> Wire:
        """One of two bits by a third; one AND."""
        return self.xor(if_zero, self.conjunction(condition, self.xor(if_one, if_zero)))

    def majority(self, first: Wire, second: Wire, third: Wire) -> Wire:
        """What at least two of three say; one AND."""
        return self.xor(third, self.conjunction(self.xor(first, third), self.xor(second, third)))

    def all_of(self, wires: Iterable[Wire]) -> Wire:
        """The conjunction of many, as a balanced tree; 1 of none."""
        return self._tree(list(wires), self.conjunction, empty=1)

    def any_of(self, wires: Iterable[Wire]) -> Wire:
        """The disjunction of many, as a balanced tree; 0 of none."""
        return self.invert(self.all_of([self.invert(wire) for wire in wires]))

    def parity_of(self, wires: Iterable[Wire]) -> Wire:
        """The XOR of many; 0 of none."""
        return self._tree(list(wires), self.xor, empty=0)

    def circuit(self, outputs: Sequence[Bits]) -> Circuit:
        """The gates that these outputs need, in order."""
        needed = {wire for output in outputs for wire in output}
        for place in range(len(self._gates) - 1, -1, -1):
            gate, left, right = self._gates[place]
            if place + self._inputs in needed and gate not in (Gate.ZERO, Gate.ONE):
                needed.update((left, right))
        number = {wire: wire for wire in range(self._inputs)}
        gates: list[tuple[Gate, int, int]] = []
        for place, (gate, left, right) in enumerate(self._gates):
            if place + self._inputs in needed:
                number[place + self._inputs] = self._inputs + len(gates)
                gates.append((gate, number.get(left, 0), number.get(right, 0)))
        renumbered = tuple(tuple(number[wire] for wire in output) for output in outputs)
        return Circuit(tuple(self._widths), tuple(gates), renumbered)

    def _gate(self, gate: Gate, left: int, right: int) -> Wire:
        key = (gate, left, right)
        if key not in self._known:
            self._gates.append(key)
            self._known[key] = self._inputs + len(self._gates) - 1
        return self._known[key]

    def _constant_at(self, wire: Wire) -> int | None:
        if wire < self._inputs:
            return None
        gate = self._gates[wire - self._inputs][0]
        return 0 if gate is Gate.ZERO else 1 if gate is Gate.ONE else None

    def _tree(self, wires: Bits, combine: Combine, empty: int) -> Wire:
        while len(wires) > 1:
            paired = [combine(left, right) for left, right in zip(wires[::2], wires[1::2], strict=False)]
            wires = paired + wires[len(wires) & ~1 :]
        return wires[0] if wires else self.constant(empty)


def evaluate(node: Node, circuit: Circuit, *inputs: Planes | SplitPlanes) -> Steps[tuple[Planes, ...]]:
    """Run a circuit on shared columns of one length.

    Args:
        inputs: one for each of the circuit's, of its width.

    Returns:
        One column for each of the circuit's outputs.

    Raises:
        ShapesDiffer: the columns do not fit the circuit, or each other.

    Rounds: `circuit.depth`. Bytes sent a node: `circuit.bytes_sent(count)`.
    """
    count = inputs[0].count if inputs else 0
    if tuple(one.width for one in inputs) != circuit.inputs or any(one.count != count for one in inputs):
        raise ShapesDiffer(first=circuit.inputs, second=tuple((one.width, one.count) for one in inputs))
    widths = [len(output) for output in circuit.outputs]
    parts = [(one.own, one.following) for one in (one.split() if isinstance(one, Planes) else one for one in inputs)]
    planes = np.empty((2, sum(widths), word_count(count)), dtype=np.uint64)

    def part(rows: slice) -> Steps[None]:
        words = slice(rows.start // 64, word_count(rows.stop))
        if words.start < words.stop:
            planes[:, :, words] = yield from _evaluate(
                node, circuit, [(own[:, words], following[:, words]) for own, following in parts]
            )

    yield from chunked(count, part, size=CIRCUIT_CHUNK)
    ends = np.cumsum([0, *widths])
    return tuple(Planes(planes[:, low:high], count) for low, high in pairwise(ends))


def _evaluate(node: Node, circuit: Circuit, inputs: list[tuple[Words64, Words64]]) -> Steps[Words64]:
    """One chunk. Every AND of the engine happens here, so malicious mode takes its notes here."""
    ticket = node.ticket()
    run = replicated.CircuitRun(circuit.compiled, node.streams, node.me, ticket, inputs, log=node.log is not None)
    said = run.start()
    while said is not None:
        heard: Heard = yield Round(to_previous=(said,), from_next=said.nbytes)
        said = run.advance(heard.from_next)
    logged = run.take_log() if node.log is not None else None
    if node.log is not None and logged is not None:
        node.log.bits(ticket, logged)
    return run.outputs()
