"""The job kind `computation`: its plan holds to its word and says what outputs show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from atoll import programs as mp
from atoll.jobs.computation import Bind, Owner, Receiver, statement
from atoll.jobs.computation.exposure import exposures
from atoll.jobs.errors import BadPlan
from atoll.jobs.kind import Brings
from atoll.jobs.secret.places import MAX_OWNERS
from atoll.jobs.security import Security
from atoll.ledger.plan import Coalition, Limits, Plan, PlanOutput, digest_attached
from atoll.policy.demand import LEAST_ROWS, Exposure, Output
from atoll.programs.explain import explain
from atoll.programs.graph import Graph
from atoll.protocols.mpc import verification
from tests.unit.jobs.secret import GRANT, KIND, OWN, joint, plan_of, spec_of, vertical

GRAPH = joint()
SPEC = spec_of(GRAPH)
PLAN = plan_of(SPEC)
SAID: dict[str, Any] = dict(PLAN.program)
BODY = GRAPH.encode()


def verify(plan: Plan, body: bytes = BODY) -> None:
    KIND.check(plan)
    KIND.verify_attached(plan, body)


def total(shape: str, rows: int = 16) -> Graph:
    """Programs that show a column in different ways."""
    inputs = {"x": mp.column("first", mp.int64(0, 100), rows=rows, width=3 if shape in ("row sums", "gram") else None)}

    def body(x: Any) -> Any:
        match shape:
            case "sum":
                return x.sum()
            case "squares":
                return (x * x).sum()
            case "value":
                return x + 1
            case "flags":
                return x > 50
            case "count":
                return mp.astype(x > 50, mp.int64(0, 1)).sum()
            case "compared sums":
                return x.sum() > 500
            case "chosen":
                return mp.where(x > 50, x, 0)
            case "both":
                return mp.astype(x > 50, mp.int64(0, 1)) + x.sum()
            case "row sums":
                return x.sum(axis=1)
            case "gram":
                return mp.matmul(mp.matrix_transpose(x), x)
            case "centred":
                return x - x.sum()
            case "weighted":
                return (x * np.arange(rows)).sum()
            case "one of all":
                return mp.matmul(mp.reshape(x, (1, rows)), np.eye(rows, dtype=int))
            case "the first again and again":
                return mp.broadcast_to(x[0:1], (rows,)).sum()
            case "a row of all":
                return mp.broadcast_to(x, (rows, rows)).sum(axis=0)
            case "all in each":
                return mp.broadcast_to(x, (rows, rows)).sum(axis=1)
            case "the largest":
                return mp.sort(x)[rows - 1]
            case "doubled":
                return (2 * x).sum()
            case "variance":
                return x.var()
            case "part":
                return x[3:14].sum()
        raise AssertionError(shape)

    return mp.program(inputs=inputs, outputs={"out": "asker"})(body).trace()


# -- the plan ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("graph", [joint(), vertical(), total("flags"), total("gram")])
@pytest.mark.parametrize("security", Security)
def test_a_drafted_plan_passes_its_own_check(graph: Graph, security: Security) -> None:
    plan = plan_of(spec_of(graph, security=security))
    verify(plan, graph.encode())
    assert plan.attached == digest_attached(graph.encode())
    assert plan.adversary_model == f"honest-majority-{security}"
    assert [one.role for one in plan.parties].count("compute") == 3
    assert KIND.brings is Brings.NUMBERS
    assert not KIND.resumable


CHANGES: dict[str, dict[str, dict[str, Any]]] = {
    "what it says of its adversary model": {
        "another model": {"adversary_model": "malicious"},
        "more than it withstands": {"adversary_model": "honest-majority-malicious"},
        "another security": {"program": SAID | {"security": "malicious"}},
    },
    "what it says of its coalitions": {
        "no coalitions": {"coalitions": ()},
        "a coalition less": {"coalitions": PLAN.coalitions[1:]},
        "a coalition that reads less": {
            "coalitions": (Coalition(members=PLAN.coalitions[0].members, reads=("x",)), *PLAN.coalitions[1:])
        },
        "something opened": {"program": SAID | {"opens": ["a sum"]}},
    },
    "what it says of its leakage": {
        "no leak": {"leakage": "Nothing."},
    },
    "what it says of its protocol": {
        "another protocol": {"protocol": "mpc-shamir"},
        "another version": {"protocol_version": 2},
    },
    "what it says of its outputs": {
        "another output": {"outputs": tuple(PlanOutput(index=at, gets=("computed",)) for at in range(2))},
        "an output less": {"outputs": PLAN.outputs[:1]},
    },
    "three different organisations compute": {
        "a party less": {"parties": PLAN.parties[1:]},
    },
    "is not a dataset of telecom": {
        "parties in another order": {"parties": PLAN.parties[::-1]},
    },
    "one input for each owner's place and receiver": {
        "an input less": {"inputs": PLAN.inputs[1:]},
    },
    "its parties and inputs do not belong together": {
        "an input of another place": {"inputs": (replace(PLAN.inputs[0], index=1), *PLAN.inputs[1:])},
        "an input that a receiver brings": {"inputs": (replace(PLAN.inputs[0], role="receiver"), *PLAN.inputs[1:])},
        "a line that brings more rows": {"inputs": (replace(PLAN.inputs[0], rows_cap=17), *PLAN.inputs[1:])},
    },
    "rests on a grant for every receiver but its owner": {
        "a line without its grant": {"inputs": (replace(PLAN.inputs[0], grant=b""), *PLAN.inputs[1:])},
    },
    "no rule national-id/1": {
        "a key column": {"inputs": tuple(replace(one, normalisation=("national-id/1",)) for one in PLAN.inputs)},
    },
    "is limited to 128": {
        "too little memory": {"limits": Limits(memory_bytes=2**27, traffic_bytes=2**26, attempts=1)},
    },
    "what it says of its program is not what the program does": {
        "another graph": {"program": SAID | {"graph": bytes(32)}},
        "another name": {"program": SAID | {"name": "harmless"}},
        "fewer rounds": {"program": SAID | {"rounds": 1}},
        "fewer bytes": {"program": SAID | {"sent": [1, 1, 1]}},
        "less memory": {"program": SAID | {"memory": 1}},
    },
    "its program does not say what runs": {
        "an unknown field": {"program": SAID | {"also": 1}},
        "no program": {"program": {}},
        "a program of other types": {"program": SAID | {"rounds": "1"}},
    },
    "not the one that travels beside it": {
        "what travels beside it": {"attached": bytes(32)},
        "nothing beside it": {"attached": b""},
    },
}
"""By the reason that is given."""


@pytest.mark.parametrize(("reason", "what"), [(reason, what) for reason, changes in CHANGES.items() for what in changes])
def test_a_plan_that_says_something_else_is_refused(reason: str, what: str) -> None:
    with pytest.raises(BadPlan, match=reason):
        verify(replace(PLAN, **CHANGES[reason][what]))


def test_a_plan_that_hides_what_an_output_shows_is_refused() -> None:
    """The statement alone is consistent: only the graph tells."""
    graph = total("value")
    plan = plan_of(spec_of(graph))
    seen = [{"input": "x", "how": ["after-aggregate"]}]
    own = dict(plan.program)
    said = own | {"receivers": [own["receivers"][0] | {"seen": seen}]}
    lie = replace(plan, program=said, outputs=(PlanOutput(index=0, gets=("aggregate",)),))
    KIND.check(lie)
    with pytest.raises(BadPlan, match="not what the program does"):
        KIND.verify_attached(lie, graph.encode())


def test_rules_and_rows_are_those_of_the_program() -> None:
    wider = tuple(replace(one, normalisation=("int64/1?low=0&high=1000001&null=yes",)) for one in PLAN.inputs)
    strict = tuple(replace(one, normalisation=("int64/1?low=0&high=1000000",)) for one in PLAN.inputs)
    forgiving = tuple(replace(one, normalisation=("int64/1?low=0&high=1000000&null=bad",)) for one in PLAN.inputs)
    more = tuple(replace(one, rows_cap=17) for one in PLAN.inputs)
    for inputs, refused in ((wider, True), (strict, True), (forgiving, False), (more, True)):
        changed = replace(PLAN, inputs=inputs)
        if inputs is more or inputs is strict:
            changed = replace(changed, leakage=KIND.leakage(changed))
        if refused:
            with pytest.raises(BadPlan):
                verify(changed)
        else:
            verify(changed)


@pytest.mark.parametrize(
    ("owners", "security", "refused"),
    [(2, Security.SEMI_HONEST, True), (2, Security.MALICIOUS, True), (1, Security.SEMI_HONEST, False)],
)
def test_no_owner_is_believed_on_its_ranges_beside_others(owners: int, security: Security, refused: bool) -> None:
    """A weight of 256^i would open another owner's rows in one sum."""
    inputs = {
        "x": mp.column("first", mp.int64(0, 255), rows=16),
        "w": mp.column("first", mp.int64(0, 1), rows=16, checked=False),
    }
    if owners > 1:
        inputs["w"] = mp.column("second", mp.int64(0, 1), rows=16, checked=False)
    graph = mp.program(inputs=inputs, outputs={"out": "asker"})(lambda x, w: (w * x).sum()).trace()
    spec = spec_of(graph, security=security)
    if refused:
        with pytest.raises(BadPlan, match="the range of "):
            KIND.draft(spec)
    else:
        verify(plan_of(spec), graph.encode())


