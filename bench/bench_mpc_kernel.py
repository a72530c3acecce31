"""What a compute node does alone, beside the limits of the machine: no network, one thread, CPU time.

    make bench-mpc-kernel

A million 64-bit comparisons (a tree of 184 AND gates in 7 rounds) run as 16 chunks side by side, as over real wires. The last
line is one JSON object.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from atoll.primitives import replicated
from atoll.primitives.replicated import AND, NOT, XOR, Circuit, CircuitRun, Streams, Words

AES_GB_A_SECOND = 7.2
"""AES-128 in counter mode, one core of the reference machine; a share of zero takes two streams."""
MEMORY_GB_A_SECOND = 14.9
"""Sequential reading, one thread."""
CHUNK = 1 << 16


def cpu_seconds(work: Callable[[], object], *, repetitions: int) -> float:
    """The least CPU time of some repetitions, after one that warms up."""
    work()
    spent = []
    for _ in range(repetitions):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def less_than(width: int = 64) -> Circuit:
    """x < y by halves: each node of a tree tells whether its bits are less, and whether they are equal."""
    gates: list[tuple[int, int, int]] = []

    def gate(operation: int, left: int, right: int = 0) -> int:
        gates.append((operation, left, right))
        return 2 * width + len(gates) - 1

    nodes = []
    for bit in range(width):
        differ = gate(XOR, bit, width + bit)
        nodes.append((gate(AND, differ, width + bit), gate(NOT, differ)))
    while len(nodes) > 1:
        joined = []
        for number, ((low_less, low_equal), (high_less, high_equal)) in enumerate(zip(nodes[::2], nodes[1::2], strict=True)):
            less = gate(XOR, high_less, gate(AND, high_equal, low_less))
            joined.append((less, gate(AND, high_equal, low_equal) if number else high_equal))
        nodes = joined
    operations, left, right = (np.array(column) for column in zip(*gates, strict=True))
    return Circuit(
        2 * width,
        operations.astype(np.uint8),
        left.astype(np.uint32),
        right.astype(np.uint32),
        np.array([nodes[0][0]], np.uint32),
    )


def run_chunks(circuit: Circuit, streams: Streams, chunks: list[list[Words]]) -> None:
    """All chunks a round, then the next round; what is heard is what was sent."""
    runs = [CircuitRun(circuit, streams, 0, ticket, planes) for ticket, planes in enumerate(chunks)]
    said = [run.start() for run in runs]
    for _ in range(circuit.depth):
        said = [None if message is None else run.advance(message) for run, message in zip(runs, said, strict=True)]
    for run in runs:
        run.outputs()


def main(rows: int = 1 << 20) -> None:
    streams = Streams(bytes(16), bytes([1]) * 16)
    draw = np.random.default_rng(1)
    figures: list[dict[str, object]] = []

    def measured(name: str, work: Callable[[], object], amount: float, unit: str, limit: float | None = None) -> None:
        spent = cpu_seconds(work, repetitions=7)
        figures.append(
            {
                "name": name,
                "ours": round(amount / spent / 1e9, 2),
                "unit": f"G{unit}/s",
                "limit": limit,
                "cpu_ms": round(1000 * spent, 3),
            }
        )

    x, y = (draw.integers(0, 1 << 64, (2, rows), np.uint64) for _ in range(2))
    out = np.empty(rows, np.uint64)
    measured("stream", lambda: streams.own_words(1, CHUNK), 8 * CHUNK, "B", AES_GB_A_SECOND)
    measured("shares of zero", lambda: streams.zero_words(1, CHUNK), 8 * CHUNK, "B", AES_GB_A_SECOND / 2)
    measured("multiply", lambda: replicated.multiply(x, y, streams, 1, out=out), 40 * rows, "B", MEMORY_GB_A_SECOND)
    planes = replicated.to_planes(x)
    measured("words to planes", lambda: replicated.to_planes(x), 32 * rows, "B", MEMORY_GB_A_SECOND)
    measured("planes to words", lambda: replicated.to_words(planes, rows), 32 * rows, "B", MEMORY_GB_A_SECOND)

    circuit = less_than()
    longs = CHUNK // 64
    both = [planes, replicated.to_planes(y)]
    chunks = [[each[..., at : at + longs] for each in both] for at in range(0, planes.shape[-1], longs)]
    ands = circuit.and_gates
    measured(f"less-than, {ands} AND gates", partial(run_chunks, circuit, streams, chunks), ands * rows, " AND")
    few = [[np.ascontiguousarray(each[..., :16]) for each in both]]
    measured(f"less-than of 1,000, {circuit.depth} rounds", partial(run_chunks, circuit, streams, few), ands * 1000, " AND")

    order = streams.own_permutation(1, rows)
    measured("permutation", lambda: streams.own_permutation(1, rows), rows, " rows")
    moved = np.empty_like(x)
    measured("gather of two columns", lambda: replicated.permute(x, order, out=moved), 2 * rows, " rows")

    for m, k, n in ((128, 784, 128), (1000, 1000, 1000), (1 << 17, 20, 1), (1, rows, 1), (8, 1 << 17, 8)):
        left, right = (draw.integers(0, 1 << 64, shape, np.uint64) for shape in ((2, m, k), (2, k, n)))
        product = partial(replicated.matmul, left, right, streams, 1)
        measured(f"matmul {m} x {k} x {n}", product, 2 * m * k * n, " MAC")

    for one in figures:
        limit = "" if one["limit"] is None else f"of {one['limit']}"
        print(f"{one['name']!s:40} {one['ours']:>9,} {one['unit']!s:8} {limit:8} {one['cpu_ms']:>10,} CPU-ms", file=sys.stderr)
    machine = {"processor": platform.machine(), "python": platform.python_version()}
    print(json.dumps({"bench": "mpc-kernel", "rows": rows, "machine": machine, "figures": figures}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
