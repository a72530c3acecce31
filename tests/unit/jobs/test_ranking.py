"""Rankings in one process: committed bids, rules, ties, bidders that do not open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from atoll.jobs.bids import Bid, Share, commit_shares, split_value
from atoll.jobs.closing import close_as_other
from atoll.jobs.errors import BadBid, BadInputs, BadPlan
from atoll.jobs.kind import Inputs, Outcome
from atoll.jobs.ranking import Ranking, RankingSpec, program
from atoll.jobs.ranking.leakage import MAX_TEXT
from atoll.jobs.ranking.spec import MAX_BIDDERS
from atoll.jobs.security import Security
from atoll.ledger.plan import Limits, Plan, plan_digest
from atoll.primitives.drbg import SeededEntropy
from atoll.programs.library.ranking import Rule
from atoll.protocols.errors import RolesStalled
from atoll.protocols.mpc import Adversary, set_up
from atoll.protocols.mpc.errors import SetUpDiffers
from atoll.protocols.pump import pump
from atoll.protocols.role import Party

KIND = Ranking()
BIDDERS = ("bank", "bureau", "telecom")


def plan_of(rule: Rule = Rule.SECOND_PRICE, **changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "rule": rule,
        "low": 10,
        "high": 1000,
        "bids_until": 500,
        "bidders": BIDDERS,
        "computes": ("auditor", "bank", "operator"),
        "receivers": () if rule is Rule.ORDER else ("auditor",),
    }
    return Plan(
        **KIND.draft(RankingSpec(**fields | changes)).to_fields(),
        salt=bytes(32),
        chain_id="test.example/lagoon",
        genesis_digest=bytes(32),
        job_id=bytes(16),
        purpose="research",
        limits=Limits(memory_bytes=2**30, traffic_bytes=2**26, attempts=1),
        not_after=1000,
    )


class Bidding:
    """Bids of all bidders of a plan, by their places."""

    def __init__(self, plan: Plan, values: Sequence[int], *, order: Sequence[int] = (), width: int = 10) -> None:
        self.plan = plan
        self.shares = {at: split_value(one, SeededEntropy(bytes([at + 1]) * 32), width=width) for at, one in enumerate(values)}
        digest = plan_digest(plan)
        bids = [Bid(place=at, commitments=commit_shares(self.shares[at], plan=digest, place=at)) for at in range(len(values))]
        self.bids = tuple(bids[at] for at in order or range(len(bids)))

    def run(
        self,
        shown: Mapping[int, tuple[Share, ...]] | None = None,
        *,
        silent: Party | None = None,
        **orders: tuple[Bid, ...],
    ) -> dict[Party, Outcome]:
        """Args: shown: what bidders open in the place of what they promised. silent: a place that never says anything."""
        opened = self.shares | dict(shown or {})
        roles = {}
        for at, one in enumerate(self.plan.parties):
            place = Party(one.role, one.index)
            shares = opened[place.index] if place.role == "owner" else ()
            inputs = Inputs(bids=orders.get(f"{place.role}{place.index}", self.bids), shares=shares)
            if place == silent:
                roles[place] = close_as_other(receivers=[Party("receiver", 0)], counts={})
                continue
            roles[place] = KIND.program(self.plan, place, inputs, seed=bytes([at + 1]) * 32)
        return dict(pump(roles).outputs)


def outcome(rule: Rule, values: Sequence[int], *, order: Sequence[int] = (), **changes: Any) -> list[tuple[Any, ...]]:
    """What each receiver learns, in their order; of one receiver its rows."""
    ended = Bidding(plan_of(rule, **changes), values, order=order).run()
    tables = [ended[place].result for place in sorted(ended) if place.role == "receiver"]
    rows = [tuple(tuple(row.values()) for row in one.table.to_pylist()) for one in tables if one is not None]
    return list(rows[0]) if len(rows) == 1 else list(rows)


@pytest.mark.parametrize(
    ("rule", "best", "expected"),
    [
        (Rule.SECOND_PRICE, 1, [("bureau", 700)]),
        (Rule.FIRST_PRICE, 1, [("bureau", 900)]),
        (Rule.WINNER, 1, [("bureau",)]),
        (Rule.BEST, 2, [("bureau", 1), ("bank", 2)]),
        (Rule.ORDER, 1, [((2,),), ((1,),), ((3,),)]),
    ],
)
@pytest.mark.parametrize("security", Security)
def test_each_rule_says_what_it_says_and_no_more(
    rule: Rule, best: int, expected: list[tuple[Any, ...]], security: Security
) -> None:
    assert outcome(rule, [700, 900, 20], best=best, security=security) == expected


def test_a_plan_says_what_its_nodes_may_do() -> None:
    semi_honest, malicious = (plan_of(security=security) for security in Security)
    models = semi_honest.adversary_model, malicious.adversary_model
    assert models == ("honest-majority-semi-honest", "honest-majority-malicious")
    assert "follow the protocol" in semi_honest.leakage
    assert "one that deviates is noticed" in malicious.leakage
    assert KIND.estimate(malicious).traffic_bytes > KIND.estimate(semi_honest).traffic_bytes
    with pytest.raises(BadPlan, match="adversary model"):
        KIND.check(replace(semi_honest, adversary_model=malicious.adversary_model))


@pytest.mark.parametrize("place", range(3))
def test_all_three_nodes_run_in_the_model_of_the_plan(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    models = []

    def watched(me: int, **rest: Any) -> Any:
        models.append((me, rest.get("adversary")))
        return set_up(me, **rest)

    monkeypatch.setattr(program, "set_up", watched)
    outcome(Rule.WINNER, [700, 900, 20], security=Security.MALICIOUS)
    assert (place, Adversary.MALICIOUS) in models


def test_of_equal_bids_the_one_committed_to_first_wins() -> None:
    assert outcome(Rule.SECOND_PRICE, [500, 500, 500], order=[2, 0, 1]) == [("telecom", 500)]
    assert outcome(Rule.ORDER, [500, 500, 600], order=[1, 2, 0]) == [((3,),), ((2,),), ((1,),)]


def test_bids_outside_the_range_and_no_bids_are_void() -> None:
    assert outcome(Rule.SECOND_PRICE, [1001, 300, 9]) == [("bureau", 10)]
    assert outcome(Rule.ORDER, [1001, 300, 0]) == [(), ((1,),), ()]
    assert outcome(Rule.WINNER, [0, 0, 5]) == []


def test_a_value_with_a_bit_above_the_range_does_not_open() -> None:
    """A program of a bidder's own may commit to any word; what its openings show later is what counted, or nothing did."""
    bidding = Bidding(plan_of(Rule.FIRST_PRICE), [(1 << 40) + 20, 15, 0])
    ended = bidding.run()
    assert ended[Party("receiver", 0)].result.table.to_pylist() == [{"bidder": "bureau", "price": 15}]  # type: ignore[union-attr]
    assert ended[Party("compute", 2)].unopened == ("bank",)


