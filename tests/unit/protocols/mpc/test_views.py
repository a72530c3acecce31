"""What a node sees does not depend on the secrets.

A column of equal secrets is as many runs with fresh randomness. Of each run a node's view is kept, bit by bit: low bits of its
input parts, of everything it hears and says, and of what is left of those when it takes its own keys' streams off, alone and
together. Then, for every bit that it hears, and for every pair of such a bit with any bit of the view:

    uniform      the parity is 0 as often as 1: chi-square with one degree of freedom against 1/2
    the same     under two different secrets, for *all* bits and pairs of the view: chi-square of the difference

Openings are told what they open, so only the second test is for them, with secrets that give the same answer. Real randomness
passes both with the limit at 6.5 standard deviations (1e-10 each) for good, since everything is seeded; tests/mutants/mpc.toml
lists faults of the randomness that must not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from atoll.protocols.mpc import (
    Adversary,
    Bits,
    CircuitBuilder,
    Node,
    Planes,
    Ring,
    Steps,
    chunked,
    conversion,
    dot,
    equal,
    evaluate,
    from_bit,
    from_bits,
    is_negative,
    less_than,
    multiply,
    open_planes,
    open_ring,
    parallel,
    reshare,
    run_together,
    set_up,
    to_bits,
    truncate,
    where,
)
from atoll.protocols.mpc.entering import ColumnShape, Form, open_package, pack_columns, refresh
from atoll.protocols.mpc.opening import DIGEST_BYTES
from atoll.protocols.mpc.places import owner
from atoll.protocols.mpc.shares import join_planes, join_rings
from atoll.protocols.mpc.shuffling import Shuffle
from tests.unit.protocols.mpc.three import held, plane_parts, ring_parts

RUNS = 4096
"""Runs of one batch: a plane is 64 words, one block of the kernel."""
BATCHES = 3
MOST_TICKETS = 9
LIMIT = 6.5
LOW = 2

Matrix = NDArray[np.float32]
Operation = Callable[..., Steps[Any]]
Deal = Callable[[np.random.Generator], Sequence[Any]]


@dataclass(frozen=True)
class Said:
    """One message."""

    sender: int
    to: int
    data: bytes


def bits_of(words: NDArray[np.uint64], low: int) -> NDArray[np.uint8]:
    """Low bits of numbers (..., RUNS): one row a bit."""
    rows = words.reshape(-1, RUNS)
    return np.concatenate([(rows >> np.uint64(bit) & np.uint64(1)).astype(np.uint8) for bit in range(low)])


def plane_bits(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Planes, 64 words each: one row a plane."""
    return np.unpackbits(words.astype("<u8").view(np.uint8).reshape(-1, RUNS // 8), axis=1, bitorder="little")


def rows_of(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """A message's bits, one row a bit of a run."""
    return plane_bits(words) if len(words) % RUNS else bits_of(words, LOW)


def view(node: Node, inputs: Sequence[NDArray[np.uint64]], messages: Sequence[Said]) -> tuple[Matrix, int, int]:
    """+1 and -1 for the bits of a node's view, one row a bit of a run: what it hears, its inputs, what it says.

    Returns:
        The rows, and where the first two end.
    """
    me, streams = node.me, node.streams
    tickets = min(node.ticket(), MOST_TICKETS)
    heard: list[NDArray[np.uint8]] = []
    spoken: list[NDArray[np.uint8]] = []
    given = [rows_of(one) for one in inputs]
    position: dict[int, int] = {}
    for said in messages:
        if me not in (said.sender, said.to):
            continue
        words = np.frombuffer(said.data, np.uint64)
        at = 0
        if len(words) % RUNS:  # the messages of a circuit share a ticket
            at = position.get(said.sender, 0)
            position[said.sender] = at + len(words)
        forms = [rows_of(words)]
        lowest = len(forms[0]) if len(words) % RUNS else len(forms[0]) // LOW
        for ticket in range(tickets):
            own, following = (draw(ticket, len(words), first=at) for draw in (streams.own_words, streams.next_words))
            if said.sender == me:
                forms.append(rows_of(words ^ own ^ following)[:lowest])
            else:
                forms += [rows_of(words ^ mask)[:lowest] for mask in (own, following)]
        (heard if said.to == me else spoken).extend(forms)
    matrix = np.concatenate([*heard, *given, *spoken]).astype(np.float32)
    ends = sum(map(len, heard)), sum(map(len, [*heard, *given]))
    return 1 - 2 * matrix, *ends


def parities(operation: Operation, inputs: Deal, seed: int, adversary: Adversary) -> list[Any]:
    """For each node: sums over all runs of single bits and of pairs, and how many rows are heard."""
    totals: list[Any] = [None] * 3
    for batch in range(BATCHES):
        random = np.random.default_rng([seed, batch])
        dealt = inputs(random)
        said: list[Said] = []

        def ear(sender: int, to: int, data: bytes, said: list[Said] = said) -> bytes:
            said.append(Said(sender, to, data))
            return data

        seats = run_together([set_up(i, context=bytes(32), seed=random.bytes(32)) for i in range(3)]).outputs
        for seat in seats:
            seat.adversary = adversary
        run_together([operation(seat, *(one[seat.me] for one in dealt)) for seat in seats], tap=ear)
        for i in range(3):
            shares = [one[i].shares if isinstance(one[i], Ring) else one[i].planes for one in dealt]
            parts = [row.reshape(-1) for one in shares for row in one]
            matrix, *ends = view(seats[i], parts, [one for one in said if len(one.data) != DIGEST_BYTES])
            sums = np.concatenate([matrix.sum(axis=1)[:, None], matrix @ matrix.T], axis=1)
            totals[i] = (ends, sums if totals[i] is None else totals[i][1] + sums)
    return totals


def ring(*values: int) -> Callable[[np.random.Generator], Sequence[Any]]:
    """Columns of equal numbers."""
    return lambda random: [[Ring(one) for one in held(ring_parts(np.full(RUNS, value), random))] for value in values]


def planes(width: int, *values: int) -> Callable[[np.random.Generator], Sequence[Any]]:
    """Columns of equal words, bit by bit."""

    def deal(random: np.random.Generator) -> Sequence[Any]:
        return [[Planes(one, RUNS) for one in held(plane_parts(np.full(RUNS, value), width, random))] for value in values]

    return deal


def mixed(bit: int, *values: int) -> Callable[[np.random.Generator], Sequence[Any]]:
    """One column of bits, then numbers."""
    return lambda random: [*planes(1, bit)(random), *ring(*values)(random)]


def and_circuit(node: Node, x: Planes, y: Planes) -> Steps[Any]:
    build = CircuitBuilder()
    a, b = build.input(3), build.input(3)
    both: Bits = [build.conjunction(*pair) for pair in zip(a, b, strict=True)]
    return evaluate(node, build.circuit([[build.all_of(both), build.conjunction(a[0], b[2])]]), x, y)


def twice(operation: Operation) -> Operation:
    """Two uses side by side: what masks the first must not mask the second."""
    return lambda node, *mine: parallel(operation(node, *mine), operation(node, *mine))


def reshared(node: Node, x: Ring) -> Steps[Any]:
    return reshare(node, x.shares[0].copy())


def shuffled(node: Node, x: Ring | Planes) -> Steps[Any]:
    """By permutations that move nothing, so that rows stay runs: values are hidden even from who knows the order."""
    still = np.arange(RUNS, dtype=np.uint32)
    shuffle = Shuffle(RUNS, {node.me: still, (node.me + 1) % 3: still})
    moved = yield from shuffle.apply(node, x, x)
    return (yield from shuffle.undo(node, *moved))


def entered(node: Node, x: Ring) -> Steps[Any]:
    return refresh(node, [x])


OPERATIONS: dict[str, tuple[Operation, Any, Any]] = {
    "multiply": (multiply, ring(0, 0), ring(3, 5)),
    "multiply twice": (twice(multiply), ring(0, 0), ring(1, 7)),
    "dot": (lambda node, x, y: dot(node, x.reshape(RUNS, 1), y.reshape(RUNS, 1)), ring(0, 0), ring(3, 5)),
    "reshare": (twice(reshared), ring(0), ring(3)),
    "refresh": (entered, ring(0), ring(3)),
    "and": (and_circuit, planes(3, 0, 0), planes(3, 7, 5)),
    "and twice": (twice(and_circuit), planes(3, 0, 7), planes(3, 7, 7)),
    "to_bits": (lambda node, x: to_bits(node, x, 6), ring(0), ring(-1)),
    "to_bits twice": (twice(lambda node, x: to_bits(node, x, 3)), ring(0), ring(-1)),
    "from_bits": (from_bits, planes(5, 0), planes(5, 31)),
    "from_bits twice": (twice(from_bits), planes(2, 0), planes(2, 3)),
    "from_bit": (twice(from_bit), planes(1, 0), planes(1, 1)),
    "is_negative": (lambda node, x: is_negative(node, x, bits=6), ring(0), ring(-17)),
    "less_than": (lambda node, x, y: less_than(node, x, y, bits=4), ring(1, 2), ring(7, 3)),
    "equal": (lambda node, x, y: equal(node, x, y, bits=6), ring(1, 2), ring(5, 5)),
    "where": (where, mixed(0, 1, 2), mixed(1, 4, 7)),
    "truncate": (lambda node, x: truncate(node, x, 1), ring(0), ring(-3)),
    "shuffle": (shuffled, ring(0), ring(-3)),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_a_node_sees_is_independent_of_the_secrets(name: str) -> None:
    verify(*OPERATIONS[name], Adversary.SEMI_HONEST, is_uniform=True)


@pytest.mark.parametrize("name", ["to_bits", "from_bit", "is_negative", "truncate", "where", "shuffle"])
def test_so_it_is_in_malicious_mode(name: str) -> None:
    verify(*OPERATIONS[name], Adversary.MALICIOUS, is_uniform=True)


def test_numbers_of_bits_in_malicious_mode_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its circuit has 64 bits whatever comes in, so without what streams could be taken off."""
    monkeypatch.setattr(f"{__name__}.MOST_TICKETS", 0)
    verify(from_bits, planes(2, 0), planes(2, 3), Adversary.MALICIOUS, is_uniform=True)


def in_chunks(operation: Operation) -> Operation:
    """A column and the same one behind it, in chunks of RUNS: what masks the first must not mask the second."""

    def doubled(one: Any) -> Any:
        return join_rings([one, one]) if isinstance(one, Ring) else join_planes([one, one])

    return lambda node, *mine: operation(node, *map(doubled, mine))


@pytest.mark.parametrize("name", ["multiply", "and", "to_bits", "from_bits", "from_bit"])
def test_no_chunk_of_a_column_is_masked_as_another(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = chunked.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "size", RUNS)
    monkeypatch.setattr(conversion, "CHUNK", RUNS)
    monkeypatch.setattr(f"{__name__}.BATCHES", 1)
    operation, first, second = IN_CHUNKS.get(name) or OPERATIONS[name]
    verify(in_chunks(operation), first, second, Adversary.SEMI_HONEST, is_uniform=True)


IN_CHUNKS: dict[str, tuple[Operation, Any, Any]] = {
    "to_bits": (lambda node, x: to_bits(node, x, 3), ring(0), ring(-1)),
    "from_bits": (from_bits, planes(2, 0), planes(2, 3)),
    "from_bit": (from_bit, planes(1, 0), planes(1, 1)),
}


OPENINGS: dict[str, tuple[Operation, Any, Any]] = {
    "sum": (lambda node, x, y: open_ring(node, x + y), ring(1, 4), ring(3, 2)),
    "product": (lambda node, x, y: _open_product(node, x, y), ring(0, 0), ring(0, 3)),
    "bits": (lambda node, x, y: open_planes(node, x ^ y), planes(3, 0, 7), planes(3, 5, 2)),
}


def _open_product(node: Node, x: Ring, y: Ring) -> Steps[Any]:
    return (yield from open_ring(node, (yield from multiply(node, x, y))))


@pytest.mark.parametrize("name", OPENINGS)
def test_an_opening_shows_what_it_opens_and_no_more(name: str) -> None:
    verify(*OPENINGS[name], Adversary.SEMI_HONEST, is_uniform=False)


def test_what_an_owner_sends_each_node_is_independent_of_its_columns() -> None:
    shapes = [ColumnShape(RUNS), ColumnShape(RUNS, Form.BITS, 2)]
    totals = []
    for seed, value in ((1, 0), (2, 3)):
        sums: list[Any] = [0, 0, 0]
        for batch in range(BATCHES):
            secret = np.random.default_rng([seed, batch]).bytes(32)
            columns = [np.full(RUNS, value)] * 2
            packages = pack_columns(columns, shapes, owner=owner(0), context=bytes(32), seed=secret)
            for i in range(3):
                number, bits = open_package(i, packages[i], shapes, owner=owner(0), context=bytes(32)).columns
                assert isinstance(number, Ring)
                assert isinstance(bits, Planes)
                rows = np.concatenate([bits_of(number.shares, LOW), plane_bits(bits.planes.reshape(-1))]).astype(np.float32)
                sums[i] = sums[i] + (1 - 2 * rows) @ (1 - 2 * rows).T
        totals.append(sums)
    for first, second in zip(*totals, strict=True):
        assert np.abs(first - second).max() <= LIMIT * np.sqrt(2 * RUNS * BATCHES)
        assert np.abs(first - np.diag(np.diag(first))).max() <= LIMIT * np.sqrt(RUNS * BATCHES)


def verify(operation: Operation, first: Any, second: Any, adversary: Adversary, *, is_uniform: bool) -> None:
    runs = RUNS * BATCHES
    sums = [parities(operation, one, seed, adversary) for seed, one in ((11, first), (12, second))]
    for i in range(3):
        ((heard, given), one), (_, other) = sums[0][i], sums[1][i]
        difference = np.abs(one - other).max()
        assert difference <= LIMIT * np.sqrt(2 * runs), f"node {i} can tell the secrets apart: {difference:.0f} of {runs}"
        if not is_uniform:
            continue
        for found in (one, other):
            pairs = found[:heard, 1 : 1 + given].copy()
            pairs[np.arange(heard), np.arange(heard)] = 0
            worst = max(np.abs(found[:heard, 0]).max(initial=0), np.abs(pairs).max(initial=0))
            assert worst <= LIMIT * np.sqrt(runs), f"what node {i} hears is not uniform: {worst:.0f} of {runs}"
