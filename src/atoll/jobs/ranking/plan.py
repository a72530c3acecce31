"""All that follows from what is bid for and who takes part: program, places, outputs, who could read what together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from atoll.jobs.errors import BadPlan
from atoll.jobs.kind import Draft, ResultColumn
from atoll.jobs.ranking.leakage import leakage_text
from atoll.jobs.ranking.spec import LEAST_BIDDERS, MAX_BIDDERS, Offer
from atoll.jobs.secret.coalitions import MAX_COALITIONS
from atoll.ledger.plan import Coalition, Plan, PlanOutput, PlanParty
from atoll.policy.terms import HONEST_MAJORITY
from atoll.programs.explain import Explanation, explain
from atoll.programs.graph import Graph
from atoll.programs.library.ranking import Rule, ranking_program
from atoll.protocols.mpc import Adversary
from atoll.protocols.mpc.places import NODES
from atoll.wire.errors import MessageError

KIND = "ranking"
PROTOCOL = "mpc-replicated3"
VERSION = 1
KEPT_PROGRAMS = 16
"""Most programs of rankings that a process keeps: a proposer chooses their parameters."""

_TAKEN: dict[Rule, tuple[str, ...]] = {
    Rule.ORDER: ("rank",),
    Rule.BEST: ("bidder", "rank"),
    Rule.WINNER: ("bidder",),
    Rule.FIRST_PRICE: ("bidder", "price"),
    Rule.SECOND_PRICE: ("bidder", "price"),
}


@dataclass(frozen=True, slots=True)
class Auction:
    """A ranking: what is bid for, and who takes part."""

    offer: Offer
    bids_until: int
    bidders: tuple[str, ...]
    """In the order of the owners' places."""
    computes: tuple[str, ...]
    receivers: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan) -> Auction:
        """The ranking of a plan; nothing of it has been judged.

        Raises:
            BadPlan: the program says something else than an offer.
        """
        try:
            offer = Offer.from_map(dict(plan.program))
        except MessageError as err:
            raise BadPlan(kind=KIND, reason=f"its program does not say what is bid for: {err}".rstrip(".")) from err
        by_role: dict[str, list[str]] = {"owner": [], "compute": [], "receiver": []}
        for one in plan.parties:
            by_role[one.role].append(one.org)
        owners, computes, receivers = (tuple(by_role[role]) for role in ("owner", "compute", "receiver"))
        return cls(offer, plan.bids_until, owners, computes, receivers)

    def verify(self) -> None:
        """Refuse what no plan can be made of.

        Raises:
            BadPlan: the first thing that is wrong.
        """
        offer, bidders = self.offer, len(self.bidders)
        for wrong, reason in (
            (len(self.computes) != NODES or len(set(self.computes)) != NODES, "three different organisations compute"),
            (not LEAST_BIDDERS <= bidders <= MAX_BIDDERS, f"{LEAST_BIDDERS} to {MAX_BIDDERS} organisations bid"),
            (len(set(self.bidders)) != bidders, "an organisation bids twice"),
            (offer.rule is Rule.ORDER and self.receivers != self.bidders, "each bidder learns its own rank, and nobody else"),
            (not self.receivers or len(self.receivers) > MAX_BIDDERS, f"1 to {MAX_BIDDERS} organisations receive"),
            (len(set(self.receivers)) != len(self.receivers), "an organisation receives twice"),
            (offer.low > offer.high, "no bid can lie in the range"),
            (offer.best > (bidders if offer.rule is Rule.BEST else 1), f"{offer.best} come out"),
            (not self.bids_until, "it does not say until when bids are taken"),
        ):
            if wrong:
                raise BadPlan(kind=KIND, reason=reason)

    @property
    def width(self) -> int:
        """Bits of a share: as many as the greatest bid has."""
        return self.offer.high.bit_length()

    @property
    def adversary(self) -> Adversary:
        """What one compute node may do, for the engine."""
        return Adversary(str(self.offer.security))

    def graph(self) -> Graph:
        """What is computed."""
        return _graph(*self._sizes())

    def cost(self) -> Explanation:
        """What a run will take and open."""
        return _cost(self.adversary, *self._sizes())

    def _sizes(self) -> tuple[Rule, int, int, int, int]:
        return self.offer.rule, len(self.bidders), self.offer.low, self.offer.high, self.offer.best

    def draft(self) -> Draft:
        """The parts of the plan.

        Raises:
            BadPlan: no plan can be made of it.
        """
        self.verify()
        graph = self.graph()
        said = replace(self.offer, graph=graph.digest)
        return Draft(
            kind=KIND,
            protocol=PROTOCOL,
            protocol_version=VERSION,
            program=said.to_map(),
            parties=self._parties(),
            inputs=(),
            outputs=tuple(PlanOutput(index=at, gets=(str(self.offer.rule),)) for at in range(len(self.receivers))),
            coalitions=self._coalitions(),
            adversary_model=HONEST_MAJORITY + self.offer.security,
            leakage=leakage_text(self.offer, self.bidders, self.computes, self.receivers),
            bids_until=self.bids_until,
            beside=graph.encode(),
        )

    def columns(self) -> tuple[ResultColumn, ...]:
        """Of what each receiver gets."""
        return tuple(ResultColumn(name, "text" if name == "bidder" else "integer") for name in _TAKEN[self.offer.rule])

    def _parties(self) -> tuple[PlanParty, ...]:
        places = (("compute", self.computes), ("owner", self.bidders), ("receiver", self.receivers))
        return tuple(PlanParty(role=role, index=at, org=org) for role, orgs in places for at, org in enumerate(orgs))

    def _coalitions(self) -> tuple[Coalition, ...]:
        """Two nodes read every bid, a receiver its outcome, and whoever has all bids but one what the outcome says of it."""
        found: dict[tuple[str, ...], list[str]] = {}

        def say(members: tuple[str, ...], *reads: str) -> None:
            found.setdefault(tuple(sorted(set(members))), []).extend(reads)

        for at, node in enumerate(self.computes):
            say((node, self.computes[at - 1]), *(f"bid of {one}" for one in self.bidders), "everything that is computed")
        for one in self.receivers:
            say((one,), f"rank of {one}" if self.offer.rule is Rule.ORDER else f"output {self.offer.rule}")
        for one in self.bidders:
            others = tuple(org for org in self.bidders if org != one)
            told = [()] if set(others) & set(self.receivers) else [(org,) for org in self.receivers if org != one]
            for more in told:
                say((*others, *more), f"what the outcome tells of {one}")
        if len(found) > MAX_COALITIONS:
            raise BadPlan(
                kind=KIND, reason="so many bidders and receivers could learn so much together that a plan cannot tell it"
            )
        return tuple(Coalition(members=members, reads=tuple(dict.fromkeys(reads))) for members, reads in sorted(found.items()))


@lru_cache(maxsize=KEPT_PROGRAMS)
def _graph(rule: Rule, bidders: int, low: int, high: int, best: int) -> Graph:
    return ranking_program(rule, bidders=bidders, low=low, high=high, best=best).trace()


@lru_cache(maxsize=KEPT_PROGRAMS)
def _cost(adversary: Adversary, *sizes: Any) -> Explanation:
    return explain(_graph(*sizes), adversary=adversary)
