"""A place's part in a run: an owner shares its columns, a node computes, a receiver puts its outputs together.

The last step is that of every kind (`atoll.jobs.closing`): all places learn the one commitment that their receipts will carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.jobs.closing import close_as_other, close_as_receiver
from atoll.jobs.computation.results import to_result
from atoll.jobs.computation.statement import Statement
from atoll.jobs.errors import BadInputs
from atoll.jobs.kind import Inputs, Outcome
from atoll.jobs.numbers import NumberColumn, Numbers
from atoll.jobs.secret.places import Seats
from atoll.ledger.plan import Plan, plan_digest
from atoll.primitives.drbg import SeededEntropy
from atoll.programs.graph import Graph, GraphInput
from atoll.programs.places import graph_steps, owner_shapes, receiver_shapes
from atoll.protocols.mpc import Adversary, compute_role, owner_role, receiver_role
from atoll.protocols.mpc.claims import attempt_context
from atoll.protocols.mpc.places import owner, receiver
from atoll.protocols.mpc.witness import Witness
from atoll.protocols.role import Party, Role

Columns: TypeAlias = list[NDArray[np.int64]]


def run_place(plan: Plan, said: Statement, seats: Seats, graph: Graph, me: Party, inputs: Inputs, seed: bytes) -> Role[Outcome]:
    """This place's part; arguments verified by the kind.

    Raises:
        BadInputs: `me` is no place of the plan, or does not bring what it says.
    """
    if me not in {Party(one.role, one.index) for one in plan.parties}:
        raise BadInputs(reason=f"{me} is no place of the plan")
    lines = len(seats.receivers) if me.role == "owner" else 0
    if len(inputs.tables) != lines:
        raise BadInputs(reason=f"{me} brings {len(inputs.tables)} tables, and {lines} lines of the plan are its own")
    context = attempt_context(plan_digest(plan), inputs.attempt)
    if me.role == "owner":
        return _owner(said, seats, graph, me, inputs.tables[0], context, seed)
    if me.role == "compute":
        return _compute(said, seats, graph, me.index, context, seed, inputs.witness)
    return _receiver(plan, said, seats, graph, me, seed)


def _owner(
    said: Statement, seats: Seats, graph: Graph, me: Party, table: Numbers, context: bytes, seed: bytes
) -> Role[Outcome]:
    label = said.owners[me.index].label
    names = iter(seats.owners[me.index].columns)
    columns: Columns = []
    for one in graph.inputs:
        if one.owner == label:
            width = one.kind.size // one.kind.shape[0]
            columns += _flat(one, [table.columns[next(names)] for _ in range(width)])
    shapes = owner_shapes(graph, label)
    yield from owner_role(columns, shapes, me=me, context=context, seed=_seed(seed))
    return (yield from close_as_other(receivers=_receivers(seats), counts={"own": table.rows}))


def _compute(
    said: Statement, seats: Seats, graph: Graph, index: int, context: bytes, seed: bytes, witness: Witness | None
) -> Role[Outcome]:
    yield from compute_role(
        index,
        inputs={owner(at): owner_shapes(graph, place.label) for at, place in enumerate(said.owners)},
        outputs={receiver(at): receiver_shapes(graph, place.label) for at, place in enumerate(said.receivers)},
        program=partial(graph_steps, graph),
        program_digest=said.graph,
        context=context,
        seed=_seed(seed),
        adversary=Adversary(str(said.security)),
        witness=witness,
    )
    return (yield from close_as_other(receivers=_receivers(seats), counts={}))


def _receiver(plan: Plan, said: Statement, seats: Seats, graph: Graph, me: Party, seed: bytes) -> Role[Outcome]:
    place = said.receivers[me.index]
    opened = yield from receiver_role(receiver_shapes(graph, place.label))
    others = [Party(one.role, one.index) for one in plan.parties if (one.role, one.index) != (me.role, me.index)]
    result = to_result(place.outputs, opened)
    return (yield from close_as_receiver(result, me, receivers=_receivers(seats), counts={}, others=others, seed=seed))


def _receivers(seats: Seats) -> list[Party]:
    return [receiver(at) for at in range(len(seats.receivers))]


def _seed(seed: bytes) -> bytes:
    """The protocol's own part of the attempt's secret; another one opens the result."""
    return SeededEntropy(seed).fork("computation").bytes(32)


def _flat(one: GraphInput, columns: Sequence[NumberColumn]) -> Columns:
    """The columns of an input as they are shared: row by row."""
    flat = [np.stack([column.raw for column in columns], axis=1).reshape(-1)]
    if one.valid is not None:
        there = [np.ones(len(column.raw), np.bool_) if column.present is None else column.present for column in columns]
        flat.append(np.stack(there, axis=1).reshape(-1).astype(np.int64))
    return flat
