"""What a plan says of its program: everything that people and policies decide on, without the program itself.

The program's graph travels beside the plan. Whoever has both derives the statement anew from the graph and compares
(`ComputationKind.verify_attached`), so what stands in the plan is true of what will run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atoll.jobs.computation.exposure import exposures, output_of
from atoll.jobs.errors import BadPlan
from atoll.jobs.numbers import NumberRule, Nulls
from atoll.policy.demand import Exposure, Output
from atoll.programs.cost import GraphCost, graph_cost
from atoll.programs.dtypes import DType
from atoll.programs.graph import Graph, GraphInput
from atoll.wire.message import Document

KIND = "computation"
SECURITIES = ("semi-honest", "malicious")
MAX_OPENED = 40
"""Most kinds of values that the nodes are shown; a program that opens more is refused."""


@dataclass(frozen=True, slots=True)
class InputStated:
    """One input of an owner."""

    name: str
    width: int
    """How many columns it takes: 0 for a vector, which takes one."""

    @property
    def columns(self) -> int:
        """Columns of the dataset."""
        return max(1, self.width)


@dataclass(frozen=True, slots=True)
class OutputStated:
    """One output of a receiver."""

    name: str
    base: str
    """`int64`, `fixed` or `bool`."""
    fraction: int
    shape: tuple[int, ...]
    nullable: bool
    error: str
    """How far it may be from exact arithmetic on the columns as they are shared; 0 for exactly."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything; see the module."""

    graph: bytes
    """Digest of the program."""
    name: str
    security: str
    owners: tuple[tuple[str, tuple[InputStated, ...]], ...]
    """Label and inputs of each owner's place."""
    receivers: tuple[tuple[str, tuple[OutputStated, ...]], ...]
    """Label and outputs of each receiver's place."""
    seen: tuple[tuple[tuple[tuple[str, ...], ...], ...], ...]
    """For each receiver, owner and input: how it may be seen, as exposures, sorted."""
    rounds: int
    sent_bytes: tuple[int, int, int]
    """By the compute nodes, for the program alone."""
    memory_bytes: int
    """At a compute node at most."""
    opens: tuple[str, ...]
    """What the compute nodes are shown."""

    def outputs(self) -> list[list[str]]:
        """Names by receiver."""
        return [[one.name for one in own] for _, own in self.receivers]

    def output(self, own: Mapping[int, frozenset[int]]) -> Output:
        """The kind of output of the whole plan.

        Args:
            own: for each receiver the owners' places that belong to the same organisation; it may see its own values.
        """
        return output_of(
            Exposure(how)
            for receiver, by_owner in enumerate(self.seen)
            for owner, inputs in enumerate(by_owner)
            if owner not in own.get(receiver, frozenset())
            for one in inputs
            for how in one
        )

    def to_document(self) -> dict[str, Any]:
        """As the plan holds it."""
        return {
            "graph": self.graph,
            "name": self.name,
            "security": self.security,
            "owners": [[label, [[one.name, one.width] for one in inputs]] for label, inputs in self.owners],
            "receivers": [
                [
                    label,
                    [[one.name, one.base, one.fraction, list(one.shape), one.nullable, one.error] for one in outputs],
                ]
                for label, outputs in self.receivers
            ],
            "seen": [[[list(one) for one in inputs] for inputs in by_owner] for by_owner in self.seen],
            "rounds": self.rounds,
            "sent": list(self.sent_bytes),
            "memory": self.memory_bytes,
            "opens": list(self.opens),
        }


def read_statement(document: Document) -> Statement:
    """The statement in a plan.

    Raises:
        BadPlan: it is none.
    """
    try:
        statement = Statement(
            graph=document["graph"],
            name=document["name"],
            security=document["security"],
            owners=tuple((label, tuple(InputStated(*one) for one in inputs)) for label, inputs in document["owners"]),
            receivers=tuple(
                (label, tuple(OutputStated(name, base, point, tuple(shape), null, error) for name, base, point, shape, null, error in outputs))
                for label, outputs in document["receivers"]
            ),
            seen=tuple(tuple(tuple(tuple(one) for one in inputs) for inputs in by_owner) for by_owner in document["seen"]),
            rounds=document["rounds"],
            sent_bytes=tuple(document["sent"]),  # type: ignore[arg-type]  # `_is_sound` looks
            memory_bytes=document["memory"],
            opens=tuple(document["opens"]),
        )
        sound = _is_sound(statement) and statement.to_document() == dict(document)
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise BadPlan(kind=KIND, reason="its program does not say what runs, on what, and for whom")
    return statement


