"""Templates: every one there is makes a policy of the profile, and a hole takes only what belongs there."""

from __future__ import annotations

import pytest

from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl import Observed, Operand, Use, judge
from atoll.policy.odrl.check import find_problems
from atoll.policy.odrl.jsonld import parse_policy_json
from atoll.policy.templates import HoleKind, load_template, template_names

NAMES = ["cardinality-only", "credit-check", "research", "statistics-with-dp"]
SOME = {
    HoleKind.NAME: "malicious",
    HoleKind.NAMES: "id, name",
    HoleKind.NUMBER: "7",
    HoleKind.DECIMAL: "0.5",
    HoleKind.TIME: "2027-01-01T00:00:00Z",
}
WRONG = {
    HoleKind.NAME: "malicious,semi-honest",
    HoleKind.NAMES: "id,,name",
    HoleKind.NUMBER: "7.5",
    HoleKind.DECIMAL: "1e3",
    HoleKind.TIME: "1767225600",
}


def test_these_templates_are_there() -> None:
    assert list(template_names()) == NAMES
    with pytest.raises(PolicyRefused, match="there is no template"):
        load_template("../secrets")


@pytest.mark.parametrize("name", NAMES)
def test_a_filled_template_is_a_policy_without_a_problem(name: str) -> None:
    template = load_template(name)
    policy = parse_policy_json(template.fill({one.name: SOME[one.kind] for one in template.holes}))
    assert list(find_problems(policy)) == []
    required = {one.name: SOME[one.kind] for one in template.holes if not one.default}
    assert parse_policy_json(template.fill(required)).permissions


@pytest.mark.parametrize("name", NAMES)
def test_a_hole_takes_only_what_belongs_there(name: str) -> None:
    template = load_template(name)
    fitting = {one.name: SOME[one.kind] for one in template.holes}
    for hole in template.holes:
        with pytest.raises(PolicyRefused, match=f"is no {hole.kind} for {hole.name}"):
            template.fill(fitting | {hole.name: WRONG[hole.kind]})
        if not hole.default:
            with pytest.raises(PolicyRefused, match=f"{hole.name} must be said"):
                template.fill({key: value for key, value in fitting.items() if key != hole.name})
    with pytest.raises(PolicyRefused, match="it has no place for colour"):
        template.fill(fitting | {"colour": "red"})


def test_exact_counts_are_not_permitted_by_statistics_with_noise() -> None:
    policy = parse_policy_json(load_template("statistics-with-dp").fill({"columns": "id", "epsilon": "0.5"}))
    noisy: dict[Operand, Observed] = {
        Operand.PURPOSE: frozenset({"statistics/labour"}),
        Operand.OUTPUTS: frozenset({"cardinality"}),
        Operand.COLUMNS: frozenset({"id"}),
        Operand.EPSILON: 500_000,
    }
    assert judge(policy, Use("use", noisy)).permits
    assert not judge(policy, Use("use", noisy | {Operand.EPSILON: 500_001})).permits
    assert not judge(policy, Use("use", {key: value for key, value in noisy.items() if key is not Operand.EPSILON})).permits
