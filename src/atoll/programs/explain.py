"""What a program will take, open and get wrong at most: known before it runs, and what parties consent to.

Rounds and bytes are exactly those of a run where `exact` says so; memory is what a node holds at its fullest moment; time is an
estimate for a link.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

from atoll.programs.dtypes import show_bound
from atoll.programs.graph import Graph, GraphInput
from atoll.programs.memory import peak_memory
from atoll.programs.places import owners, shapes_by_owner, shapes_by_receiver
from atoll.programs.schedule import at_once, costs_of, layers
from atoll.protocols.mpc import Adversary
from atoll.protocols.mpc.entering import Form, package_bytes, result_bytes
from atoll.protocols.mpc.places import NODES
from atoll.protocols.mpc.traffic import Traffic, bits, even, multiply, verification
from atoll.protocols.mpc.witness import signed_bytes

_SET_UP = Traffic(2, (96, 96, 96))
_SECONDS_A_BYTE = 8e-9
"""Processor time at a node for a byte sent and one received: sealing, opening, and computing what it says."""


@dataclass(frozen=True, slots=True)
class Link:
    """What lies between compute nodes."""

    name: str
    one_way_seconds: float
    bytes_per_second: float


LAN = Link("10 Gb/s, 0.1 ms", 0.0001, 1.25e9)
WAN = Link("100 Mb/s, 20 ms", 0.02, 12.5e6)


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step that sends something."""

    line: str
    operation: str
    shape: tuple[int, ...]
    dtype: str
    rounds: int
    bytes_by_node: tuple[int, int, int]
    layer: int
    """Counts what runs one after the other (`schedule.at_once`): steps of one number run together, and of their rounds the most
    count."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Something that somebody is shown."""

    what: str
    to: tuple[str, ...]
    dtype: str = ""
    shape: tuple[int, ...] = ()
    error: Fraction = Fraction(0)
    """How far it may be off; of truth values, and of what was chosen by them, see `kind.Kind`."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of a program before it runs."""

    program: str
    digest: str
    adversary: str
    steps: tuple[StepCost, ...]
    rounds: int
    """Among compute nodes, set-up, inputs and outputs included."""
    bytes_by_node: tuple[int, int, int]
    """What each compute node sends the other two, in malicious mode with the claims that sign it."""
    bytes_from_owners: int
    bytes_to_receivers: int
    memory_bytes: int
    """At a compute node, at most: shares, scratch, and in malicious mode what is kept of products until they are verified."""
    seconds: tuple[tuple[str, float], ...]
    """By link, an estimate."""
    outputs: tuple[Disclosure, ...]
    openings: tuple[Disclosure, ...]
    """What compute nodes are shown beyond shares."""
    exact: bool
    """Whether a run takes just these rounds and bytes. False if a sort is so long that its shuffle settles how many comparisons
    it asks for."""
    more_bytes: int
    """That a node may send beyond where they are not exact."""


def explain(graph: Graph, *, adversary: Adversary = Adversary.SEMI_HONEST, links: tuple[Link, ...] = (LAN, WAN)) -> Explanation:
    """Foretell a run of `graph`.

    Raises:
        TooManyProducts: malicious mode would have to prove more of them at once than it can.
    """
    malicious = adversary is Adversary.MALICIOUS
    steps: list[StepCost] = []
    total = _SET_UP + even(1, 64 * len(owners(graph)))
    batches = [together for layer in layers(graph) for together in at_once(graph, layer, malicious=malicious)]
    for number, together in enumerate(batches):
        costs = costs_of(graph, together, malicious=malicious)
        said = total + reduce(Traffic.__or__, costs)
        proofs = said.proofs() if malicious else Traffic()
        for at, cost in zip(together, costs, strict=True):
            step, whole = graph.steps[at], cost + proofs
            kind = step.kinds[0]
            name = step.operation.NAME
            steps.append(StepCost(graph.place(at), name, kind.shape, str(kind.dtype), whole.rounds, whole.sent, number))
        total = said.settled() + proofs
    total += _handing_over(graph)
    if malicious:
        total += verification(total.products[-1])
    bytes_by_node = signed_bytes(total.sent, total.claims) if malicious else total.sent
    sent = max(bytes_by_node)
    return Explanation(
        program=graph.name,
        digest=graph.digest.hex(),
        adversary=str(adversary),
        steps=tuple(steps),
        rounds=total.rounds,
        bytes_by_node=bytes_by_node,
        bytes_from_owners=sum(
            package_bytes(node, shapes) for shapes in shapes_by_owner(graph).values() for node in range(NODES)
        ),
        bytes_to_receivers=sum(NODES * result_bytes(shapes) for shapes in shapes_by_receiver(graph).values()),
        memory_bytes=peak_memory(graph, malicious=malicious, handing_over=_handing_over(graph)),
        seconds=tuple(
            (link.name, total.rounds * link.one_way_seconds + sent * (1 / link.bytes_per_second + _SECONDS_A_BYTE))
            for link in links
        ),
        outputs=tuple(_disclosed(graph)),
        openings=tuple(_openings(graph)),
        exact=not total.more,
        more_bytes=total.more,
    )


