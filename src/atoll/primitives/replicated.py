"""Replicated secret sharing among three nodes: what a node computes alone between two rounds, on whole columns.

A secret x is x_0 + x_1 + x_2, over Z/2^64 or over the bits, where + is XOR. Node i holds x_i, its *own* share, and x_(i+1), the
*next* one; arrays of shares have them on their first axis: shape (2, ...), dtype uint64. Linear operations are numpy's own. A
product takes one round: `multiply`, `matmul` and each layer of a `CircuitRun` give the node's own share of the result, masked
by a share of zero; the node sends it to the *previous* node and hears its next share from the *next* node.

    product = np.empty((2, n), np.uint64)                # x, y: (2, n)
    multiply(x, y, streams, ticket, out=product[0])      # send product[0] to the previous node
    product[1] = ...                                     # what the next node sent

Bits lie in planes: plane b of a column has bit b of each element, element j at bit j % 64 of word j // 64. Bits beyond the
column are arbitrary unless said.

A *ticket* is a number that names a use of the streams. Never use one twice under the same keys: two results masked alike give
their difference away.

Arrays cross without a copy and may be views whose rows lie in one piece. All calls let other threads run. No instruction and no
memory access depends on the value of a share; permutations are secret from the node that lacks the key, and a gather by one
touches memory in its order.

Leaks: nothing; a node sees uniform words. Adversary: semi-honest, one of three; what a cheating node could send is caught,
where it must be, by checks on `CircuitRun.take_log` and on the operands of products.
Source: Araki, Furukawa, Lindell, Nof and Ohara, CCS 2016 (ePrint 2016/768), section 2; for the ring also Mohassel and Rindal,
CCS 2018 (ePrint 2018/403), section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll import _core
from atoll._core import RssCircuitRun
from atoll._core import RssStreams as Streams

__all__ = [
    "AND",
    "KEY_BYTES",
    "NOT",
    "ONE",
    "XOR",
    "ZERO",
    "Circuit",
    "CircuitRun",
    "Order",
    "Streams",
    "Words",
    "invert",
    "matmul",
    "multiply",
    "permute",
    "plane_words",
    "sum_to_planes",
    "to_planes",
    "to_words",
]

Words: TypeAlias = NDArray[np.uint64]
Order: TypeAlias = NDArray[np.uint32]

KEY_BYTES: Final = 16
"""Length of a stream's key."""

XOR, AND, NOT, ZERO, ONE = range(5)
"""Codes of a gate's operation; NOT reads `left` alone, ZERO and ONE neither operand."""


