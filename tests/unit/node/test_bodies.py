"""Committed documents: they go to those entitled to them, and are kept only if they fit what the ledger holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.detail import RECEIPT_DOMAIN, InputDetail, ReceiptDetail
from atoll.ledger.records import FOREVER, Member, MemberState, ReceiptRecord, RightKind, root_right_id
from atoll.ledger.rules.job import StartJob
from atoll.ledger.rules.receipt import GiveReceipt
from atoll.ledger.rules.right import GrantRight
from atoll.node.bodies import Body, BodyName, Kind, entitled, fits
from atoll.node.errors import NoSuchThing, NotOnThisPlan, PlanChanged
from atoll.policy.scopes import SCOPE_DOMAIN, RightScope
from atoll.policy.terms import TermRule
from atoll.primitives.commitment import commit
from atoll.wire.errors import MessageError
from atoll.wire.message import encode_message
from tests.unit.node.offices import CUSTOMERS, FILES, GRANT, JOB, Offices

NAME = JOB.hex()
OPINION = f"{FILES}/auditor"
RIGHT = b"\x71" * 16


def scoped(offices: Offices) -> bytes:
    """A right of the telecom's in the bureau's files, narrowed by a scope; the scope's bytes."""
    scope = RightScope(salt=b"\x04" * 32, right=RIGHT, purposes=("credit-check",))
    body = encode_message(scope)
    commitment = commit(SCOPE_DOMAIN, scope.salt, body)
    given = GrantRight(
        right=RIGHT,
        parent=root_right_id("bureau/files"),
        holder="telecom",
        kind=RightKind.USE,
        not_before=0,
        not_after=FOREVER,
        scope_commitment=commitment,
    )
    offices.lagoon.do("bureau", given)
    return body


async def running(offices: Offices) -> bytes:
    """A job that runs and of which the bureau has signed a receipt; the receipt's detail."""
    plan = offices.plan()
    offices.propose(plan)
    for org in ("bank", "bureau"):
        await offices[org].consents.consider(offices.job())
    offices.lagoon.do("bank", StartJob(job_id=JOB), nonce=50)
    detail = ReceiptDetail(
        salt=b"\x03" * 32,
        job_id=JOB,
        org="bureau",
        attempt=1,
        protocol=plan.protocol,
        protocol_version=1,
        adversary_model=plan.adversary_model,
        leakage=plan.leakage,
        parameters={},
        insecure=False,
        inputs=(InputDetail(dataset=FILES, label="asserted", rows_at_most=1024),),
        sent_at_most=1,
        received_at_most=1,
        seconds=1,
    )
    body = encode_message(detail)
    signed = GiveReceipt(
        job_id=JOB,
        plan_digest=offices.job().plan_digest,
        result_commitment=bytes(32),
        detail_commitment=commit(RECEIPT_DOMAIN, detail.salt, body),
    )
    offices.lagoon.do("bureau", signed, nonce=50)
    offices["bureau"].bodies.keep(Kind.DETAIL, f"{NAME}/bureau", body)
    return body


# -- who may hold what ---------------------------------------------------------------------------------------------------------


async def test_parties_and_readers_hold_a_jobs_documents_and_nobody_else(offices: Offices) -> None:
    await running(offices)
    view = offices["bank"].view
    for kind, name in ((Kind.PLAN, NAME), (Kind.DETAIL, f"{NAME}/bureau")):
        allowed = {org for org in offices.lagoon.founding.orgs if entitled(view, kind, name, org)}
        assert allowed == {"bank", "bureau", "auditor"}


def test_owner_grantee_and_readers_hold_the_terms_of_a_grant(offices: Offices) -> None:
    view = offices["bank"].view
    allowed = {org for org in offices.lagoon.founding.orgs if entitled(view, Kind.TERMS, GRANT.hex(), org)}
    assert allowed == {"bank", "bureau", "auditor"}


