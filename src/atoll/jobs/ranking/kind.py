"""The job kind `ranking`: what a plan of it says, and how it is judged."""

from __future__ import annotations

from typing import ClassVar

from atoll.jobs.bids import Share, split_value
from atoll.jobs.errors import BadBid, BadPlan
from atoll.jobs.kind import Brings, Draft, Estimate, Inputs, JobKind, Outcome, ResultColumn
from atoll.jobs.ranking.plan import KIND, Auction
from atoll.jobs.ranking.program import run_place
from atoll.jobs.ranking.spec import Offer, RankingSpec
from atoll.ledger.plan import Plan
from atoll.policy.demand import Demand
from atoll.ports import Entropy
from atoll.programs import parse_graph
from atoll.programs.explain import as_text
from atoll.programs.library.ranking import VOID
from atoll.programs.listing import as_listing
from atoll.protocols.role import Party, Role
from atoll.wire.message import Document

MEMORY_BYTES = 128 << 20
ROUND_SECONDS = 0.001
TRAFFIC_BYTES = 1 << 16
"""Openings, keys and commitments."""


class Ranking(JobKind[RankingSpec]):
    """Sealed bids, ranked; see the package."""

    name: ClassVar[str] = KIND
    spec: ClassVar[type[RankingSpec]] = RankingSpec
    brings: ClassVar[Brings] = Brings.BIDS
    resumable: ClassVar[bool] = False

    def draft(self, spec: RankingSpec) -> Draft:
        return Auction(
            offer=Offer(rule=spec.rule, best=spec.best, low=spec.low, high=spec.high, security=spec.security),
            bids_until=spec.bids_until,
            bidders=spec.bidders,
            computes=spec.computes,
            receivers=spec.receivers or spec.bidders,
        ).draft()

    def check(self, plan: Plan) -> None:
        """Everything in the plan must follow from what is bid for and who takes part."""
        for field, value in Auction.of(plan).draft().to_fields().items():
            if getattr(plan, field) != value:
                raise BadPlan(
                    kind=KIND,
                    reason=f"what it says of its {field.replace('_', ' ')} is not what follows from its rule and places",
                )
        if plan.bids_until >= plan.not_after:
            raise BadPlan(kind=KIND, reason="bids are taken until its deadline, and nothing could run after them")

    def verify_attached(self, plan: Plan, body: bytes) -> None:
        if body != Auction.of(plan).graph().encode():
            raise BadPlan(kind=KIND, reason="what travels beside it is not the program that its rule means")

    def read_attached(self, plan: Plan, body: bytes) -> str:  # noqa: ARG002 - it follows from the plan
        return as_text(Auction.of(plan).cost())

    def list_attached(self, body: bytes) -> str:
        return as_listing(parse_graph(body))

    def split_bid(self, plan: Plan, value: int, entropy: Entropy) -> tuple[Share, ...]:
        auction = Auction.of(plan)
        offer = auction.offer
        if value != VOID and not offer.low <= value <= offer.high:
            raise BadBid(low=offer.low, high=offer.high)
        return split_value(value, entropy, width=auction.width)

    def demands(self, plan: Plan) -> tuple[Demand, ...]:  # noqa: ARG002 - no dataset takes part; a person bids, or does not
        return ()

    def estimate(self, plan: Plan) -> Estimate:
        cost = Auction.of(plan).cost()
        seconds = 2 + int(cost.rounds * ROUND_SECONDS)
        return Estimate(seconds=seconds, traffic_bytes=TRAFFIC_BYTES + max(cost.bytes_by_node), memory_bytes=MEMORY_BYTES)

    def leakage(self, plan: Plan) -> str:
        return plan.leakage

    def parameters(self, plan: Plan) -> Document:
        program = Auction.of(plan).graph().digest
        return {"program": program, "ring-bits": 64, "computational-bits": 128, "corrupt-nodes": 1}

    def result_schema(self, plan: Plan) -> tuple[ResultColumn, ...]:
        return Auction.of(plan).columns()

    def program(self, plan: Plan, me: Party, inputs: Inputs, *, seed: bytes, resume: bytes | None = None) -> Role[Outcome]:  # noqa: ARG002 - it is not resumed
        self.check(plan)
        return run_place(plan, Auction.of(plan), me, inputs, seed)
