"""The evaluator against a slow one that reads value by value: they permit the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.policy.odrl import (
    Constraint,
    Join,
    LogicalConstraint,
    Observed,
    Operand,
    Operator,
    Policy,
    TermRule,
    Use,
    evaluate,
    judge,
)
from tests.property.reference import load_oracle

oracle: Any = load_oracle("odrl")
OPERANDS = [Operand.PURPOSE, Operand.COLUMNS, Operand.ADVERSARY_MODEL, Operand.ROWS, Operand.DATE_TIME, Operand.SPATIAL]
words = st.sampled_from(["a", "b", "a/b", "a-b", "semi-honest", "malicious", "1", "2", "10", "-1", "x"])
atoms = st.builds(
    Constraint,
    left=st.sampled_from(OPERANDS),
    operator=st.sampled_from(Operator),
    right=st.lists(words, min_size=1, max_size=2, unique=True).map(tuple),
)
leaves = st.builds(
    LogicalConstraint, join=st.sampled_from(Join), constraints=st.lists(atoms, max_size=3).map(tuple), groups=st.just(())
)
groups = st.builds(
    LogicalConstraint,
    join=st.sampled_from(Join),
    constraints=st.lists(atoms, max_size=2).map(tuple),
    groups=st.lists(leaves, max_size=2).map(tuple),
)
rules = st.builds(
    TermRule,
    action=st.just("use"),
    constraints=st.lists(atoms, max_size=2).map(tuple),
    groups=st.lists(groups, max_size=1).map(tuple),
)
observations: st.SearchStrategy[Observed] = st.one_of(st.frozensets(words, max_size=3), st.integers(0, 12))
values = st.dictionaries(st.sampled_from(OPERANDS), observations)
policies = st.builds(
    Policy, permissions=st.lists(rules, min_size=1, max_size=2).map(tuple), prohibitions=st.lists(rules, max_size=1).map(tuple)
)


def tree(one: Constraint | LogicalConstraint) -> Any:
    if isinstance(one, Constraint):
        return (one.left.value, one.operator.value, one.right)
    return (one.join.value, [*map(tree, one.constraints), *map(tree, one.groups)])


def trees(listed: tuple[TermRule, ...]) -> list[list[Any]]:
    return [[*map(tree, rule.constraints), *map(tree, rule.groups)] for rule in listed]


@settings(max_examples=150, deadline=None)
@given(policies, values)
def test_the_evaluator_permits_what_the_oracle_permits(policy: Policy, seen: dict[Operand, Observed]) -> None:
    plain = {operand.value: value for operand, value in seen.items()}
    assert judge(policy, Use("use", seen)).permits is oracle.permits(
        trees(policy.permissions), trees(policy.prohibitions), plain
    )


@settings(max_examples=80, deadline=None)
@given(policies, values)
def test_reasons_hold_exactly_where_the_report_permits(policy: Policy, seen: dict[Operand, Observed]) -> None:
    use = Use("use", seen)
    assert judge(policy, use).permits is all(one.holds for one in evaluate(policy, use))