def test_holder_giver_custodian_and_readers_hold_the_scope_of_a_right_and_it_fits_no_other(offices: Offices) -> None:
    body, view = scoped(offices), offices["bank"].view
    allowed = {org for org in offices.lagoon.founding.orgs if entitled(view, Kind.SCOPE, RIGHT.hex(), org)}
    assert allowed == {"telecom", "bureau", "auditor"}
    assert fits(view, Kind.SCOPE, RIGHT.hex(), body)
    assert not fits(view, Kind.SCOPE, root_right_id("bureau/files").hex(), body)
    assert not fits(view, Kind.SCOPE, RIGHT.hex(), body.replace(b"credit-check", b"advertising!"))


def test_every_active_member_holds_cards(offices: Offices) -> None:
    view = offices["bank"].view
    assert all(entitled(view, Kind.CARD, FILES, org) for org in offices.lagoon.founding.orgs)


@pytest.mark.parametrize("kind", list(Kind))
def test_strangers_and_suspended_members_hold_nothing_not_even_as_auditors(offices: Offices, kind: Kind) -> None:
    offices.propose()
    lagoon = offices.lagoon
    for org in ("auditor", "bank"):
        lagoon.put(replace(lagoon.get(Member, org), state=MemberState.SUSPENDED))
    view = offices["bureau"].view
    names = {
        Kind.PLAN: NAME,
        Kind.DETAIL: f"{NAME}/bank",
        Kind.TERMS: GRANT.hex(),
        Kind.CARD: FILES,
        Kind.SCOPE: RIGHT.hex(),
        Kind.STANDING: "05" * 16,
        Kind.QUALITY: OPINION,
    }
    names[Kind.STATEMENT] = f"{bytes(16).hex()}/0"
    names[Kind.ATTACHED] = NAME
    assert not any(entitled(view, kind, names[kind], org) for org in ("auditor", "bank", "stranger"))


@pytest.mark.parametrize("name", ["", "ff" * 16, "/", "../bank"])
def test_nobody_is_entitled_to_what_is_not_there(offices: Offices, name: str) -> None:
    view = offices["bank"].view
    assert not any(entitled(view, kind, name, "bank") for kind in (Kind.PLAN, Kind.TERMS, Kind.DETAIL))


# -- what fits -----------------------------------------------------------------------------------------------------------------


async def test_each_document_fits_its_own_record_and_no_other(offices: Offices) -> None:
    detail = await running(offices)
    bank, bureau = offices["bank"], offices["bureau"]
    plan, terms, card = (
        bank.bodies.get(Kind.PLAN, NAME),
        bureau.bodies.get(Kind.TERMS, GRANT.hex()),
        bureau.bodies.get(Kind.CARD, FILES),
    )
    documents = {Kind.PLAN: plan, Kind.TERMS: terms, Kind.CARD: card, Kind.DETAIL: detail}
    names = {Kind.PLAN: NAME, Kind.TERMS: GRANT.hex(), Kind.CARD: FILES, Kind.DETAIL: f"{NAME}/bureau"}
    for kind, name in names.items():
        for other, data in documents.items():
            assert data is not None
            assert fits(bank.view, kind, name, data) is (kind is other)
    assert card is not None
    assert not fits(bank.view, Kind.CARD, CUSTOMERS, card)
    assert not fits(bank.view, Kind.CARD, "bureau/files/2", card)


def test_terms_and_cards_of_the_same_form_that_say_something_else_do_not_fit(offices: Offices) -> None:
    bureau = offices["bureau"]
    terms, card = bureau.bodies.terms(GRANT), bureau.bodies.card(FILES)
    assert terms is not None
    assert card is not None
    generous = replace(terms, permissions=(*terms.permissions, TermRule(action="distribute", constraints=())))
    assert not fits(bureau.view, Kind.TERMS, GRANT.hex(), encode_message(generous))
    assert not fits(bureau.view, Kind.CARD, FILES, encode_message(replace(card, title="Other files")))


