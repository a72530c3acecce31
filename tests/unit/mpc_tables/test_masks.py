"""Masks of everything that moves: none is used twice, and none is known to who hears what it hides.

A shuffle is linear in its column and its masks, word by word, so that what a node knows spans a space: of a column of zeros it
must hear nothing within, in any order of rows that it knows, nor summed over all rows, which no order changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from atoll.primitives import replicated
from atoll.primitives.replicated import Streams, permute
from atoll.protocols.mpc import Adversary, Node, Steps, as_is, chunked, conversion, from_bits, multiply, to_bits
from atoll.protocols.mpc.gathering import by_order, by_products
from atoll.protocols.mpc.grouping import by_code, by_key
from atoll.protocols.mpc.joining import join
from atoll.protocols.mpc.notes import Notes
from atoll.protocols.mpc.ordering import order
from atoll.protocols.mpc.partitioning import partition
from atoll.protocols.mpc.shuffling import Shuffle
from tests.unit.mpc_tables import three
from tests.unit.mpc_tables.three import Numbers, nodes, planes, ring, run, words

ROWS = 150
X, BITS, KEYS = ring(np.arange(ROWS)), planes(np.arange(ROWS) % 2, 1), planes(np.arange(ROWS) % 32, 5)


class Recorded:
    """A node's streams, which let nobody ask for the same words twice."""

    def __init__(self, own_key: bytes, next_key: bytes) -> None:
        self.real = Streams(own_key, next_key)
        self._used: set[tuple[int, str]] = set()

    def take(self, ticket: int, *keys: str) -> None:
        for key in keys:
            assert (ticket, key) not in self._used, f"ticket {ticket} of the {key} key is used twice"
            self._used.add((ticket, key))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        key = name.partition("_")[0]

        def draw(ticket: int, count: int) -> Any:
            self.take(ticket, *(("own", "next") if key == "zero" else (key,)))
            return getattr(self.real, name)(ticket, count)

        return draw


OPERATIONS: dict[str, Callable[[Node, int], Steps[Any]]] = {
    "multiply": lambda node, at: multiply(node, X[at], X[at]),
    "to_bits": lambda node, at: to_bits(node, X[at], 5),
    "from_bits": lambda node, at: from_bits(node, KEYS[at]),
    "order": lambda node, at: order(node, KEYS[at], [X[at], BITS[at]]),
    "partition": lambda node, at: partition(node, BITS[at], [X[at]]),
    "groups by code": lambda node, at: by_code(node, KEYS[at], 32, [X[at]], ends=[X[at]]),
    "groups by key": lambda node, at: by_key(node, KEYS[at], [X[at]], [X[at]]),
    "join": lambda node, at: join(node, KEYS[at], KEYS[at], [X[at]], multiplicity=5),
    "entries by products": lambda node, at: by_products(node, [X[at][:32]], KEYS[at]),
    "entries by order": lambda node, at: by_order(node, [X[at][:32]], KEYS[at]),
}


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_words_of_a_key_mask_two_things(name: str, adversary: Adversary, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks of 64 rows too."""
    multiply_words, matmul_words, circuit_run = replicated.multiply, replicated.matmul, replicated.CircuitRun

    def multiplied(x: Any, y: Any, streams: Any, ticket: int, **rest: Any) -> Numbers:
        streams.take(ticket, "own", "next")
        return multiply_words(x, y, streams.real, ticket, **rest)

    def matrix_multiplied(x: Any, y: Any, streams: Any, ticket: int, **rest: Any) -> Numbers:
        streams.take(ticket, "own", "next")
        return matmul_words(x, y, streams.real, ticket, **rest)

    def begun(circuit: Any, streams: Any, me: int, ticket: int, *rest: Any, **named: Any) -> Any:
        streams.take(ticket, "own", "next")
        return circuit_run(circuit, streams.real, me, ticket, *rest, **named)

    defaults = chunked.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "size", 64)
    monkeypatch.setattr(conversion, "CHUNK", 64)
    monkeypatch.setattr(replicated, "multiply", multiplied)
    monkeypatch.setattr(replicated, "matmul", matrix_multiplied)
    monkeypatch.setattr(replicated, "CircuitRun", begun)
    monkeypatch.setattr(three, "Streams", Recorded)
    monkeypatch.setattr(three, "verify", _unverified)  # proofs draw their masks in the core, of one ticket each
    run(OPERATIONS[name], adversary=adversary)


def _unverified(node: Node, notes: Notes) -> Steps[None]:
    node.ticket()
    return as_is(None)


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("node", range(3))
def test_what_a_node_hears_of_a_shuffle_is_masked_by_keys_that_it_lacks(node: int, adversary: Adversary) -> None:
    rows = 64
    column = words(np.zeros(rows))
    heard: list[Numbers] = []

    def ear(sender: int, to: int, data: bytes) -> bytes:
        if to == node:
            heard.append(np.frombuffer(data, np.uint64))
        return data

    def program(mine: Node, at: int) -> Steps[Any]:
        shuffle = Shuffle.draw(mine, rows)
        moved = yield from shuffle.apply(mine, column[at])
        return (yield from shuffle.undo(mine, *moved))

    run(program, tap=ear, adversary=adversary)
    streams = nodes()[node].streams
    known = list(column[node].shares)
    known += [draw(ticket, rows) for ticket in range(1, 7) for draw in (streams.own_words, streams.next_words)]
    forth = [streams.own_permutation(0, rows), streams.next_permutation(0, rows)]
    steps = [np.arange(rows, dtype=np.uint32), *forth, *map(replicated.invert, forth)]
    orders = [first[second] for first, second in product(steps, steps)]
    assert len(heard) > 1
    for at, one in enumerate(heard):
        rest = [*known, *heard[:at]]
        assert not is_in_span(one, [permute(other, way) for other in rest for way in orders])
        assert not is_in_span(np.bitwise_xor.reduce(one), [np.bitwise_xor.reduce(other) for other in rest])


def is_in_span(vector: Any, others: Sequence[Any]) -> bool:
    """Whether words are an XOR of some of the others."""
    basis: dict[int, int] = {}

    def reduced(one: Any) -> int:
        left = int.from_bytes(np.asarray(one, np.uint64).tobytes(), "big")
        while left and left.bit_length() in basis:
            left ^= basis[left.bit_length()]
        return left

    for other in others:
        left = reduced(other)
        if left:
            basis[left.bit_length()] = left
    return not reduced(vector)
