"""The job kind `similarity`: what a plan of it says, and how it is judged and run."""

from __future__ import annotations

import math
from typing import ClassVar

from atoll.jobs.closing import close_as_other, close_as_receiver
from atoll.jobs.errors import BadInputs, BadPlan
from atoll.jobs.kind import Brings, Draft, Estimate, Inputs, JobKind, Outcome, ResultColumn
from atoll.jobs.result import Result
from atoll.jobs.similarity.spec import SimilaritySpec
from atoll.jobs.strength import bits_left
from atoll.ledger.checks import LEAST_CAP, SAMPLE_CAP, SIMILARITY, Stage
from atoll.ledger.plan import Coalition, Plan, PlanInput, PlanOutput, PlanParty, plan_digest
from atoll.policy.demand import Demand, Exposure, Output
from atoll.policy.sampling import MAX_SCALE, MOST_ROWS
from atoll.protocols import psi_cardinality
from atoll.protocols.psi_cardinality.params import PROTOCOL, VERSION
from atoll.protocols.role import Party, Role
from atoll.wire.message import Document

OWNER, RECEIVER = Party("owner"), Party("receiver")
PURPOSE = "duplicate-check"
SPELLING = "table-print/1"
"""What the digests are digests of: canonical rows, specs/fingerprint.md."""
LEAKAGE = {
    Stage.SAMPLE: (
        "The owner of the earlier version learns, of a sample of at most about 2,048 rows of the larger version that both draw "
        "under this plan's digest, how many canonical rows the two versions have in common, and how many the later version "
        "brings. The owner of the later version learns how many the earlier one brings, and nothing of the result. Neither "
        "sees a digest or a row of the other. An earlier owner that brings other rows than those it registered learns whether "
        "the later version's sample has them."
    ),
    Stage.ROWS: (
        "The owner of the earlier version learns how many canonical rows (or of a large table: of a sample that both draw "
        "under this plan's digest) the two versions have in common, and how many the later version brings. The owner of the "
        "later version learns how many the earlier one brings, and nothing of the result. Neither sees a digest or a row of "
        "the other. An earlier owner that brings other rows than those it registered learns whether the later version has them."
    ),
}
MASKED_PER_SECOND = 28_000
ROW_MEMORY_BYTES = 240
BASE_MEMORY_BYTES = 160 << 20
ROW_TRAFFIC_BYTES = 64
COLUMNS = ("common", "incumbent", "new")


class Similarity(JobKind[SimilaritySpec]):
    """See the package."""

    name: ClassVar[str] = SIMILARITY
    spec: ClassVar[type[SimilaritySpec]] = SimilaritySpec
    brings: ClassVar[Brings] = Brings.PRINTS

    def draft(self, spec: SimilaritySpec) -> Draft:
        new, incumbent = spec.new.partition("/")[0], spec.incumbent.partition("/")[0]
        if new == incumbent:
            raise BadPlan(kind=self.name, reason="the two versions are of one organisation, which can compare them itself")
        caps = {spec.new_rows, spec.incumbent_rows}
        if (spec.stage is Stage.SAMPLE) != (caps == {SAMPLE_CAP}) or (len(caps) > 1 and SAMPLE_CAP in caps):
            raise BadPlan(kind=self.name, reason="its row caps are those of the other stage")
        return Draft(
            kind=self.name,
            protocol=PROTOCOL,
            protocol_version=VERSION,
            program={"stage": str(spec.stage), "scale": spec.scale},
            parties=(PlanParty(role="owner", index=0, org=new), PlanParty(role="receiver", index=0, org=incumbent)),
            inputs=(
                _line("owner", spec.new, spec.stage, spec.new_rows),
                _line("receiver", spec.incumbent, spec.stage, spec.incumbent_rows),
            ),
            outputs=(PlanOutput(index=0, gets=(str(Output.CARDINALITY),)),),
            coalitions=(
                Coalition(members=(incumbent,), reads=(f"common {spec.stage} of {spec.new} and {spec.incumbent}"[:120],)),
            ),
            adversary_model="semi-honest",
            leakage=LEAKAGE[spec.stage],
        )

    def check(self, plan: Plan) -> None:
        for field, value in self.draft(spec_of(plan)).to_fields().items():
            if getattr(plan, field) != value:
                raise BadPlan(
                    kind=self.name, reason=f"what it says of its {field.replace('_', ' ')} is not what follows from its inputs"
                )

    def demands(self, plan: Plan) -> tuple[Demand, ...]:
        return tuple(
            Demand(
                owner_org=one.dataset.partition("/")[0],
                dataset=one.dataset,
                columns=tuple((name, Exposure.ENCRYPTED_ONLY) for name in one.columns),
                action="use",
                purpose=plan.purpose,
                receivers=plan.receivers(),
                rows_cap=one.rows_cap,
                uses=0,
                output=Output.CARDINALITY,
            )
            for one in plan.inputs
        )

    def estimate(self, plan: Plan) -> Estimate:
        rows = sum(one.rows_cap for one in plan.inputs)
        return Estimate(
            seconds=2 + math.ceil(2 * rows / MASKED_PER_SECOND),
            traffic_bytes=(64 << 10) + ROW_TRAFFIC_BYTES * rows,
            memory_bytes=BASE_MEMORY_BYTES + ROW_MEMORY_BYTES * rows,
        )

    def leakage(self, plan: Plan) -> str:
        return LEAKAGE[spec_of(plan).stage]

    def parameters(self, plan: Plan) -> Document:
        return {
            "group": "ristretto255",
            "computational-bits": bits_left(MOST_ROWS),
            "stage": plan.program["stage"],
            "scale": plan.program["scale"],
        }

    def result_schema(self, plan: Plan) -> tuple[ResultColumn, ...]:  # noqa: ARG002 - the interface's
        return tuple(ResultColumn(name, "integer") for name in COLUMNS)

    def program(self, plan: Plan, me: Party, inputs: Inputs, *, seed: bytes, resume: bytes | None = None) -> Role[Outcome]:
        if me not in (OWNER, RECEIVER) or len(inputs.inputs) != 1:
            raise BadInputs(reason=f"{me} brings {len(inputs.inputs)} inputs, and one is needed at a place of the plan")
        return _run(plan, me, inputs, seed, resume)