async def test_one_changed_byte_fits_nothing(offices: Offices) -> None:
    detail = await running(offices)
    view = offices["bank"].view
    for at in range(0, len(detail), 7):
        changed = detail[:at] + bytes([detail[at] ^ 1]) + detail[at + 1 :]
        assert not fits(view, Kind.DETAIL, f"{NAME}/bureau", changed)


async def test_a_detail_of_one_party_is_not_that_of_another(offices: Offices) -> None:
    detail = await running(offices)
    assert not fits(offices["bank"].view, Kind.DETAIL, f"{NAME}/bank", detail)
    record = offices.lagoon.get(ReceiptRecord, f"{NAME}/bureau")
    offices.lagoon.put(replace(record, detail_commitment=bytes(32)))
    assert not fits(offices["bank"].view, Kind.DETAIL, f"{NAME}/bureau", detail)


@pytest.mark.parametrize("kind", list(Kind))
def test_noise_fits_nothing_and_stops_nobody(offices: Offices, kind: Kind) -> None:
    offices.propose()
    names = {
        Kind.PLAN: NAME,
        Kind.TERMS: GRANT.hex(),
        Kind.CARD: FILES,
        Kind.DETAIL: f"{NAME}/bank",
        Kind.SCOPE: RIGHT.hex(),
        Kind.STANDING: "05" * 16,
        Kind.QUALITY: OPINION,
    }
    names[Kind.STATEMENT] = f"{NAME}/0"
    names[Kind.ATTACHED] = NAME
    for noise in (b"", b"\x00", bytes(range(200))):
        assert not fits(offices["bank"].view, kind, names[kind], noise)


# -- asking and answering ------------------------------------------------------------------------------------------------------


async def test_a_body_is_fetched_from_the_first_holder_that_has_it_and_kept(offices: Offices) -> None:
    offices.propose()
    bureau = offices["bureau"]
    data = await bureau.bodies.fetch(bureau.view, Kind.PLAN, NAME, ["bureau", "telecom", "bank"])
    assert data == encode_message(offices.plan())
    assert bureau.bodies.get(Kind.PLAN, NAME) == data
    assert [to for _, to, _ in offices.calls] == ["telecom", "bank"]
    await bureau.bodies.fetch(bureau.view, Kind.PLAN, NAME, ["bank"])
    assert len(offices.calls) == 2


async def test_holders_that_are_gone_or_lie_are_passed_over(offices: Offices) -> None:
    auditor = offices["auditor"]
    offices.unreachable.add("telecom")
    offices.lies["bank"] = b"something else"
    assert await auditor.bodies.fetch(auditor.view, Kind.TERMS, GRANT.hex(), ["telecom", "bank", "bureau"]) is not None
    offices.lies["bureau"] = b"something else"
    assert await auditor.bodies.fetch(auditor.view, Kind.CARD, FILES, ["bureau"]) is None
    assert auditor.bodies.get(Kind.CARD, FILES) is None


async def test_an_answer_to_another_question_is_no_answer(offices: Offices) -> None:
    class Confused:
        async def call(self, org: str, method: str, payload: bytes, *, timeout_seconds: float) -> bytes:
            card = offices["bureau"].bodies.get(Kind.CARD, FILES)
            assert card is not None
            return encode_message(Body(kind=Kind.CARD, identifier=FILES, data=card))

        def hurry(self, org: str) -> None:
            """Nobody waits here."""

    auditor = offices["auditor"]
    auditor.bodies._links = Confused()
    assert await auditor.bodies.fetch(auditor.view, Kind.CARD, CUSTOMERS, ["bureau"]) is None
    assert auditor.bodies.get(Kind.CARD, FILES) is None


async def test_garbage_for_an_answer_is_passed_over(offices: Offices) -> None:
    class Garbage:
        async def call(self, org: str, method: str, payload: bytes, *, timeout_seconds: float) -> bytes:
            if org == "telecom":
                raise TimeoutError
            return b"\xff\x00"

        def hurry(self, org: str) -> None:
            """Nobody waits here."""

    auditor = offices["auditor"]
    auditor.bodies._links = Garbage()
    assert await auditor.bodies.fetch(auditor.view, Kind.CARD, FILES, ["bureau", "telecom"]) is None