def test_a_bidder_that_says_nothing_is_waited_for() -> None:
    bidding = Bidding(plan_of(), [700, 900, 20])
    with pytest.raises(RolesStalled):
        bidding.run(silent=Party("owner", 1))


def test_who_has_all_bids_but_one_and_learns_the_outcome_is_in_the_table() -> None:
    def readers(bidder: str, **changes: Any) -> list[tuple[str, ...]]:
        said = f"what the outcome tells of {bidder}"
        return [one.members for one in plan_of(Rule.WINNER, **changes).coalitions if said in one.reads]

    assert readers("bank") == [("auditor", "bureau", "telecom")]
    assert readers("bank", receivers=()) == [("bureau", "telecom")]
    assert readers("bank", receivers=("auditor", "operator")) == [
        ("auditor", "bureau", "telecom"),
        ("bureau", "operator", "telecom"),
    ]
    assert readers("bank", receivers=("bank",)) == []
    assert readers("bureau", receivers=("bank",)) == [("bank", "telecom")]


def test_many_bidders_get_their_own_ranks() -> None:
    names = tuple(f"org{at:02}" for at in range(16))
    values = [10 + 37 * at % 16 for at in range(16)]
    ranks = outcome(Rule.ORDER, values, bidders=names, order=list(reversed(range(16))))
    better = [1 + sum(other > one for other in values) for one in values]
    assert ranks == [((rank,),) for rank in better]


@pytest.mark.parametrize("how", ["nothing", "another value", "the same value split anew", "another order"])
def test_who_does_not_open_what_it_promised_is_named_by_all_nodes_and_counts_as_no_bid(how: str) -> None:
    bidding = Bidding(plan_of(), [700, 900, 20])
    promised = bidding.shares[1]
    shown = {
        "nothing": (),
        "another value": split_value(701, SeededEntropy(b"\x07" * 32), width=10),
        "the same value split anew": split_value(900, SeededEntropy(b"\x07" * 32), width=10),
        "another order": (promised[1], promised[2], promised[0]),
    }[how]
    ended = bidding.run({1: shown})
    assert ended[Party("receiver", 0)].result.table.to_pylist() == [{"bidder": "bank", "price": 20}]  # type: ignore[union-attr]
    assert [ended[Party("compute", at)].unopened for at in range(3)] == [("bureau",)] * 3


