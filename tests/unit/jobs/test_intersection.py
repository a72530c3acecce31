"""The job kind `intersection`, from specification to outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.jobs.errors import BadInputs, BadPlan
from atoll.jobs.intersection import Intersection, IntersectionSpec
from atoll.jobs.kind import Input, Inputs, Outcome
from atoll.jobs.result import verify_result
from atoll.ledger.plan import Coalition, Plan, PlanOutput, PlanParty
from atoll.policy.demand import Demand, Exposure
from atoll.protocols.psi.memory import MemoryItems
from atoll.protocols.psi_ecdh import PeerSetTooLarge, TooManyItems
from atoll.protocols.pump import Pumped, pump
from atoll.protocols.role import Party
from atoll.wire.message import encode_message, parse_message
from tests.unit.jobs.world import BANK_ROWS, BUREAU_ROWS, OWNER, RECEIVER, SEEDS, plan, prepared, spec

KIND = Intersection()


def run(job: Plan, **resume: bytes | None) -> Pumped:
    return pump(
        {
            OWNER: KIND.program(job, OWNER, prepared(BUREAU_ROWS), seed=SEEDS[OWNER], resume=resume.get("owner")),
            RECEIVER: KIND.program(job, RECEIVER, prepared(BANK_ROWS), seed=SEEDS[RECEIVER], resume=resume.get("receiver")),
        }
    )


# -- the plan --------------------------------------------------------------------------------------------------------------


def test_a_drafted_plan_passes_its_own_check_and_so_does_the_one_that_arrives() -> None:
    KIND.check(plan())
    KIND.check(parse_message(encode_message(plan()), Plan))


def lie(field: str, value: Any) -> Any:
    return pytest.param({field: value}, id=field)


@pytest.mark.parametrize(
    "changes",
    [
        lie("kind", "statistics"),
        lie("protocol", "psi-ecdh-curve25519"),
        lie("protocol_version", 2),
        lie("adversary_model", "malicious"),
        lie("leakage", "Nobody learns anything."),
        lie("coalitions", plan().coalitions[:-1]),
        lie("coalitions", (*plan().coalitions, Coalition(members=("bank",), reads=("nothing",)))),
        lie("outputs", (PlanOutput(index=0, gets=("identifiers", "size")),)),
        lie("outputs", (PlanOutput(index=0, gets=("identifiers",)), PlanOutput(index=1, gets=("identifiers",)))),
        lie("inputs", plan().inputs[:1]),
        lie("inputs", plan().inputs[::-1]),
        lie("inputs", (*plan().inputs, plan().inputs[1])),
        lie("parties", plan().parties[:1]),
        lie("parties", (*plan().parties, PlanParty(role="receiver", index=1, org="telecom"))),
        lie("parties", (*plan().parties[:1], PlanParty(role="receiver", index=0, org="telecom"))),
        lie("parties", (plan().parties[0], PlanParty(role="receiver", index=0, org="bureau"))),
        lie("program", {}),
        lie("program", {"compare": "equal-keys", "points-per-frame": 2**14 + 1}),
        lie("program", {"compare": "equal-keys", "points-per-frame": True}),
        lie("program", {"compare": "anything", "points-per-frame": 2}),
        lie("program", {"compare": "equal-keys", "points-per-frame": 2, "more": 1}),
    ],
)
def test_a_plan_that_is_not_what_its_inputs_lead_to_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadPlan) as caught:
        KIND.check(plan(**changes))
    assert caught.value.code == "jobs.bad_plan"


def altered(side: str, **changes: Any) -> IntersectionSpec:
    return spec(**{side: replace(getattr(spec(), side), **changes)})


@pytest.mark.parametrize(
    "bad",
    [
        altered("owner", grant=b"", grant_version=0),
        altered("owner", grant=b"short"),
        altered("owner", dataset="telecom/files/3"),
        altered("owner", org="bank", dataset="bank/files/3"),
        altered("owner", normalisation=("national-id/1", "exact/1")),
        altered("owner", normalisation=("national-id/1",)),
        altered("owner", columns=("national_id",)),
        altered("owner", columns=("national_id", "national_id")),
        altered("receiver", grant=bytes(16), grant_version=1),
        altered("receiver", grant_version=1),
        altered("receiver", dataset="bureau/files/3"),
        spec(
            owner=replace(spec().owner, normalisation=("secret/1", "text/1")),
            receiver=replace(spec().receiver, normalisation=("secret/1", "text/1")),
        ),
    ],
    ids=[
        "no-grant",
        "half-a-grant",
        "foreign-dataset",
        "with-itself",
        "other-rules",
        "rule-missing",
        "column-missing",
        "column-twice",
        "grant-for-its-own",
        "version-without-grant",
        "receiver-brings-the-owners",
        "unknown-rule",
    ],
)
def test_no_plan_is_drafted_from_a_specification_that_makes_no_sense(bad: IntersectionSpec) -> None:
    with pytest.raises(BadPlan):
        KIND.draft(bad)


def test_the_coalition_table_says_what_each_and_both_could_read() -> None:
    assert {one.members: one.reads for one in plan().coalitions} == {
        ("bureau",): ("size of bank/customers/1",),
        ("bank",): ("matched bureau/files/3:national_id", "matched bureau/files/3:full_name", "size of bureau/files/3"),
        ("bank", "bureau"): (
            "bureau/files/3:national_id",
            "bureau/files/3:full_name",
            "bank/customers/1:id",
            "bank/customers/1:name",
        ),
    }


def test_a_column_with_a_very_long_name_stands_in_the_table_by_its_place() -> None:
    drafted = KIND.draft(altered("owner", columns=("c" * 120, "name")))
    assert drafted.coalitions[1].reads[:2] == ("matched bureau/files/3:#1", "matched bureau/files/3:name")


def test_it_demands_of_the_owner_to_show_matches_and_of_the_receiver_nothing_in_the_open() -> None:
    owner, receiver = KIND.demands(plan())
    assert owner == Demand(
        owner_org="bureau",
        dataset="bureau/files/3",
        columns=(("national_id", Exposure.AFTER_JOIN), ("full_name", Exposure.AFTER_JOIN)),
        action="use",
        purpose="credit-risk",
        receivers=("bank",),
        rows_cap=8,
        uses=1,
    )
    assert (receiver.owner_org, receiver.rows_cap) == ("bank", 10)
    assert receiver.columns == (("id", Exposure.ENCRYPTED_ONLY), ("name", Exposure.ENCRYPTED_ONLY))


def test_the_estimate_grows_with_the_caps_and_bounds_what_is_sent() -> None:
    small, large = (
        KIND.estimate(plan()),
        KIND.estimate(plan(inputs=tuple(replace(one, rows_cap=10**6) for one in plan().inputs))),
    )
    assert (large.seconds, large.memory_bytes) > (60, 500 << 20) > (small.seconds, small.memory_bytes)
    assert large.traffic_bytes > 48 * 10**6
    sent = run(plan()).said(OWNER, RECEIVER)
    assert sum(len(packet.data) for packet in sent) <= small.traffic_bytes


def test_the_result_has_the_receivers_columns() -> None:
    assert [(one.name, one.kind) for one in KIND.result_schema(plan())] == [("id", "text"), ("name", "text")]


# -- the run ---------------------------------------------------------------------------------------------------------------


def test_the_receiver_gets_matches_in_its_own_spelling_and_the_owner_gets_a_commitment() -> None:
    done = run(plan())
    bank: Outcome = done[RECEIVER]
    bureau: Outcome = done[OWNER]
    assert bank.result is not None and bank.opening is not None
    assert bank.result.columns == ("id", "name")
    assert bank.result.rows() == [BANK_ROWS[2], BANK_ROWS[3]]
    assert bank.counts == {"own": 3, "matched": 2}
    assert (bureau.result, bureau.opening, bureau.counts) == (None, None, {"own": 4})
    assert bureau.result_commitment == bank.result_commitment
    verify_result(bank.result, bank.opening, bureau.result_commitment)


def test_a_resumed_program_ends_with_the_same_commitment() -> None:
    whole = run(plan())
    assert len(whole.checkpoints[OWNER]) == 2
    for owner, receiver in zip(whole.checkpoints[OWNER], whole.checkpoints[RECEIVER], strict=True):
        assert run(plan(), owner=owner, receiver=receiver).outputs == whole.outputs


def test_another_attempt_commits_under_another_opening() -> None:
    job = plan()
    again = pump(
        {
            OWNER: KIND.program(job, OWNER, prepared(BUREAU_ROWS), seed=bytes([6] * 32)),
            RECEIVER: KIND.program(job, RECEIVER, prepared(BANK_ROWS), seed=bytes([7] * 32)),
        }
    )
    assert again[RECEIVER].result == run(job)[RECEIVER].result
    assert again[RECEIVER].result_commitment != run(job)[RECEIVER].result_commitment


def test_nodes_whose_plans_differ_by_one_bit_of_salt_find_nothing() -> None:
    done = pump(
        {
            OWNER: KIND.program(plan(salt=bytes(32)), OWNER, prepared(BUREAU_ROWS), seed=SEEDS[OWNER]),
            RECEIVER: KIND.program(plan(), RECEIVER, prepared(BANK_ROWS), seed=SEEDS[RECEIVER]),
        }
    )
    assert len(done[RECEIVER].result) == 0


def test_the_row_caps_of_the_plan_hold_on_both_sides() -> None:
    owner, receiver = plan().inputs
    tight = plan(inputs=(replace(owner, rows_cap=3), receiver))
    with pytest.raises(TooManyItems):
        next(KIND.program(tight, OWNER, prepared(BUREAU_ROWS), seed=SEEDS[OWNER]))
    with pytest.raises(PeerSetTooLarge):
        pump(
            {
                OWNER: KIND.program(plan(), OWNER, prepared(BUREAU_ROWS), seed=SEEDS[OWNER]),
                RECEIVER: KIND.program(tight, RECEIVER, prepared(BANK_ROWS), seed=SEEDS[RECEIVER]),
            }
        )


@pytest.mark.parametrize(
    ("me", "inputs"),
    [
        (Party("owner", 1), prepared(BANK_ROWS)),
        (Party("compute"), prepared(BANK_ROWS)),
        (OWNER, Inputs()),
        (OWNER, Inputs((Input(MemoryItems([])), Input(MemoryItems([]))))),
        (RECEIVER, Inputs((Input(MemoryItems([b"a"])),))),
    ],
    ids=["other-index", "other-role", "none", "two", "no-columns"],
)
def test_a_program_takes_only_what_its_place_brings(me: Party, inputs: Inputs) -> None:
    with pytest.raises(BadInputs):
        KIND.program(plan(), me, inputs, seed=bytes(32))


def test_neither_outcome_nor_inputs_print_what_is_in_them() -> None:
    done = run(plan())
    for shown in (repr(done[RECEIVER]), repr(done[OWNER]), repr(prepared(BANK_ROWS))):
        assert "Bob" not in shown and "BOB" not in shown
        assert repr(done[RECEIVER].opening) not in shown
