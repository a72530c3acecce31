"""Generated circuits, columns and programs give the clear answer, and say the same over frames as in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.protocols.mpc import (
    Adversary,
    Circuit,
    CircuitBuilder,
    Node,
    Planes,
    Ring,
    Round,
    Steps,
    Wire,
    as_role,
    compute,
    equal,
    evaluate,
    from_bits,
    less_than,
    less_than_any,
    multiply,
    parallel,
    run_together,
    to_bits,
    truncate,
    where,
)
from atoll.protocols.pump import pump
from tests.unit.protocols.mpc.three import EDGES, answer, deal_planes, deal_ring, nodes

FEW = settings(max_examples=25, deadline=None)
NUMBERS = st.lists(st.one_of(st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from(EDGES)), min_size=0, max_size=80)
ADVERSARIES = st.sampled_from(list(Adversary))


def add_gate(build: CircuitBuilder, kind: int, one: Wire, other: Wire, third: Wire) -> Wire:
    """A gate of one of seven kinds."""
    match kind:
        case 0:
            return build.xor(one, other)
        case 1:
            return build.conjunction(one, other)
        case 2:
            return build.invert(one)
        case 3:
            return build.constant(one % 2)
        case 4:
            return build.majority(one, other, third)
        case 5:
            return build.choose(one, other, third)
        case _:
            return build.disjunction(one, other)


@st.composite
def circuits(draw: st.DrawFn) -> Circuit:
    """Three inputs of 1 to 4 bits and gates drawn at random; up to 64 wires are the output."""
    build = CircuitBuilder()
    wires = [wire for width in draw(st.tuples(*[st.integers(1, 4)] * 3)) for wire in build.input(width)]
    for kind in draw(st.lists(st.integers(0, 6), max_size=40)):
        wires.append(add_gate(build, kind, *(wires[draw(st.integers(0, len(wires) - 1))] for _ in range(3))))
    return build.circuit([wires[-64:]])


@FEW
@given(circuits(), st.integers(0, 130), ADVERSARIES, st.integers(0, 1 << 30))
def test_any_circuit_gives_on_shares_what_it_gives_on_plain_bits(
    circuit: Circuit, count: int, adversary: Adversary, seed: int
) -> None:
    assert circuit.depth == circuit.compiled.depth
    random = np.random.default_rng(seed)
    columns = [random.integers(0, 1 << width, count) for width in circuit.inputs]
    dealt = [deal_planes(column, width, at) for at, (column, width) in enumerate(zip(columns, circuit.inputs, strict=True))]

    def first(node: Node, *mine: Planes) -> Steps[Planes]:
        return (yield from evaluate(node, circuit, *mine))[0]

    expected = [circuit.evaluate_clear(*(int(column[row]) for column in columns))[0] for row in range(count)]
    assert answer(first, *dealt, adversary=adversary).view(np.uint64).tolist() == expected


@FEW
@given(NUMBERS, NUMBERS, st.integers(1, 62), ADVERSARIES, st.integers(0, 1 << 30))
def test_operations_give_the_clear_answer(xs: list[int], ys: list[int], bits: int, adversary: Adversary, seed: int) -> None:
    count = min(len(xs), len(ys))
    x, y = (np.array(column[:count], dtype=np.int64) for column in (xs, ys))
    a, b = deal_ring(x, seed), deal_ring(y, seed + 1)
    half_x, half_y = x >> 1, y >> 1
    half_a, half_b = deal_ring(half_x, seed + 2), deal_ring(half_y, seed + 3)
    low = (1 << bits) - 1

    def through_bits(node: Node, mine: Ring) -> Steps[Ring]:
        return (yield from from_bits(node, (yield from to_bits(node, mine, bits))))

    def smaller(node: Node, one: Ring, other: Ring) -> Steps[Ring]:
        return (yield from where(node, (yield from less_than(node, one, other)), one, other))

    cases: list[tuple[Callable[..., Steps[Any]], list[Any], Any]] = [
        (multiply, [a, b], x * y),
        (less_than_any, [a, b], x < y),
        (equal, [a, b], x == y),
        (through_bits, [a], x & low),
        (smaller, [half_a, half_b], np.minimum(half_x, half_y)),
        (lambda node, mine: truncate(node, mine, bits), [half_a], half_x >> bits),
        (lambda node, mine: truncate(node, mine, bits, full=True), [a], x >> bits),
    ]
    for operation, inputs, expected in cases:
        assert answer(operation, *inputs, adversary=adversary).tolist() == np.asarray(expected).tolist()


Tree = Any
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), lambda inner: st.lists(inner, max_size=4), max_leaves=12
)


def talk(node: Node, tree: Tree, name: int = 1) -> Steps[Any]:
    """Leaves say a few words a few times, in one direction or both, one node perhaps nothing; branches run together."""
    if isinstance(tree, list):
        return (yield from parallel(*[talk(node, branch, 8 * name + at) for at, branch in enumerate(tree)]))
    rounds, silent, both = tree
    heard = []
    for number in range(rounds):
        said = (np.array([name, number, node.me], np.uint64),)
        speaks, hears_previous, hears_next = (who % 3 != silent for who in (node.me, node.me - 1, node.me + 1))
        got = yield Round(
            to_next=said if speaks else (),
            to_previous=said if speaks and both else (),
            from_previous=24 * hears_previous,
            from_next=24 * (hears_next and both),
        )
        heard.append([np.frombuffer(part, np.uint64).tolist() for part in got])
    return heard


def longest(tree: Tree) -> int:
    return max(map(longest, tree), default=0) if isinstance(tree, list) else int(tree[0])


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_whatever_runs_together_hears_its_own_words_in_one_process_and_over_frames(tree: Tree) -> None:
    ran = run_together([talk(node, tree) for node in nodes()])
    assert ran.rounds == longest(tree)
    over_frames = pump({compute(node.me): as_role(node.me, talk(node, tree)) for node in nodes()})
    assert [over_frames[compute(i)] for i in range(3)] == ran.outputs
    for me, output in enumerate(ran.outputs):
        verify_own_words(output, tree, me, 1)


def verify_own_words(output: Any, tree: Tree, me: int, name: int) -> None:
    if isinstance(tree, list):
        for at, branch in enumerate(tree):
            verify_own_words(output[at], branch, me, 8 * name + at)
        return
    rounds, silent, both = tree
    before, after = (me - 1) % 3, (me + 1) % 3
    for number in range(rounds):
        assert output[number] == [
            [name, number, before] if before != silent else [],
            [name, number, after] if both and after != silent else [],
        ]
