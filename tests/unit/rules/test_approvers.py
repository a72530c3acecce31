"""Approvers: who lets a person in, and that whoever holds the node alone cannot make two of them."""

from __future__ import annotations

import pytest

from atoll.ledger.records import Approver, Roster
from atoll.ledger.rules.approver import LONGEST_SECONDS, AddApprover, ApproverRequest, ConsentApproval, RevokeApprover
from atoll.ledger.rules.errors import (
    AlreadyExists,
    ApprovalMissing,
    BadApprover,
    DeadlinePassed,
    NotAllowed,
    TooEarly,
    Unknown,
    WrongState,
)
from atoll.ledger.rules.job import StartJob
from atoll.testing.persons import PaperPerson
from atoll.trust.envelope import Context
from atoll.trust.keys import Purpose
from tests.unit.rules.lagoon import JOB, PLAN, Lagoon, consent, regrading

ADA, GRACE, EVE = (PaperPerson("auditor", name) for name in ("ada", "grace", "eve"))


def asked(lagoon: Lagoon, new: PaperPerson, *others: PaperPerson, recovery: bool = False) -> AddApprover:
    """The transaction; with the recovery key's signature where it is asked for."""
    key = lagoon.founding.keys[new.org][Purpose.RECOVERY] if recovery else None
    return new.request(lagoon.chain, others, not_after=lagoon.time + 60, recovery=key)


def test_the_first_two_need_the_recovery_key_and_every_later_one_two_that_are_there() -> None:
    lagoon = Lagoon()
    lagoon.refused(BadApprover, "auditor", AddApprover(signed=(bytes(200),)))
    persons = lagoon.with_persons("auditor", "ada", "grace", "eve")
    assert [one.number for one in persons.values()] == [1, 2, 3]
    assert lagoon.get(Roster, "auditor") == Roster(org="auditor", ever=3, active=("ada", "eve", "grace"))


def test_the_node_alone_brings_in_nobody() -> None:
    lagoon = Lagoon()
    assert "and the recovery key, and 0 did" in lagoon.refused(BadApprover, "auditor", asked(lagoon, ADA))
    ada = lagoon.with_persons("auditor", "ada")["ada"]
    lagoon.refused(BadApprover, "auditor", asked(lagoon, GRACE))
    lagoon.refused(BadApprover, "auditor", asked(lagoon, GRACE, ada))
    lagoon.refused(BadApprover, "auditor", asked(lagoon, GRACE, PaperPerson("auditor", "mallory", 1)))


def test_one_person_with_the_node_makes_no_second_one() -> None:
    lagoon = Lagoon()
    ada = lagoon.with_persons("auditor", "ada")["ada"]
    lagoon.refused(BadApprover, "auditor", asked(lagoon, GRACE, ada, ada))
    lagoon.refused(BadApprover, "auditor", asked(lagoon, GRACE, recovery=True))
    lagoon.do("auditor", asked(lagoon, GRACE, ada, recovery=True))


def test_a_third_person_needs_two_different_ones() -> None:
    lagoon = Lagoon()
    ada, grace = lagoon.with_persons("auditor", "ada", "grace").values()
    for others in ((ada,), (grace,), (ada, ada)):
        lagoon.refused(BadApprover, "auditor", asked(lagoon, EVE, *others))
    lagoon.do("auditor", asked(lagoon, EVE, ada, grace))


def test_revoking_everybody_does_not_let_the_node_begin_anew() -> None:
    lagoon = Lagoon()
    ada, grace = lagoon.with_persons("auditor", "ada", "grace").values()
    lagoon.do("auditor", RevokeApprover(person="ada")).do("auditor", RevokeApprover(person="grace"))
    lagoon.refused(BadApprover, "auditor", asked(lagoon, EVE))
    lagoon.refused(BadApprover, "auditor", asked(lagoon, EVE, ada, grace))
    lagoon.do("auditor", asked(lagoon, EVE, recovery=True))


def test_the_recovery_key_stands_in_for_who_is_missing_and_for_nobody_who_is_there() -> None:
    lagoon = Lagoon()
    ada, _ = lagoon.with_persons("auditor", "ada", "grace").values()
    lagoon.refused(BadApprover, "auditor", asked(lagoon, EVE, ada, recovery=True))
    lagoon.do("auditor", RevokeApprover(person="grace"))
    lagoon.refused(BadApprover, "auditor", asked(lagoon, EVE, recovery=True))
    lagoon.do("auditor", asked(lagoon, EVE, ada, recovery=True))


def test_one_key_is_one_person_for_ever() -> None:
    lagoon = Lagoon()
    ada = lagoon.with_persons("auditor", "ada")["ada"]
    twin = PaperPerson("auditor", "twin")
    twin.key = ada.key
    assert "another person's" in lagoon.refused(BadApprover, "auditor", asked(lagoon, twin, ada))
    elsewhere = PaperPerson("bank", "ada")
    elsewhere.key = ada.key
    lagoon.refused(BadApprover, "bank", asked(lagoon, elsewhere))