def as_plain(found: Explanation) -> dict[str, Any]:
    """For JSON: errors as numbers."""
    plain = dataclasses.asdict(found)
    for disclosure in (*plain["outputs"], *plain["openings"]):
        disclosure["error"] = float(disclosure["error"])
    return plain | {"seconds": dict(found.seconds)}


def _handing_over(graph: Graph) -> Traffic:
    """What it takes to make results fit to leave."""
    total = Traffic()
    for shapes in shapes_by_receiver(graph).values():
        for shape in shapes:
            total |= multiply(shape.count) if shape.form is Form.NUMBERS else bits(1, shape.words)
    return total


def _disclosed(graph: Graph) -> Iterator[Disclosure]:
    columns = [one for one in graph.inputs if one.valid is not None]
    made_of = _made_of(graph, columns)
    for output in graph.outputs:
        kind = graph.kind(output.ref)
        nulls = " and which of it is null" if output.valid is not None else ""
        bare = _under_nulls(columns, made_of[output.ref.step]) if output.valid is None else ""
        yield Disclosure(f"{output.name}{nulls}{bare}", output.receivers, str(kind.dtype), kind.shape, kind.error)


def _made_of(graph: Graph, columns: Sequence[GraphInput]) -> list[int]:
    """Of each step, what goes into it: bit 2 k is set for the values of the k-th column, bit 2 k + 1 for its mask."""
    marks = {one.ref.step: 1 << 2 * at for at, one in enumerate(columns)}
    marks |= {one.valid.step: 2 << 2 * at for at, one in enumerate(columns) if one.valid is not None}
    found: list[int] = []
    for at, step in enumerate(graph.steps):
        found.append(reduce(int.__or__, (found[ref.step] for ref in step.inputs), marks.get(at, 0)))
    return found


def _under_nulls(columns: Sequence[GraphInput], made_of: int) -> str:
    """Says so where a result is made of a nullable column without regard to its nulls."""
    names = [one.name for at, one in enumerate(columns) if made_of >> 2 * at & 3 == 1] if made_of else []
    return f", values under nulls of {', '.join(names)} included" if names else ""


def _openings(graph: Graph) -> Iterator[Disclosure]:
    for at, step in enumerate(graph.steps):
        for opening in step.operation.opens(graph.kinds(step.inputs)):
            yield Disclosure(f"{graph.place(at)}: {opening.what}", (opening.to,))


MOST_SHOWN = 50
"""Steps that `as_text` lists."""


def as_text(found: Explanation) -> str:
    """For people."""
    rows = [("line", "operation", "result", "rounds", "bytes a node")]
    for step in found.steps[:MOST_SHOWN]:
        shape = "x".join(map(str, step.shape)) or "1"
        rows.append((step.line, step.operation, f"{shape} {step.dtype}", str(step.rounds), _bytes(step.bytes_by_node)))
    lines = [f"Program {found.program}, {found.digest[:16]}, three compute nodes, {found.adversary}", ""]
    but = ", but for those that open something" if found.adversary == Adversary.MALICIOUS else ""
    lines += [f"Steps that send (those that do not wait for each other share rounds{but}):", *_table(rows)]
    lines.append(f"  ... and {len(found.steps) - MOST_SHOWN} more\n" if len(found.steps) > MOST_SHOWN else "")
    lines.append(
        f"Rounds {found.rounds}, each node sends {_bytes(found.bytes_by_node)}, memory {_size(found.memory_bytes)} a node"
    )
    lines.append(f"Owners send {_size(found.bytes_from_owners)}, receivers get {_size(found.bytes_to_receivers)}")
    if found.adversary == Adversary.MALICIOUS:
        lines.append("Products are proved before each opening, counted with the step that opens, and before results.")
    if not found.exact:
        lines.append("A long sort asks for as many comparisons as its shuffle settles: counted here for one of them;")
        lines.append(f"a node may send up to {_size(found.more_bytes)} more.")
    lines += [f"About {seconds:.2g} s at {link}" for link, seconds in found.seconds]
    lines += ["", "Opened to receivers:"]
    outputs = [("what", "to", "type", "error at most")]
    for out in found.outputs:
        shape = "x".join(map(str, out.shape)) or "1"
        outputs.append((out.what, ", ".join(out.to), f"{shape} {out.dtype}", show_bound(out.error) if out.error else "none"))
    lines += [*_table(outputs), "", "Opened to compute nodes:"]
    lines += [f"  {opening.what} (to {', '.join(opening.to)})" for opening in found.openings] or ["  nothing"]
    return "\n".join(lines)


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _bytes(sent: tuple[int, int, int]) -> str:
    return _size(sent[0]) if len(set(sent)) == 1 else " / ".join(map(_size, sent))


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 10_000:
            return f"{count} {unit}"
        count = -(-count // 1000)
    return f"{count} GB"
