"""Runs a graph among three simulated nodes in one process: the operations, rounds and bytes are those of a run over a network.

For tests, and for trying a program out. Nothing is kept from anybody here, so never give it others' data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from atoll.primitives.drbg import SeededEntropy
from atoll.programs.graph import Graph
from atoll.programs.places import (
    graph_steps,
    owner_columns,
    owner_shapes,
    owners,
    read_results,
    receiver_shapes,
    receivers,
)
from atoll.protocols.mpc import Adversary, Steps, owner, receiver, run_together, set_up
from atoll.protocols.mpc.entering import (
    Package,
    Shared,
    compare_packages,
    open_package,
    open_results,
    pack_columns,
    pack_results,
)
from atoll.protocols.mpc.places import NODES
from atoll.protocols.mpc.roles import hand_over
from atoll.protocols.mpc.witness import signed_bytes
from atoll.protocols.role import Party


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of a simulation; the counts are those that `explain` foretells."""

    outputs: dict[str, dict[str, NDArray[Any]]]
    """By receiver and name, as `run_clear` gives them."""
    rounds: int
    """Among the compute nodes, one after the other."""
    bytes_by_node: tuple[int, int, int]
    """What each compute node sent the other two; in malicious mode with the claims that sign it, though nobody signs here."""
    bytes_from_owners: int
    """What all owners sent to compute nodes."""
    bytes_to_receivers: int
    """What all compute nodes sent to receivers."""


def simulate(
    graph: Graph, columns: Mapping[str, Any], *, seed: bytes, adversary: Adversary = Adversary.SEMI_HONEST
) -> Simulated:
    """Owners share their columns, three nodes run the program, receivers put their results together.

    Args:
        columns: by input name, as for `run_clear`.
        seed: 32 bytes; all keys and shares follow from it. A fresh one for each run.

    Raises:
        BadColumn: a column is missing or not as declared.
    """
    entropy, context = SeededEntropy(seed), graph.digest
    packed = {}
    for number, name in enumerate(owners(graph)):
        own = entropy.fork(f"owner {number}").bytes(32)
        given = owner_columns(graph, name, columns)
        packed[name] = pack_columns(given, owner_shapes(graph, name), owner=owner(number), context=context, seed=own)

    def compute(me: int) -> Steps[dict[Party, list[Shared]]]:
        opened: dict[Party, Package] = {}
        for number, name in enumerate(owners(graph)):
            place = owner(number)
            opened[place] = open_package(me, packed[name][me], owner_shapes(graph, name), owner=place, context=context)
        own = entropy.fork(f"compute {me}").bytes(32)
        node = yield from set_up(me, context=context, seed=own, adversary=adversary, program=graph.digest)
        yield from compare_packages(node, opened)
        results = yield from graph_steps(graph, node, {place: package.columns for place, package in opened.items()})
        shapes = {receiver(number): receiver_shapes(graph, name) for number, name in enumerate(receivers(graph))}
        return (yield from hand_over(node, results, shapes))

    ran = run_together([compute(me) for me in range(NODES)])
    outputs, handed = {}, 0
    for number, name in enumerate(receivers(graph)):
        said = [pack_results(results[receiver(number)]) for results in ran.outputs]
        handed += sum(map(len, said))
        outputs[name] = read_results(graph, name, open_results(said, receiver_shapes(graph, name)))
    from_owners = sum(len(package) for packages in packed.values() for package in packages)
    is_signed = adversary is Adversary.MALICIOUS
    sent = signed_bytes(ran.bytes_by_node, ran.claims_by_node) if is_signed else ran.bytes_by_node
    return Simulated(outputs, ran.rounds, sent, from_owners, handed)