def test_more_than_malicious_security_could_prove_at_once_is_refused_before_consents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = total("value")
    monkeypatch.setattr(verification, "MAX_PRODUCTS", 10)
    plan = plan_of(spec_of(graph))
    verify(plan, graph.encode())
    with pytest.raises(BadPlan, match="fewer than 10"):
        plan_of(spec_of(graph, security=Security.MALICIOUS))
    said = dict(plan.program) | {"security": "malicious"}
    with pytest.raises(BadPlan, match="fewer than 10"):
        KIND.verify_attached(replace(plan, adversary_model="honest-majority-malicious", program=said), graph.encode())


def test_more_places_than_a_plan_has_are_refused_before_anything_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = {f"x{at}": mp.column(f"owner{at}", mp.bool_, rows=1) for at in range(MAX_OWNERS + 1)}
    many = mp.Program(lambda **columns: columns["x0"] & columns["x1"], inputs, {"y": ("asker",)})
    monkeypatch.setattr(statement, "explain", None)
    with pytest.raises(BadPlan, match="13 owners and 1 receivers; a plan has places for 12 and 4"):
        statement.state(many.trace(), Security.SEMI_HONEST)


def test_what_is_no_program_is_refused() -> None:
    for body in (b"", b"\x00", BODY + b"\x00", BODY[:-1], vertical().encode()):
        with pytest.raises(BadPlan):
            KIND.verify_attached(PLAN, body)
        with pytest.raises(BadPlan):
            KIND.verify_attached(replace(PLAN, attached=digest_attached(body)), body)
        assert KIND.read_attached(PLAN, body)