def test_whoever_is_not_entitled_gets_nothing(offices: Offices) -> None:
    offices.propose()
    bank = offices["bank"]
    with pytest.raises(NotOnThisPlan):
        bank.bodies.answer(bank.view, "telecom", BodyName(kind=Kind.PLAN, identifier=NAME))
    with pytest.raises(NotOnThisPlan):
        bank.bodies.answer(bank.view, "stranger", BodyName(kind=Kind.CARD, identifier=CUSTOMERS))
    assert bank.bodies.answer(bank.view, "auditor", BodyName(kind=Kind.PLAN, identifier=NAME)).data


def test_what_a_node_does_not_hold_it_says_so(offices: Offices) -> None:
    offices.propose()
    bureau = offices["bureau"]
    with pytest.raises(NoSuchThing):
        bureau.bodies.answer(bureau.view, "bank", BodyName(kind=Kind.PLAN, identifier=NAME))


def test_an_unsolicited_body_is_kept_only_if_it_fits_and_belongs_here(offices: Offices) -> None:
    offices.propose()
    plan = encode_message(offices.plan())
    good = Body(kind=Kind.PLAN, identifier=NAME, data=plan)
    telecom, bureau = offices["telecom"], offices["bureau"]
    assert not telecom.bodies.accept(telecom.view, "bank", good)
    assert telecom.bodies.get(Kind.PLAN, NAME) is None
    assert not bureau.bodies.accept(bureau.view, "bank", Body(kind=Kind.CARD, identifier=FILES, data=plan))
    assert bureau.bodies.accept(bureau.view, "telecom", good)
    assert bureau.bodies.plan(NAME) == offices.plan()


def test_a_held_body_is_not_replaced_by_one_that_does_not_fit(offices: Offices) -> None:
    offices.propose()
    bureau = offices["bureau"]
    bureau.bodies.accept(bureau.view, "bank", Body(kind=Kind.PLAN, identifier=NAME, data=encode_message(offices.plan())))
    changed = Body(kind=Kind.PLAN, identifier=NAME, data=encode_message(offices.plan(purpose="marketing")))
    assert not bureau.bodies.accept(bureau.view, "telecom", changed)
    with pytest.raises(PlanChanged):
        bureau.bodies.accept(bureau.view, "bank", changed)
    assert bureau.bodies.plan(NAME) == offices.plan()


async def test_a_body_is_offered_to_the_others_and_an_absent_one_stops_nothing(offices: Offices) -> None:
    offices.propose()
    offices.unreachable.add("auditor")
    plan = encode_message(offices.plan())
    await offices["bank"].bodies.offer(Kind.PLAN, NAME, plan, ["bank", "auditor", "bureau", "telecom"])
    assert [(to, method) for _, to, method in offices.calls] == [
        ("auditor", "body.put"),
        ("bureau", "body.put"),
        ("telecom", "body.put"),
    ]
    assert offices["bureau"].bodies.get(Kind.PLAN, NAME) == plan
    assert offices["telecom"].bodies.get(Kind.PLAN, NAME) is None


def test_documents_read_from_the_shelf_are_typed(offices: Offices) -> None:
    bureau = offices["bureau"]
    terms, card = bureau.bodies.terms(GRANT), bureau.bodies.card(FILES)
    assert terms is not None
    assert card is not None
    assert (terms.grant, card.dataset) == (GRANT, FILES)
    assert bureau.bodies.terms(b"\x99" * 16) is None
    assert bureau.bodies.card(CUSTOMERS) is None


def test_names_of_documents_are_short() -> None:
    for name in ("", "x" * 141):
        with pytest.raises(MessageError):
            BodyName(kind=Kind.PLAN, identifier=name)
