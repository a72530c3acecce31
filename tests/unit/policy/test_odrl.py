"""Terms of grants: every operator on every kind of operand; what is not understood denies."""

from __future__ import annotations

from typing import Any

import pytest

from atoll.policy.odrl import Observed, Use, evaluate, holds, show
from atoll.policy.odrl.profile import OPERATORS, PROFILE, Kind
from atoll.policy.terms import Constraint, GrantTerms, Operand, Operator, TermRule

FLAT = [one for one, profile in PROFILE.items() if profile.kind is Kind.NAMES]
TREES = [one for one, profile in PROFILE.items() if profile.kind is Kind.TREE]
NAMES = [*FLAT, *TREES]
NUMBERS = [one for one, profile in PROFILE.items() if profile.kind in (Kind.NUMBER, Kind.DECIMAL, Kind.TIME, Kind.DURATION)]
ORDER = [Operator.LT, Operator.LTEQ, Operator.TERM_LTEQ, Operator.GT, Operator.GTEQ]
SETS = [Operator.IS_ANY_OF, Operator.IS_NONE_OF, Operator.IS_ALL_OF]
PARTS = [Operator.IS_A, Operator.IS_PART_OF, Operator.HAS_PART]
USE: dict[Operand, Observed] = {
    Operand.PURPOSE: frozenset({"credit-check"}),
    Operand.COLUMNS: frozenset({"id", "income"}),
    Operand.COUNTERPARTIES: frozenset({"bank", "telecom"}),
    Operand.COUNT: 3,
    Operand.ROWS: 1000,
}


def constraint(left: Operand, operator: Operator, *right: str) -> Constraint:
    return Constraint(left=left, operator=operator, right=right)


def terms(*permissions: TermRule, prohibitions: tuple[TermRule, ...] = ()) -> GrantTerms:
    return GrantTerms(
        salt=bytes(32),
        grant=bytes(16),
        assigner="bureau",
        assignee="bank",
        target="bureau/files/1",
        permissions=permissions or (rule(),),
        prohibitions=prohibitions,
    )


def rule(*constraints: Constraint, action: str = "use") -> TermRule:
    return TermRule(action=action, constraints=constraints)


def permits(given: GrantTerms, action: str = "use", **changes: Any) -> bool:
    values = USE | {Operand[name.upper()]: value for name, value in changes.items()}
    return all(one.holds for one in evaluate(given, Use(action, values)))


# -- operators on names --------------------------------------------------------------------------------------------------------

ON_NAMES: list[tuple[Operator, tuple[str, ...], set[str], bool | None]] = [
    (Operator.EQ, ("a",), {"a"}, True),
    (Operator.EQ, ("a",), {"b"}, False),
    (Operator.EQ, ("a",), {"a", "b"}, None),
    (Operator.EQ, ("a", "b"), {"b", "a"}, True),
    (Operator.EQ, ("a",), set(), False),
    (Operator.NEQ, ("a",), {"b"}, True),
    (Operator.NEQ, ("a",), {"a"}, False),
    (Operator.NEQ, ("a",), {"a", "b"}, None),
    (Operator.IS_ANY_OF, ("a", "b"), {"a"}, True),
    (Operator.IS_ANY_OF, ("a", "b"), {"a", "b"}, True),
    (Operator.IS_ANY_OF, ("a", "b"), {"c"}, False),
    (Operator.IS_ANY_OF, ("a", "b"), {"a", "c"}, None),
    (Operator.IS_ANY_OF, ("a",), set(), False),
    (Operator.IS_NONE_OF, ("a", "b"), {"c"}, True),
    (Operator.IS_NONE_OF, ("a", "b"), {"b", "a"}, False),
    (Operator.IS_NONE_OF, ("a", "b"), {"b", "c"}, None),
    (Operator.IS_NONE_OF, ("a", "b"), set(), True),
    (Operator.IS_ALL_OF, ("a", "b"), {"a", "b", "c"}, True),
    (Operator.IS_ALL_OF, ("a", "b"), {"a"}, False),
    *((operator, ("a",), {"a"}, None) for operator in ORDER),
]


@pytest.mark.parametrize(("operator", "right", "observed", "expected"), ON_NAMES)
@pytest.mark.parametrize("left", NAMES)
def test_a_constraint_on_names_holds_for_all_of_them_for_none_or_cannot_be_said(
    left: Operand, operator: Operator, right: tuple[str, ...], observed: set[str], expected: bool | None
) -> None:
    assert holds(constraint(left, operator, *right), frozenset(observed)) is expected


