"""A place's part in a run: an owner shares its columns, a node computes, a receiver puts its outputs together.

The last step is that of every kind (`atoll.jobs.closing`): all places learn the one commitment that their receipts will carry.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.jobs.closing import close_as_other, close_as_receiver
from atoll.jobs.computation.results import shapes_of, to_result
from atoll.jobs.computation.statement import Statement
from atoll.jobs.errors import BadInputs
from atoll.jobs.kind import Inputs, Outcome
from atoll.jobs.numbers import NumberColumn, Numbers
from atoll.jobs.secret.places import Seats, owner, receiver
from atoll.ledger.plan import Plan, plan_digest
from atoll.primitives.drbg import SeededEntropy
from atoll.programs.graph import Graph, GraphInput
from atoll.programs.run import SharedColumn, run_graph
from atoll.protocols.mpc import Adversary, ColumnShape, Form, Node, Planes, Ring, Steps, compute_role, owner_role, receiver_role
from atoll.protocols.mpc.entering import Shared
from atoll.protocols.role import Party, Role

BIT = 1
Columns: TypeAlias = list[NDArray[np.int64]]


def run_place(plan: Plan, said: Statement, seats: Seats, graph: Graph, me: Party, inputs: Inputs, seed: bytes) -> Role[Outcome]:
    """This place's part; arguments verified by the kind.

    Raises:
        BadInputs: `me` is no place of the plan, or does not bring what it says.
    """
    if me not in {Party(one.role, one.index) for one in plan.parties}:
        raise BadInputs(reason=f"{me} is no place of the plan")
    if me.role == "owner":
        return _owner(plan, said, seats, graph, me, inputs.tables, seed)
    if inputs.tables:
        raise BadInputs(reason=f"{me} brings a table")
    if me.role == "compute":
        return _compute(plan, said, seats, graph, me.index, seed)
    return _receiver(plan, said, seats, me, seed)


def _owner(
    plan: Plan, said: Statement, seats: Seats, graph: Graph, me: Party, tables: Sequence[Numbers], seed: bytes
) -> Role[Outcome]:
    if len(tables) != len(seats.receivers):
        raise BadInputs(reason=f"{me} brings {len(tables)} tables, and {len(seats.receivers)} lines of the plan are its own")
    own = _inputs(graph, said, me.index)
    names = iter(seats.owners[me.index].columns)
    columns: Columns = []
    for one in own:
        width = one.kind.size // one.kind.shape[0]
        columns += _flat(one, [tables[0].columns[next(names)] for _ in range(width)])
    yield from owner_role(columns, _shapes(own), me=me, context=plan_digest(plan), seed=_seed(seed))
    return (yield from close_as_other(receivers=_receivers(seats), counts={"own": tables[0].rows}))


def _compute(plan: Plan, said: Statement, seats: Seats, graph: Graph, index: int, seed: bytes) -> Role[Outcome]:
    def program(node: Node, given: Mapping[Party, Sequence[Shared]]) -> Steps[dict[Party, list[Shared]]]:
        found = yield from run_graph(node, graph, _columns(graph, said, given))
        return {
            receiver(at): [part for one in place.outputs for part in _parts(found[one.name])]
            for at, place in enumerate(said.receivers)
        }

    yield from compute_role(
        index,
        inputs={owner(at): _shapes(_inputs(graph, said, at)) for at in range(len(seats.owners))},
        outputs={receiver(at): shapes_of(place.outputs) for at, place in enumerate(said.receivers)},
        program=program,
        program_digest=said.graph,
        context=plan_digest(plan),
        seed=_seed(seed),
        adversary=Adversary(str(said.security)),
    )
    return (yield from close_as_other(receivers=_receivers(seats), counts={}))


def _receiver(plan: Plan, said: Statement, seats: Seats, me: Party, seed: bytes) -> Role[Outcome]:
    outputs = said.receivers[me.index].outputs
    opened = yield from receiver_role(shapes_of(outputs))
    others = [Party(one.role, one.index) for one in plan.parties if (one.role, one.index) != (me.role, me.index)]
    result = to_result(outputs, opened)
    return (yield from close_as_receiver(result, me, receivers=_receivers(seats), counts={}, others=others, seed=seed))


def _receivers(seats: Seats) -> list[Party]:
    return [receiver(at) for at in range(len(seats.receivers))]


def _seed(seed: bytes) -> bytes:
    """The protocol's own part of the attempt's secret; another one opens the result."""
    return SeededEntropy(seed).fork("computation").bytes(32)


def _inputs(graph: Graph, said: Statement, place: int) -> list[GraphInput]:
    """The inputs of one owner's place, in the program's order."""
    label = said.owners[place].label
    return [one for one in graph.inputs if one.owner == label]


def _shapes(inputs: Sequence[GraphInput]) -> list[ColumnShape]:
    """How an owner's inputs are shared: values, and for those with nulls where there is one."""
    shapes = []
    for one in inputs:
        count = math.prod(one.kind.shape)
        shapes.append(ColumnShape(count, Form.BITS, BIT) if one.kind.dtype.is_bool else ColumnShape(count))
        if one.valid is not None:
            shapes.append(ColumnShape(count, Form.BITS, BIT))
    return shapes


def _flat(one: GraphInput, columns: Sequence[NumberColumn]) -> Columns:
    """The columns of an input as they are shared: row by row."""
    flat = [np.stack([column.raw for column in columns], axis=1).reshape(-1)]
    if one.valid is not None:
        there = [np.ones(len(column.raw), np.bool_) if column.present is None else column.present for column in columns]
        flat.append(np.stack(there, axis=1).reshape(-1).astype(np.int64))
    return flat


def _columns(graph: Graph, said: Statement, given: Mapping[Party, Sequence[Shared]]) -> dict[str, SharedColumn]:
    """What came in, by the program's names."""
    found: dict[str, SharedColumn] = {}
    for place in range(len(said.owners)):
        parts = iter(given[owner(place)])
        for one in _inputs(graph, said, place):
            values = next(parts)
            if isinstance(values, Ring):
                values = Ring(values.shares.reshape(2, *one.kind.shape))
            valid = next(parts) if one.valid is not None else None
            assert valid is None or isinstance(valid, Planes)
            found[one.name] = SharedColumn(values, valid)
    return found


def _parts(column: SharedColumn) -> list[Shared]:
    """An output as it is handed over."""
    values = column.values
    flat: Shared = Ring(values.shares.reshape(2, -1)) if isinstance(values, Ring) else values
    return [flat] if column.valid is None else [flat, column.valid]