@pytest.mark.parametrize("purpose", [Purpose.IDENTITY, Purpose.RECOVERY, Purpose.COSIGN, Purpose.LOG])
def test_a_key_that_the_node_has_is_no_persons(purpose: Purpose) -> None:
    lagoon = Lagoon()
    node = PaperPerson("auditor", "node")
    node.key = lagoon.founding.keys["auditor"][purpose]
    assert f"the {purpose} key" in lagoon.refused(BadApprover, "auditor", asked(lagoon, node))


def test_a_key_that_did_not_sign_its_request_is_not_registered() -> None:
    lagoon = Lagoon()
    others = lagoon.with_persons("auditor", "ada", "grace").values()
    thief = PaperPerson("auditor", "thief")
    body = ApproverRequest(org="auditor", person="thief", public=EVE.key.public.data, not_after=lagoon.time + 60)
    signed = tuple(one.sign(lagoon.chain, body, Context.APPROVER) for one in (thief, *others))
    assert "has not signed its request" in lagoon.refused(BadApprover, "auditor", AddApprover(signed=signed))


def test_a_person_belongs_to_the_organisation_that_registers_it() -> None:
    lagoon = Lagoon()
    lagoon.refused(NotAllowed, "bank", asked(lagoon, ADA))


def test_a_name_is_given_once_and_a_request_does_not_lie_ready() -> None:
    lagoon = Lagoon()
    ada = lagoon.with_persons("auditor", "ada")["ada"]
    again = PaperPerson("auditor", "ada")
    lagoon.refused(AlreadyExists, "auditor", asked(lagoon, again, ada))
    lagoon.refused(TooEarly, "auditor", GRACE.request(lagoon.chain, (ada,), not_after=lagoon.time + LONGEST_SECONDS + 1))
    late = asked(lagoon, GRACE, ada)
    lagoon.later(seconds=61).refused(DeadlinePassed, "auditor", late)


# -- consent to data of a high level -------------------------------------------------------------------------------------------


def sensitive(level: int = 4) -> tuple[Lagoon, PaperPerson]:
    """A job on the bureau's data of a high level; the bureau has one person."""
    lagoon = Lagoon().with_grant()
    ada = lagoon.with_persons("bureau", "ada")["ada"]
    return lagoon.do("bureau", regrading(level=level)).propose(), ada


def test_the_owner_of_data_of_a_high_level_consents_with_a_persons_signature() -> None:
    lagoon, ada = sensitive()
    sentence = lagoon.refused(ApprovalMissing, "bureau", consent())
    assert "bureau/files/1 is of level 4" in sentence
    lagoon.approve(ada).consent("bank")


def test_below_that_level_nobody_has_to_sign() -> None:
    lagoon, _ = sensitive(level=3)
    lagoon.do("bureau", consent())


def test_a_persons_approval_is_for_this_job_this_plan_and_its_own_organisation() -> None:
    lagoon, ada = sensitive()
    bob = lagoon.with_persons("bank", "bob")["bob"]
    for one in (
        lagoon.approval(ada, job_id=bytes(16)),
        lagoon.approval(ada, plan_digest=bytes(32)),
        lagoon.approval(ada, org="bank"),
        lagoon.approval(bob),
        ada.sign(lagoon.chain, ConsentApproval(job_id=JOB, plan_digest=PLAN, org="bureau"), Context.ORDER),
    ):
        lagoon.refused(ApprovalMissing, "bureau", consent(approval=one))
    good = lagoon.approval(ada)
    lagoon.do("bureau", RevokeApprover(person="ada")).refused(ApprovalMissing, "bureau", consent(approval=good))


def test_start_needs_the_signature_too_when_the_level_has_risen_since_the_consent() -> None:
    lagoon, _ = sensitive(level=3)
    lagoon.consent().do("bureau", regrading(level=4))
    assert "bureau/files/1 is of level 4" in lagoon.refused(ApprovalMissing, "bank", StartJob(job_id=JOB))
    signed, ada = sensitive(level=3)
    signed.approve(ada).consent("bank")
    signed.do("bureau", regrading(level=4)).start()


def test_start_needs_the_person_who_signed_to_be_in_force_still() -> None:
    lagoon, ada = sensitive()
    lagoon.approve(ada).consent("bank")
    lagoon.do("bureau", RevokeApprover(person="ada")).refused(ApprovalMissing, "bank", StartJob(job_id=JOB))


def test_a_person_is_revoked_by_its_own_organisation_once() -> None:
    lagoon = Lagoon()
    lagoon.with_persons("auditor", "ada")
    lagoon.refused(Unknown, "bank", RevokeApprover(person="ada"))
    lagoon.do("auditor", RevokeApprover(person="ada"))
    assert not lagoon.get(Approver, "auditor/ada").active
    lagoon.refused(WrongState, "auditor", RevokeApprover(person="ada"))
