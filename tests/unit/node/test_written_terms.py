"""Terms that a person wrote: granted if the profile knows every word of them; duties stand as the owner notes them."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.api.models import ConstraintModel, GiveGrant, NoteDuty
from atoll.cli import frame
from atoll.cli.main import main
from atoll.node.budgets import Budgets
from atoll.node.duties import Duties
from atoll.node.errors import BadRequest, ColumnNotUsable
from atoll.node.grants import Grants
from atoll.node.purposes import Purposes
from atoll.policy.demand import Exposure
from atoll.policy.errors import PolicyRefused
from atoll.policy.terms import Operand
from tests.docs.snippets import ROOT, find_blocks
from tests.unit.node.offices import FILES, Office, Offices

FEE = {"@id": "urn:fee", "action": "compensate", "consequence": [{"@id": "urn:fine", "action": "compensate"}]}
TERMS: dict[str, Any] = {"permission": [{"action": "use", "duty": [FEE]}], "obligation": [{"action": "delete"}]}


def forbidding(**named: str) -> dict[str, Any]:
    return TERMS | {"prohibition": [{"action": "use"} | named]}


async def give(office: Office, **asked: Any) -> str:
    purposes = Purposes(office.context, office.bodies)
    budgets = Budgets(office.context, office.bodies, purposes)
    grants = Grants(office.context, office.bodies, purposes, budgets, on_revoked=lambda: None)
    return (await grants.give(GiveGrant.model_validate({"grantee": "bank", "dataset": FILES} | asked)))[0]


async def test_a_document_becomes_the_terms_of_the_grant(offices: Offices) -> None:
    bureau = offices["bureau"]
    parties = {"assigner": "bureau", "assignee": "bank", "target": FILES}
    terms = bureau.bodies.terms(bytes.fromhex(await give(bureau, terms=TERMS | parties)))
    assert terms is not None
    assert (terms.assigner, terms.assignee, terms.target) == ("bureau", "bank", FILES)
    assert [duty.uid for rule in terms.permissions for duty in rule.duties] == ["urn:fee"]
    assert [duty.action for duty in terms.obligations] == ["delete"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"terms": TERMS | {"assignee": "telecom"}}, "the terms name telecom as assignee"),
        ({"terms": TERMS | {"assigner": "bank"}}, "the terms name bank as assigner"),
        ({"terms": TERMS | {"target": "bureau/files/2"}}, "the terms name bureau/files/2 as target"),
        ({"terms": forbidding(assignee="did:web:bank")}, "a rule names did:web:bank as assignee"),
        ({"terms": forbidding(target="bureau/files")}, "a rule names bureau/files as target"),
        ({"terms": {"permission": [{"action": "use", "assignee": "telecom"}]}}, "a rule names telecom as assignee"),
        ({"terms": TERMS, "columns": ["id"]}, "instead of columns"),
        ({"terms": TERMS, "constraints": [{"left": "rows", "operator": "lt", "right": ["1"]}]}, "instead of columns"),
        ({}, "at least one column"),
        ({"columns": ["id"]}, "at least one purpose"),
        (
            {"columns": ["id"], "purposes": ["a"], "outputs": ["aggregate"], "job_kinds": ["intersection"]},
            "aggregate comes out of computation alone, and the grant would be for intersection",
        ),
    ],
)
async def test_terms_for_something_else_are_not_granted(offices: Offices, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        await give(offices["bureau"], **asked)
    assert offices["bureau"].engine.submitted == []


@pytest.mark.parametrize(
    "asked",
    [
        {"terms": {"permission": [{"action": "dance"}]}},
        {"terms": {"prohibition": [{"action": "use"}]}},
        {"columns": ["id"], "purposes": ["a"], "constraints": [ConstraintModel(left="purpose", operator="lt", right=["z"])]},
        {"columns": ["id"], "purposes": ["a"], "prohibitions": [ConstraintModel(left="rows", operator="gt", right=["1e3"])]},
    ],
)
async def test_words_that_nobody_evaluates_are_not_published(offices: Offices, asked: dict[str, Any]) -> None:
    with pytest.raises(PolicyRefused):
        await give(offices["bureau"], **asked)
    assert offices["bureau"].engine.submitted == []


async def test_the_grant_of_the_how_to_is_for_the_kind_of_job_that_it_goes_on_to_propose(
    offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = " ".join(block.code for block in find_blocks(ROOT / "docs/how-to/run-a-secret-program.md"))
    [words] = re.findall(r"atoll (grant give .*?) --home", page)
    [kind] = re.findall(r"atoll job propose (\w+)", page)
    asked: list[GiveGrant] = []
    node = SimpleNamespace(grants=SimpleNamespace(give=asked.append), close=lambda: None)
    monkeypatch.setattr(frame, "connect_to", lambda *_: node)
    assert main(words.split()) == 0
    request = asked[0].model_dump(include={"purposes", "outputs", "job_kinds"}) | {"columns": ["national_id"]}
    terms = offices["bureau"].bodies.terms(bytes.fromhex(await give(offices["bureau"], **request)))
    assert terms is not None
    said = [one.right for rule in terms.permissions for one in rule.constraints if one.left == Operand.JOB_KINDS]
    assert said == [(kind,)]


@pytest.mark.parametrize(
    "more", [{"columns": ["nosuch"]}, {"columns": ["hidden"]}, {"payload": ["hidden"], "outputs": ["rows"]}]
)
async def test_a_column_that_no_job_could_use_is_not_granted(
    offices: Offices, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    bureau = offices["bureau"]
    card = bureau.bodies.card(FILES)
    assert card is not None
    hidden = replace(card.columns[0], name="hidden", exposure=Exposure.HIDDEN)
    changed = replace(card, columns=(hidden, *card.columns))
    monkeypatch.setattr(type(bureau.bodies), "card", lambda *_: changed)
    with pytest.raises(ColumnNotUsable, match="that a grant could permit; it has national_id"):
        await give(bureau, **{"columns": ["national_id"], "purposes": ["a"]} | more)
    assert bureau.engine.submitted == []
    assert await give(bureau, columns=["national_id"], purposes=["a"])
    monkeypatch.setattr(type(bureau.bodies), "card", lambda *_: None)
    assert await give(bureau, columns=["nosuch"], purposes=["a"]), "whoever does not hold the card cannot tell"


async def test_duties_stand_as_their_owner_has_noted(offices: Offices) -> None:
    bureau = offices["bureau"]
    grant = await give(bureau, terms=TERMS)
    duties = Duties(bureau.context, bureau.bodies)
    names = ["obligation 0", "urn:fee", "urn:fine"]
    assert [(one.duty, one.state) for one in duties.list(grant)] == [(name, "not-set") for name in names]
    duties.note(grant, NoteDuty(duty="urn:fee", done=True, overdue=True))
    assert [one.state for one in duties.list(grant)] == ["not-set", "violated", "not-set"]
    duties.note(grant, NoteDuty(duty="urn:fine", done=True))
    assert [one.state for one in duties.list(grant)] == ["not-set", "fulfilled", "fulfilled"]
    assert bureau.store.audit_trail()[-1][2:] == ("person", "duty.note", grant, "urn:fine: done")


async def test_what_cannot_be_noted(offices: Offices) -> None:
    bureau, bank = offices["bureau"], offices["bank"]
    grant = await give(bureau, terms=TERMS)
    duties = Duties(bureau.context, bureau.bodies)
    with pytest.raises(BadRequest, match="the terms have no duty urn:other; they have obligation 0, urn:fee, urn:fine"):
        duties.note(grant, NoteDuty(duty="urn:other", done=True))
    with pytest.raises(BadRequest, match="the amount is a decimal number"):
        duties.note(grant, NoteDuty(duty="urn:fee", done=True, amount="1e3"))
    assert bank.bodies.terms(bytes.fromhex(grant)) is not None
    with pytest.raises(BadRequest, match="by the organisation that gave the grant"):
        Duties(bank.context, bank.bodies).note(grant, NoteDuty(duty="urn:fee", done=True))
    assert Duties(bureau.context, bureau.bodies).performed(b"\x99" * 16) == {}
