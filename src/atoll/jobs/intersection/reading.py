"""From a specification to the fields of a plan and back.

Inputs stand in the plan run by run: for each receiver a line for each place, in the places' order. A line names the columns of
the key first and then those that take part beside it: in its own run the ones that a receiver keeps, in the others' runs the
ones that a side shows.
"""

from __future__ import annotations

from atoll.jobs.errors import BadPlan
from atoll.jobs.intersection.outputs import Join, Output, Security
from atoll.jobs.intersection.spec import GrantUse, IntersectionSpec, Side
from atoll.ledger.plan import Plan, PlanInput, PlanParty
from atoll.protocols.role import Party
from atoll.wire.errors import MessageError

KIND = "intersection"


def places(spec: IntersectionSpec) -> tuple[Party, ...]:
    """A place for each side, in the order of `spec.sides`, which is a plan's order."""
    owners = (Party("owner", index) for index in range(len(spec.owners)))
    return (*owners, *(Party("receiver", index) for index in range(len(spec.receivers))))


def plan_parties(spec: IntersectionSpec) -> tuple[PlanParty, ...]:
    """Who sits where."""
    return tuple(
        PlanParty(role=at.role, index=at.index, org=side.org) for at, side in zip(places(spec), spec.sides, strict=True)
    )


def plan_inputs(spec: IntersectionSpec) -> tuple[PlanInput, ...]:
    """What everybody brings into every run."""
    sides = list(zip(places(spec), spec.sides, strict=True))
    return tuple(_line(at, side, run, spec.epsilon_micro) for run in range(len(spec.receivers)) for at, side in sides)


def spec_of(plan: Plan) -> IntersectionSpec:
    """The specification that a plan carries out, the planner's choices as if a person had forced them.

    Raises:
        BadPlan: the plan does not have the shape of one.
    """
    seats = [Party(one.role, one.index) for one in plan.parties]
    receivers = [at for at in seats if at.role == "receiver"]
    if [Party(one.role, one.index) for one in plan.inputs] != seats * len(receivers) or not receivers:
        raise BadPlan(kind=KIND, reason="it does not have one input of each place for each receiver")
    try:
        sides = {at: _side(plan, at, receivers) for at in seats}
        said = dict(plan.program)
        return IntersectionSpec(
            receivers=tuple(sides[at] for at in receivers),
            owners=tuple(sides[at] for at in seats if at.role != "receiver"),
            output=Output(str(said.get("output"))),
            join=Join(str(said.get("join"))),
            epsilon_micro=said.get("epsilon-micro", 0),
            min_count=said.get("min-count", 0),
            scale=said.get("scale", 0),
            total_bits=said.get("total-bits", 0),
            payload_bytes=said.get("payload-bytes", 0),
            security=Security(plan.adversary_model),
            protocol=plan.protocol,
            variant=said.get("variant", ""),
            epoch=said.get("epoch", 0),
            memory_mb=plan.limits.memory_bytes >> 20,
            keys_per_round=said.get("keys-per-round", 0),
        )
    except MessageError as err:
        raise BadPlan(kind=KIND, reason=f"{err.field} {err.problem}") from err
    except ValueError as err:
        raise BadPlan(kind=KIND, reason="its program names an output, a join or a model that there is not") from err


def _line(at: Party, side: Side, run: int, epsilon_micro: int) -> PlanInput:
    receiver = Party("receiver", run)
    use = None
    if at != receiver:
        earlier = run if at.role == "owner" or run < at.index else run - 1  # a receiver needs no grant for its own run
        use = side.grants[earlier]
    return PlanInput(
        role=at.role,
        index=at.index,
        dataset=side.dataset,
        columns=(*side.columns, *(side.keeps if at == receiver else side.shows)),
        normalisation=side.normalisation,
        rows_cap=side.rows_cap,
        grant=use.grant if use else b"",
        grant_version=use.version if use else 0,
        receiver=run,
        epsilon_micro=epsilon_micro if use else 0,
    )


def _side(plan: Plan, at: Party, receivers: list[Party]) -> Side:
    """One side, as its lines say it. Lines that contradict each other are found when the side is drafted again."""
    per_run = len(plan.inputs) // len(receivers)
    seat = [Party(one.role, one.index) for one in plan.parties].index(at)
    lines = [plan.inputs[run * per_run + seat] for run in range(len(receivers))]
    own = lines[receivers.index(at)] if at in receivers else None
    shared = [one for one in lines if one is not own]
    first = lines[0]
    return Side(
        org=plan.org_at(at.role, at.index) or "",
        dataset=first.dataset,
        columns=first.key,
        normalisation=first.normalisation,
        rows_cap=first.rows_cap,
        grants=tuple(GrantUse(grant=one.grant, version=one.grant_version) for one in shared),
        keeps=own.beside if own else (),
        shows=shared[0].beside if shared else (),
    )
