"""Every policy that is written validates against the Dataspace Protocol's schemas, and is read back as it was.

Three of the official schemas hold `#definitions` where `#/definitions` is meant; they are corrected when they are loaded.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from jsonschema import Draft201909Validator
from referencing import Registry, Resource

from atoll.exchange.catalogue.policies import agreement_to_json
from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl import (
    Conflict,
    Constraint,
    Duty,
    Join,
    LogicalConstraint,
    Operand,
    Operator,
    Policy,
    TermRule,
)
from atoll.policy.odrl.jsonld import parse_policy_json
from atoll.policy.odrl.profile import ACTIONS, OPERATORS, PROFILE, Kind
from atoll.policy.odrl.writing import Form, policy_to_json
from tests.unit.policy.desk import TERMS
from tests.vectors.conftest import vectors

SOURCE = vectors("dsp")
CONTRACT = "https://w3id.org/dspace/2025/1/negotiation/contract-schema.json"
WRONG, RIGHT = "#definitions", "#/definitions"
SOME_RIGHT = {
    Kind.NAMES: ("a", "b"),
    Kind.TREE: ("a", "a/b"),
    Kind.RANKED: ("malicious",),
    Kind.NUMBER: ("250000",),
    Kind.DECIMAL: ("5.00",),
    Kind.TIME: ("2026-11-22T00:00:00Z",),
    Kind.DURATION: ("P30D",),
}


def schema_texts() -> dict[str, str]:
    return {str(path.relative_to(SOURCE)): path.read_text() for path in sorted(SOURCE.rglob("*-schema.json"))}


@lru_cache(maxsize=1)
def registry() -> Any:
    loaded = [json.loads(text.replace(WRONG, RIGHT)) for text in schema_texts().values()]
    return Registry().with_resources([(one["$id"], Resource.from_contents(one)) for one in loaded])


def verify(document: dict[str, Any], definition: str) -> None:
    """Raises where a document does not fit a definition of the contract schema."""
    Draft201909Validator({"$ref": f"{CONTRACT}#/definitions/{definition}"}, registry=registry()).validate(document)


def constraint(left: Operand, operator: Operator) -> Constraint:
    right = SOME_RIGHT[PROFILE[left].kind]
    return Constraint(left=left, operator=operator, right=right)


EVERY = tuple(constraint(left, operator) for left, profile in PROFILE.items() for operator in sorted(OPERATORS[profile.kind]))
DUTY = Duty(
    uid="urn:uuid:2",
    action="compensate",
    constraints=(
        Constraint(left=Operand.PAY_AMOUNT, operator=Operator.EQ, right=("5.00",)),
        Constraint(left=Operand.UNIT, operator=Operator.EQ, right=("EUR",)),
    ),
    consequences=(Duty(action="inform"),),
)
PURPOSE = Constraint(left=Operand.PURPOSE, operator=Operator.IS_A, right=("research",))
NESTED = LogicalConstraint(
    join=Join.AND_SEQUENCE,
    constraints=(PURPOSE,),
    groups=(LogicalConstraint(join=Join.XONE, constraints=EVERY[:2]), LogicalConstraint(join=Join.OR, constraints=EVERY[2:4])),
)
POLICY = Policy(
    uid="urn:uuid:1",
    assigner="bureau",
    assignee="bank",
    target="bureau/files/1",
    permissions=(
        TermRule(uid="urn:uuid:3", action="use", constraints=(PURPOSE,), groups=(NESTED,), duties=(DUTY,)),
        TermRule(action="derive", constraints=()),
    ),
    prohibitions=(TermRule(action="distribute", constraints=(), duties=(Duty(action="compensate"),)),),
    obligations=(Duty(uid="urn:uuid:4", action="delete", constraints=(EVERY[0],)),),
    conflict=Conflict.INVALID,
)


def test_the_fault_of_three_schemas_is_still_there() -> None:
    assert [name for name, text in schema_texts().items() if WRONG in text] == [
        "transfer/transfer-error-schema.json",
        "transfer/transfer-suspension-message-schema.json",
        "transfer/transfer-termination-message-schema.json",
    ]


@pytest.mark.parametrize(
    ("form", "definition"),
    [(Form.OFFER, "Offer"), (Form.MESSAGE_OFFER, "MessageOffer"), (Form.AGREEMENT, "Agreement")],
)
def test_a_policy_of_every_form_validates(form: Form, definition: str) -> None:
    document = policy_to_json(POLICY, form)
    verify(document, definition)
    assert ("target" in document) is (form is not Form.OFFER)
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.left}-{one.operator}")
def test_every_operand_with_every_operator_that_suits_it_validates_and_is_read_back(one: Constraint) -> None:
    policy = replace(POLICY, permissions=(TermRule(action="use", constraints=(one,)),))
    document = policy_to_json(policy, Form.AGREEMENT)
    verify(document, "Agreement")
    assert parse_policy_json(json.dumps(document)) == policy


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_validates_and_is_read_back(action: str) -> None:
    policy = replace(POLICY, permissions=(TermRule(action=action, constraints=()),))
    document = policy_to_json(policy, Form.AGREEMENT)
    verify(document, "Agreement")
    assert parse_policy_json(document) == policy


def test_a_whole_policy_is_read_back_as_it_was() -> None:
    assert parse_policy_json(policy_to_json(POLICY)) == POLICY


def test_own_terms_are_written_in_full_and_those_of_the_vocabulary_with_its_prefix() -> None:
    """A word that the protocol's context does not know would become relative to a page."""
    known = json.loads((SOURCE / "context" / "odrl.jsonld").read_text())["@context"]
    permission = policy_to_json(replace(POLICY, permissions=(TermRule(action="hold", constraints=EVERY[:50]),)))["permission"][
        0
    ]
    words = [permission["action"], *(one["leftOperand"] for one in permission["constraint"])]
    assert all(one.startswith(("odrl:", "https://")) or one in known for one in words)
    keys = {key for rule in (*policy_to_json(POLICY)["permission"], *policy_to_json(POLICY)["prohibition"]) for key in rule}
    assert keys - set(known) == {"@id", "odrl:remedy"}


