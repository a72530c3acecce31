"""Terms of any shape: more conditions never permit more, and a use that a rule would permit the same rule would prohibit."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.policy.odrl import Observed, Use, evaluate, holds
from atoll.policy.terms import Constraint, GrantTerms, Operand, Operator, TermRule

words = st.sampled_from(["a", "b", "c", "1", "2", "10", "-1", "x1"])
constraints = st.builds(
    Constraint,
    left=st.sampled_from(Operand),
    operator=st.sampled_from(Operator),
    right=st.lists(words, min_size=1, max_size=3).map(tuple),
)
rules = st.builds(
    TermRule, action=st.sampled_from(["use", "use", "read"]), constraints=st.lists(constraints, max_size=3).map(tuple)
)
observations: st.SearchStrategy[Observed] = st.one_of(st.frozensets(words, max_size=3), st.integers(0, 12))
uses = st.builds(Use, st.just("use"), st.dictionaries(st.sampled_from(Operand), observations))
terms = st.builds(
    GrantTerms,
    salt=st.just(bytes(32)),
    grant=st.just(bytes(16)),
    assigner=st.just("bureau"),
    assignee=st.just("bank"),
    target=st.just("bureau/files/1"),
    permissions=st.lists(rules, min_size=1, max_size=3).map(tuple),
    prohibitions=st.lists(rules, max_size=2).map(tuple),
)


def permits(given_terms: GrantTerms, use: Use) -> bool:
    return all(one.holds for one in evaluate(given_terms, use))


@settings(max_examples=40, deadline=None)
@given(terms, rules, uses)
def test_a_further_prohibition_never_permits_more(some: GrantTerms, rule: TermRule, use: Use) -> None:
    more = replace(some, prohibitions=(*some.prohibitions, rule))
    assert permits(some, use) or not permits(more, use)


@settings(max_examples=40, deadline=None)
@given(terms, rules, uses)
def test_a_further_permission_never_permits_less(some: GrantTerms, rule: TermRule, use: Use) -> None:
    more = replace(some, permissions=(*some.permissions, rule))
    assert permits(more, use) or not permits(some, use)


@settings(max_examples=40, deadline=None)
@given(terms, constraints, uses)
def test_a_further_constraint_on_every_permission_never_permits_more(
    some: GrantTerms, constraint: Constraint, use: Use
) -> None:
    narrower = tuple(replace(one, constraints=(*one.constraints, constraint)) for one in some.permissions)
    assert permits(some, use) or not permits(replace(some, permissions=narrower), use)


@settings(deadline=None)
@given(rules, uses)
def test_what_a_rule_permits_the_same_rule_prohibits(rule: TermRule, use: Use) -> None:
    base = GrantTerms(
        salt=bytes(32),
        grant=bytes(16),
        assigner="bureau",
        assignee="bank",
        target="bureau/files/1",
        permissions=(rule,),
        prohibitions=(),
    )
    if permits(base, use):
        assert not permits(replace(base, permissions=(TermRule(action="use", constraints=()),), prohibitions=(rule,)), use)


@settings(deadline=None)
@given(constraints, words)
def test_of_a_single_value_a_set_operator_says_yes_or_no(constraint: Constraint, value: str) -> None:
    verdict = holds(constraint, frozenset({value}))
    single = len(set(constraint.right)) == 1
    opposite = {Operator.EQ: Operator.NEQ, Operator.IS_ANY_OF: Operator.IS_NONE_OF}.get(constraint.operator)
    if single and opposite is not None and verdict is not None:
        assert holds(replace(constraint, operator=opposite), frozenset({value})) is not verdict
