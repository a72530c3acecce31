"""What a plan of an intersection says, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.jobs.errors import BadPlan
from atoll.jobs.intersection import IntersectionSpec, Join, Output, Security
from atoll.jobs.intersection.checking import verify_spec
from atoll.jobs.intersection.coalitions import coalitions
from atoll.ledger.plan import Coalition, Plan, PlanOutput, PlanParty
from atoll.policy.demand import Demand, Exposure
from atoll.protocols.psi_ecdh.params import VERSION
from atoll.wire.message import encode_message, parse_message
from tests.unit.jobs.world import BANK, BUREAU, KIND, OTHER_USE, TELECOM, USE, altered, mutual, plan, plan_of, spec


@pytest.mark.parametrize("asked", [spec(), mutual()], ids=["one-receiver", "two-receivers"])
def test_a_drafted_plan_passes_its_own_check_and_so_does_the_one_that_arrives(asked: IntersectionSpec) -> None:
    KIND.check(plan_of(asked))
    KIND.check(parse_message(encode_message(plan_of(asked)), Plan))


def lie(field: str, value: Any) -> Any:
    return pytest.param({field: value}, id=field)


def said(**changes: Any) -> dict[str, Any]:
    return {**plan().program, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        lie("kind", "statistics"),
        lie("protocol", "psi-ecdh-p256"),
        lie("protocol_version", VERSION + 1),
        lie("adversary_model", "malicious"),
        lie("adversary_model", "honest-majority-malicious"),
        lie("leakage", "Nobody learns anything."),
        lie("coalitions", plan().coalitions[:-1]),
        lie("coalitions", (*plan().coalitions, Coalition(members=("bank",), reads=("nothing",)))),
        lie("outputs", (PlanOutput(index=0, gets=("identifiers", "rows")),)),
        lie("outputs", (PlanOutput(index=0, gets=("cardinality",)),)),
        lie("outputs", (PlanOutput(index=0, gets=("identifiers",)), PlanOutput(index=1, gets=("identifiers",)))),
        lie("inputs", plan().inputs[:1]),
        lie("inputs", plan().inputs[::-1]),
        lie("inputs", ()),
        lie("inputs", (*plan().inputs, plan().inputs[1])),
        lie("inputs", (plan().inputs[0], replace(plan().inputs[1], grant=bytes(16), grant_version=1))),
        lie("inputs", (replace(plan().inputs[0], grant=b""), plan().inputs[1])),
        lie("inputs", (replace(plan().inputs[0], columns=(*plan().inputs[0].columns, "income")), plan().inputs[1])),
        lie("parties", plan().parties[:1]),
        lie("parties", plan().parties[1:]),
        lie("parties", (*plan().parties, PlanParty(role="receiver", index=1, org="telecom"))),
        lie("parties", (*plan().parties[:1], PlanParty(role="receiver", index=0, org="telecom"))),
        lie("parties", (plan().parties[0], PlanParty(role="receiver", index=0, org="bureau"))),
        lie("parties", (PlanParty(role="compute", index=0, org="bureau"), plan().parties[1])),
        lie("program", {}),
        lie("program", said(**{"keys-per-round": 2**14 + 1})),
        lie("program", said(**{"keys-per-round": True})),
        lie("program", said(**{"keys-per-round": 0})),
        lie("program", said(output="everything")),
        lie("program", said(output="cardinality")),
        lie("program", said(join="outer")),
        lie("program", said(join="left")),
        lie("program", said(variant="fast")),
        lie("program", said(more=1)),
        lie("program", said(**{"epsilon-micro": 1})),
        lie("program", said(**{"min-count": 1})),
        lie("program", said(output=["identifiers"])),
    ],
)
def test_a_plan_that_is_not_what_its_inputs_lead_to_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadPlan) as caught:
        KIND.check(plan(**changes))
    assert caught.value.code == "jobs.bad_plan"


def test_lines_of_two_runs_that_tell_different_stories_of_one_side_are_refused() -> None:
    whole = plan_of(mutual())
    for at, one in enumerate(whole.inputs):
        for change in ({"rows_cap": one.rows_cap + 1}, {"dataset": f"{one.dataset[:-1]}9"}, {"columns": one.columns[::-1]}):
            other = tuple(replace(line, **change) if number == at else line for number, line in enumerate(whole.inputs))
            with pytest.raises(BadPlan):
                KIND.check(replace(whole, inputs=other))


SENSELESS = {
    "no grant": altered("bureau", grants=()),
    "a grant too many": altered("bureau", grants=(USE, OTHER_USE)),
    "a grant for its own": altered("bank", grants=(USE,)),
    "a foreign dataset": altered("bureau", dataset="telecom/files/3"),
    "the owner's dataset at the receiver": altered("bank", dataset="bureau/files/3"),
    "with itself": altered("bureau", org="bank", dataset="bank/files/3"),
    "other rules": altered("bureau", normalisation=("national-id/1", "exact/1")),
    "a rule missing": altered("bureau", normalisation=("national-id/1",)),
    "a column missing": altered("bureau", columns=("national_id",)),
    "a column twice": altered("bureau", columns=("national_id", "national_id")),
    "an unknown rule": spec(
        owners=(replace(BUREAU, normalisation=("secret/1", "text/1")),),
        receivers=(replace(BANK, normalisation=("secret/1", "text/1")),),
    ),
    "nobody else": spec(owners=()),
    "the same organisation in three places": spec(owners=(BUREAU, replace(BUREAU, dataset="bureau/files/4"))),
    "an owner that keeps columns": altered("bureau", keeps=("income",)),
    "a kept column that is in the key": altered("bank", keeps=("id",)),
    "a shown column twice": replace(altered("bureau", shows=("income", "income")), output=Output.ROWS),
    "two columns of the result with one name": replace(
        altered("bureau", shows=("score",)),
        receivers=(replace(BANK, keeps=("score", "bureau.score")),),
        output=Output.ROWS,
    ),
    "columns shown for identifiers": altered("bureau", shows=("income",)),
    "rows without columns": spec(output=Output.ROWS),
    "rows with the receiver's columns": replace(altered("bank", shows=("income",)), output=Output.ROWS),
    "a left join of identifiers": spec(join=Join.LEFT),
    "an anti join of rows": replace(altered("bureau", shows=("income",)), output=Output.ROWS, join=Join.ANTI),
    "an anti join of a number": spec(output=Output.CARDINALITY, join=Join.ANTI),
    "kept columns of a number": replace(altered("bank", keeps=("income",)), output=Output.CARDINALITY),
    "a sum of nothing": spec(output=Output.SUM),
    "a narrow sum": replace(altered("bureau", shows=("income",)), output=Output.SUM, total_bits=43),
    "a width of what is no sum": spec(total_bits=44),
    "a sum of two columns": replace(altered("bureau", shows=("income", "debt")), output=Output.SUM),
    "a sum of the receiver's own": replace(altered("bank", shows=("income",)), output=Output.SUM),
    "noise on identifiers": spec(epsilon_micro=1_000_000),
    "a least count of identifiers": spec(min_count=10),
    "seven organisations": spec(
        owners=tuple(replace(BUREAU, org=f"owner-{at}", dataset=f"owner-{at}/files/1") for at in range(6))
    ),
}


@pytest.mark.parametrize("bad", SENSELESS.values(), ids=SENSELESS.keys())
def test_a_specification_that_makes_no_sense_is_refused(bad: IntersectionSpec) -> None:
    with pytest.raises(BadPlan):
        verify_spec(bad)
    with pytest.raises(BadPlan):
        KIND.draft(bad)


def test_a_protocol_a_variant_and_a_security_that_nobody_has_are_refused() -> None:
    slow_and_malicious = spec(protocol="psi-rr22", variant="low-communication", security=Security.MALICIOUS)
    for bad in (spec(protocol="psi-magic"), spec(variant="turbo"), spec(security=Security.MALICIOUS), slow_and_malicious):
        with pytest.raises(BadPlan):
            KIND.draft(bad)


def test_a_malicious_job_says_so_in_its_model_its_label_and_its_parameters() -> None:
    asked = replace(altered("bank", rows_cap=1024), protocol="psi-rr22", security=Security.MALICIOUS)
    job = plan_of(asked)
    KIND.check(job)
    assert (job.adversary_model, job.program["variant"], KIND.parameters(job)["mode"]) == ("malicious", "fast", "malicious")
    assert "cheating receiver" in job.leakage
    assert "the proof covers up to 1,4" in job.leakage
    large = (replace(BUREAU, rows_cap=100_000_000),)
    for bad in (replace(asked, receivers=(replace(BANK, rows_cap=100),)), replace(asked, owners=large)):
        with pytest.raises(BadPlan, match=r"2 times as many keys|far above its cap"):
            KIND.draft(bad)
    otherwise = plan_of(replace(asked, security=Security.SEMI_HONEST)).leakage
    assert "cheating" not in otherwise
    for changed in (replace(job, adversary_model="semi-honest"), replace(job, leakage=otherwise)):
        with pytest.raises(BadPlan):
            KIND.check(changed)


def test_a_row_cap_bounds_who_brings_software_of_its_own_up_to_twice_or_the_label_says_how_far() -> None:
    """A store for one row has 146 columns, and 141 keys of somebody's choice went into it."""
    with pytest.raises(BadPlan, match="2 times as many keys"):
        KIND.draft(replace(altered("bank", rows_cap=1), protocol="psi-rr22"))
    assert KIND.draft(replace(altered("bank", rows_cap=1), protocol="")).protocol == "psi-ecdh-curve25519"
    two = KIND.draft(replace(altered("bank", rows_cap=110), protocol="psi-rr22"))
    assert "does not keep to the protocol can ask for up to 219 keys" in two.leakage
    three = KIND.draft(spec(owners=(BUREAU, TELECOM), protocol=""))
    assert three.protocol == "psi-multi-kmprt17"
    assert "does not keep to the protocol can ask for up to 148 keys" in three.leakage


