"""The job kind `computation`: what a plan of it says, and how it is judged."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from atoll.errors import AtollError
from atoll.jobs.computation.leakage import leakage_text
from atoll.jobs.computation.program import run_place
from atoll.jobs.computation.results import columns_of
from atoll.jobs.computation.spec import ComputationSpec, Owner
from atoll.jobs.computation.statement import KIND, Statement, read_statement, rows_of, rule_of, state
from atoll.jobs.errors import BadPlan
from atoll.jobs.kind import Brings, Draft, Estimate, Inputs, JobKind, Outcome, ResultColumn
from atoll.jobs.numbers import Nulls, parse_number_rule
from atoll.jobs.secret.coalitions import coalitions
from atoll.jobs.secret.places import Seats, Table, seats_of
from atoll.jobs.security import Security
from atoll.ledger.plan import Plan, PlanInput, PlanOutput, digest_attached
from atoll.policy.demand import Demand, Exposure
from atoll.policy.terms import HONEST_MAJORITY
from atoll.programs import parse_graph
from atoll.programs.explain import as_text, explain
from atoll.programs.graph import Graph, GraphInput
from atoll.programs.listing import as_listing
from atoll.programs.places import owners, receivers
from atoll.protocols.mpc import Adversary
from atoll.protocols.role import Party, Role
from atoll.wire.message import Document

PROTOCOL = "mpc-replicated3"
VERSION = 1
BASE_MEMORY_BYTES = 200 << 20
CELL_MEMORY_BYTES = 64
"""Of each number that comes in, at its owner and at a node, while it is read, packed and shared."""
BYTES_PER_SECOND = 100_000_000
ROUND_SECONDS = 0.001
KEPT_PROGRAMS = 4
"""Most programs of which a process keeps what it has found: looked at again, a large one costs seconds."""
VERIFIED = 4
"""Malicious mode takes up to so many times the time; its traffic and memory are counted."""


class Computation(JobKind[ComputationSpec]):
    """A reviewed program on secret shares; see the package."""

    name: ClassVar[str] = KIND
    spec: ClassVar[type[ComputationSpec]] = ComputationSpec
    brings: ClassVar[Brings] = Brings.NUMBERS
    resumable: ClassVar[bool] = False

    def draft(self, spec: ComputationSpec) -> Draft:
        graph = _read_graph(spec.graph)
        _verify_labels("owners", [one.label for one in spec.owners], owners(graph))
        _verify_labels("receivers", [one.label for one in spec.receivers], receivers(graph))
        said = _state(spec.graph, spec.security)
        seats = Seats(
            owners=tuple(_table(graph, one) for one in spec.owners),
            computes=spec.computes,
            receivers=tuple(one.org for one in spec.receivers),
        )
        return _draft(said, seats, spec.graph)

    def check(self, plan: Plan) -> None:
        """Everything in the plan must follow from its program's statement and its places; `verify_attached` compares the
        statement with the program."""
        stated = _Stated.of(plan)
        for field, value in _draft(stated.said, stated.seats, b"").to_fields().items():
            if field != "attached" and getattr(plan, field) != value:
                raise BadPlan(
                    kind=KIND,
                    reason=f"what it says of its {field.replace('_', ' ')} is not what follows from its program and places",
                )
        needed = self.estimate(plan).memory_bytes
        if plan.limits.memory_bytes < needed:
            raise BadPlan(
                kind=KIND, reason=f"it takes {needed >> 20} MiB at a node, and is limited to {plan.limits.memory_bytes >> 20}"
            )

    def verify_attached(self, plan: Plan, body: bytes) -> None:
        if not body or digest_attached(body) != plan.attached:
            raise BadPlan(kind=KIND, reason="its program is not the one that travels beside it")
        graph, stated = _read_graph(body), _Stated.of(plan)
        said, seats = stated.said, stated.seats
        if _state(body, said.security) != said:
            raise BadPlan(kind=KIND, reason="what it says of its program is not what the program does")
        for place, table in zip(said.owners, seats.owners, strict=True):
            if table.rows != rows_of(graph, place.label):
                raise BadPlan(kind=KIND, reason=f"{table.dataset} has other rows than the program's columns")
            rules = iter(table.rules)
            for one in place.inputs:
                found = [next(rules) for _ in range(one.columns)]
                allowed = _rules_of(next(given for given in graph.inputs if given.name == one.name))
                if len(set(found)) != 1 or found[0] not in allowed:
                    raise BadPlan(kind=KIND, reason=f"a column of {table.dataset} is read otherwise than the program has it")

    def read_attached(self, plan: Plan, body: bytes) -> str:
        try:
            return describe(body, read_statement(plan.program))
        except AtollError as err:
            return str(err)

    def list_attached(self, body: bytes) -> str:
        return as_listing(_read_graph(body))

    def demands(self, plan: Plan) -> tuple[Demand, ...]:
        """One a line: what an owner lets the receiver of that line see of each column, by way of that receiver's outputs."""
        stated = _Stated.of(plan)
        output = stated.said.output(stated.seats)
        return tuple(
            Demand(
                owner_org=line.dataset.partition("/")[0],
                dataset=line.dataset,
                columns=tuple(_seen(stated, line)),
                action="use",
                purpose=plan.purpose,
                receivers=(stated.seats.receivers[line.receiver],),
                rows_cap=line.rows_cap,
                uses=1,
                output=output,
                program=stated.said.graph,
                name=stated.said.name,
            )
            for line in plan.inputs
        )

    def estimate(self, plan: Plan) -> Estimate:
        stated = _Stated.of(plan)
        said = stated.said
        cells = sum(table.rows * len(table.rules) for table in stated.seats.owners)
        factor = VERIFIED if said.security is Security.MALICIOUS else 1
        sent = max(said.sent) + said.more + 16 * cells + (1 << 16)
        return Estimate(
            seconds=2 + int(factor * (said.rounds * ROUND_SECONDS + 2 * sent / BYTES_PER_SECOND)),
            traffic_bytes=sent,
            memory_bytes=BASE_MEMORY_BYTES + said.memory + CELL_MEMORY_BYTES * cells,
        )

    def leakage(self, plan: Plan) -> str:
        stated = _Stated.of(plan)
        return leakage_text(stated.said, stated.seats)

    def parameters(self, plan: Plan) -> Document:
        said = read_statement(plan.program)
        return {"program": said.graph, "ring-bits": 64, "computational-bits": 128, "corrupt-nodes": 1}

    def result_schema(self, plan: Plan) -> tuple[ResultColumn, ...]:
        """Of the first receiver; the others' tables have their own outputs."""
        return columns_of(read_statement(plan.program).receivers[0].outputs)

    def program(self, plan: Plan, me: Party, inputs: Inputs, *, seed: bytes, resume: bytes | None = None) -> Role[Outcome]:  # noqa: ARG002 - it is not resumed
        self.check(plan)
        self.verify_attached(plan, inputs.attached)
        stated = _Stated.of(plan)
        return run_place(plan, stated.said, stated.seats, _read_graph(inputs.attached), me, inputs, seed)