def plane_words(count: int) -> int:
    """Words of a plane of `count` elements."""
    return -(-count // 64)


def multiply(x: Words, y: Words, streams: Streams, ticket: int, *, out: Words | None = None) -> Words:
    """The own share of the product, element by element.

    Args:
        x: shares, (2, *shape).
        y: shares of the same shape.
        streams: this node's.
        ticket: unused so far.
        out: where it goes, (*shape) in one piece and apart from x and y; a new array without it.

    Returns:
        The own share, (*shape), to be sent to the previous node.

    Cost: one round of 8 bytes an element and node; two multiplications and a block of AES an element.
    """
    out = np.empty(x.shape[1:], np.uint64) if out is None else out
    _core.rss_multiply(x, y, streams, ticket, out)
    return out


def matmul(x: Words, y: Words, streams: Streams, ticket: int, *, out: Words | None = None) -> Words:
    """The own share of the matrix product.

    Args:
        x: shares, (2, m, k); the rows of each, or its columns, lie one after the other, as those of a transposed view do.
        y: shares, (2, k, n); likewise.
        streams: this node's.
        ticket: unused so far.
        out: where it goes, (m, n) in one piece and apart from x and y; a new array without it.

    Returns:
        The own share, (m, n), to be sent to the previous node.

    Cost: one round of 8 bytes an element of the result and node, whatever k; 2 m k n multiplications.
    """
    out = np.empty((x.shape[1], y.shape[-1]), np.uint64) if out is None else out
    _core.rss_matmul(x, y, streams, ticket, out)
    return out


def to_planes(words: Words, width: int = 64) -> Words:
    """The lowest `width` bits of columns, (..., n), as planes, (..., width, ceil(n / 64)); bits beyond the column are 0.

    Local, for XOR shares as for anything else.
    """
    planes = np.empty((*words.shape[:-1], width, plane_words(words.shape[-1])), np.uint64)
    _core.rss_to_planes(words, planes)
    return planes


def sum_to_planes(plus: Sequence[Words], minus: Sequence[Words], width: int = 64) -> Words:
    """As `to_planes` of a sum of columns modulo 2^64, each (n,), that is not written down in between.

    Args:
        plus: what is added up, at least one column.
        minus: what is taken off.
    """
    planes = np.empty((width, plane_words(len(plus[0]))), np.uint64)
    _core.rss_sum_to_planes(plus, minus, planes)
    return planes


def to_words(planes: Words, count: int) -> Words:
    """Columns, (..., count), whose lowest bits are in planes, (..., at most 64, ceil(count / 64)); the other bits are 0."""
    words = np.empty((*planes.shape[:-2], count), np.uint64)
    _core.rss_to_words(planes, words)
    return words


def permute(columns: Words, order: Order, *, out: Words | None = None) -> Words:
    """Columns, (..., n), in another order, (..., m): place i gets what was at `order[i]`.

    Raises:
        ValueError: a place of `order` is not below n.
    """
    out = np.empty((*columns.shape[:-1], len(order)), np.uint64) if out is None else out
    _core.rss_permute(columns, order, out)
    return out


def invert(order: Order) -> Order:
    """The order that undoes `order`: `permute(permute(x, order), invert(order))` is x.

    Raises:
        ValueError: `order` is no permutation.
    """
    return _core.rss_invert(order)


class Circuit:
    """A circuit over bits, checked and levelled, that runs on columns of any length.

    Wires are numbered: the inputs from 0, then one a gate. A round computes all AND gates whose operands are known; everything
    else is local.
    """

    def __init__(self, inputs: int, operations: NDArray[np.uint8], left: Order, right: Order, outputs: Order) -> None:
        """From gates in an order in which each reads earlier wires.

        Args:
            inputs: how many input wires.
            operations: `XOR`, `AND`, `NOT`, `ZERO` or `ONE` of each gate, (gates,).
            left: its first operand, (gates,).
            right: its second operand, (gates,).
            outputs: the wires that are wanted; repetitions allowed.

        Raises:
            ValueError: an unknown operation, or a wire that is not there yet.
        """
        self.compiled: Final = _core.RssCircuit(inputs, operations, left, right, outputs)
        self.inputs: Final = inputs
        self.outputs: Final = len(outputs)
        self.layers: Final = tuple(self.compiled.layers)
        """AND gates of each round."""

    @property
    def and_gates(self) -> int:
        """All of them."""
        return sum(self.layers)

    @property
    def depth(self) -> int:
        """Rounds it takes."""
        return len(self.layers)

    def message_bytes(self, words: int) -> tuple[int, ...]:
        """Bytes a node sends in each round for columns of `words` words a plane."""
        return tuple(8 * words * gates for gates in self.layers)


class CircuitRun:
    """One evaluation of a circuit by one node.

        run = CircuitRun(circuit, streams, me, ticket, inputs)
        message = run.start()
        while message is not None:                       # send it to the previous node
            message = run.advance(heard)                 # as many bytes from the next node
        shares = run.outputs()

    A message has, for each block of 64 words of the planes in turn, the words of the layer's AND gates in that block, gate by
    gate; the last block may be shorter. Word k of all messages of a run, in a row, is masked by word k
    of the ticket's `zero_bits`.
    """

    def __init__(
        self,
        circuit: Circuit,
        streams: Streams,
        me: int,
        ticket: int,
        inputs: Sequence[Words | tuple[Words, Words]],
        *,
        words: int = 0,
        log: bool = False,
    ) -> None:
        """Nothing is computed yet.

        Args:
            circuit: what to compute.
            streams: this node's.
            me: the node's number, 0 to 2.
            ticket: unused so far; the whole run uses this one.
            inputs: planes (2, width, words), or both shares of them apart, each (width, words), whose widths add up to the
                circuit's inputs; not to be changed before `start`.
            words: words a plane, only for a circuit without inputs.
            log: keep what `take_log` gives: 48 bytes an AND gate and word.
        """
        if any(len(one) != 2 for one in inputs):
            raise ValueError("planes have the shape (2, width, words)")
        words = inputs[0][0].shape[1] if inputs else words
        self._run = RssCircuitRun(circuit.compiled, streams, me, ticket, words, [(one[0], one[1]) for one in inputs], log)

    def start(self) -> Words | None:
        """The first message, or nothing if the circuit is all local.

        Raises:
            ValueError: called before, or inputs of other sizes than the circuit's.
        """
        return self._run.start()

    def advance(self, heard: bytes | bytearray | memoryview | Words) -> Words | None:
        """The next message, or nothing after the last round; the message sent before must not have been changed.

        Raises:
            ValueError: no round is open, or `heard` has not as many bytes as the message sent before.
        """
        return self._run.advance(np.frombuffer(heard, np.uint8))

    def outputs(self) -> Words:
        """Shares of the output wires, (2, outputs, words); once.

        Raises:
            ValueError: rounds are left, or the outputs have been taken.
        """
        return self._run.outputs()

    def take_log(self) -> Words | None:
        """What the node knows of each AND gate x y = z, (6, words of all messages); once, after the last round, if asked for.

        The rows are x own, x next, y own, y next, z own and z next; columns are the words of the messages, and of the ticket's
        streams, in order: z own = x own y own + x own y next + x next y own + `zero_bits`.
        """
        return self._run.take_log()