# -- what it tells the owners -----------------------------------------------------------------------------------------------


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


def test_of_three_every_set_is_in_the_table_and_a_receiver_with_an_owner_reads_more_than_alone() -> None:
    table = {one.members: one.reads for one in coalitions(spec(owners=(BUREAU, TELECOM)))}
    assert len(table) == 7
    assert table["telecom",] == ("size of bureau/files/3", "size of bank/customers/1")
    assert table["bureau", "telecom"] == (
        "all columns of bureau/files/3",
        "all columns of telecom/lines/2",
        "size of bank/customers/1",
    )
    assert table["bank",][:2] == ("matched keys of bureau/files/3", "size of bureau/files/3")
    assert table["bank", "telecom"] == (
        "keys in common with bureau/files/3 alone",
        "size of bureau/files/3",
        "all columns of telecom/lines/2",
        "all columns of bank/customers/1",
    )


def test_of_four_a_receiver_reads_with_any_owners_which_keys_all_the_others_have() -> None:
    police = replace(BUREAU, org="police", dataset="police/wanted/1")
    table = {one.members: one.reads for one in coalitions(spec(owners=(BUREAU, TELECOM, police)))}
    alone = {members: reads[0] for members, reads in table.items() if "alone" in reads[0]}
    assert alone == {
        ("bank", "bureau"): "keys in common with all those outside alone",
        ("bank", "telecom"): "keys in common with all those outside alone",
        ("bank", "police"): "keys in common with all those outside alone",
        ("bank", "bureau", "police"): "keys in common with telecom/lines/2 alone",
        ("bank", "bureau", "telecom"): "keys in common with police/wanted/1 alone",
        ("bank", "police", "telecom"): "keys in common with bureau/files/3 alone",
    }


