"""A shuffle of malicious mode and its proof against the slow oracle: every word on every wire."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from atoll.protocols.mpc import Adversary, Node, Steps, multiply
from atoll.protocols.mpc.shuffling import Column, Shuffle
from specs.reference import mpc, mpc_tables
from specs.reference.mpc import Held, Nodes, hold, parts_of
from specs.reference.mpc_malicious import Verification, shuffle
from tests.unit.mpc_tables.three import ring, run, words

KEYS = [bytes([index, *bytes(15)]) for index in range(3)]
ROWS = 70
NUMBERS, WORDS = ring(np.arange(ROWS) * 5), words(np.arange(ROWS) * 7)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("columns", [("numbers",), ("words",), ("numbers", "words", "product")])
def test_every_word_of_a_shuffle_and_of_its_proof_is_the_oracles(columns: tuple[str, ...], back: bool) -> None:
    moving: list[Any] = [{"numbers": NUMBERS, "words": WORDS}[name] for name in columns if name != "product"]
    said: dict[tuple[int, int], list[int]] = {}

    def program(node: Node, at: int) -> Steps[tuple[Column, ...]]:
        if "product" in columns:
            yield from multiply(node, NUMBERS[at], NUMBERS[at])
        drawn = Shuffle.draw(node, ROWS)
        moved: list[Column] = []
        for one in moving:
            moved += yield from (drawn.undo if back else drawn.apply)(node, one[at])
        yield from node.verify()
        return tuple(moved)

    def tap(sender: int, to: int, data: bytes) -> bytes:
        said.setdefault((sender, to), []).extend(np.frombuffer(data, np.uint64).tolist())
        return data

    ran = run(program, tap=tap, adversary=Adversary.MALICIOUS)
    nodes, products, moves = Nodes(KEYS), [], []
    if "product" in columns:
        x = held([one.shares for one in NUMBERS])
        z = mpc.multiply(nodes, x, x)
        products = [(0, parts_of(x), parts_of(x), parts_of(z))]
    orders = mpc_tables.draw(nodes, ROWS)
    for at, one in enumerate(moving):
        moved, steps = shuffle(nodes, held([part.shares for part in one]), orders, xor=one is WORDS, back=back)
        moves += steps
        assert parts_of(held([output[at].shares for output in ran.outputs])) == parts_of(moved)  # type: ignore[union-attr]
    assert Verification(nodes, [], products, moves).verdicts == [True] * 3
    assert nodes.said == said


def held(shares: Any) -> Held:
    return hold([one[0].tolist() for one in shares])