def _is_sound(said: Statement) -> bool:
    """Whether the parts are of the types and lengths that everybody counts on."""
    texts = [said.name, *said.opens, *(label for label, _ in (*said.owners, *said.receivers))]
    texts += [one.name for _, inputs in said.owners for one in inputs]
    texts += [text for _, outputs in said.receivers for one in outputs for text in (one.name, one.base, one.error)]
    numbers = [said.rounds, *said.sent_bytes, said.memory_bytes, *(one.width for _, inputs in said.owners for one in inputs)]
    numbers += [number for _, outputs in said.receivers for one in outputs for number in (one.fraction, *one.shape)]
    kinds = all(one.base in ("int64", "fixed", "bool") and type(one.nullable) is bool for _, own in said.receivers for one in own)
    lengths = [len(inputs) for _, inputs in said.owners]
    seen = [[len(inputs) for inputs in by_owner] for by_owner in said.seen]
    ways = {how for by_owner in said.seen for inputs in by_owner for one in inputs for how in one}
    return (
        isinstance(said.graph, bytes)
        and len(said.graph) == 32  # noqa: PLR2004 - SHA-256
        and said.security in SECURITIES
        and all(isinstance(one, str) and 0 < len(one) for one in texts if one is not said.name)
        and isinstance(said.name, str)
        and all(type(one) is int and one >= 0 for one in numbers)
        and len(said.sent_bytes) == 3  # noqa: PLR2004 - nodes
        and kinds
        and all(lengths)
        and all(outputs for _, outputs in said.receivers)
        and seen == [lengths] * len(said.receivers)
        and ways <= set(Exposure) - {Exposure.HIDDEN}
    )


def state(graph: Graph, owners: Sequence[str], receivers: Sequence[str], security: str) -> Statement:
    """The statement of a program.

    Args:
        graph: read by `atoll.programs.parse_graph`, or traced here.
        owners, receivers: its labels, in the order of the plan's places.
        security: `semi-honest` or `malicious`.

    Raises:
        BadPlan: the labels are not those of the program, an owner's columns are not equally long, or it cannot be run so.
    """
    inputs: dict[str, list[GraphInput]] = {}
    for one in graph.inputs:
        inputs.setdefault(one.owner, []).append(one)
    _verify_labels("owners", owners, set(inputs))
    _verify_labels("receivers", receivers, {to for out in graph.outputs for to in out.receivers})
    for label in owners:
        rows_of(graph, label)
    shown = exposures(graph)
    gets = [[out for out in graph.outputs if label in out.receivers] for label in receivers]
    cost: GraphCost = graph_cost(graph, malicious=security == "malicious")
    if len(cost.opens) > MAX_OPENED:
        raise BadPlan(kind=KIND, reason=f"the program shows the compute nodes {len(cost.opens)} different things")
    return Statement(
        graph=graph.digest,
        name=graph.name,
        security=security,
        owners=tuple((label, tuple(_input(one) for one in inputs[label])) for label in owners),
        receivers=tuple(
            (label, tuple(_output(graph, out.name) for out in own)) for label, own in zip(receivers, gets, strict=True)
        ),
        seen=tuple(
            tuple(
                tuple(
                    tuple(sorted({str(how) for out in own for how in shown[out.name].get(one.name, ())}))
                    or (str(Exposure.ENCRYPTED_ONLY),)
                    for one in inputs[label]
                )
                for label in owners
            )
            for own in gets
        ),
        rounds=cost.rounds,
        sent_bytes=cost.sent_bytes,
        memory_bytes=cost.memory_bytes,
        opens=cost.opens,
    )


def rows_of(graph: Graph, owner: str) -> int:
    """How many rows all inputs of an owner have.

    Raises:
        BadPlan: they differ, or one is neither a column nor a matrix.
    """
    shapes = [one.kind.shape for one in graph.inputs if one.owner == owner]
    if any(not 1 <= len(shape) <= 2 for shape in shapes) or len({shape[0] for shape in shapes}) != 1:  # noqa: PLR2004
        raise BadPlan(kind=KIND, reason=f"the columns of {owner} are not equally long, and a table has so many rows")
    return shapes[0][0]


def rule_of(one: GraphInput, *, forgiving: bool) -> NumberRule:
    """How an input's cells are read.

    Raises:
        BadPlan: cells are to become nulls where the program has none.
    """
    dtype: DType = one.kind.dtype
    if forgiving and one.valid is None:
        raise BadPlan(kind=KIND, reason=f"the input {one.name} has no nulls that bad cells could become")
    nulls = Nulls.NONE if one.valid is None else Nulls.BAD if forgiving else Nulls.EMPTY
    return NumberRule(dtype.name, dtype.low, dtype.high, dtype.fraction, nulls)


def _verify_labels(what: str, given: Sequence[str], wanted: set[str]) -> None:
    if len(set(given)) != len(given) or set(given) != wanted:
        named = ", ".join(sorted(wanted)) or "none"
        raise BadPlan(kind=KIND, reason=f"the program's {what} are {named}, and places are taken for {', '.join(given) or 'none'}")


def _input(one: GraphInput) -> InputStated:
    shape = one.kind.shape
    return InputStated(one.name, shape[1] if len(shape) > 1 else 0)


def _output(graph: Graph, name: str) -> OutputStated:
    out = next(one for one in graph.outputs if one.name == name)
    kind = graph.kind(out.ref)
    error = "0" if kind.error == 0 else f"{float(kind.error):.3g}"
    return OutputStated(name, kind.dtype.name, kind.dtype.fraction, kind.shape, out.valid is not None, error)