def test_where_a_number_is_the_output_nobody_reads_a_column_by_itself() -> None:
    counted = {one.members: one.reads for one in coalitions(spec(output=Output.CARDINALITY))}
    assert counted["bank",] == ("number of keys in common", "size of bureau/files/3")
    summed = replace(altered("bureau", shows=("debt",)), output=Output.SUM)
    told = ("number of keys in common", "sum of bureau/files/3:debt")
    alone = {one.members: one.reads for one in coalitions(summed)}
    assert alone["bank",] == (*told, "size of bureau/files/3")
    assert alone["bureau",] == ("size of bank/customers/1",)


def test_a_column_with_a_very_long_name_stands_in_the_table_by_its_place() -> None:
    drafted = KIND.draft(altered("bureau", columns=("c" * 120, "name")))
    assert drafted.coalitions[0].reads[:2] == ("matched bureau/files/3:#1", "matched bureau/files/3:name")


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
        output=Output.IDENTIFIERS,
        keys=("national_id", "full_name"),
    )
    assert (receiver.owner_org, receiver.receivers, receiver.rows_cap) == ("bank", ("bank",), 10)
    assert receiver.columns == (("id", Exposure.ENCRYPTED_ONLY), ("name", Exposure.ENCRYPTED_ONLY))


def test_of_two_receivers_each_is_asked_for_what_the_other_gets_and_its_grant_stands_in_that_line() -> None:
    whole = plan_of(mutual())
    asked = [(one.owner_org, one.receivers, line.grant) for one, line in zip(KIND.demands(whole), whole.inputs, strict=True)]
    assert asked == [
        ("bank", ("bank",), b""),
        ("bureau", ("bank",), USE.grant),
        ("bank", ("bureau",), OTHER_USE.grant),
        ("bureau", ("bureau",), b""),
    ]
    assert KIND.demands(whole)[2].columns[0] == ("id", Exposure.AFTER_JOIN)
    assert [one.gets for one in whole.outputs] == [("identifiers",)] * 2
    assert "the first may leave with its own before the last begins" in whole.leakage
    assert "the first may leave" not in plan().leakage