def bring(**changes: Any) -> tuple[Owner, ...]:
    return (replace(SPEC.owners[0], **changes), SPEC.owners[1])


WRONG: dict[str, dict[str, Any]] = {
    "an organisation computes twice": {"computes": ("bank", "bank", "telecom")},
    "a receiver twice": {"receivers": (Receiver(label="asker", org="bank"), Receiver(label="watcher", org="bank"))},
    "receivers in another order": {"receivers": SPEC.receivers[::-1]},
    "a receiver that the program does not know": {"receivers": (SPEC.receivers[0], Receiver(label="spy", org="auditor"))},
    "a receiver less": {"receivers": SPEC.receivers[:1]},
    "an owner less": {"owners": SPEC.owners[:1]},
    "an owner by another label": {"owners": bring(label="third")},
    "one dataset twice": {"owners": bring(dataset="telecom/lines/1")},
    "no column for an input": {"owners": bring(binds=(Bind(input="bill", columns=("income",)),))},
    "an input twice": {"owners": bring(binds=SPEC.owners[0].binds * 2)},
    "two columns for a vector": {"owners": bring(binds=(Bind(input="income", columns=("a", "b")),))},
    "a grant less": {"owners": bring(grants=(GRANT,))},
    "no grant": {"owners": bring(grants=(OWN, GRANT))},
    "a grant from the receiver to itself": {"receivers": (Receiver(label="asker", org="bureau"), SPEC.receivers[1])},
    "bytes that are no graph": {"graph": b"\x00"},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_makes_no_sense_is_refused_before_there_is_a_plan(what: str) -> None:
    with pytest.raises(BadPlan):
        KIND.draft(replace(SPEC, **WRONG[what]))


def test_bad_cells_become_nulls_only_where_the_program_has_them() -> None:
    graph = vertical()
    spec = spec_of(graph)
    forgiving = replace(spec.owners[0], binds=(replace(spec.owners[0].binds[0], forgiving=True),))
    with pytest.raises(BadPlan, match="no nulls"):
        KIND.draft(replace(spec, owners=(forgiving, spec.owners[1])))


def test_what_a_sort_may_send_beyond_one_draw_is_part_of_the_estimate() -> None:
    """A plan that may send what is estimated, and no more, passes every party's check: it must not end on the way."""
    graph = total("the largest", 1500)
    plan = plan_of(spec_of(graph))
    said = explain(graph)
    assert plan.program["more"] == said.more_bytes > 0
    assert KIND.estimate(plan).traffic_bytes >= max(said.bytes_by_node) + said.more_bytes
    with pytest.raises(BadPlan, match="what the program does"):
        verify(replace(plan, program=dict(plan.program) | {"more": 0}), graph.encode())


# -- what it asks of owners ----------------------------------------------------------------------------------------------------


def test_each_line_asks_its_owner_for_what_its_receiver_sees() -> None:
    demands = KIND.demands(PLAN)
    assert [(one.owner_org, one.receivers) for one in demands] == [
        (org, (to,)) for to in ("bank", "auditor") for org in ("bureau", "telecom")
    ]
    assert all(one.program == GRAPH.digest and one.name == "joint_mean" and one.uses == 1 for one in demands)
    assert {one.output for one in demands} == {Output.AGGREGATE}
    assert demands[0].columns == (("income", Exposure.AFTER_AGGREGATE),)


def test_of_its_own_data_a_receiver_may_see_everything_and_others_see_shares() -> None:
    graph = total("value")
    plan = plan_of(
        spec_of(
            graph,
            owners=(replace(spec_of(graph).owners[0], grants=(OWN,)),),
            receivers=(Receiver(label="asker", org="bureau"),),
        )
    )
    (demand,) = KIND.demands(plan)
    assert demand.columns == (("x", Exposure.ENCRYPTED_ONLY),)
    assert demand.output is Output.AGGREGATE
    assert demand.program == graph.digest


SHOWN = {
    "sum": ({Exposure.AFTER_AGGREGATE}, Output.AGGREGATE),
    "squares": ({Exposure.AFTER_AGGREGATE}, Output.AGGREGATE),
    "count": ({Exposure.AFTER_AGGREGATE}, Output.AGGREGATE),
    "compared sums": ({Exposure.AFTER_AGGREGATE}, Output.AGGREGATE),
    "gram": ({Exposure.AFTER_AGGREGATE}, Output.AGGREGATE),
    "doubled": ({Exposure.AFTER_AGGREGATE}, Output.AGGREGATE),
    "variance": ({Exposure.AFTER_AGGREGATE}, Output.AGGREGATE),
    "all in each": ({Exposure.AFTER_AGGREGATE}, Output.AGGREGATE),
    "weighted": ({Exposure.PLAINTEXT}, Output.COMPUTED),
    "one of all": ({Exposure.PLAINTEXT}, Output.COMPUTED),
    "the first again and again": ({Exposure.PLAINTEXT}, Output.COMPUTED),
    "a row of all": ({Exposure.PLAINTEXT}, Output.COMPUTED),
    "the largest": ({Exposure.PLAINTEXT}, Output.COMPUTED),
    "part": ({Exposure.PLAINTEXT}, Output.COMPUTED),
    "flags": ({Exposure.AFTER_COMPARE}, Output.COMPARISON),
    "both": ({Exposure.AFTER_COMPARE, Exposure.AFTER_AGGREGATE}, Output.COMPARISON),
    "value": ({Exposure.PLAINTEXT}, Output.COMPUTED),
    "chosen": ({Exposure.AFTER_COMPARE, Exposure.PLAINTEXT}, Output.COMPUTED),
    "row sums": ({Exposure.PLAINTEXT}, Output.COMPUTED),
    "centred": ({Exposure.AFTER_AGGREGATE, Exposure.PLAINTEXT}, Output.COMPUTED),
}


@pytest.mark.parametrize("shape", SHOWN)
def test_what_an_output_shows_is_read_off_the_operations(shape: str) -> None:
    graph = total(shape)
    how, output = SHOWN[shape]
    assert exposures(graph)["out"]["x"] == how
    plan = plan_of(spec_of(graph))
    assert {one.output for one in KIND.demands(plan)} == {output}
    assert {one.gets for one in plan.outputs} == {(str(output),)}


def test_it_is_said_first_that_a_receiver_with_columns_of_its_own_chooses_rows_of_others() -> None:
    """By a column of noughts and a one, which differs from job to job while the program stays the reviewed one."""
    chooses = "where the program multiplies, compares or joins them with others', whoever brings them chooses"
    spec = spec_of(vertical())
    assert chooses not in plan_of(spec).leakage
    own = replace(spec.owners[1], grants=(OWN,))
    both = replace(spec, owners=(spec.owners[0], own), receivers=(Receiver(label="asker", org="telecom"),))
    assert plan_of(both).leakage.startswith("telecom receives and brings columns too: " + chooses)
    (only,) = spec_of(total("sum")).owners
    alone = spec_of(total("sum"), owners=(replace(only, grants=(OWN,)),), receivers=(Receiver(label="asker", org="bureau"),))
    assert chooses not in plan_of(alone).leakage, "nobody else brings anything"


def test_it_is_said_that_of_several_receivers_one_can_end_the_job_when_it_has_its_outputs() -> None:
    said = "Whoever receives has its outputs first, and can then still end the job as failed"
    assert said in PLAN.leakage
    assert said not in plan_of(spec_of(vertical())).leakage


@pytest.mark.parametrize("rows", [1, 2, LEAST_ROWS - 1])
def test_of_a_few_rows_there_is_no_aggregate(rows: int) -> None:
    assert exposures(total("sum", rows))["out"]["x"] == {Exposure.PLAINTEXT}
    assert exposures(total("sum", LEAST_ROWS))["out"]["x"] == {Exposure.AFTER_AGGREGATE}


def test_a_column_that_an_output_does_not_need_is_shared_and_not_seen() -> None:
    """The second receiver gets what depends on the first column only."""

    @mp.program(
        inputs={"a": mp.column("first", mp.int64(0, 9), rows=16), "b": mp.column("second", mp.int64(0, 9), rows=16)},
        outputs={"both": "asker", "one": "watcher"},
    )
    def sums(a: Any, b: Any) -> Any:
        return {"both": a.sum() + b.sum(), "one": a.sum()}

    demands = KIND.demands(plan_of(spec_of(sums.trace())))
    assert [one.columns[0][1] for one in demands] == [
        Exposure.AFTER_AGGREGATE,
        Exposure.AFTER_AGGREGATE,
        Exposure.AFTER_AGGREGATE,
        Exposure.ENCRYPTED_ONLY,
    ]


# -- who could read what together ----------------------------------------------------------------------------------------------


def reads(plan: Plan, *members: str) -> tuple[str, ...]:
    return next((one.reads for one in plan.coalitions if one.members == tuple(sorted(members))), ())


def test_two_compute_nodes_read_everything_and_one_alone_nothing() -> None:
    plan = plan_of(replace(SPEC, computes=("auditor", "operator", "telecom")))
    for pair in (("auditor", "operator"), ("operator", "telecom"), ("auditor", "telecom")):
        assert "bureau/files/1:income" in reads(plan, *pair)
        assert "everything that is computed" in reads(plan, *pair)
        assert ("telecom/lines/1:other" in reads(plan, *pair)) is ("telecom" not in pair)
    assert all(one.startswith("opened to the compute nodes: whether all of ") for one in reads(plan, "operator"))


def test_receivers_read_their_outputs_and_with_other_owners_what_these_tell_of_the_last() -> None:
    plan = plan_of(replace(SPEC, computes=("operator", "person", "model")))
    assert reads(plan, "bank") == ("output mean", "output rows")
    assert reads(plan, "auditor") == ("output rows",)
    assert reads(plan, "auditor", "bank") == ("output mean", "output rows") or set(reads(plan, "auditor", "bank")) == {
        "output mean",
        "output rows",
    }
    assert reads(plan, "bank", "bureau") == ("what the outputs tell of telecom/lines/1 alone",)
    assert reads(plan, "auditor", "telecom") == ("what the outputs tell of bureau/files/1 alone",)
    together = reads(plan, "bank", "operator")
    assert {one for one in together if not one.startswith("opened to the compute nodes: ")} == {"output mean", "output rows"}


def test_every_entry_is_sorted_and_names_an_organisation_once() -> None:
    for one in PLAN.coalitions:
        assert list(one.members) == sorted(set(one.members))
        assert one.reads
