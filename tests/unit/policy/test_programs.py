"""Secret programs on own data: reviewed by a person, among compute nodes that the owner named, for outputs that it granted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from atoll.ledger.records import Dataset
from atoll.policy.coalition import outside_nodes, unacknowledged
from atoll.policy.decide import decide
from atoll.policy.demand import OF_PROGRAMS, Exposure, Output
from atoll.policy.programs import unreviewed
from atoll.policy.question import Question
from atoll.policy.reasons import Verdict
from atoll.policy.terms import Constraint, Operand, Operator
from tests.unit.policy.desk import CARD, FILES, GRANT, TERMS, Desk, member

COVERING = Constraint(left=Operand.OUTPUTS, operator=Operator.IS_ANY_OF, right=("aggregate",))
PROGRAM = b"\x0a" * 32
ASK = ("ask", "policy.ask")
PERMIT = ("permit", "policy.permit")


def computing(*nodes: str, output: str = "aggregate") -> Desk:
    """The bureau's income is computed with among three nodes, by a program that nobody at the bureau has reviewed."""
    desk = Desk()
    desk.view.put(member("auditor", roles=("auditor",)))
    desk.permit_output(output).change_output(output).change_plan(kind="computation")
    for number, node in enumerate(nodes or ("bureau", "telecom", "operator")):
        desk.add_party("compute", node, number)
    desk.change_input(columns=("income",), normalisation=("int64/1?low=0&high=9",))
    return desk.change_demand(
        columns=(("income", Exposure.AFTER_AGGREGATE),), program=PROGRAM, name="mean-income", output=Output(output)
    )


def reviewed(question: Question) -> Question:
    return replace(question, reviewed=PROGRAM.__eq__)


def decide_reviewed(desk: Desk) -> tuple[str, str]:
    decision = decide(reviewed(desk.question()))
    return str(decision.verdict), decision.code


def test_a_program_that_nobody_reviewed_is_never_run_without_a_person() -> None:
    desk = computing()
    assert desk.verdict() == ASK
    assert "nobody here has reviewed the program mean-income (0a0a0a0a0a0a0a0a)" in desk.ask().reasons[-1].wanted
    assert unreviewed(desk.question()) == {PROGRAM.hex(): "mean-income"}
    assert decide_reviewed(desk) == PERMIT


@pytest.mark.parametrize(("rows", "answer"), [(8, ("deny", "policy.column")), (16, PERMIT)])
def test_a_table_of_a_few_rows_makes_no_aggregate_however_many_places_a_program_has(rows: int, answer: tuple[str, str]) -> None:
    """What stands in the program is room for rows; the owner's card says how many there are."""
    desk = computing()
    desk.cards[FILES] = replace(CARD, rows_at_most=rows)
    assert decide_reviewed(desk) == answer
    desk.change_demand(columns=(("income", Exposure.ENCRYPTED_ONLY),))
    assert decide_reviewed(desk) == PERMIT


def test_a_standing_consent_reviews_no_program() -> None:
    assert computing().stand(COVERING).verdict() == ASK
    assert computing().say(automatic=False).stand(COVERING).verdict() == ASK
    assert decide_reviewed(computing().say(automatic=False).stand(COVERING)) == PERMIT, (
        "of a reviewed one it speaks for a person"
    )


def test_a_digest_in_the_local_rules_is_reviewed_and_another_is_not() -> None:
    assert computing().say(programs=frozenset({PROGRAM.hex()})).verdict() == PERMIT
    assert computing().say(programs=frozenset({(b"\x0b" * 32).hex()})).verdict() == ASK


def test_what_another_owner_has_not_reviewed_is_its_own_matter() -> None:
    desk = computing()
    desk.demands = (replace(desk.demands[0], program=b""), replace(desk.demands[1], program=PROGRAM))
    assert unreviewed(desk.question()) == {}