def test_a_wider_sum_takes_the_receiver_longer() -> None:
    summed = replace(altered("bureau", shows=("income",)), output=Output.SUM, protocol="")
    seconds = [KIND.estimate(plan_of(replace(summed, total_bits=bits))).seconds for bits in (0, 44, 46, 48)]
    assert seconds[0] == seconds[1] < seconds[2] < seconds[3] / 2


def test_the_estimate_grows_with_the_caps() -> None:
    small, large = (
        KIND.estimate(plan()),
        KIND.estimate(plan(inputs=tuple(replace(one, rows_cap=10**6) for one in plan().inputs))),
    )
    assert (large.seconds, large.memory_bytes) > (small.seconds, small.memory_bytes)
    assert large.traffic_bytes > 40 * 10**6


def test_a_plan_whose_limit_on_memory_is_below_what_it_takes_is_refused_by_every_node() -> None:
    rows = 1 << 20
    asked = spec(receivers=(replace(BANK, rows_cap=rows),), owners=(replace(BUREAU, rows_cap=rows),))
    job = plan_of(asked)
    KIND.check(replace(job, limits=replace(job.limits, memory_bytes=1 << 30)))
    with pytest.raises(BadPlan, match="of memory, and a party has 256"):
        KIND.check(replace(job, limits=replace(job.limits, memory_bytes=1 << 28)))
    with pytest.raises(BadPlan, match="of memory, and a party has 256"):
        KIND.draft(replace(asked, memory_mb=256))


def test_the_result_has_the_receivers_columns() -> None:
    assert [(one.name, one.kind) for one in KIND.result_schema(plan())] == [("id", "text"), ("name", "text")]
