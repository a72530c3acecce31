"""The job kind `intersection`: what a plan of it says, and how it is judged.

Everything that depends on the protocol stands in `protocols/`; this file puts a plan together and holds it to its word.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from atoll.jobs.errors import BadPlan
from atoll.jobs.intersection.checking import verify_spec
from atoll.jobs.intersection.coalitions import coalitions
from atoll.jobs.intersection.cost import to_estimate, whole_cost
from atoll.jobs.intersection.leakage import leakage_text
from atoll.jobs.intersection.outputs import Output
from atoll.jobs.intersection.planner import Choice, choose
from atoll.jobs.intersection.program import run_all
from atoll.jobs.intersection.protocols import PROTOCOLS
from atoll.jobs.intersection.reading import KIND, places, plan_inputs, plan_parties, spec_of
from atoll.jobs.intersection.results import Form
from atoll.jobs.intersection.shape import MAX_MEMORY_BYTES, Link, Shape
from atoll.jobs.intersection.spec import IntersectionSpec
from atoll.jobs.kind import Draft, Estimate, Explanation, Inputs, JobKind, Option, Outcome, ResultColumn
from atoll.jobs.payload import MAX_PAYLOAD_BYTES
from atoll.ledger.plan import Plan, PlanInput, PlanOutput
from atoll.policy.demand import Demand, Exposure
from atoll.protocols.role import Party, Role
from atoll.wire.message import Document

DEFAULT_CELL_BYTES = 64
"""Room for a shown column in a payload, unless a person says otherwise."""
NUMBERS = frozenset({Output.CARDINALITY, Output.SUM})
"""Outputs in which nobody sees a key."""


class Intersection(JobKind[IntersectionSpec]):
    """Receivers learn something about the keys that all sides have; see the package."""

    name: ClassVar[str] = KIND
    spec: ClassVar[type[IntersectionSpec]] = IntersectionSpec

    def draft(self, spec: IntersectionSpec) -> Draft:
        verify_spec(spec)
        shape = shape_of(spec)
        chosen = _choose(spec).chosen
        adapter = chosen.adapter
        return Draft(
            kind=self.name,
            protocol=adapter.name,
            protocol_version=adapter.version,
            program={
                **_program(spec),
                **adapter.options(spec, chosen.variant),
            },
            parties=plan_parties(spec),
            inputs=plan_inputs(spec),
            outputs=tuple(PlanOutput(index=at.index, gets=(str(spec.output),)) for at in places(spec) if at.role == "receiver"),
            coalitions=coalitions(spec),
            adversary_model=str(spec.security),
            leakage=leakage_text(adapter, shape),
        )

    def check(self, plan: Plan) -> None:
        """The plan must be, field by field, what its own specification is drafted to.

        So it cannot leave out a coalition or a leak, and a new field of a draft is checked without another line here.
        """
        for field, value in self.draft(spec_of(plan)).to_fields().items():
            if getattr(plan, field) != value:
                raise BadPlan(
                    kind=self.name, reason=f"what it says of its {field.replace('_', ' ')} is not what follows from its inputs"
                )

    def demands(self, plan: Plan) -> tuple[Demand, ...]:
        """One a line: what a side lets the receiver of that run see.

        Keys are seen where the receiver's own rows match, and not at all where it gets a number, which the grant's `outputs`
        must name. A receiver's own line shows nothing to anybody: its keys leave masked only.
        """
        seats = len(plan.parties)
        return tuple(self._demand(plan, one, plan.org_at("receiver", at // seats) or "") for at, one in enumerate(plan.inputs))

    def estimate(self, plan: Plan) -> Estimate:
        spec = spec_of(plan)
        shape = shape_of(spec)
        return to_estimate(whole_cost(PROTOCOLS[plan.protocol].cost(shape, spec.variant), shape))

    def leakage(self, plan: Plan) -> str:
        return leakage_text(PROTOCOLS[plan.protocol], shape_of(spec_of(plan)))

    def parameters(self, plan: Plan) -> Document:
        return PROTOCOLS[plan.protocol].parameters(plan.program, spec_of(plan).security)

    def lasts(self, plan: Plan) -> bool:
        return PROTOCOLS[plan.protocol].lasts

    def in_period(self, spec: IntersectionSpec, period: int) -> IntersectionSpec:
        return replace(spec, epoch=period)

    def period(self, plan: Plan) -> int | None:
        return int(plan.program["epoch"]) if self.lasts(plan) else None

    def explain(self, spec: IntersectionSpec) -> Explanation:
        verify_spec(spec)
        choice = _choose(spec)
        options = tuple(
            Option(
                name=one.name,
                chosen=one is choice.chosen,
                why_not=one.why_not,
                seconds=one.seconds,
                traffic_bytes=one.cost.exchanged_bytes if one.cost else 0,
                memory_bytes=one.cost.memory_bytes if one.cost else 0,
            )
            for one in choice.candidates
        )
        return Explanation(why=choice.why, options=options)

    def result_schema(self, plan: Plan) -> tuple[ResultColumn, ...]:
        """Of the first receiver; the others' tables have the same form with their own columns."""
        return Form.of(plan, Party("receiver")).columns()

    def program(self, plan: Plan, me: Party, inputs: Inputs, *, seed: bytes, resume: bytes | None = None) -> Role[Outcome]:
        return run_all(plan, me, inputs, seed=seed, resume=resume)

    def _demand(self, plan: Plan, line: PlanInput, receiver: str) -> Demand:
        output = Output(plan.program["output"])
        owner = line.dataset.partition("/")[0]
        own = owner == receiver
        seen = Exposure.ENCRYPTED_ONLY if own or output in NUMBERS else Exposure.AFTER_JOIN
        beside = Exposure.AFTER_AGGREGATE if output is Output.SUM else Exposure.AFTER_JOIN
        return Demand(
            owner_org=owner,
            dataset=line.dataset,
            columns=(*((name, seen) for name in line.key), *((name, seen if own else beside) for name in line.beside)),
            action="use",
            purpose=plan.purpose,
            receivers=(receiver,),
            rows_cap=line.rows_cap,
            uses=1,
            output=output,
            payload=() if own else line.beside,
            keys=line.key,
            epsilon_micro=line.epsilon_micro,
            min_count=plan.program.get("min-count", 0),
        )


