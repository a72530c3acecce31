"""Measures written straight on the engine's operations: what the product's own programs come down to.

Shares of the inputs are made at each node from one public seed, so that dealing them costs nothing; the answer is opened and
compared before a figure counts. What is timed lies between two meetings of all nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atoll.programs import Graph, SharedColumn, run_graph
from atoll.protocols.mpc import (
    Adversary,
    Node,
    Ring,
    Round,
    Steps,
    as_role,
    less_than,
    multiply,
    open_planes,
    open_ring,
    set_up,
)
from atoll.protocols.mpc.rounds import Buffer, Together
from atoll.protocols.role import Party, Role
from mpc.clock import Watch
from mpc.data import CASES, WIDE
from mpc.signing import witness
from mpc.tables import TABLES
from mpc.written import WRITTEN, decoded, encoded, trace


def share(me: int, values: NDArray[np.int64], seed: int) -> Ring:
    """One node's part of a sharing that everybody could make; it hides nothing."""
    random = np.random.default_rng(seed)
    parts = [random.integers(0, 1 << 63, values.shape, dtype=np.uint64) for _ in range(2)]
    parts.append(values.view(np.uint64) - parts[0] - parts[1])
    return Ring(np.stack((parts[me], parts[(me + 1) % 3])))


def run_multiply(node: Node, values: dict[str, Ring]) -> Steps[Any]:
    return multiply(node, values["x"], values["y"])


def run_less_than(node: Node, values: dict[str, Ring]) -> Steps[Any]:
    return less_than(node, values["x"], values["y"], bits=WIDE.bit_length() + 2)


def run_written(node: Node, graph: Graph, values: dict[str, Ring]) -> Steps[Any]:
    """A program with one output."""
    found = yield from run_graph(node, graph, {key: SharedColumn(value, None) for key, value in values.items()})
    return found["out"].values


def verified(node: Node, steps: Steps[Any]) -> Steps[Any]:
    """In malicious mode with the proofs that must precede an opening."""
    found = yield from steps
    yield from node.verify()
    return found


def open_any(node: Node, found: Any) -> Steps[NDArray[Any]]:
    """The answer in the clear."""
    if isinstance(found, Ring):
        return (yield from open_ring(node, found)).view(np.int64)
    return (yield from open_planes(node, found)).astype(np.bool_)


ENGINE: dict[str, Callable[[Node, dict[str, Ring]], Steps[Any]]] = {
    "multiply": run_multiply,
    "less-than": run_less_than,
    **TABLES,
}


@dataclass(slots=True)
class Counted:
    """What passed through a program's rounds here."""

    sent_bytes: int = 0
    rounds: int = 0
    """One after the other, as explanations of programs count them."""

    def take_in(self, parallel: list[Counted]) -> None:
        """What ran side by side, and has ended."""
        self.sent_bytes += sum(one.sent_bytes for one in parallel)
        self.rounds += max((one.rounds for one in parallel), default=0)


def size_of(buffer: Buffer) -> int:
    """Its bytes."""
    return len(buffer) if isinstance(buffer, bytes) else buffer.nbytes


def counted(steps: Steps[Any], count: Counted) -> Generator[Any, Any, Any]:
    """The same steps; what they say is counted."""
    value: Any = None
    while True:
        try:
            said = steps.send(value)
        except StopIteration as end:
            return end.value
        if isinstance(said, Together):
            children = [Counted() for _ in said.operations]
            value = yield Together(tuple(counted(one, child) for one, child in zip(said.operations, children, strict=True)))
            count.take_in(children)
        else:
            count.sent_bytes += sum(size_of(one) for one in (*said.to_previous, *said.to_next))
            count.rounds += 1
            value = yield said


def together() -> Steps[None]:
    """Nobody goes on before all are here."""
    for _ in range(2):
        yield Round(to_previous=(bytes(8),), from_next=8)


def run_engine(me: Party, order: dict[str, Any], seed: bytes) -> Role[dict[str, Any]]:
    """One measure, `laps` times; in malicious mode transcripts are signed."""
    adversary = Adversary(order.get("adversary", Adversary.SEMI_HONEST))
    context = sha256(order["program"].encode()).digest()
    signing = witness(me.index, context) if adversary is Adversary.MALICIOUS else None
    return as_role(me.index, _measure(me.index, order, seed, adversary, context), witness=signing)


def _measure(me: int, order: dict[str, Any], seed: bytes, adversary: Adversary, context: bytes) -> Steps[dict[str, Any]]:
    name, rows = order["program"], order["rows"]
    case = CASES[name](rows)
    node = yield from set_up(me, context=context, seed=seed, adversary=adversary)
    graph = trace(name, rows) if name in WRITTEN else None
    clear = case.inputs if graph is None else encoded(graph, name, rows)
    values = {key: share(me, value, number) for number, (key, value) in enumerate(clear.items())}
    watch, count = Watch(), Counted()
    found: Any = None
    for _ in range(order["laps"]):
        found, count = None, Counted()
        yield from together()
        watch.start()
        steps = ENGINE[name](node, values) if graph is None else run_written(node, graph, values)
        found = yield from counted(verified(node, steps), count)
        watch.stop()
    opened = yield from open_any(node, found)
    answer = opened if graph is None else decoded(graph, opened)
    error = float(np.max(np.abs(answer.astype(np.float64) - case.outputs["out"].astype(np.float64)), initial=0.0))
    told = {"error": error, "rounds": count.rounds, "sent_bytes": count.sent_bytes, "tls": "1.3, mutual, and HPKE within"}
    return {**watch.to_map(), **told}