@dataclass(frozen=True, slots=True)
class _Stated:
    """A plan, read."""

    said: Statement
    seats: Seats

    @classmethod
    def of(cls, plan: Plan) -> _Stated:
        """Raises BadPlan: it is no plan of this kind."""
        said, seats = read_statement(plan.program), seats_of(plan, KIND)
        columns = [sum(one.columns for one in place.inputs) for place in said.owners]
        if columns != [len(table.columns) for table in seats.owners] or len(said.receivers) != len(seats.receivers):
            raise BadPlan(kind=KIND, reason="its places and its program are not of equal number")
        for table in seats.owners:
            for rule in table.rules:
                try:
                    parse_number_rule(rule)
                except AtollError as err:
                    raise BadPlan(kind=KIND, reason=str(err).rstrip(".")) from err
        return cls(said, seats)


def _draft(said: Statement, seats: Seats, graph: bytes) -> Draft:
    seats.verify(KIND)
    output = said.output(seats)
    return Draft(
        kind=KIND,
        protocol=PROTOCOL,
        protocol_version=VERSION,
        program=said.to_map(),
        parties=seats.parties(),
        inputs=seats.inputs(),
        outputs=tuple(PlanOutput(index=at, gets=(str(output),)) for at in range(len(seats.receivers))),
        coalitions=coalitions(seats, said.outputs(), said.opens, kind=KIND),
        adversary_model=HONEST_MAJORITY + said.security,
        leakage=leakage_text(said, seats),
        beside=graph,
    )