@pytest.mark.parametrize("operator", PARTS)
@pytest.mark.parametrize("left", FLAT)
def test_names_without_a_tree_have_no_parts(left: Operand, operator: Operator) -> None:
    assert holds(constraint(left, operator, "a"), frozenset({"a"})) is None


ON_TREES: list[tuple[Operand, Operator, tuple[str, ...], set[str], bool | None]] = [
    (Operand.PURPOSE, Operator.IS_A, ("research",), {"research"}, True),
    (Operand.PURPOSE, Operator.IS_A, ("research",), {"research/medical"}, True),
    (Operand.PURPOSE, Operator.IS_A, ("research",), {"researching"}, False),
    (Operand.PURPOSE, Operator.IS_A, ("research/medical",), {"research"}, False),
    (Operand.SPATIAL, Operator.IS_PART_OF, ("CN", "SG"), {"CN-31"}, True),
    (Operand.SPATIAL, Operator.IS_PART_OF, ("CN",), {"CN-31", "US"}, None),
    (Operand.SPATIAL, Operator.IS_PART_OF, ("CN",), {"CNN"}, False),
    (Operand.SPATIAL, Operator.IS_PART_OF, ("CN",), set(), False),
    (Operand.SPATIAL, Operator.HAS_PART, ("CN-31",), {"CN"}, True),
    (Operand.SPATIAL, Operator.HAS_PART, ("CN",), {"CN-31"}, False),
    (Operand.SPATIAL, Operator.HAS_PART, ("CN-31", "US"), {"CN"}, False),
    (Operand.INDUSTRY, Operator.IS_PART_OF, ("J",), {"J66"}, True),
    (Operand.INDUSTRY, Operator.IS_PART_OF, ("J66",), {"J67"}, False),
]


@pytest.mark.parametrize(("left", "operator", "right", "observed", "expected"), ON_TREES)
def test_parts_are_part_of_what_their_names_begin_with(
    left: Operand, operator: Operator, right: tuple[str, ...], observed: set[str], expected: bool | None
) -> None:
    assert holds(constraint(left, operator, *right), frozenset(observed)) is expected


# -- operators on numbers ------------------------------------------------------------------------------------------------------

ON_NUMBERS: dict[Operator, tuple[bool | None, bool | None, bool | None]] = {
    Operator.EQ: (False, True, False),
    Operator.NEQ: (True, False, True),
    Operator.LT: (True, False, False),
    Operator.LTEQ: (True, True, False),
    Operator.TERM_LTEQ: (True, True, False),
    Operator.GT: (False, False, True),
    Operator.GTEQ: (False, True, True),
    **dict.fromkeys((*SETS, *PARTS), (None, None, None)),
}
"""For 9, 10 and 11 against 10."""


@pytest.mark.parametrize("operator", list(Operator))
@pytest.mark.parametrize("left", NUMBERS)
def test_a_constraint_on_a_number_compares_it_as_a_number(left: Operand, operator: Operator) -> None:
    found = tuple(holds(constraint(left, operator, "10"), observed) for observed in (9, 10, 11))
    assert found == ON_NUMBERS[operator]


@pytest.mark.parametrize("left", list(Operand))
def test_an_operator_outside_its_operands_list_says_nothing(left: Operand) -> None:
    kind = PROFILE[left].kind
    right = {Kind.RANKED: "malicious", Kind.TIME: "2026-01-01Z", Kind.DURATION: "P1D"}.get(kind, "1")
    observed: Observed = 1 if left in NUMBERS else frozenset({right})
    said = {one for one in Operator if holds(constraint(left, one, right), observed) is not None}
    assert said == OPERATORS[kind]


def test_every_operator_and_every_operand_was_asked() -> None:
    assert set(ON_NUMBERS) == set(Operator) == {*(one[0] for one in ON_NAMES), *PARTS}
    assert {*NAMES, *NUMBERS, Operand.ADVERSARY_MODEL} == set(Operand) == set(PROFILE)


@pytest.mark.parametrize("right", ["ten", "10.0", "-1", "+1", " 1", "1 ", "1e3", "0x10", "\u0661\u0660", "\u00b2", "1_0"])
def test_a_number_that_does_not_parse_can_say_neither_yes_nor_no(right: str) -> None:
    assert holds(constraint(Operand.COUNT, Operator.LTEQ, right), 0) is None


def test_two_numbers_are_no_number() -> None:
    assert holds(constraint(Operand.COUNT, Operator.LTEQ, "1", "2"), 0) is None


def test_a_long_number_is_still_a_number() -> None:
    assert holds(constraint(Operand.ROWS, Operator.LT, "9" * 120), 10**50) is True
    assert holds(constraint(Operand.ROWS, Operator.LTEQ, "007"), 7) is True


