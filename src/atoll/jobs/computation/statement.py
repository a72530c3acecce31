"""What a plan says of its program: everything that people and policies decide on, without the program itself.

The program's graph travels beside the plan. Whoever has both derives the statement anew from the graph and compares
(`ComputationKind.verify_attached`), so what stands in the plan is true of what will run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.jobs.computation.exposure import Seen, exposures, output_of
from atoll.jobs.errors import BadPlan
from atoll.jobs.numbers import Nulls, NumberRule
from atoll.jobs.secret.places import MAX_OWNERS, MAX_RECEIVERS, Seats
from atoll.jobs.security import Security
from atoll.ledger.plan import Label
from atoll.policy.demand import Exposure, Output
from atoll.programs.dtypes import DType, show_bound
from atoll.programs.explain import explain
from atoll.programs.graph import Graph, GraphInput
from atoll.programs.graph import Output as GraphOutput
from atoll.programs.places import owners, receivers, unchecked
from atoll.protocols.mpc import Adversary
from atoll.protocols.mpc.errors import TooManyProducts
from atoll.protocols.mpc.places import NODES
from atoll.wire.errors import MessageError
from atoll.wire.message import Count, Digest, Document, Message, Pattern, Range, Size

KIND = "computation"
MAX_LABEL = 120
MAX_OPENED = 40
"""Most kinds of values that the nodes are shown; a program that opens more is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputStated(Message):
    """One input of an owner."""

    name: Label
    """In the program; no two inputs share one."""
    width: Annotated[int, Range(0, 200)]
    """How many columns it takes: 0 for a vector, which takes one."""

    @property
    def columns(self) -> int:
        """Columns of the dataset."""
        return max(1, self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerStated(Message):
    """One owner's place."""

    label: Label
    """As the program calls it."""
    inputs: Annotated[tuple[InputStated, ...], Size(1, 200)]
    """In the program's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputStated(Message):
    """One output of a receiver."""

    name: Label
    """In the program."""
    base: Annotated[str, Pattern("int64|fixed|bool")]
    """Its type."""
    fraction: Annotated[int, Range(0, 60)]
    """Bits after the point."""
    shape: Annotated[tuple[Annotated[int, Range(1, 2**40)], ...], Size(0, 6)]
    """Empty for one number."""
    nullable: bool
    """Whether some of it may be null."""
    error: Annotated[str, Size(1, 24)]
    """How far it may be from exact arithmetic on the columns as they are shared; 0 for exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenStated(Message):
    """How a receiver may see an input by way of its outputs."""

    input: Label
    """Its name."""
    how: Annotated[tuple[Exposure, ...], Size(1, 4)]
    """Each way, sorted; `encrypted-only` where its outputs do not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverStated(Message):
    """One receiver's place."""

    label: Label
    """As the program calls it."""
    outputs: Annotated[tuple[OutputStated, ...], Size(1, 100)]
    """What it gets, sorted by name."""
    seen: Annotated[tuple[SeenStated, ...], Size(1, 200)]
    """All inputs, owner by owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Message):
    """Everything; see the module."""

    TAG: ClassVar[str] = "computation/1"

    graph: Digest
    """Digest of the program: SHA-256 of its encoding."""
    name: Annotated[str, Size(0, 40)]
    """Its name, for people."""
    security: Security
    """What one of the three compute nodes may do."""
    owners: Annotated[tuple[OwnerStated, ...], Size(1, MAX_OWNERS)]
    """By the plan's places."""
    receivers: Annotated[tuple[ReceiverStated, ...], Size(1, MAX_RECEIVERS)]
    """By the plan's places."""
    rounds: Count
    """Among the compute nodes, set-up, inputs and outputs included."""
    sent: Annotated[tuple[Count, ...], Size(NODES, NODES)]
    """Bytes by the compute nodes, to each other."""
    more: Count
    """Bytes that one may send beyond, where the shuffles of long sorts settle it."""
    memory: Count
    """At a compute node, in bytes, at most."""
    opens: Annotated[tuple[Label, ...], Size(0, MAX_OPENED)]
    """What the compute nodes are shown."""

    def outputs(self) -> list[list[str]]:
        """Names by receiver."""
        return [[one.name for one in receiver.outputs] for receiver in self.receivers]

    def output(self, seats: Seats) -> Output:
        """The kind of output of the whole plan: the most that anybody sees of another organisation's inputs."""
        return output_of(
            how
            for receiver, org in zip(self.receivers, seats.receivers, strict=True)
            for seen, owner in zip(receiver.seen, self._owners(), strict=True)
            if seats.owners[owner].org != org
            for how in seen.how
        )

    def _owners(self) -> list[int]:
        """The owner's place of each input, in order."""
        return [place for place, owner in enumerate(self.owners) for _ in owner.inputs]


def read_statement(document: Document) -> Statement:
    """The statement in a plan.

    Raises:
        BadPlan: it is none.
    """
    try:
        said = Statement.from_map(dict(document))
    except MessageError as err:
        raise BadPlan(kind=KIND, reason=f"its program does not say what runs: {err}".rstrip(".")) from err
    inputs = [one.name for owner in said.owners for one in owner.inputs]
    if len(set(inputs)) != len(inputs) or any([one.input for one in to.seen] != inputs for to in said.receivers):
        raise BadPlan(kind=KIND, reason="its program does not say of each input once how it is seen")
    return said


def state(graph: Graph, security: Security) -> Statement:
    """The statement of a program; its places are those of `atoll.programs.places`.

    Args:
        graph: read by `atoll.programs.parse_graph`.
        security: what one of the nodes may do.

    Raises:
        BadPlan: it has too many places, an owner would be believed on its ranges beside others, its columns are not equally
            long, or it opens too many things, or multiplies more between two openings than this security can prove.
    """
    brings, gets = len(owners(graph)), len(receivers(graph))
    if brings > MAX_OWNERS or gets > MAX_RECEIVERS:
        most = f"a plan has places for {MAX_OWNERS} and {MAX_RECEIVERS}"
        raise BadPlan(kind=KIND, reason=f"its program has {brings} owners and {gets} receivers; {most}")
    believed = unchecked(graph)
    if believed and len(owners(graph)) > 1:
        # beyond its range a weight of one owner would spell out the rows of another in what looks like one sum
        raise BadPlan(
            kind=KIND, reason=f"nobody would check the range of {', '.join(believed)}; declare it without checked=False"
        )
    shown = exposures(graph)
    try:
        cost = explain(graph, adversary=Adversary(str(security)), links=())
    except TooManyProducts as err:
        raise BadPlan(kind=KIND, reason=str(err).rstrip(".")) from err
    opened = [one.what[:MAX_LABEL] for step in graph.steps for one in step.operation.opens(graph.kinds(step.inputs))]
    opens = tuple(dict.fromkeys(opened))
    if len(opens) > MAX_OPENED:
        raise BadPlan(kind=KIND, reason=f"the program shows the compute nodes {len(opens)} different things")
    places = tuple(
        OwnerStated(label=label, inputs=tuple(_input(one) for one in graph.inputs if one.owner == label))
        for label in owners(graph)
    )
    for place in places:
        rows_of(graph, place.label)
    names = [one.name for place in places for one in place.inputs]
    return Statement(
        graph=graph.digest,
        name=graph.name,
        security=security,
        owners=places,
        receivers=tuple(_receiver(graph, label, shown, names) for label in receivers(graph)),
        rounds=cost.rounds,
        sent=cost.bytes_by_node,
        more=cost.more_bytes,
        memory=cost.memory_bytes,
        opens=opens,
    )


def rows_of(graph: Graph, owner: str) -> int:
    """How many rows all inputs of an owner have.

    Raises:
        BadPlan: they differ, or one is neither a column nor a matrix.
    """
    shapes = [one.kind.shape for one in graph.inputs if one.owner == owner]
    if any(not 1 <= len(shape) <= 2 for shape in shapes) or len({shape[0] for shape in shapes}) != 1:
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


def _input(one: GraphInput) -> InputStated:
    shape = one.kind.shape
    return InputStated(name=one.name, width=shape[1] if len(shape) > 1 else 0)


def _receiver(graph: Graph, label: str, shown: Mapping[str, Seen], inputs: Sequence[str]) -> ReceiverStated:
    own = [out for out in graph.outputs if label in out.receivers]
    ways = {name: frozenset().union(*(shown[out.name].get(name, frozenset()) for out in own)) for name in inputs}
    return ReceiverStated(
        label=label,
        outputs=tuple(_output(graph, out) for out in own),
        seen=tuple(SeenStated(input=name, how=tuple(sorted(how)) or (Exposure.ENCRYPTED_ONLY,)) for name, how in ways.items()),
    )


def _output(graph: Graph, out: GraphOutput) -> OutputStated:
    kind = graph.kind(out.ref)
    error = show_bound(kind.error, digits=3)
    return OutputStated(
        name=out.name,
        base=kind.dtype.name,
        fraction=kind.dtype.fraction,
        shape=kind.shape,
        nullable=out.valid is not None,
        error=error,
    )