def _table(graph: Graph, said: Owner) -> Table:
    """An owner's place.

    Raises:
        BadPlan: its columns are not those that the program's inputs take.
    """
    wanted = [one for one in graph.inputs if one.owner == said.label]
    binds = {one.input: one for one in said.binds}
    if len(binds) != len(said.binds) or set(binds) != {one.name for one in wanted}:
        names = ", ".join(one.name for one in wanted) or "none"
        raise BadPlan(kind=KIND, reason=f"{said.label} brings {names}, and columns are named for {', '.join(binds)}")
    columns: list[str] = []
    rules: list[str] = []
    for one in wanted:
        bind, width = binds[one.name], one.kind.shape[1] if len(one.kind.shape) > 1 else 1
        if len(bind.columns) != width:
            raise BadPlan(kind=KIND, reason=f"{one.name} takes {width} columns, and {len(bind.columns)} are named")
        columns += bind.columns
        rules += [rule_of(one, forgiving=bind.forgiving).text] * width
    return Table(
        org=said.dataset.partition("/")[0],
        dataset=said.dataset,
        columns=tuple(columns),
        rules=tuple(rules),
        rows=rows_of(graph, said.label),
        grants=said.grants,
    )


def _rules_of(one: GraphInput) -> set[str]:
    """How the cells of an input may be read: as it is, and forgiving where it has nulls."""
    strict = rule_of(one, forgiving=False)
    return {strict.text} if strict.nulls is Nulls.NONE else {strict.text, rule_of(one, forgiving=True).text}


def _seen(stated: _Stated, line: PlanInput) -> list[tuple[str, Exposure]]:
    """What the receiver of a line sees of each column; of its own data it may see everything, and others see shares."""
    own = stated.seats.owners[line.index].org == stated.seats.receivers[line.receiver]
    ways = {one.input: one.how for one in stated.said.receivers[line.receiver].seen}
    columns = iter(line.columns)
    found: list[tuple[str, Exposure]] = []
    for one in stated.said.owners[line.index].inputs:
        how = (Exposure.ENCRYPTED_ONLY,) if own else ways[one.name]
        found += [(name, each) for name in itertools.islice(columns, one.columns) for each in how]
    return found


@lru_cache(maxsize=KEPT_PROGRAMS)
def _read_graph(data: bytes) -> Graph:
    """Raises BadPlan: it is no program that could be run."""
    try:
        return parse_graph(data)
    except AtollError as err:
        raise BadPlan(kind=KIND, reason=str(err).rstrip(".")) from err


@lru_cache(maxsize=KEPT_PROGRAMS)
def _state(graph: bytes, security: Security) -> Statement:
    return state(_read_graph(graph), security)


@lru_cache(maxsize=KEPT_PROGRAMS)
def _explain(graph: bytes, security: Security) -> str:
    return as_text(explain(_read_graph(graph), adversary=Adversary(str(security))))


def describe(graph: bytes, said: Statement) -> str:
    """A program for people who are to decide on it: what it takes, opens and gets wrong at most, and what outputs may show."""
    lines = [_explain(graph, said.security), "", "What outputs may show, by the operations used:"]
    for place in said.receivers:
        lines += [f"  {place.label} sees of {one.input}: {', '.join(one.how)}" for one in place.seen]
    return "\n".join(lines)


def _verify_labels(what: str, given: Sequence[str], wanted: Sequence[str]) -> None:
    if list(given) != list(wanted):
        named = ", ".join(given) or "none"
        raise BadPlan(kind=KIND, reason=f"the program's {what} are {', '.join(wanted)}, in this order, and {named} are named")
