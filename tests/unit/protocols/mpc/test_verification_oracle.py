"""Proofs of products against the slow oracle: every word on every wire."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from atoll.protocols.mpc import Adversary, Node, Ring, Steps, multiply
from atoll.protocols.mpc.circuit import CircuitBuilder, evaluate
from atoll.protocols.mpc.notes import Notes
from atoll.protocols.mpc.shares import Planes
from atoll.protocols.mpc.together import run_together
from atoll.protocols.mpc.verification import verify
from specs.reference.mpc import Nodes
from specs.reference.mpc_malicious import Verification
from tests.unit.protocols.mpc.three import KEYS, deal_planes, deal_ring, nodes, numbers


@pytest.mark.parametrize(("gates", "count"), [(0, 1), (0, 66), (1, 5)])
def test_every_word_of_a_verification_is_the_oracles(gates: int, count: int) -> None:
    build = CircuitBuilder()
    left, right = build.input(64), build.input(64)
    both = build.circuit([[build.conjunction(a, b) for a, b in zip(left, right, strict=True)][:gates]])
    heard: dict[tuple[int, int], bytes] = {}
    logs = [Notes() for _ in range(3)]

    def ear(sender: int, to: int, data: bytes) -> bytes:
        heard[sender, to] = heard.get((sender, to), b"") + data
        return data

    def steps(node: Node, x: Ring, y: Ring, a: Planes, b: Planes) -> Steps[None]:
        node.log = logs[node.me]
        if count:
            yield from multiply(node, x, y)
        if gates:
            yield from evaluate(node, both, a, b)

    x, y = deal_ring(numbers(max(count, 1), 1)), deal_ring(numbers(max(count, 1), 2))
    a, b = deal_planes(numbers(60, 3), 64), deal_planes(numbers(60, 4), 64)
    seats = nodes(adversary=Adversary.MALICIOUS)
    run_together([steps(node, x[node.me], y[node.me], a[node.me], b[node.me]) for node in seats])
    noted: list[tuple[Any, Any]] = [(taken.circuits, taken.products) for taken in (log.take() for log in logs)]
    run_together([verify(node, logs[node.me]) for node in seats], tap=ear)

    oracle = Nodes(KEYS)
    for _ in range(bool(count) + bool(gates)):
        oracle.ticket()
    circuits = (
        [(noted[0][0][0][0], *([noted[i][0][0][1][row].tolist() for i in range(3)] for row in (0, 2, 4)))] if gates else []
    )
    own = [(noted[0][1][0][0], *([noted[i][1][0][at][0].tolist() for i in range(3)] for at in (1, 2, 3)))] if count else []
    run = Verification(oracle, circuits, own)
    assert run.verdicts == [True] * 3
    assert {wire: np.frombuffer(data, "<u8").tolist() for wire, data in heard.items()} == oracle.said
