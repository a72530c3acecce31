"""What is known here of the duties in the terms of own grants: noted by a person, because payments are made elsewhere.

What nobody noted was not done, and a permission that waits for it waits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

from atoll.api.models import DutyInfo, NoteDuty
from atoll.node.bodies import Bodies
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest
from atoll.policy.odrl import DutyReport, Observed, Operand, Performance, Use, judge
from atoll.policy.odrl.values import parse_decimal
from atoll.policy.terms import GrantTerms


class Duties:
    """Notes what was done, and says it to policy."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._context = context
        self._bodies = bodies

    def note(self, grant: str, request: NoteDuty) -> list[DutyInfo]:
        """Note how one duty of an own grant stands; all of the grant's duties afterwards.

        Raises:
            BadRequest: this organisation did not give the grant, it has no such duty, or an amount is no decimal number.
        """
        terms = self._terms(grant)
        names = list(duty_names(terms))
        if request.duty not in names:
            raise BadRequest(reason=f"the terms have no duty {request.duty}; they have {', '.join(names) or 'none'}")
        for name, value in (("amount", request.amount), ("share", request.share)):
            if value and parse_decimal(value) is None:
                raise BadRequest(reason=f"the {name} is a decimal number such as 5.00")
        self._context.store.set_meta(f"duty/{grant}/{request.duty}", request.model_dump_json().encode())
        how = "done" if request.done else "not done"
        self._context.note("person", "duty.note", grant, f"{request.duty}: {how}{', overdue' if request.overdue else ''}")
        return self.list(grant)

    def list(self, grant: str) -> list[DutyInfo]:
        """How the duties of an own grant stand."""
        terms = self._terms(grant)
        use = Use("use", {Operand.DATE_TIME: self._context.now()}, performed=self.performed(terms.grant))
        report = judge(terms, use)
        duties = [*report.obligations, *(one for rule in (*report.permissions, *report.prohibitions) for one in rule.duties)]
        return [
            DutyInfo(duty=one.uid, action=one.action, performed=one.performed, state=one.deontic.value)
            for duty in duties
            for one in _with_consequences(duty)
        ]

    def performed(self, grant: bytes) -> Mapping[str, Performance]:
        """What was noted of a grant's duties, by their names."""
        terms = self._bodies.terms(grant)
        if terms is None:
            return {}
        noted = {name: self._context.store.meta(f"duty/{grant.hex()}/{name}") for name in duty_names(terms)}
        return {name: _read(data) for name, data in noted.items() if data is not None}

    def _terms(self, grant: str) -> GrantTerms:
        terms = self._bodies.terms(bytes.fromhex(grant))
        if terms is None or terms.assigner != self._context.org:
            raise BadRequest(reason="duties are noted by the organisation that gave the grant")
        return terms


def duty_names(terms: GrantTerms) -> Iterator[str]:
    """The names of all duties: their identifiers, or their places."""
    report = judge(terms, Use("use", {}))
    for duty in (*report.obligations, *(one for rule in (*report.permissions, *report.prohibitions) for one in rule.duties)):
        yield from (one.uid for one in _with_consequences(duty))


def _with_consequences(duty: DutyReport) -> Iterator[DutyReport]:
    yield duty
    for inner in duty.consequences:
        yield from _with_consequences(inner)


def _read(data: bytes) -> Performance:
    said = NoteDuty.model_validate(json.loads(data))
    values: dict[Operand, Observed] = {}
    for operand, text in ((Operand.PAY_AMOUNT, said.amount), (Operand.SHARE, said.share)):
        if text:
            values[operand] = Decimal(text)
    if said.unit:
        values[Operand.UNIT] = frozenset({said.unit})
    return Performance(done=said.done, overdue=said.overdue, values=values)