def test_an_owner_outside_the_compute_nodes_says_so_itself() -> None:
    desk = computing("bank", "telecom", "auditor")
    assert outside_nodes(desk.plan, "bureau") == ("auditor", "bank", "telecom")
    assert decide_reviewed(desk) == ASK
    assert "any two of auditor, bank, telecom could together read" in desk.ask().reasons[-1].wanted
    assert decide_reviewed(desk.stand(COVERING)) == ASK, "no standing consent speaks for that"


@pytest.mark.parametrize(
    ("named", "verdict"),
    [
        (("auditor", "bank", "telecom"), PERMIT),
        (("auditor", "bank", "telecom", "operator"), PERMIT),
        (("bank", "telecom"), ASK),
        ((), ASK),
    ],
)
def test_a_local_rule_names_every_node_that_it_trusts(named: tuple[str, ...], verdict: tuple[str, str]) -> None:
    desk = computing("bank", "telecom", "auditor").say(compute_nodes=frozenset(named))
    assert decide_reviewed(desk) == verdict


def test_a_person_acknowledges_it_for_one_job() -> None:
    question = computing("bank", "telecom", "auditor").question()
    assert unacknowledged(question)
    assert unacknowledged(replace(question, entrusted=True)) == ()


def test_whoever_computes_itself_or_brings_nothing_need_not() -> None:
    assert outside_nodes(computing().plan, "bureau") == ()
    assert outside_nodes(computing("bank", "telecom", "auditor").plan, "operator") == ()
    assert outside_nodes(Desk().plan, "bureau") == (), "two parties compute among themselves"


def test_nobody_computes_for_others_because_somebody_proposes_it() -> None:
    desk = Desk(me="telecom", cards={})
    desk.plan = computing().plan
    assert desk.verdict() == ASK
    assert desk.say(trusted_proposers=frozenset({"bank"})).verdict() == PERMIT
    assert Desk(me="telecom", cards={}, proposer="telecom", plan=computing().plan).ask().verdict is not Verdict.ASK


NOT_GRANTED: dict[str, tuple[str, Callable[[Desk], object]]] = {
    "terms that name no output": (
        "policy.terms",
        lambda d: d.terms.update({GRANT: TERMS}),
    ),
    "terms for another output": ("policy.terms", lambda d: d.permit_output("sum")),
    "terms for another kind of job": (
        "policy.terms",
        lambda d: d.terms_say(Operand.JOB_KINDS, Operator.IS_ANY_OF, "intersection"),
    ),
    "terms that ask for the malicious model of two parties": (
        "policy.terms",
        lambda d: d.terms_say(Operand.ADVERSARY_MODEL, Operator.GTEQ, "malicious"),
    ),
    "a value where the card allows aggregates": (
        "policy.column",
        lambda d: d.change_demand(columns=(("income", Exposure.PLAINTEXT),)),
    ),
    "a comparison where the card allows aggregates": (
        "policy.column",
        lambda d: d.change_demand(columns=(("income", Exposure.AFTER_AGGREGATE), ("income", Exposure.AFTER_COMPARE))),
    ),
    "an output beside the demanded one": (
        "policy.output",
        lambda d: d.change_plan(outputs=(replace(d.plan.outputs[0], gets=("aggregate", "rows")),)),
    ),
}


@pytest.mark.parametrize("why", NOT_GRANTED)
def test_what_was_not_granted_is_denied_and_no_person_can_approve_it(why: str) -> None:
    code, change = NOT_GRANTED[why]
    desk = computing()
    change(desk)
    assert decide_reviewed(desk) == ("deny", code)


def test_a_grant_names_each_output_of_programs() -> None:
    for output in OF_PROGRAMS:
        for granted in OF_PROGRAMS:
            desk = computing(output=str(output)).permit_output(str(granted))
            assert (decide_reviewed(desk)[0] == "permit") is (output == granted)


def test_high_levels_let_aggregates_out_and_no_values() -> None:
    aggregate = computing().change(Dataset, FILES, level=3)
    assert decide_reviewed(aggregate) == PERMIT
    assert decide_reviewed(computing(output="computed").change(Dataset, FILES, level=3)) == ("deny", "policy.level")