def test_right_operands_are_never_bare_numbers() -> None:
    document = policy_to_json(replace(POLICY, permissions=(TermRule(action="use", constraints=EVERY[:50]),)))
    rights = [one["rightOperand"] for one in document["permission"][0]["constraint"]]
    assert all(isinstance(one, str | dict | list) for one in rights)
    assert {"@value": "0.25", "@type": "http://www.w3.org/2001/XMLSchema#decimal"} in [
        one["rightOperand"]
        for one in policy_to_json(
            replace(POLICY, permissions=(TermRule(action="use", constraints=(constraint(Operand.EPSILON, Operator.LTEQ),)),))
        )["permission"][0]["constraint"]
    ]


def test_unix_seconds_are_written_as_a_date_and_time() -> None:
    times = Constraint(left=Operand.DATE_TIME, operator=Operator.LTEQ, right=("1767225600",))
    waits = Constraint(left=Operand.ELAPSED_TIME, operator=Operator.LTEQ, right=("3600",))
    document = policy_to_json(replace(POLICY, permissions=(TermRule(action="use", constraints=(times, waits)),)))
    found = [one["rightOperand"]["@value"] for one in document["permission"][0]["constraint"]]
    assert found == ["2026-01-01T00:00:00Z", "PT3600S"]
    with pytest.raises(PolicyRefused, match="no time that can be written"):
        policy_to_json(replace(POLICY, permissions=(TermRule(action="use", constraints=(replace(times, right=("9" * 12,)),)),)))


@pytest.mark.parametrize(
    ("form", "missing"), [(Form.OFFER, "uid"), (Form.MESSAGE_OFFER, "target"), (Form.AGREEMENT, "assignee")]
)
def test_a_form_needs_what_its_schema_needs(form: Form, missing: str) -> None:
    with pytest.raises(PolicyRefused, match=f"it has no {missing}"):
        policy_to_json(Policy.from_map(POLICY.to_map() | {missing: ""}), form)


def test_the_terms_of_a_grant_are_an_agreement_with_names_that_hold_elsewhere() -> None:
    mine = TermRule(action="use", constraints=(PURPOSE,), duties=(DUTY,), assignee=TERMS.assignee, target=TERMS.target)
    terms = replace(TERMS, permissions=(mine,), prohibitions=(TermRule(action="distribute", constraints=()),))
    document = agreement_to_json("test.example/lagoon", terms)
    verify(document, "Agreement")
    assert document["@id"] == f"urn:atoll:test.example/lagoon:grant:{terms.grant.hex()}"
    assert document["assigner"] == "urn:atoll:test.example/lagoon:member:bureau"
    assert document["assignee"] == "urn:atoll:test.example/lagoon:member:bank"
    assert document["target"] == "urn:atoll:test.example/lagoon:dataset:bureau/files/1"
    assert terms.salt.hex() not in json.dumps(document) and "salt" not in json.dumps(document)
    read = parse_policy_json(document)
    assert (read.permissions, read.prohibitions) == ((replace(mine, assignee="", target=""),), terms.prohibitions)
    with pytest.raises(PolicyRefused, match="a target of its own"):
        agreement_to_json("test.example/lagoon", replace(terms, permissions=(replace(mine, target="bureau/other/1"),)))


def test_a_policy_without_rules_is_not_written() -> None:
    with pytest.raises(PolicyRefused, match="neither permission nor prohibition"):
        policy_to_json(Policy())
