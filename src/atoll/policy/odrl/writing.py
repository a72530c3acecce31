"""Policies as JSON: ODRL 2.2, valid against the schemas of the Dataspace Protocol 2025-1.

Words that the protocol's context does not know are written with `odrl:` or in full, so that no reader of JSON-LD takes them for
something relative to a page; numbers and times are typed texts; the product's own terms are full identifiers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl.jsonld import MICRO
from atoll.policy.odrl.model import Conflict, Constraint, Duty, LogicalConstraint, Operand, Policy, TermRule
from atoll.policy.odrl.profile import ODRL, PROFILE, PROFILE_IRI, XSD, Kind, action_iri
from atoll.policy.odrl.values import parse_duration, parse_number, parse_time

CONTEXT = "https://w3id.org/dspace/2025/1/context.jsonld"
YEAR_10000 = 253_402_300_800
"""The first second that four digits of a year cannot name."""


class Form(StrEnum):
    """What the policy is written as."""

    SET = "Set"
    """A policy by itself."""
    OFFER = "Offer"
    """An offer in a catalogue: it has no target."""
    MESSAGE_OFFER = "MessageOffer"
    """An offer in a message: it has a target."""
    AGREEMENT = "Agreement"
    """An agreement: it has target, assigner and assignee."""


def policy_to_json(policy: Policy, form: Form = Form.SET, *, context: bool = True) -> dict[str, Any]:
    """The policy as a JSON document.

    Args:
        context: whether to state the protocol's context; inside a message, the message does.

    Raises:
        PolicyRefused: the form needs something that the policy does not say, or a number or time cannot be written.
    """
    needed = {Form.MESSAGE_OFFER: ("target",), Form.AGREEMENT: ("target", "assigner", "assignee")}.get(form, ())
    for name in ("uid", *needed) if form is not Form.SET else needed:
        if not getattr(policy, name):
            raise PolicyRefused(where=form.value, what=f"it has no {name}")
    if not policy.permissions and not policy.prohibitions:
        raise PolicyRefused(where="policy", what="it has neither permission nor prohibition")
    document: dict[str, Any] = {"@context": [CONTEXT]} if context else {}
    document["@type"] = "Offer" if form is Form.MESSAGE_OFFER else form.value
    document |= {"@id": policy.uid} if policy.uid else {}
    document["profile"] = PROFILE_IRI
    for name in ("assigner", "assignee", "target"):
        value = getattr(policy, name)
        if value and not (name == "target" and form is Form.OFFER):
            document[name] = value
    if policy.conflict is not Conflict.PROHIBIT:
        document["odrl:conflict"] = {"@id": f"odrl:{policy.conflict}"}
    for key, rules in (("permission", policy.permissions), ("prohibition", policy.prohibitions)):
        if rules:
            document[key] = [_rule(one, policy, "duty" if key == "permission" else "odrl:remedy") for one in rules]
    if policy.obligations:
        document["obligation"] = [_duty(one) for one in policy.obligations]
    return document


def _rule(rule: TermRule, policy: Policy, duties: str) -> dict[str, Any]:
    written: dict[str, Any] = {"@id": rule.uid} if rule.uid else {}
    written["action"] = _action(rule.action)
    if rule.assignee and rule.assignee != policy.assignee:
        written["assignee"] = rule.assignee
    if rule.target and rule.target != policy.target:
        raise PolicyRefused(where=rule.uid or "rule", what="a target of its own; say it of the whole policy")
    conditions = _conditions(rule)
    return written | ({"constraint": conditions} if conditions else {}) | _listed(duties, rule.duties)


def _duty(duty: Duty) -> dict[str, Any]:
    written: dict[str, Any] = {"@id": duty.uid} if duty.uid else {}
    written["action"] = _action(duty.action)
    conditions = _conditions(duty)
    return written | ({"constraint": conditions} if conditions else {}) | _listed("odrl:consequence", duty.consequences)


def _listed(key: str, duties: tuple[Duty, ...]) -> dict[str, Any]:
    return {key: [_duty(one) for one in duties]} if duties else {}


def _action(action: str) -> str:
    iri = action_iri(action)
    return "use" if action == "use" else _prefixed(iri)


def _prefixed(iri: str) -> str:
    return f"odrl:{iri.removeprefix(ODRL)}" if iri.startswith(ODRL) else iri


def _conditions(one: TermRule | Duty | LogicalConstraint) -> list[dict[str, Any]]:
    return [*(_constraint(inner) for inner in one.constraints), *(_group(inner) for inner in one.groups)]


def _group(group: LogicalConstraint) -> dict[str, Any]:
    return {group.join.value: _conditions(group)}


def _constraint(one: Constraint) -> dict[str, Any]:
    values = [_right(one.left, text) for text in one.right]
    return {
        "leftOperand": _prefixed(PROFILE[one.left].iri),
        "operator": one.operator.value,
        "rightOperand": values[0] if len(values) == 1 else values,
    }


def _right(left: Operand, text: str) -> str | dict[str, str]:
    match PROFILE[left].kind:
        case Kind.NUMBER if left is Operand.EPSILON:
            micro = parse_number(text)
            return text if micro is None else _typed(f"{Decimal(micro) / MICRO:f}", "decimal")
        case Kind.NUMBER:
            return _typed(text, "integer")
        case Kind.DECIMAL:
            return _typed(text, "decimal")
        case Kind.TIME:
            return _typed(_moment(text), "date" if len(text) == 10 and parse_number(text) is None else "dateTime")
        case Kind.DURATION:
            seconds = parse_duration(text)
            return _typed(f"PT{seconds}S" if seconds is not None and text.isdigit() else text, "duration")
        case _:
            return text


def _typed(value: str, kind: str) -> dict[str, str]:
    return {"@value": value, "@type": XSD + kind}


def _moment(text: str) -> str:
    """Unix seconds as a date and time; what is already one stays."""
    seconds = parse_number(text)
    if seconds is None:
        return text
    interval = parse_time(text)
    if interval is None or seconds >= YEAR_10000:
        raise PolicyRefused(where="constraint", what=f"{text} is no time that can be written")
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
