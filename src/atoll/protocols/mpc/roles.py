"""The roles of a computation, for job kinds to put together: owners, three compute nodes, receivers.

    ran = pump({
        owner(0): owner_role([ages], [ColumnShape(n)], me=owner(0), context=context, seed=...),
        **{compute(i): compute_role(i, inputs={owner(0): [ColumnShape(n)]}, program=program, ...) for i in range(3)},
        receiver(0): receiver_role([ColumnShape(1)]),
    })

An attempt is not resumed: nothing of it is kept, and another one has another context and other seeds, so no mask is used twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from numpy.typing import NDArray

from atoll.protocols.bulk import receive_bulk, send_bulk
from atoll.protocols.mpc.entering import (
    ColumnShape,
    Package,
    Shared,
    compare_packages,
    open_package,
    open_results,
    pack_columns,
    pack_results,
    package_bytes,
    refresh,
    result_bytes,
)
from atoll.protocols.mpc.errors import ResultsDiffer
from atoll.protocols.mpc.framing import as_role
from atoll.protocols.mpc.node import Adversary, Node
from atoll.protocols.mpc.places import COMPUTE
from atoll.protocols.mpc.rounds import Steps
from atoll.protocols.mpc.setting_up import set_up
from atoll.protocols.mpc.shares import Words64
from atoll.protocols.mpc.witness import Witness
from atoll.protocols.role import Party, Role

Inputs: TypeAlias = Mapping[Party, Sequence[Shared]]
"""Each owner's columns."""
Results: TypeAlias = Mapping[Party, Sequence[Shared]]
"""Each receiver's columns."""
Program: TypeAlias = Callable[[Node, Inputs], Steps[Results]]
"""What the three nodes compute; the same at all of them."""


def owner_role(
    columns: Sequence[NDArray[Any]], shapes: Sequence[ColumnShape], *, me: Party, context: bytes, seed: bytes
) -> Role[None]:
    """Give columns to the compute nodes.

    Args:
        columns, shapes, context, seed: as `entering.pack_columns` takes them.
        me: this owner's place.

    Leaks to the nodes: shapes. Bytes sent: 16 a number, and 160.
    """
    packages = pack_columns(columns, shapes, owner=me, context=context, seed=seed)
    for place, package in zip(COMPUTE, packages, strict=True):
        yield from send_bulk(place, package)


def compute_role(
    index: int,
    *,
    inputs: Mapping[Party, Sequence[ColumnShape]],
    outputs: Mapping[Party, Sequence[ColumnShape]],
    program: Program,
    program_digest: bytes,
    context: bytes,
    seed: bytes,
    adversary: Adversary = Adversary.SEMI_HONEST,
    witness: Witness | None = None,
) -> Role[None]:
    """Compute on the owners' columns and give each receiver its results.

    Args:
        index: 0 to 2.
        inputs: what each owner gives.
        outputs: what each receiver gets.
        program: run on the shared columns; the same at all three nodes.
        program_digest: of what it computes; nodes that run different ones end before any share is used.
        context: digest of the plan and the attempt's number; equal at all places.
        seed: 32 secret bytes, fresh for this attempt.
        adversary: what the plan says.
        witness: for the malicious model: signs what this node says, and holds its neighbours to what they signed.

    Raises:
        PeerError: another place broke the protocol; the run is over and nothing more is said.

    Learns: shapes, and what the program opens to the nodes.
    """
    packages: dict[Party, Package] = {}
    for owner, shapes in sorted(inputs.items()):
        package = yield from receive_bulk(owner, package_bytes(index, shapes))
        packages[owner] = open_package(index, package, shapes, owner=owner, context=context)

    def steps() -> Steps[Results]:
        node = yield from set_up(index, context=context, seed=seed, adversary=adversary, program=program_digest)
        yield from compare_packages(node, packages)
        results = yield from program(node, {owner: package.columns for owner, package in packages.items()})
        return (yield from hand_over(node, results, outputs))

    results = yield from as_role(index, steps(), witness=witness if adversary is Adversary.MALICIOUS else None)
    for receiver, columns in sorted(results.items()):
        yield from send_bulk(receiver, pack_results(columns))


def receiver_role(shapes: Sequence[ColumnShape]) -> Role[list[Words64]]:
    """Get results.

    Returns:
        One column a shape: numbers modulo 2^64, or words of bits.

    Raises:
        OpeningDisputed: two nodes do not say the same.
        WrongBulkLength: a node sent too much or too little.
    """
    packages = []
    for place in COMPUTE:
        packages.append((yield from receive_bulk(place, result_bytes(shapes))))
    return open_results(packages, shapes)


def hand_over(node: Node, results: Results, outputs: Mapping[Party, Sequence[ColumnShape]]) -> Steps[dict[Party, list[Shared]]]:
    """Make results fit to leave: of the agreed shapes, for the agreed receivers, in fresh parts; verified in malicious mode.

    Raises:
        ResultsDiffer: the program gives something else than the plan says.
    """
    verify_results(results, outputs)
    receivers = sorted(outputs)
    fresh = yield from refresh(node, [column for receiver in receivers for column in results[receiver]])
    yield from node.verify()
    rest = iter(fresh)
    return {receiver: [next(rest) for _ in outputs[receiver]] for receiver in receivers}


def verify_results(results: Results, outputs: Mapping[Party, Sequence[ColumnShape]]) -> None:
    """Raises ResultsDiffer unless each receiver of the plan gets columns of its shapes, and nobody else any."""
    for receiver in sorted({*results, *outputs}):
        found = [ColumnShape.of(column) for column in results.get(receiver, ())]
        expected = list(outputs.get(receiver, ()))
        if found != expected:
            described = ["; ".join(map(str, shapes)) or "nothing" for shapes in (found, expected)]
            raise ResultsDiffer(receiver=str(receiver), found=described[0], expected=described[1])
