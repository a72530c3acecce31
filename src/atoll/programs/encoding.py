"""Graphs from bytes: nothing in them is believed.

Every step is made again from its name and parameters, every type, range, shape and error is inferred again; what cannot be run,
could overflow, or is not the one form of its program is refused. Reading takes time and memory in proportion to the bytes.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from atoll.errors import AtollError
from atoll.programs.errors import BadGraph
from atoll.programs.graph import MAX_GRAPH_BYTES, VERSION, Graph, Output, Ref, Step, infer_step
from atoll.programs.operation import REGISTRY, Operation
from atoll.programs.operations.checking import VerifyRange
from atoll.programs.operations.inputs import NAME, Input, InputMask
from atoll.programs.operations.selection import HideNulls
from atoll.wire.cbor import decode
from atoll.wire.errors import CborError

MAX_STEPS = 10_000
"""Most steps of a graph."""

MAX_ATTRIBUTE = 1 << 80
"""Integers among the parameters are smaller; the operations ask for less."""

_READERS: dict[Any, Any] = {}


def parse_graph(data: bytes) -> Graph:
    """The graph that `Graph.encode` wrote.

    Raises:
        BadGraph: the bytes are not the encoding of a graph that could be run; the problem names the step.
    """
    try:
        value = decode(data, max_bytes=MAX_GRAPH_BYTES)
    except CborError as err:
        raise BadGraph(problem=str(err)) from err
    if not isinstance(value, dict) or value.keys() != {"version", "name", "steps", "outputs"}:
        raise BadGraph(problem="it is not a graph")
    if type(value["version"]) is not int or value["version"] != VERSION:  # True is 1, too
        raise BadGraph(problem=f"it is not of version {VERSION}")
    if not (isinstance(value["name"], str) and NAME.fullmatch(value["name"])):
        raise BadGraph(problem="its name is not one")
    steps: list[Step] = []
    for at, one in enumerate(_list(value["steps"], "steps", 1, MAX_STEPS)):
        steps.append(_step(one, at, steps))
    outputs = tuple(_output(one, steps) for one in _list(value["outputs"], "outputs", 1, MAX_STEPS))
    graph = Graph(value["name"], tuple(steps), outputs)
    _verify_form(graph)
    return graph


def _step(value: Any, at: int, before: list[Step]) -> Step:
    name, refs, parameters = _list(value, f"step {at}", 3, 3)
    cls = REGISTRY.get(name) if isinstance(name, str) else None
    if cls is None:
        raise BadGraph(problem=f"step {at} is an operation that this software does not have")
    operation = _operation(cls, parameters, at)
    inputs = tuple(_ref(one, before, f"step {at}") for one in _list(refs, f"step {at}", 0, MAX_STEPS))
    if operation.COMMUTES and tuple(sorted(inputs)) != inputs:
        raise BadGraph(problem=f"step {at} has its operands in the other order")
    try:
        kinds = infer_step(operation, tuple(before[ref.step].kinds[ref.place] for ref in inputs), f"step {at}")
    except AtollError as err:
        raise BadGraph(problem=str(err)) from err
    return Step(operation, inputs, kinds)


def _operation(cls: type[Operation], parameters: Any, at: int) -> Operation:
    readers = _readers(cls)
    if not isinstance(parameters, dict) or parameters.keys() != readers.keys():
        raise BadGraph(problem=f"step {at}, {cls.NAME}, has other parameters than it should")
    return cls(**{name: readers[name](parameters[name], f"step {at}, {cls.NAME}: {name}") for name in readers})


def _readers(cls: type[Operation]) -> dict[str, Any]:
    if cls not in _READERS:
        hints = typing.get_type_hints(cls)
        _READERS[cls] = {field.name: _BY_HINT[hints[field.name]] for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    readers: dict[str, Any] = _READERS[cls]
    return readers


def _integer(value: Any, what: str) -> int:
    if type(value) is not int or abs(value) >= MAX_ATTRIBUTE:
        raise BadGraph(problem=f"{what} is not an integer")
    return value


def _truth(value: Any, what: str) -> bool:
    if type(value) is not bool:
        raise BadGraph(problem=f"{what} is not true or false")
    return value


def _text(value: Any, what: str) -> str:
    if type(value) is not str:
        raise BadGraph(problem=f"{what} is not a text")
    return value


def _bytes(value: Any, what: str) -> bytes:
    if type(value) is not bytes:
        raise BadGraph(problem=f"{what} is not a byte string")
    return value


def _integers(value: Any, what: str) -> tuple[int, ...]:
    return tuple(_integer(one, what) for one in _list(value, what, 0, MAX_GRAPH_BYTES))


def _truths(value: Any, what: str) -> tuple[bool, ...]:
    return tuple(_truth(one, what) for one in _list(value, what, 0, MAX_GRAPH_BYTES))


_BY_HINT: dict[Any, Any] = {
    int: _integer,
    bool: _truth,
    str: _text,
    bytes: _bytes,
    tuple[int, ...]: _integers,
    tuple[bool, ...]: _truths,
}
"""What the fields of an operation may be."""


def _output(value: Any, steps: list[Step]) -> Output:
    name, receivers, ref, valid = _list(value, "an output", 4, 4)
    names = [name, *_list(receivers, "the receivers of an output", 1, 1000)]
    if not all(isinstance(one, str) and NAME.fullmatch(one) for one in names) or len(set(names[1:])) != len(names) - 1:
        raise BadGraph(problem="the names of an output or its receivers are not names")
    found = _ref(ref, steps, f"output {name}")
    mask = None if valid is None else _ref(valid, steps, f"output {name}")
    kind = steps[found.step].kinds[found.place]
    if not kind.secret:
        raise BadGraph(problem=f"output {name} is a constant")
    if mask is not None:
        other = steps[mask.step].kinds[mask.place]
        if not other.dtype.is_bool or other.shape != kind.shape or not other.secret:
            raise BadGraph(problem=f"the mask of output {name} is none")
        if not isinstance(steps[found.step].operation, HideNulls) or steps[found.step].inputs[1] != mask:
            raise BadGraph(problem=f"output {name} shows what lies under its nulls")
    return Output(name, tuple(names[1:]), found, mask)


def _ref(value: Any, before: list[Step], what: str) -> Ref:
    step, place = _list(value, f"an operand of {what}", 2, 2)
    if type(step) is int and type(place) is int and 0 <= step < len(before) and 0 <= place < len(before[step].kinds):
        return Ref(step, place)
    raise BadGraph(problem=f"{what} needs a result that comes later or not at all")


def _list(value: Any, what: str, least: int, most: int) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise BadGraph(problem=f"{what}: not an array, or of the wrong length")
    return value


def _verify_form(graph: Graph) -> None:
    """One program has one graph: no step that nothing needs, none twice, no name twice; masks and checks are of the columns
    that they name."""
    needed = {ref.step for out in graph.outputs for ref in (out.ref, out.valid) if ref is not None}
    needed |= {ref.step for step in graph.steps for ref in step.inputs}
    for at, step in enumerate(graph.steps):
        if at not in needed and not isinstance(step.operation, Input | InputMask):
            raise BadGraph(problem=f"nothing needs step {at}")
    if len({(step.operation, step.inputs) for step in graph.steps}) != len(graph.steps):
        raise BadGraph(problem="a step stands there twice")
    if [out.name for out in graph.outputs] != sorted({out.name for out in graph.outputs}):
        raise BadGraph(problem="the outputs are not in order, or a name stands there twice")
    columns = {one.name: one for one in graph.inputs}
    masks = [step.operation for step in graph.steps if isinstance(step.operation, InputMask)]
    if len(columns) != len(graph.inputs) or len({mask.name for mask in masks}) != len(masks):
        raise BadGraph(problem="a column stands there twice")
    for mask in masks:
        column = columns.get(mask.name)
        if column is None or (column.owner, column.kind.shape) != (mask.owner, mask.shape):
            raise BadGraph(problem=f"the mask of column {mask.name} is none")
    for step in graph.steps:
        if isinstance(step.operation, VerifyRange):
            checked = columns.get(step.operation.name)
            if checked is None or checked.ref != step.inputs[0]:
                raise BadGraph(problem=f"what is checked as column {step.operation.name} is another value")