@pytest.mark.parametrize("left", NAMES)
def test_a_number_where_names_belong_says_nothing(left: Operand) -> None:
    assert holds(constraint(left, Operator.EQ, "1"), 1) is None


def test_an_operand_that_the_use_does_not_have_says_nothing() -> None:
    assert all(holds(constraint(Operand.SPATIAL, operator, "eu"), None) is None for operator in Operator)


# -- the adversary model -------------------------------------------------------------------------------------------------------

SEMI_HONEST, MALICIOUS = "semi-honest", "malicious"
ON_MODELS: dict[Operator, tuple[bool | None, bool | None]] = {
    Operator.EQ: (False, True),
    Operator.NEQ: (True, False),
    Operator.LT: (True, False),
    Operator.LTEQ: (True, True),
    Operator.TERM_LTEQ: (True, True),
    Operator.GT: (False, False),
    Operator.GTEQ: (False, True),
    Operator.IS_ANY_OF: (False, True),
    Operator.IS_NONE_OF: (True, False),
    Operator.IS_ALL_OF: (False, True),
    **dict.fromkeys(PARTS, (None, None)),
}
"""For semi-honest and malicious against malicious."""


@pytest.mark.parametrize("operator", list(Operator))
def test_adversary_models_are_ordered_and_compared_as_names_too(operator: Operator) -> None:
    wanted = constraint(Operand.ADVERSARY_MODEL, operator, MALICIOUS)
    assert tuple(holds(wanted, frozenset({model})) for model in (SEMI_HONEST, MALICIOUS)) == ON_MODELS[operator]


@pytest.mark.parametrize("operator", list(Operator))
@pytest.mark.parametrize(
    ("right", "observed"),
    [(("malicous",), {MALICIOUS}), ((MALICIOUS,), {"honest-majority"}), ((MALICIOUS,), set())],
)
def test_a_model_outside_the_closed_list_says_nothing_and_so_denies(
    operator: Operator, right: tuple[str, ...], observed: set[str]
) -> None:
    one = constraint(Operand.ADVERSARY_MODEL, operator, *right)
    assert holds(one, frozenset(observed)) is None
    assert not permits(terms(rule(one)), adversary_model=frozenset(observed))
    assert not permits(terms(prohibitions=(rule(one),)), adversary_model=frozenset(observed))


@pytest.mark.parametrize("operator", [Operator.LT, Operator.LTEQ, Operator.GT, Operator.GTEQ])
def test_what_three_compute_nodes_withstand_stands_neither_above_nor_below_what_two_parties_do(operator: Operator) -> None:
    for wanted, chain in ((MALICIOUS, "honest-majority-"), (f"honest-majority-{MALICIOUS}", "")):
        for model in (SEMI_HONEST, MALICIOUS):
            one = constraint(Operand.ADVERSARY_MODEL, operator, wanted)
            assert holds(one, frozenset({chain + model})) is None
    within = constraint(Operand.ADVERSARY_MODEL, operator, "honest-majority-semi-honest")
    assert holds(within, frozenset({"honest-majority-malicious"})) is (operator in (Operator.GT, Operator.GTEQ))


def test_order_is_asked_of_one_model_and_against_one() -> None:
    assert holds(constraint(Operand.ADVERSARY_MODEL, Operator.GTEQ, SEMI_HONEST, MALICIOUS), frozenset({MALICIOUS})) is None
    assert holds(constraint(Operand.ADVERSARY_MODEL, Operator.GTEQ, SEMI_HONEST), frozenset({SEMI_HONEST, MALICIOUS})) is None


# -- permissions ---------------------------------------------------------------------------------------------------------------


def test_a_permission_without_constraints_covers_every_use_of_its_action() -> None:
    assert permits(terms())
    assert not permits(terms(), action="distribute")


def test_all_the_constraints_of_a_permission_must_hold() -> None:
    fitting = constraint(Operand.PURPOSE, Operator.EQ, "credit-check")
    failing = constraint(Operand.COUNT, Operator.LTEQ, "2")
    assert permits(terms(rule(fitting)))
    assert not permits(terms(rule(fitting, failing)))
    assert not permits(terms(rule(failing, fitting)))


def test_one_covering_permission_is_enough() -> None:
    failing = rule(constraint(Operand.PURPOSE, Operator.EQ, "marketing"))
    assert permits(terms(failing, rule()))
    assert not permits(terms(failing, failing))