def shape_of(spec: IntersectionSpec) -> Shape:
    """The sizes and the question, without names. Of several receivers' runs the largest stands for all."""
    lead = max(spec.receivers, key=lambda side: side.rows_cap)
    return Shape(
        receiver_rows=lead.rows_cap,
        owner_rows=tuple(side.rows_cap for side in spec.sides if side is not lead),
        receivers=len(spec.receivers),
        output=spec.output,
        join=spec.join,
        payload_bytes=payload_bytes(spec),
        epsilon_micro=spec.epsilon_micro,
        total_bits=spec.total_bits,
        security=spec.security,
        memory_bytes=min(spec.memory_mb << 20, MAX_MEMORY_BYTES),
    )


def payload_bytes(spec: IntersectionSpec) -> int:
    """Width of a payload, where rows carry one."""
    most = max(len(side.shows) for side in spec.sides)
    return (spec.payload_bytes or min(DEFAULT_CELL_BYTES * most, MAX_PAYLOAD_BYTES)) if spec.output is Output.ROWS else 0


def _choose(spec: IntersectionSpec) -> Choice:
    link = Link(megabits_per_second=spec.megabits_per_second, latency_ms=spec.latency_ms)
    return choose(shape_of(spec), link, protocol=spec.protocol, variant=spec.variant)


def _program(spec: IntersectionSpec) -> dict[str, object]:
    """What the plan's program says beside the protocol's own options; what does not apply is left out."""
    said: dict[str, object] = {"output": str(spec.output), "join": str(spec.join)}
    if spec.epsilon_micro:
        said["epsilon-micro"] = spec.epsilon_micro
    if spec.min_count:
        said["min-count"] = spec.min_count
    if spec.scale:
        said["scale"] = spec.scale
    if spec.total_bits:
        said["total-bits"] = spec.total_bits
    if spec.output is Output.ROWS:
        said["payload-bytes"] = payload_bytes(spec)
    return said
