"""Runs a graph among three simulated nodes in one process: the same operations, rounds and bytes as over a network.

For tests, and for trying a program out. Nothing is kept from anybody here, so never give it others' data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atoll.primitives.drbg import SeededEntropy
from atoll.programs.columns import decode_output, encode_column
from atoll.programs.graph import Graph
from atoll.programs.run import SharedColumn, run_graph
from atoll.protocols.mpc import Adversary, Planes, Ring, Steps, run_together, set_up
from atoll.protocols.mpc.shares import word_count

NODES = 3


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of a simulation."""

    outputs: dict[str, NDArray[Any]]
    """By name, as `run_clear` gives them."""
    rounds: int
    """Of the program alone, without set-up, inputs and outputs."""
    bytes_by_node: tuple[int, int, int]
    """Likewise."""


def simulate(
    graph: Graph, columns: Mapping[str, Any], *, seed: bytes, adversary: Adversary = Adversary.SEMI_HONEST
) -> Simulated:
    """Share the columns, run the program at three nodes, put the outputs together.

    Args:
        columns: by input name, as for `run_clear`.
        seed: 32 bytes; the shares and keys follow from it. Fresh ones for each run.

    Raises:
        BadColumn: a column is missing or not as declared.
    """
    entropy = SeededEntropy(seed)
    inputs: list[dict[str, SharedColumn]] = [{} for _ in range(NODES)]
    for column in graph.inputs:
        encoded = encode_column(graph, column.name, columns.get(column.name))
        fork = entropy.fork(f"input {column.name}")
        is_bool = column.kind.dtype.is_bool
        values = _bits(fork, encoded.raw) if is_bool else _numbers(fork, encoded.raw)
        masks = None if column.valid is None else _bits(entropy.fork(f"mask {column.name}"), encoded.valid)
        for me in range(NODES):
            inputs[me][column.name] = SharedColumn(values[me], None if masks is None else masks[me])
    seeds = [entropy.fork(f"node {me}").bytes(32) for me in range(NODES)]
    nodes = run_together([set_up(me, context=graph.digest, seed=seeds[me], adversary=adversary) for me in range(NODES)]).outputs
    steps: list[Steps[dict[str, SharedColumn]]] = [run_graph(nodes[me], graph, inputs[me]) for me in range(NODES)]
    ran = run_together(steps)
    outputs = {}
    for output in graph.outputs:
        held = [result[output.name] for result in ran.outputs]
        kind = graph.kind(output.ref)
        valid = None if output.valid is None else _together([one.valid for one in held]).reshape(kind.shape).astype(np.bool_)
        raw = _together([one.values for one in held]).reshape(kind.shape)
        outputs[output.name] = decode_output(graph, output, raw, valid)
    return Simulated(outputs, ran.rounds, ran.bytes_by_node)


def _numbers(entropy: SeededEntropy, raw: NDArray[np.int64]) -> list[Ring | Planes]:
    first, second = (np.frombuffer(entropy.bytes(8 * raw.size), np.uint64).reshape(raw.shape) for _ in range(2))
    parts = [first, second, raw.astype(np.uint64) - first - second]
    return [Ring(np.stack([parts[me], parts[(me + 1) % NODES]])) for me in range(NODES)]


def _bits(entropy: SeededEntropy, raw: NDArray[Any]) -> list[Planes]:
    words = word_count(raw.size)
    whole = np.zeros(8 * words, np.uint8)
    octets = np.packbits(raw.reshape(-1).astype(np.uint8), bitorder="little")
    whole[: octets.size] = octets
    first, second = (np.frombuffer(entropy.bytes(8 * words), np.uint64) for _ in range(2))
    parts = [first, second, whole.view(np.uint64) ^ first ^ second]
    return [Planes(np.stack([parts[me], parts[(me + 1) % NODES]])[:, None], raw.size) for me in range(NODES)]


def _together(held: list[Any]) -> NDArray[np.int64]:
    """The values of which these are the three nodes' shares, as a vector."""
    if isinstance(held[0], Ring):
        total: NDArray[np.uint64] = held[0].shares[0] + held[1].shares[0] + held[2].shares[0]
        return total.view(np.int64).reshape(-1)
    bits = held[0].planes[0, 0] ^ held[1].planes[0, 0] ^ held[2].planes[0, 0]
    return np.unpackbits(bits.view(np.uint8), count=held[0].count, bitorder="little").astype(np.int64)