@pytest.mark.parametrize(
    "odd",
    [
        constraint(Operand.SPATIAL, Operator.EQ, "eu"),
        constraint(Operand.SPATIAL, Operator.NEQ, "eu"),
        constraint(Operand.EPSILON, Operator.LTEQ, "1"),
        constraint(Operand.COUNT, Operator.IS_ANY_OF, "3"),
        constraint(Operand.COUNT, Operator.LTEQ, "many"),
        constraint(Operand.PURPOSE, Operator.GTEQ, "a"),
    ],
)
def test_what_is_not_understood_denies_in_a_permission_and_in_a_prohibition(odd: Constraint) -> None:
    assert not permits(terms(rule(odd)))
    assert not permits(terms(prohibitions=(rule(odd),)))


def test_the_reasons_name_the_permission_that_came_closest() -> None:
    far = rule(constraint(Operand.COUNT, Operator.LT, "1"), constraint(Operand.ROWS, Operator.LT, "1"))
    near = rule(constraint(Operand.PURPOSE, Operator.EQ, "credit-check"), constraint(Operand.ROWS, Operator.LTEQ, "999"))
    reasons = evaluate(terms(far, near), Use("use", USE))
    assert {one.constraint for one in reasons} == {"permission 1: action", "permission 1: purpose", "permission 1: rows"}
    (failed,) = (one for one in reasons if not one.holds)
    assert (failed.rule, failed.wanted, failed.observed) == ("policy.terms", "lteq 999", "1000")


def test_of_several_covering_permissions_the_first_is_named() -> None:
    assert evaluate(terms(rule(), rule()), Use("use", USE))[0].constraint == "permission 0: action"


# -- prohibitions --------------------------------------------------------------------------------------------------------------


def test_a_prohibition_beats_every_permission() -> None:
    assert not permits(terms(rule(), rule(), prohibitions=(rule(),)))
    failed = next(one for one in evaluate(terms(prohibitions=(rule(),)), Use("use", USE)) if not one.holds)
    assert (failed.rule, failed.wanted) == ("policy.prohibited", "not (always)")


def test_a_prohibition_of_another_action_says_nothing_about_this_one() -> None:
    assert permits(terms(prohibitions=(rule(action="distribute"),)))


def test_a_prohibition_applies_only_where_all_its_constraints_hold() -> None:
    marketing = constraint(Operand.PURPOSE, Operator.EQ, "marketing")
    many = constraint(Operand.COUNT, Operator.GT, "2")
    assert permits(terms(prohibitions=(rule(marketing, many),)))
    assert not permits(terms(prohibitions=(rule(many),)))
    assert not permits(terms(prohibitions=(rule(marketing, many),)), purpose=frozenset({"marketing"}))


def test_any_of_several_prohibitions_suffices() -> None:
    harmless = rule(constraint(Operand.COUNT, Operator.GT, "100"))
    assert permits(terms(prohibitions=(harmless, harmless)))
    assert not permits(terms(prohibitions=(harmless, rule())))


PROHIBITED_COLUMNS: list[tuple[Operator, tuple[str, ...], bool]] = [
    (Operator.IS_ANY_OF, ("income", "health"), False),
    (Operator.IS_ANY_OF, ("health",), True),
    (Operator.EQ, ("income",), False),
    (Operator.EQ, ("health",), True),
    (Operator.IS_NONE_OF, ("id",), False),
    (Operator.IS_NONE_OF, ("id", "income", "name"), True),
    (Operator.NEQ, ("id",), False),
    (Operator.IS_ALL_OF, ("id", "income"), False),
    (Operator.IS_ALL_OF, ("id", "health"), True),
]


@pytest.mark.parametrize(("operator", "right", "permitted"), PROHIBITED_COLUMNS)
def test_a_prohibited_value_is_not_hidden_by_harmless_ones_beside_it(
    operator: Operator, right: tuple[str, ...], permitted: bool
) -> None:
    """The use takes the columns id and income; a prohibition covers it as soon as one of them is prohibited."""
    given = terms(prohibitions=(rule(constraint(Operand.COLUMNS, operator, *right)),))
    assert permits(given) is permitted


def test_one_prohibited_party_among_several_is_enough() -> None:
    given = terms(prohibitions=(rule(constraint(Operand.COUNTERPARTIES, Operator.IS_ANY_OF, "telecom")),))
    assert not permits(given)
    assert permits(given, counterparties=frozenset({"bank"}))
    assert permits(given, counterparties=frozenset())


def test_all_parties_must_be_among_the_permitted() -> None:
    given = terms(rule(constraint(Operand.COUNTERPARTIES, Operator.IS_ANY_OF, "bank")))
    assert not permits(given)
    assert permits(given, counterparties=frozenset({"bank"}))


def test_what_was_observed_is_shown_in_a_fixed_order() -> None:
    assert show(frozenset({"b", "a"})) == "a, b"
    assert show(frozenset()) == "none"
    assert show(None) == "nothing said"
    assert show(0) == "0"
