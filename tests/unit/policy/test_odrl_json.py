"""Policies from outside: what is not known, or can be read in two ways, is refused by its name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl import Conflict, Constraint, Join, Operand, Operator, Use, judge
from atoll.policy.odrl.check import find_problems, verify_policy
from atoll.policy.odrl.document import MAX_POLICY_BYTES
from atoll.policy.odrl.jsonld import parse_policy_json, read_policy
from atoll.policy.odrl.model import MAX_DEPTH, MAX_NODES, Duty, LogicalConstraint, Policy, TermRule
from atoll.policy.odrl.profile import NAMESPACE, ODRL, PROFILE_IRI
from atoll.wire.errors import MessageError

PURPOSE = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "credit-check"}


def policy(*constraints: Any, **changes: Any) -> dict[str, Any]:
    """A policy with one permission."""
    rule: dict[str, Any] = {"action": "use", "constraint": list(constraints)} if constraints else {"action": "use"}
    return {"@type": "Set", "permission": [rule]} | changes


def condition(left: str, operator: str, right: Any) -> dict[str, Any]:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def refusal(document: Any) -> str:
    with pytest.raises(PolicyRefused) as raised:
        parse_policy_json(document)
    return str(raised.value.operands["what"])


# -- what is not known ---------------------------------------------------------------------------------------------------------

UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "operand": (policy(condition("odrl:resolution", "eq", "1")), "there is no operand odrl:resolution"),
    "operand of another vocabulary": (policy(condition("https://a/b", "eq", "1")), "there is no operand https://a/b"),
    "own operand without its namespace": (policy(condition("rows", "lteq", "1")), "there is no operand rows"),
    "no operand": (policy({"operator": "eq", "rightOperand": "1"}), "there is no operand None"),
    "operator": (policy(condition("purpose", "contains", "a")), "there is no operator contains"),
    "operator in another case": (policy(condition("purpose", "EQ", "a")), "there is no operator EQ"),
    "action": (policy() | {"permission": [{"action": "print"}]}, "there is no action print"),
    "own action without its namespace": (policy() | {"permission": [{"action": "manage"}]}, "there is no action manage"),
    "action of a duty": (
        policy() | {"permission": [{"action": "use", "duty": [{"action": "dance"}]}]},
        "there is no action dance",
    ),
    "no action": (policy() | {"permission": [{}]}, "0 actions; a rule has one"),
    "two actions": (policy() | {"permission": [{"action": ["use", "derive"]}]}, "2 actions; a rule has one"),
    "conflict strategy": (policy(conflict="toss"), "there is no conflict strategy toss"),
    "type": (policy() | {"@type": "Ticket"}, "there is no policy of type Ticket"),
    "profile": (policy(profile="https://elsewhere/profile"), "it is written for the profile https://elsewhere/profile"),
    "key of the policy": (policy(inheritFrom="urn:x"), "inheritFrom is not known here"),
    "key of a rule": (policy() | {"permission": [{"action": "use", "function": "x"}]}, "function is not known here"),
    "remedy of a permission": (policy() | {"permission": [{"action": "use", "remedy": []}]}, "remedy is not known here"),
    "key of a constraint": (policy(PURPOSE | {"dataType": "xsd:string"}), "dataType is not known here"),
    "reference on the right": (
        policy({"leftOperand": "purpose", "operator": "eq", "rightOperandReference": "urn:x"}),
        "rightOperandReference is not known here",
    ),
    "two joins": (policy({"and": [PURPOSE], "or": [PURPOSE]}), "or is not known here"),
    "two targets": (policy(target=["urn:a", "urn:b"]), "target is not one identifier"),
    "a party with a refinement": (policy(assignee={"@id": "urn:a", "refinement": []}), "assignee is not one identifier"),
    "a refined permission": (
        policy()
        | {"permission": [{"action": [{"rdf:value": {"@id": "odrl:use"}, "refinement": [condition("payAmount", "eq", "1")]}]}]},
        "an action with a refinement; say it as a constraint",
    ),
    "a prohibition among the permissions": (
        policy() | {"permission": [{"@type": "Prohibition", "action": "use"}]},
        "a thing of type Prohibition here",
    ),
    "a group that says it is a constraint": (
        policy({"@type": "Constraint", "and": [PURPOSE]}),
        "a thing of type Constraint here",
    ),
    "a word with another meaning": (
        policy() | {"@context": [{"odrl": ODRL, "use": "odrl:delete"}]},
        "a context that gives use a meaning of its own",
    ),
    "a prefix with another meaning": (
        policy() | {"@context": {"odrl": "https://elsewhere/"}},
        "a context that gives odrl a meaning of its own",
    ),
    "a context from elsewhere": (
        policy() | {"@context": "https://elsewhere/c.jsonld"},
        "the context https://elsewhere/c.jsonld",
    ),
    "a context inside": (policy(PURPOSE | {"@context": {}}), "@context is not known here"),
    "a rule that is none": (policy() | {"permission": ["use"]}, "use is not an object"),
    "no rules": ({"@type": "Set"}, "it has neither permission nor prohibition"),
    "an operator that does not suit": (policy(condition("purpose", "lt", "z")), "lt says nothing about purpose"),
    "an adversary model": (
        policy(condition("dex:adversaryModel", "gteq", "malicous")),
        "there is no adversary-model malicous",
    ),
    "a group without members": (policy({"xone": []}), "an xone without members"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_the_profile_does_not_know_is_refused_by_its_name(what: str) -> None:
    document, said = UNKNOWN[what]
    assert refusal(document) == said
    assert refusal(json.dumps(document)) == said


def test_everything_that_is_wrong_is_said_at_once() -> None:
    _, problems = read_policy(policy(condition("odrl:a", "eq", "1"), condition("odrl:b", "eq", "1"), conflict="toss"))
    assert [one.what for one in problems] == [
        "there is no conflict strategy toss",
        "there is no operand odrl:a",
        "there is no operand odrl:b",
    ]


def test_names_come_bare_with_a_prefix_or_in_full() -> None:
    short, prefixed, full = (
        policy(condition(f"{one}purpose", f"{one}eq", "a")) | {"permission": [{"action": f"{one}use"}]}
        for one in ("", "odrl:", ODRL)
    )
    assert parse_policy_json(short) == parse_policy_json(prefixed) == parse_policy_json(full)
    own = [parse_policy_json(policy(condition(f"{one}rows", "lteq", "5"))) for one in ("dex:", NAMESPACE)]
    assert own[0] == own[1]
    assert parse_policy_json(policy(profile=PROFILE_IRI)) == parse_policy_json(policy())


def test_a_context_that_says_what_is_meant_anyway_is_passed_over() -> None:
    known = ["http://www.w3.org/ns/odrl.jsonld", {"odrl": ODRL, "dex": NAMESPACE}]
    typed = {"permission": [{"@type": "odrl:Permission", "action": "use", "constraint": [PURPOSE | {"@type": "Constraint"}]}]}
    assert parse_policy_json(policy() | {"@context": known} | typed) == parse_policy_json(policy(PURPOSE))


def test_descriptions_are_passed_over_and_nothing_else() -> None:
    described = policy(PURPOSE) | {"dct:description": "words", "http://purl.org/dc/terms/title": "words"}
    assert parse_policy_json(described) == parse_policy_json(policy(PURPOSE))


# -- numbers and times as text -------------------------------------------------------------------------------------------------

INTEGER, DECIMAL, TIME = "xsd:integer", "xsd:decimal", "xsd:dateTime"
TRAPS: dict[str, tuple[str, Any]] = {
    "a bare number": ("dex:rows", 5),
    "a bare float": ("dex:rows", 5.0),
    "true": ("dex:rows", True),
    "nothing": ("dex:rows", None),
    "an exponent": ("dex:rows", "1e3"),
    "an exponent with a type": ("dex:rows", {"@value": "1e3", "@type": "xsd:double"}),
    "a number in another type": ("dex:rows", {"@value": 5, "@type": INTEGER}),
    "a sign": ("dex:rows", "-1"),
    "a plus": ("dex:rows", "+1"),
    "a blank": ("dex:rows", " 1"),
    "Arabic digits": ("dex:rows", "\u0661\u0660"),
    "full-width digits": ("dex:rows", "\uff11"),
    "a superscript": ("odrl:count", "\u00b2"),
    "an underscore": ("dex:rows", "1_000"),
    "a comma": ("odrl:payAmount", "5,00"),
    "hexadecimal": ("dex:rows", "0x10"),
    "infinity": ("odrl:payAmount", "Infinity"),
    "a date for a number": ("dex:rows", {"@value": "5", "@type": TIME}),
    "a number for a time": ("odrl:dateTime", "1767225600"),
    "an integer for a time": ("odrl:dateTime", {"@value": "2026", "@type": INTEGER}),
    "a day that is none": ("odrl:dateTime", "2026-02-30T00:00:00Z"),
    "an hour that is none": ("odrl:dateTime", "2026-02-01T24:00:00Z"),
    "a zone that is none": ("odrl:dateTime", "2026-02-01T00:00:00+15:00"),
    "a time in words": ("odrl:dateTime", "tomorrow"),
    "a month as a length": ("odrl:elapsedTime", "P1M"),
    "an empty length": ("odrl:elapsedTime", "P"),
    "a length that breaks off": ("odrl:elapsedTime", "P1DT"),
    "an epsilon that is too fine": ("dex:epsilon", "0.0000001"),
    "an object of other keys": ("odrl:purpose", {"@value": "a", "@language": "en"}),
    "a language": ("odrl:purpose", {"@value": "a", "@type": "rdf:langString"}),
    "an empty text": ("odrl:purpose", ""),
    "no value": ("odrl:purpose", []),
}


@pytest.mark.parametrize("what", TRAPS)
def test_a_value_that_can_be_read_in_two_ways_is_refused(what: str) -> None:
    left, right = TRAPS[what]
    operator = "eq" if left == "odrl:purpose" else "lteq"
    with pytest.raises(PolicyRefused):
        parse_policy_json(policy(condition(left, operator, right)))


def test_epsilon_travels_as_a_decimal_number_and_is_kept_in_millionths() -> None:
    (one,) = parse_policy_json(policy(condition("dex:epsilon", "lteq", "0.25"))).permissions[0].constraints
    assert one == Constraint(left=Operand.EPSILON, operator=Operator.LTEQ, right=("250000",))


def test_the_unit_of_an_amount_is_a_constraint_of_its_own() -> None:
    paid = condition("payAmount", "eq", {"@value": "5.00", "@type": DECIMAL}) | {"unit": "EUR"}
    (duty,) = (
        parse_policy_json(
            policy() | {"permission": [{"action": "use", "duty": [{"action": "compensate", "constraint": [paid]}]}]}
        )
        .permissions[0]
        .duties
    )
    assert [(one.left, one.right) for one in duty.constraints] == [(Operand.PAY_AMOUNT, ("5.00",)), (Operand.UNIT, ("EUR",))]


# -- bombs ---------------------------------------------------------------------------------------------------------------------


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = PURPOSE
    for _ in range(levels):
        inner = {"and": [inner]}
    return inner


def test_nesting_is_bounded() -> None:
    assert parse_policy_json(policy(nested(MAX_DEPTH - 2))).permissions
    assert refusal(policy(nested(MAX_DEPTH - 1))) == f"nested deeper than {MAX_DEPTH} levels"
    assert refusal(policy(nested(300))) == f"nested deeper than {MAX_DEPTH} levels"


@pytest.mark.parametrize("bomb", ["[" * 100_000, '{"permission":' * 15_000, '{"a":' + "[" * 60_000 + "]" * 60_000 + "}"])
def test_a_nesting_bomb_is_refused_before_it_is_looked_at(bomb: str) -> None:
    with pytest.raises(PolicyRefused):
        parse_policy_json(bomb)


@pytest.mark.parametrize("key", ["permission", "target", "conflict", "profile", "@type", "@context"])
@pytest.mark.parametrize("levels", [50, 500, 900])
def test_what_is_deep_and_yet_can_be_loaded_is_refused_in_words(key: str, levels: int) -> None:
    with pytest.raises(PolicyRefused):
        parse_policy_json(deep(key, levels))


def deep(key: str, levels: int) -> str:
    return f'{{"{key}": {"[" * levels}{"]" * levels}, "prohibition": [{{"action": "use"}}]}}'


def test_a_duty_bomb_is_refused() -> None:
    duty: dict[str, Any] = {"action": "compensate"}
    for _ in range(50):
        duty = {"action": "compensate", "consequence": [duty]}
    assert refusal(policy() | {"obligation": [duty]}) == f"nested deeper than {MAX_DEPTH} levels"


def test_ten_thousand_rules_are_refused() -> None:
    assert refusal({"permission": [{"action": "use"}] * 10_000}) == f"more than {MAX_NODES} rules and constraints"
    assert refusal(policy({"or": [PURPOSE] * 10_000})) == f"more than {MAX_NODES} rules and constraints"


def test_a_policy_of_too_many_rules_is_not_made() -> None:
    assert "permissions" in refusal({"permission": [{"action": "use"}] * 21})
    groups = tuple(
        LogicalConstraint(join=Join.OR, constraints=(Constraint(left=Operand.ROWS, operator=Operator.LT, right=("1",)),) * 200)
        for _ in range(6)
    )
    with pytest.raises(MessageError, match=f"more than {MAX_NODES}"):
        Policy(permissions=(TermRule(action="use", constraints=(), groups=groups),))


def test_a_text_that_is_too_long_or_no_object_is_refused() -> None:
    assert refusal(" " * (MAX_POLICY_BYTES + 1)) == f"it is longer than {MAX_POLICY_BYTES} bytes"
    assert refusal("[]") == "it is not a JSON object"
    assert "it is not JSON" in refusal(b"\xff\xfe{}")


def test_a_key_that_stands_twice_is_refused() -> None:
    """Two readers would take two different ones."""
    assert "a key stands twice" in refusal('{"permission": [{"action": "use"}], "permission": []}')
    assert refusal(policy() | {"odrl:permission": []}) == "permission stands twice"


def test_not_a_number_is_no_number() -> None:
    assert "NaN is no number" in refusal('{"permission": NaN}')


# -- what it means -------------------------------------------------------------------------------------------------------------


def test_a_sequence_keeps_its_order() -> None:
    """A constraint behind a group stays behind it."""
    (group,) = parse_policy_json(policy({"andSequence": [PURPOSE, {"or": [PURPOSE]}, PURPOSE]})).permissions[0].groups
    assert len(group.constraints) == 1
    assert [one.join for one in group.groups] == [Join.OR, Join.AND]


def test_a_list_of_json_ld_is_a_list() -> None:
    assert parse_policy_json(policy({"and": {"@list": [PURPOSE]}})) == parse_policy_json(policy({"and": [PURPOSE]}))


def test_the_conflict_strategy_is_read_in_its_forms() -> None:
    for written in ("perm", "odrl:perm", {"@id": "odrl:perm"}):
        assert parse_policy_json(policy(conflict=written)).conflict is Conflict.PERM
    assert parse_policy_json(policy()).conflict is Conflict.PROHIBIT


def test_what_can_never_hold_is_said_and_not_refused() -> None:
    policy_, problems = read_policy(policy(condition("spatial", "isPartOf", "CN")))
    assert [(one.what, one.refused) for one in problems] == [("no job has spatial, so this permission never covers one", False)]
    assert not judge(policy_, Use("use", {})).permits


def test_two_rules_of_one_identifier_are_refused() -> None:
    """Somebody could note the one duty as done and mean the other."""
    same = TermRule(uid="urn:a", action="use", constraints=(), duties=(Duty(uid="urn:a", action="inform"),))
    assert [one.what for one in find_problems(Policy(permissions=(same,)))] == ["two rules have this identifier"]
    with pytest.raises(PolicyRefused, match="two rules"):
        verify_policy(Policy(permissions=(same,)))


def test_how_much_is_paid_is_not_said_in_a_group() -> None:
    amount = Constraint(left=Operand.PAY_AMOUNT, operator=Operator.EQ, right=("5",))
    duty = Duty(action="compensate", groups=(LogicalConstraint(join=Join.AND, constraints=(amount,)),))
    found = [one.what for one in find_problems(Policy(permissions=(TermRule(action="use", constraints=(), duties=(duty,)),)))]
    assert found == ["amount, unit and share stand beside each other, not in a group"]
