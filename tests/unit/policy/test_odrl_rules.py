"""Groups, duties, obligations and conflicts: what cannot be said denies, wherever it stands."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from atoll.policy.odrl import (
    Conflict,
    Constraint,
    Deontic,
    Duty,
    Join,
    LogicalConstraint,
    Observed,
    Operand,
    Operator,
    Performance,
    Policy,
    TermRule,
    Use,
    evaluate,
    holds,
    judge,
)
from atoll.policy.odrl.evaluate import binds
from atoll.policy.odrl.logic import JOINED, Truth
from atoll.policy.odrl.profile import ACTIONS, FORBIDDEN_BY, PERMITTED_BY
from atoll.policy.odrl.values import WIDEST_ZONE_SECONDS, parse_time

YES = Constraint(left=Operand.PURPOSE, operator=Operator.EQ, right=("credit-check",))
NO = Constraint(left=Operand.PURPOSE, operator=Operator.EQ, right=("marketing",))
ODD = Constraint(left=Operand.SPATIAL, operator=Operator.EQ, right=("CN",))
OF = {True: YES, False: NO, None: ODD}
VALUES: dict[Operand, Observed] = {Operand.PURPOSE: frozenset({"credit-check"}), Operand.DATE_TIME: 1_767_225_600}
PLAIN = TermRule(action="use", constraints=())


def rule(*constraints: Constraint, **changes: Any) -> TermRule:
    return TermRule(**{"action": "use", "constraints": constraints} | changes)


def permits(policy: Policy, **performed: Performance) -> bool:
    """The answer; `judge` and the reasons of `evaluate` agree on it."""
    use = Use("use", VALUES, performed=performed)
    answer = judge(policy, use).permits
    assert answer is all(one.holds for one in evaluate(policy, use))
    return answer


# -- groups --------------------------------------------------------------------------------------------------------------------

TRUTHS: tuple[Truth, ...] = (True, False, None)
TWO: dict[Join, dict[tuple[Truth, Truth], Truth]] = {
    Join.AND: {(True, True): True, (True, None): None, (None, True): None, (None, None): None},
    Join.OR: {(False, False): False, (False, None): None, (None, False): None, (None, None): None},
    Join.XONE: {
        (True, True): False,
        (True, False): True,
        (False, True): True,
        (False, False): False,
        **dict.fromkeys([(True, None), (None, True), (False, None), (None, False), (None, None)]),
    },
    Join.AND_SEQUENCE: {(True, True): True, (True, None): None, **dict.fromkeys([(None, one) for one in TRUTHS])},
}
ELSE: dict[Join, Truth] = {Join.AND: False, Join.OR: True, Join.AND_SEQUENCE: False}


@pytest.mark.parametrize("pair", list(itertools.product(TRUTHS, TRUTHS)))
@pytest.mark.parametrize("join", list(Join))
def test_a_group_of_two_is_what_the_table_says(join: Join, pair: tuple[Truth, Truth]) -> None:
    expected = TWO[join].get(pair, ELSE.get(join))
    assert JOINED[join](pair) is expected
    group = LogicalConstraint(join=join, constraints=tuple(OF[one] for one in pair))
    assert permits(Policy(permissions=(rule(groups=(group,)),))) is (expected is True)
    assert permits(Policy(permissions=(PLAIN,), prohibitions=(rule(groups=(group,)),))) is (expected is False)


def test_two_of_three_in_a_xone_are_too_many_whatever_the_third_is() -> None:
    assert JOINED[Join.XONE]([True, None, True]) is False
    assert JOINED[Join.XONE]([False, None, True]) is None


def test_in_a_xone_what_holds_for_some_values_does_not_count_as_no() -> None:
    """Columns a and b: the second condition holds for b, so it cannot be said that exactly the first does."""
    first = Constraint(left=Operand.COLUMNS, operator=Operator.IS_ANY_OF, right=("a", "b"))
    second = Constraint(left=Operand.COLUMNS, operator=Operator.IS_ANY_OF, right=("b",))
    group = LogicalConstraint(join=Join.XONE, constraints=(first, second))
    policy = Policy(permissions=(rule(groups=(group,)),))
    assert not judge(policy, Use("use", {Operand.COLUMNS: frozenset({"a", "b"})})).permits
    assert judge(policy, Use("use", {Operand.COLUMNS: frozenset({"a"})})).permits


def test_groups_in_groups_are_looked_at() -> None:
    inner = LogicalConstraint(join=Join.OR, constraints=(NO, ODD))
    assert not permits(Policy(permissions=(rule(groups=(LogicalConstraint(join=Join.AND, groups=(inner,)),)),)))
    fitting = LogicalConstraint(join=Join.OR, constraints=(NO, YES))
    assert permits(Policy(permissions=(rule(groups=(LogicalConstraint(join=Join.AND, groups=(fitting,)),)),)))


def test_an_empty_group_says_nothing() -> None:
    for join in Join:
        assert not permits(Policy(permissions=(rule(groups=(LogicalConstraint(join=join),)),)))
        assert not permits(Policy(permissions=(PLAIN,), prohibitions=(rule(groups=(LogicalConstraint(join=join),)),)))


def test_a_group_is_explained_with_its_members() -> None:
    group = LogicalConstraint(join=Join.XONE, constraints=(NO, ODD))
    reasons = evaluate(Policy(permissions=(rule(groups=(group,)),)), Use("use", VALUES))
    assert (reasons[1].constraint, reasons[1].wanted, reasons[1].observed, reasons[1].holds) == (
        "permission 0: xone",
        "xone: purpose eq marketing; spatial eq CN",
        "purpose credit-check; spatial nothing said",
        False,
    )


# -- assumed constraints -------------------------------------------------------------------------------------------------------

OUTPUTS = Constraint(left=Operand.OUTPUTS, operator=Operator.IS_ANY_OF, right=("rows",))


@pytest.mark.parametrize(
    ("join", "members", "bound"),
    [
        (Join.AND, (OUTPUTS, YES), True),
        (Join.AND_SEQUENCE, (OUTPUTS, YES), True),
        (Join.OR, (OUTPUTS, YES), False),
        (Join.XONE, (OUTPUTS, YES), False),
        (Join.OR, (OUTPUTS, OUTPUTS), True),
        (Join.OR, (), False),
    ],
)
def test_an_operand_is_bound_only_where_every_way_to_hold_looks_at_it(
    join: Join, members: tuple[Constraint, ...], bound: bool
) -> None:
    """Else an `or` that names an output in one branch would permit every output in the other."""
    group = LogicalConstraint(join=join, constraints=members)
    assert binds((), (group,), Operand.OUTPUTS) is bound
    assert binds((), (LogicalConstraint(join=Join.AND, groups=(group,)),), Operand.OUTPUTS) is bound


def test_an_output_named_in_one_branch_does_not_permit_all_in_the_other() -> None:
    group = LogicalConstraint(join=Join.OR, constraints=(OUTPUTS, YES))
    only = Constraint(left=Operand.OUTPUTS, operator=Operator.IS_ANY_OF, right=("identifiers",))
    policy = Policy(permissions=(rule(groups=(group,)),))
    use = Use("use", VALUES | {Operand.OUTPUTS: frozenset({"cardinality"})})
    assert not judge(policy, use, assumed=(only,)).permits


# -- actions, parties, targets -------------------------------------------------------------------------------------------------


def test_an_action_that_nobody_knows_denies_on_either_side() -> None:
    policy = Policy(permissions=(PLAIN,), prohibitions=(rule(action="dance"),))
    assert not judge(policy, Use("use", VALUES)).permits
    assert not judge(Policy(permissions=(rule(action="dance"),)), Use("dance", VALUES)).permits
    assert not judge(Policy(permissions=(PLAIN,)), Use("dance", VALUES)).permits


def test_to_permit_a_use_is_not_to_permit_a_separate_right_and_to_prohibit_it_is() -> None:
    for action in ("derive", "aggregate", "extract", "anonymize", "distribute", "grantUse", "delete", "manage"):
        assert not judge(Policy(permissions=(PLAIN,)), Use(action, VALUES)).permits
        both = Policy(permissions=(rule(action=action),), prohibitions=(PLAIN,))
        assert not judge(both, Use(action, VALUES)).permits
    assert judge(Policy(permissions=(rule(action="sell"),), prohibitions=(PLAIN,)), Use("sell", VALUES)).permits
    assert not judge(
        Policy(permissions=(rule(action="sell"),), prohibitions=(rule(action="transfer"),)), Use("sell", {})
    ).permits


def test_what_is_permitted_could_always_be_prohibited() -> None:
    assert all(PERMITTED_BY[one] <= FORBIDDEN_BY[one] for one in ACTIONS)


BANK_ASKS = Use(
    "use",
    VALUES,
    parties=frozenset({"bank"}),
    targets=frozenset({"files"}),
    is_party={"bank", "telecom"}.__contains__,
    is_target={"files", "lines"}.__contains__,
)


def test_a_rule_of_somebody_or_something_else_does_not_apply() -> None:
    use = BANK_ASKS
    for named in ({"assignee": "bank"}, {"target": "files"}):
        assert judge(Policy(permissions=(rule(**named),)), use).permits
        assert not judge(Policy(permissions=(PLAIN,), prohibitions=(rule(**named),)), use).permits
    for named in ({"assignee": "telecom"}, {"target": "lines"}):
        assert not judge(Policy(permissions=(rule(**named),)), use).permits
        assert judge(Policy(permissions=(PLAIN,), prohibitions=(rule(**named),)), use).permits


@pytest.mark.parametrize("named", [{"assignee": "did:web:bank"}, {"target": "urn:files"}])
def test_a_name_that_nobody_knows_may_be_this_one_so_it_prohibits_and_permits_nothing(named: dict[str, str]) -> None:
    assert not judge(Policy(permissions=(rule(**named),)), BANK_ASKS).permits
    assert not judge(Policy(permissions=(PLAIN,), prohibitions=(rule(**named),)), BANK_ASKS).permits


# -- conflicts -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("conflict", "answer"), [(Conflict.PROHIBIT, False), (Conflict.PERM, True), (Conflict.INVALID, False)])
def test_where_both_cover_a_use_the_strategy_decides(conflict: Conflict, answer: bool) -> None:
    assert permits(Policy(permissions=(PLAIN,), prohibitions=(PLAIN,), conflict=conflict)) is answer


@pytest.mark.parametrize("conflict", list(Conflict))
def test_no_strategy_permits_what_no_permission_covers(conflict: Conflict) -> None:
    assert not permits(Policy(permissions=(rule(NO),), prohibitions=(), conflict=conflict))
    assert not permits(Policy(permissions=(rule(ODD),), prohibitions=(PLAIN,), conflict=conflict))
    assert not permits(Policy(prohibitions=(rule(NO),), conflict=conflict))


# -- duties --------------------------------------------------------------------------------------------------------------------

PAY = Duty(
    uid="pay", action="compensate", constraints=(Constraint(left=Operand.PAY_AMOUNT, operator=Operator.GTEQ, right=("5.00",)),)
)
WITH_DUTY = Policy(permissions=(rule(duties=(PAY,)),))


def done(amount: int) -> Performance:
    return Performance(done=True, values={Operand.PAY_AMOUNT: amount})


def test_a_permission_waits_for_its_duty() -> None:
    assert not permits(WITH_DUTY)
    assert not permits(WITH_DUTY, other=done(5))
    assert not permits(WITH_DUTY, pay=Performance(done=False))
    assert permits(WITH_DUTY, pay=done(5))


def test_a_duty_is_done_as_it_says_or_not_at_all() -> None:
    assert not permits(WITH_DUTY, pay=done(4))
    assert not permits(WITH_DUTY, pay=Performance(done=True))
    (permission,) = judge(WITH_DUTY, Use("use", VALUES, performed={"pay": done(4)})).permissions
    assert (permission.duties[0].performed, permission.duties[0].deontic) == (False, Deontic.NOT_SET)


@pytest.mark.parametrize(("when", "waits"), [(YES, True), (ODD, True), (NO, False)])
def test_a_duty_that_surely_does_not_apply_keeps_nobody_waiting(when: Constraint, waits: bool) -> None:
    duty = Duty(uid="pay", action="compensate", constraints=(when,))
    assert permits(Policy(permissions=(rule(duties=(duty,)),))) is not waits


def test_a_duty_done_late_brings_its_consequence() -> None:
    fine = Duty(uid="fine", action="compensate")
    policy = Policy(permissions=(rule(duties=(Duty(uid="pay", action="compensate", consequences=(fine,)),)),))
    late = Performance(done=True, overdue=True)
    assert permits(policy, pay=Performance(done=True))
    assert not permits(policy, pay=late)
    assert permits(policy, pay=late, fine=Performance(done=True))
    assert not permits(policy, pay=Performance(done=False, overdue=True), fine=Performance(done=True))


def test_an_obligation_denies_once_it_was_broken() -> None:
    policy = Policy(permissions=(PLAIN,), obligations=(Duty(uid="erase", action="delete"),))
    assert permits(policy)
    assert permits(policy, erase=Performance(done=True))
    assert not permits(policy, erase=Performance(done=False, overdue=True))
    assert not permits(
        Policy(permissions=(PLAIN,), obligations=policy.obligations, conflict=Conflict.PERM),
        erase=Performance(done=False, overdue=True),
    )


def test_a_remedy_makes_good_and_permits_nothing() -> None:
    policy = Policy(permissions=(PLAIN,), prohibitions=(rule(duties=(Duty(uid="fine", action="compensate"),)),))
    assert not permits(policy, fine=Performance(done=True))
    (prohibition,) = judge(policy, Use("use", VALUES, performed={"fine": Performance(done=True)})).prohibitions
    assert prohibition.duties[0].deontic is Deontic.FULFILLED


# -- time ----------------------------------------------------------------------------------------------------------------------

NEW_YEAR = 1_767_225_600


def at(operator: Operator, text: str, now: int) -> bool | None:
    return holds(Constraint(left=Operand.DATE_TIME, operator=operator, right=(text,)), now)


def test_the_last_second_of_a_term_is_in_it_and_the_next_is_not() -> None:
    end = "2026-01-01T00:00:00Z"
    assert [at(Operator.LTEQ, end, NEW_YEAR + one) for one in (-1, 0, 1)] == [True, True, False]
    assert [at(Operator.LT, end, NEW_YEAR + one) for one in (-1, 0, 1)] == [True, False, False]
    assert [at(Operator.EQ, "2026-01-01T00:00:00.500Z", NEW_YEAR + one) for one in (0, 1)] == [False, False]
    assert at(Operator.LT, "2026-01-01T00:00:00.500Z", NEW_YEAR) is True


@pytest.mark.parametrize("text", ["2026-01-01T08:00:00+08:00", "2025-12-31T19:00:00-05:00", "2026-01-01T05:30:00+05:30"])
def test_a_time_is_the_same_in_every_zone(text: str) -> None:
    assert parse_time(text) == (NEW_YEAR, NEW_YEAR)


def test_a_time_without_a_zone_may_be_any_of_them_and_what_may_be_denies() -> None:
    text, edge = "2026-01-01T00:00:00", WIDEST_ZONE_SECONDS
    assert [at(Operator.LTEQ, text, NEW_YEAR + one) for one in (-edge, 1 - edge, 0, edge, edge + 1)] == [
        True,
        None,
        None,
        None,
        False,
    ]
    assert at(Operator.EQ, text, NEW_YEAR) is None
    assert at(Operator.NEQ, text, NEW_YEAR) is None
    assert at(Operator.EQ, text, NEW_YEAR + edge + 1) is False
    assert parse_time("2026-01-01") == parse_time(text)
    assert parse_time("2026-01-01Z") == (NEW_YEAR, NEW_YEAR)


@pytest.mark.parametrize(("text", "seconds"), [("P1D", 86_400), ("PT36H", 129_600), ("P1DT1S", 86_401), ("3600", 3600)])
def test_a_length_of_time_is_compared_in_seconds(text: str, seconds: int) -> None:
    one = Constraint(left=Operand.ELAPSED_TIME, operator=Operator.LTEQ, right=(text,))
    assert [holds(one, seconds + more) for more in (0, 1)] == [True, False]
