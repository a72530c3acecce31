"""The job kind `intersection`: two places, one input each, identifiers out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from atoll.jobs.closing import close_as_other, close_as_receiver
from atoll.jobs.errors import BadInputs, BadPlan
from atoll.jobs.intersection.cost import estimate_cost
from atoll.jobs.intersection.spec import IntersectionSpec, KeyInput
from atoll.jobs.kind import Draft, Estimate, Input, Inputs, JobKind, Outcome, ResultColumn
from atoll.jobs.result import Result
from atoll.jobs.table import ROW_NUMBER, Rows
from atoll.ledger.plan import Coalition, Plan, PlanInput, PlanOutput, PlanParty, plan_digest
from atoll.policy.demand import Demand, Exposure
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols import psi_ecdh
from atoll.protocols.identifiers import UnknownRule, parse_rules
from atoll.protocols.psi.items import DIGEST_BYTES, Bucket
from atoll.protocols.psi_ecdh.params import PROTOCOL, TAG_BYTES, VERSION
from atoll.protocols.role import Party, Role
from atoll.wire.errors import MessageError
from atoll.wire.message import Document

OWNER = Party("owner")
RECEIVER = Party("receiver")

IDENTIFIERS = "identifiers"
"""The one output: the matched keys as the receiver spells them."""

_LEAKAGE = (
    "The receiver learns which of its identifiers the owner has too, and how many identifiers the owner brings. "
    "The owner learns how many identifiers the receiver brings. Both learn the time it takes; in a large job it lets the owner "
    "guess how many matched, and it learns nothing else of the result. "
    "Repeating the job on changed inputs shows the difference."
)


class Intersection(JobKind[IntersectionSpec]):
    """One receiver, one owner; see the package."""

    name: ClassVar[str] = "intersection"
    protocol: ClassVar[str] = PROTOCOL
    protocol_version: ClassVar[int] = VERSION
    adversary_model: ClassVar[str] = "semi-honest"
    parameters: ClassVar[Document] = {
        "group": "ristretto255",
        "hash-to-group": "ristretto255_XMD:SHA-512_R255MAP_RO_",
        "computational-bits": 125,
        "tag-bits": 8 * TAG_BYTES,
    }
    spec: ClassVar[type[IntersectionSpec]] = IntersectionSpec

    def draft(self, spec: IntersectionSpec) -> Draft:
        self._check_spec(spec)
        return Draft(
            kind=self.name,
            protocol=self.protocol,
            protocol_version=self.protocol_version,
            program={"compare": "equal-keys", "points-per-frame": spec.points_per_frame},
            parties=(_party(OWNER, spec.owner), _party(RECEIVER, spec.receiver)),
            inputs=(_input(OWNER, spec.owner), _input(RECEIVER, spec.receiver)),
            outputs=(PlanOutput(index=RECEIVER.index, gets=(IDENTIFIERS,)),),
            coalitions=_coalitions(spec),
            adversary_model=self.adversary_model,
            leakage=_LEAKAGE,
        )

    def check(self, plan: Plan) -> None:
        """The plan must be, field by field, what its own specification is drafted to.

        So it cannot leave out a coalition or a leak, and a new field of a draft is checked without another line here.
        """
        for field, value in self.draft(self._spec_of(plan)).to_fields().items():
            if getattr(plan, field) != value:
                raise BadPlan(kind=self.name, reason=f"its {field.replace('_', ' ')} is not what follows from its inputs")

    def demands(self, plan: Plan) -> tuple[Demand, ...]:
        """Of the owner: keys are seen by the receiver where its own rows match. Of the receiver: its keys leave masked only."""
        exposures = (Exposure.AFTER_JOIN, Exposure.ENCRYPTED_ONLY)
        return tuple(
            Demand(
                owner_org=one.dataset.partition("/")[0],
                dataset=one.dataset,
                columns=tuple((column, exposure) for column in one.columns),
                action="use",
                purpose=plan.purpose,
                receivers=plan.receivers(),
                rows_cap=one.rows_cap,
                uses=1,
            )
            for one, exposure in zip(plan.inputs, exposures, strict=True)
        )

    def estimate(self, plan: Plan) -> Estimate:
        owner, receiver = (one.rows_cap for one in plan.inputs)
        return estimate_cost(owner, receiver)

    def leakage(self, plan: Plan) -> str:  # noqa: ARG002 - other kinds leak differently from plan to plan
        return _LEAKAGE

    def result_schema(self, plan: Plan) -> tuple[ResultColumn, ...]:
        return tuple(ResultColumn(column, "text") for column in plan.inputs[1].columns)

    def program(self, plan: Plan, me: Party, inputs: Inputs, *, seed: bytes, resume: bytes | None = None) -> Role[Outcome]:
        if me not in (OWNER, RECEIVER) or len(inputs.inputs) != 1:
            raise BadInputs(reason=f"{me} brings {len(inputs.inputs)} inputs, one is needed at owner/0 and receiver/0")
        (mine,) = inputs.inputs
        if me == OWNER:
            return _run_owner(plan, mine, seed, resume)
        if mine.table is None:
            raise BadInputs(reason="the receiver brings no columns")
        return _run_receiver(plan, mine, mine.table, seed, resume)

    def _spec_of(self, plan: Plan) -> IntersectionSpec:
        """The specification that a plan carries out, if it has the shape of one at all."""
        points_per_frame: Any = plan.program.get("points-per-frame")
        if [(one.role, one.index) for one in plan.inputs] != [("owner", 0), ("receiver", 0)]:
            raise BadPlan(kind=self.name, reason="it does not have one input each of owner/0 and receiver/0")
        try:
            owner, receiver = (_key_input(plan, one) for one in plan.inputs)
            return IntersectionSpec(receiver=receiver, owner=owner, points_per_frame=points_per_frame)
        except MessageError as err:
            raise BadPlan(kind=self.name, reason=f"{err.field} {err.problem}") from err

    def _check_spec(self, spec: IntersectionSpec) -> None:
        reason = ""
        for side in (spec.owner, spec.receiver):
            if side.dataset.partition("/")[0] != side.org:
                reason = f"{side.dataset} is not a dataset of {side.org}"
            elif len(side.columns) != len(side.normalisation) or len(set(side.columns)) != len(side.columns):
                reason = f"the key of {side.dataset} does not have one rule for each of its columns, each named once"
        if spec.owner.org == spec.receiver.org:
            reason = "an organisation does not intersect with itself"
        elif spec.owner.normalisation != spec.receiver.normalisation:
            reason = "the two sides spell their keys by different rules, so equal identifiers would not match"
        elif len(spec.owner.grant) != 16:
            reason = "the owner's dataset is used without a grant"
        elif spec.receiver.grant or spec.receiver.grant_version:
            reason = "the receiver uses its own dataset, which takes no grant"
        if not reason:
            try:
                parse_rules(spec.owner.normalisation)
            except UnknownRule as err:
                raise BadPlan(kind=self.name, reason=str(err).rstrip(".")) from err
            return
        raise BadPlan(kind=self.name, reason=reason)


def _run_owner(plan: Plan, mine: Input, seed: bytes, resume: bytes | None) -> Role[Outcome]:
    bucket = _hash(plan, mine)
    yield from psi_ecdh.sender(
        _digests(bucket),
        me=OWNER,
        receiver=RECEIVER,
        context=plan_digest(plan),
        seed=_psi_seed(seed),
        limits=_limits(plan, own=0),
        resume=resume,
    )
    return (yield from close_as_other(receiver=RECEIVER, counts={"own": len(bucket)}))


def _run_receiver(plan: Plan, mine: Input, table: Rows, seed: bytes, resume: bytes | None) -> Role[Outcome]:
    bucket = _hash(plan, mine)
    matched = yield from psi_ecdh.receiver(
        _digests(bucket),
        me=RECEIVER,
        sender=OWNER,
        context=plan_digest(plan),
        seed=_psi_seed(seed),
        limits=_limits(plan, own=1),
        resume=resume,
    )
    rows = np.sort(_first_rows(bucket)[matched]).astype(ROW_NUMBER)
    result = Result(table.take(plan.inputs[1].columns, rows.tobytes()))
    counts = {"own": len(bucket), "matched": len(matched)}
    return (yield from close_as_receiver(result, counts=counts, others=(OWNER,), seed=seed))


def _hash(plan: Plan, mine: Input) -> Bucket:
    """The whole set in one bucket. The plan's digest hashes the plan's fresh salt, so no digest can be made beforehand."""
    return mine.items.partition(plan_digest(plan), 1).load(0)


def _digests(bucket: Bucket) -> list[bytes]:
    return [bucket.digests[at : at + DIGEST_BYTES] for at in range(0, len(bucket.digests), DIGEST_BYTES)]


def _first_rows(bucket: Bucket) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """The first row of each key: a key that several rows share is shown once."""
    begins = np.concatenate([[0], np.frombuffer(bucket.ends, ROW_NUMBER)[:-1]]).astype(np.int64)
    rows: np.ndarray[Any, np.dtype[np.uint32]] = np.frombuffer(bucket.rows, ROW_NUMBER)[begins[: len(bucket)]]
    return rows


def _psi_seed(seed: bytes) -> bytes:
    return SeededEntropy(seed).fork("intersection protocol").bytes(32)


def _limits(plan: Plan, *, own: int) -> psi_ecdh.Limits:
    return psi_ecdh.Limits(
        own_items=plan.inputs[own].rows_cap,
        peer_items=plan.inputs[1 - own].rows_cap,
        points_per_frame=plan.program["points-per-frame"],
    )


def _party(place: Party, side: KeyInput) -> PlanParty:
    return PlanParty(role=place.role, index=place.index, org=side.org)


def _input(place: Party, side: KeyInput) -> PlanInput:
    return PlanInput(
        role=place.role,
        index=place.index,
        dataset=side.dataset,
        columns=side.columns,
        normalisation=side.normalisation,
        rows_cap=side.rows_cap,
        grant=side.grant,
        grant_version=side.grant_version,
    )


def _key_input(plan: Plan, one: PlanInput) -> KeyInput:
    return KeyInput(
        org=plan.org_at(one.role, one.index) or "",
        dataset=one.dataset,
        columns=one.columns,
        normalisation=one.normalisation,
        rows_cap=one.rows_cap,
        grant=one.grant,
        grant_version=one.grant_version,
    )


def _coalitions(spec: IntersectionSpec) -> tuple[Coalition, ...]:
    """Who could read what: each alone by the protocol, and the two together, who hold both sets."""
    owner, receiver = spec.owner, spec.receiver
    return (
        Coalition(members=(owner.org,), reads=(f"size of {receiver.dataset}",)),
        Coalition(members=(receiver.org,), reads=(*_reads(owner, "matched "), f"size of {owner.dataset}")),
        Coalition(members=tuple(sorted((owner.org, receiver.org))), reads=(*_reads(owner), *_reads(receiver))),
    )


def _reads(side: KeyInput, how: str = "") -> tuple[str, ...]:
    """`dataset:column`; a column whose name is too long for a label by its place in the key."""
    named = ((f"{how}{side.dataset}:{column}", f"{how}{side.dataset}:#{at}") for at, column in enumerate(side.columns, 1))
    return tuple(name if len(name) <= 120 else number for name, number in named)