def spec_of(plan: Plan) -> SimilaritySpec:
    """The specification that a plan was drafted from.

    Raises:
        BadPlan: it is none of this kind.
    """
    if [(one.role, one.index) for one in plan.inputs] != [("owner", 0), ("receiver", 0)]:
        raise BadPlan(kind=SIMILARITY, reason="it does not have one input of each side")
    stage, scale = plan.program.get("stage"), plan.program.get("scale")
    if stage not in tuple(Stage) or type(scale) is not int or not 0 <= scale <= MAX_SCALE:
        raise BadPlan(kind=SIMILARITY, reason="its program names no stage and scale")
    new, incumbent = plan.inputs
    return SimilaritySpec(
        new=new.dataset,
        incumbent=incumbent.dataset,
        stage=Stage(stage),
        scale=scale,
        new_rows=_cap(new),
        incumbent_rows=_cap(incumbent),
    )


def _cap(line: PlanInput) -> int:
    if not LEAST_CAP <= line.rows_cap <= MOST_ROWS:
        raise BadPlan(kind=SIMILARITY, reason=f"a row cap is {LEAST_CAP} to {MOST_ROWS}")
    return line.rows_cap


def _line(role: str, dataset: str, stage: Stage, rows: int) -> PlanInput:
    return PlanInput(
        role=role,
        index=0,
        dataset=dataset,
        columns=(str(stage),),
        normalisation=(SPELLING,),
        rows_cap=rows,
        grant=b"",
        grant_version=0,
    )


def _run(plan: Plan, me: Party, inputs: Inputs, seed: bytes, resume: bytes | None) -> Role[Outcome]:
    items = inputs.inputs[0].items
    new, incumbent = (one.rows_cap for one in plan.inputs)
    own, peer = (new, incumbent) if me == OWNER else (incumbent, new)
    limits = psi_cardinality.Limits(own_items=own, peer_items=peer)
    context = plan_digest(plan)
    if me == OWNER:
        yield from psi_cardinality.sender(
            items, me=me, receiver=RECEIVER, context=context, seed=seed, limits=limits, resume=resume
        )
        return (yield from close_as_other(counts={"own": items.rows}))
    found = yield from psi_cardinality.receiver(
        items, me=me, sender=OWNER, context=context, seed=seed, limits=limits, resume=resume
    )
    result = Result.from_rows(COLUMNS, [(found.keys, items.rows, found.peer_rows)])
    return (yield from close_as_receiver(result, counts={"own": items.rows}, others=(OWNER,), seed=seed))