def test_a_bid_opens_under_its_own_plan_place_and_number_only() -> None:
    shares = split_value(7, SeededEntropy(bytes(32)), width=10)
    said = {
        (plan, place): commit_shares(shares, plan=plan, place=place) for plan in (bytes(32), b"\x01" * 32) for place in (0, 1)
    }
    assert len({one for each in said.values() for one in each}) == 12


def test_nodes_that_see_other_orders_of_bids_stop() -> None:
    bidding = Bidding(plan_of(), [700, 700, 20])
    with pytest.raises(SetUpDiffers):
        bidding.run(compute1=tuple(reversed(bidding.bids)))


def test_a_missing_bid_runs_nothing() -> None:
    bidding = Bidding(plan_of(), [700, 900, 20])
    with pytest.raises(BadInputs):
        bidding.run(owner0=bidding.bids[:2])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"computes": ("bank", "bank", "auditor")}, "three different"),
        ({"bidders": ("bank", "bank")}, "bids twice"),
        ({"receivers": ("auditor", "auditor")}, "receives twice"),
        ({"low": 20, "high": 10}, "no bid can lie"),
        ({"best": 2}, "2 come out"),
        ({"bids_until": 0}, "until when"),
    ],
)
def test_plans_that_make_no_sense_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadPlan, match=reason):
        plan_of(**changes)


def test_ranks_go_to_their_bidders_and_to_nobody_else() -> None:
    with pytest.raises(BadPlan, match="learns its own rank"):
        plan_of(Rule.ORDER, receivers=("bureau", "bank", "telecom"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"leakage": "nothing"}, "its leakage"),
        ({"coalitions": ()}, "its coalitions"),
        ({"bids_until": 1000}, "nothing could run after them"),
    ],
)
def test_a_plan_that_says_something_else_than_it_does_is_refused(changes: dict[str, Any], reason: str) -> None:
    plan = plan_of()
    KIND.check(plan)
    KIND.verify_attached(plan, KIND.draft(RankingSpec(**_said(plan))).beside)
    with pytest.raises(BadPlan, match=reason):
        KIND.check(replace(plan, **changes))


def test_a_plan_without_what_travels_beside_it_is_refused() -> None:
    with pytest.raises(BadPlan):
        KIND.verify_attached(plan_of(), b"")


def test_names_that_would_take_too_much_room_are_counted_and_nothing_else_is_left_out() -> None:
    names = tuple(f"{'o' * 38}{at:02}" for at in range(MAX_BIDDERS))
    short, long = plan_of().leakage, plan_of(bidders=names, receivers=names, security=Security.MALICIOUS).leakage
    assert "bank, bureau, telecom were asked" in short
    assert f"the {MAX_BIDDERS} receivers learn" in long
    assert f"the {MAX_BIDDERS} bidders were asked" in long
    assert len(long) < MAX_TEXT
    assert long.endswith("ends the ranking without an outcome.")


@pytest.mark.parametrize("rule", Rule)
def test_it_is_said_that_a_receiver_can_end_a_ranking_whose_outcome_it_knows(rule: Rule) -> None:
    assert "has the outcome first, and can then still end the ranking as failed" in plan_of(rule).leakage


def test_bids_that_would_not_count_are_refused_before_they_are_made() -> None:
    entropy = SeededEntropy(bytes(32))
    for value in (0, 10, 1000):
        words = [int.from_bytes(one.word, "little") for one in KIND.split_bid(plan_of(), value, entropy)]
        assert words[0] ^ words[1] ^ words[2] == value
        assert max(words) < 1 << 10
    for value in (-1, 9, 1001):
        with pytest.raises(BadBid):
            KIND.split_bid(plan_of(), value, entropy)


def _said(plan: Plan) -> dict[str, Any]:
    places = {role: tuple(one.org for one in plan.parties if one.role == role) for role in ("owner", "compute", "receiver")}
    offer = {name: plan.program[name] for name in ("low", "high")} | {"rule": Rule(str(plan.program["rule"]))}
    return offer | {
        "bids_until": plan.bids_until,
        "bidders": places["owner"],
        "computes": places["compute"],
        "receivers": places["receiver"],
    }
