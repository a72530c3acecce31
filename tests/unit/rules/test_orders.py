"""Orders of a regulator: by two persons of it, at once, on everything that rests on the target."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import Approver, Hold, JobState, Key, Member, Order, OrderState, TargetKind, hold_id, root_right_id
from atoll.ledger.rules.approver import LONGEST_SECONDS, RevokeApprover
from atoll.ledger.rules.errors import (
    AlreadyExists,
    DeadlinePassed,
    NotAllowed,
    OneHandOnly,
    OrderInForce,
    TooEarly,
    Unknown,
    WrongState,
)
from atoll.ledger.rules.job import FailJob, StartJob
from atoll.ledger.rules.order import FreezeOrder
from atoll.testing.persons import PaperPerson
from atoll.wire.message import Message
from tests.unit.rules.lagoon import (
    CUSTOMERS,
    FILES,
    GRANT,
    JOB,
    ORDER,
    Lagoon,
    consent,
    permission,
    receipt,
    registration,
)

ROLES = {"auditor": ("auditor", "regulator"), "telecom": ("regulator", "user")}
SECOND_ORDER, THIRD_ORDER = b"\x08" * 16, b"\x09" * 16
TARGETS = {
    "dataset": FILES,
    "lineage": "bureau/files",
    "grant": GRANT.hex(),
    "member": "bureau",
}


def supervised() -> tuple[Lagoon, PaperPerson, PaperPerson]:
    """A ledger with a grant and a regulator that has two persons."""
    lagoon = Lagoon(roles=ROLES).with_grant()
    persons = lagoon.with_persons("auditor", "ada", "grace")
    return lagoon, persons["ada"], persons["grace"]


def envelopes(order: Message) -> tuple[bytes, ...]:
    """What the persons of an order signed."""
    return tuple(order.to_map()["signed"])


# -- what an order does --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("action", ["freeze", "recall"])
def test_what_is_frozen_or_recalled_carries_no_consent_no_start_and_no_receipt(kind: str, action: str) -> None:
    lagoon, ada, grace = supervised()
    lagoon.started(JOB)
    lagoon.consented(b"\x02" * 16).propose(b"\x03" * 16)
    lagoon.do("telecom", lagoon.ordered(action, kind, TARGETS[kind], (ada, grace)))
    sentence = lagoon.refused(OrderInForce, "bank", StartJob(job_id=b"\x02" * 16))
    assert f"{kind} {TARGETS[kind]} is {'frozen' if action == 'freeze' else 'recalled'} by order {ORDER.hex()}" in sentence
    lagoon.refused(OrderInForce, "bureau", consent(job_id=b"\x03" * 16))
    lagoon.refused(OrderInForce, "bank", receipt())
    assert lagoon.uses() == (1, 0)


@pytest.mark.parametrize("kind", ["dataset", "lineage", "member"])
def test_nobody_is_given_a_grant_on_what_is_frozen(kind: str) -> None:
    lagoon, ada, grace = supervised()
    lagoon.do("auditor", lagoon.ordered("freeze", kind, TARGETS[kind], (ada, grace)))
    lagoon.refused(OrderInForce, "bureau", permission(grant=b"\x62" * 16))


def test_a_job_that_ran_into_a_freeze_fails_and_what_it_took_stays_taken() -> None:
    lagoon, ada, grace = supervised()
    lagoon.cap(FILES, "uses", 9).started()
    lagoon.do("auditor", lagoon.ordered("freeze", "lineage", "bureau/files", (ada, grace)))
    lagoon.do("bureau", FailJob(job_id=JOB, code="policy.order"))
    assert lagoon.job().state is JobState.FAILED
    assert (lagoon.uses(), lagoon.lineage("bureau/files", "uses")) == ((0, 1), (0, 1))


def test_a_freeze_of_one_version_leaves_the_others_alone_and_of_the_lineage_none() -> None:
    lagoon, ada, grace = supervised()
    lagoon.do("bureau", registration("bureau/files/2"))
    lagoon.do("auditor", lagoon.ordered("freeze", "dataset", "bureau/files/2", (ada, grace)))
    lagoon.started()
    lagoon.do("auditor", lagoon.ordered("freeze", "lineage", "bureau/files", (ada, grace), order=SECOND_ORDER))
    lagoon.refused(OrderInForce, "bank", receipt())


def test_after_the_freeze_is_lifted_the_same_job_starts() -> None:
    lagoon, ada, grace = supervised()
    lagoon.consented().do("auditor", lagoon.ordered("freeze", "dataset", FILES, (ada, grace)))
    lagoon.refused(OrderInForce, "bank", StartJob(job_id=JOB))
    lagoon.do("auditor", lagoon.ordered("unfreeze", "dataset", FILES, (grace, ada), order=SECOND_ORDER, lifts=ORDER))
    lagoon.start()
    assert lagoon.get(Order, ORDER.hex()).state is OrderState.LIFTED
    assert not lagoon.get(Hold, hold_id(TargetKind.DATASET, FILES)).acts


def test_two_freezes_are_lifted_by_two_orders() -> None:
    lagoon, ada, grace = supervised()
    others = lagoon.with_persons("telecom", "tim", "vint")
    tim, vint = others.values()
    lagoon.consented().do("auditor", lagoon.ordered("freeze", "dataset", FILES, (ada, grace)))
    lagoon.do("telecom", lagoon.ordered("freeze", "dataset", FILES, (tim, vint), regulator="telecom", order=SECOND_ORDER))
    lift = lagoon.ordered("unfreeze", "dataset", FILES, (ada, grace), order=THIRD_ORDER, lifts=SECOND_ORDER)
    assert "only telecom" in lagoon.refused(NotAllowed, "auditor", lift)
    lagoon.do("auditor", lagoon.ordered("unfreeze", "dataset", FILES, (ada, grace), order=THIRD_ORDER, lifts=ORDER))
    lagoon.refused(OrderInForce, "bank", StartJob(job_id=JOB))


def test_a_recall_is_for_good() -> None:
    lagoon, ada, grace = supervised()
    lagoon.consented().do("auditor", lagoon.ordered("recall", "grant", GRANT.hex(), (ada, grace)))
    lift = lagoon.ordered("unfreeze", "grant", GRANT.hex(), (ada, grace), order=SECOND_ORDER, lifts=ORDER)
    lagoon.refused(WrongState, "auditor", lift)
    again = lagoon.ordered("recall", "grant", GRANT.hex(), (ada, grace), order=SECOND_ORDER)
    lagoon.refused(WrongState, "auditor", again)
    lagoon.refused(OrderInForce, "bank", StartJob(job_id=JOB))


def test_an_order_lifts_what_it_names_and_nothing_else() -> None:
    lagoon, ada, grace = supervised()
    lagoon.do("auditor", lagoon.ordered("freeze", "dataset", FILES, (ada, grace)))
    other = lagoon.ordered("unfreeze", "dataset", CUSTOMERS, (ada, grace), order=SECOND_ORDER, lifts=ORDER)
    lagoon.refused(NotAllowed, "auditor", other)
    lift = lagoon.ordered("unfreeze", "dataset", FILES, (ada, grace), order=SECOND_ORDER, lifts=ORDER)
    lagoon.do("auditor", lift)
    again = lagoon.ordered("unfreeze", "dataset", FILES, (ada, grace), order=THIRD_ORDER, lifts=ORDER)
    lagoon.refused(WrongState, "auditor", again)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("dataset", "bureau/files/9"),
        ("lineage", "bureau/none"),
        ("grant", "00" * 16),
        ("member", "nobody"),
        ("right", "00" * 16),
    ],
)
def test_nothing_is_frozen_that_is_not_there(kind: str, target: str) -> None:
    lagoon, ada, grace = supervised()
    lagoon.refused(Unknown, "auditor", lagoon.ordered("freeze", kind, target, (ada, grace)))


def test_a_regulator_is_not_frozen_by_another() -> None:
    lagoon, ada, grace = supervised()
    lagoon.refused(NotAllowed, "auditor", lagoon.ordered("freeze", "member", "telecom", (ada, grace)))


# -- who signs -----------------------------------------------------------------------------------------------------------------


def test_the_order_says_who_signed_and_any_member_may_hand_it_in() -> None:
    lagoon, ada, grace = supervised()
    lagoon.later(heights=3, seconds=9).do("bank", lagoon.ordered("freeze", "dataset", FILES, (grace, ada)))
    order = lagoon.get(Order, ORDER.hex())
    assert order.approvers == ("auditor/approver/1", "auditor/approver/2")
    assert (order.regulator, order.height, order.time) == ("auditor", lagoon.height, lagoon.time)


def test_one_person_alone_is_not_two() -> None:
    lagoon, ada, _ = supervised()
    for persons in ((ada,), (ada, ada)):
        assert "alone did" in lagoon.refused(OneHandOnly, "auditor", lagoon.ordered("freeze", "dataset", FILES, persons))


def test_two_persons_of_two_organisations_are_not_two_of_one() -> None:
    lagoon, ada, _ = supervised()
    tim = lagoon.with_persons("telecom", "tim")["tim"]
    lagoon.refused(OneHandOnly, "auditor", lagoon.ordered("freeze", "dataset", FILES, (ada, tim)))


def test_a_revoked_persons_signature_does_not_count_even_if_it_signed_before() -> None:
    lagoon, ada, grace = supervised()
    order = lagoon.ordered("freeze", "dataset", FILES, (ada, grace))
    lagoon.do("auditor", RevokeApprover(person="grace"))
    assert "not in force" in lagoon.refused(OneHandOnly, "auditor", order)
    key = lagoon.get(Key, "auditor/approver/2")
    assert (key.revoked_height, lagoon.get(Approver, "auditor/grace").active) == (lagoon.height, False)


def test_an_order_is_given_once() -> None:
    lagoon, ada, grace = supervised()
    order = lagoon.ordered("freeze", "dataset", FILES, (ada, grace))
    lagoon.do("auditor", order).refused(AlreadyExists, "auditor", order)
    lift = lagoon.ordered("unfreeze", "dataset", FILES, (ada, grace), order=SECOND_ORDER, lifts=ORDER)
    lagoon.do("auditor", lift).refused(AlreadyExists, "auditor", order)


def test_an_order_is_neither_late_nor_signed_long_before() -> None:
    lagoon, ada, grace = supervised()
    order = lagoon.ordered("freeze", "dataset", FILES, (ada, grace), not_after=lagoon.time + 5)
    late = lagoon.ordered("freeze", "dataset", FILES, (ada, grace), not_after=lagoon.time + LONGEST_SECONDS + 1)
    lagoon.refused(TooEarly, "auditor", late)
    lagoon.later(seconds=6).refused(DeadlinePassed, "auditor", order)
    last = lagoon.ordered("freeze", "dataset", FILES, (ada, grace), not_after=lagoon.time)
    lagoon.do("auditor", last)


def test_the_word_in_front_is_the_word_that_was_signed() -> None:
    lagoon, ada, grace = supervised()
    recall = lagoon.ordered("recall", "dataset", FILES, (ada, grace))
    lagoon.refused(OneHandOnly, "auditor", FreezeOrder(signed=envelopes(recall)))


def test_two_signatures_over_two_orders_are_not_two_over_one() -> None:
    lagoon, ada, grace = supervised()
    first = envelopes(lagoon.ordered("freeze", "dataset", FILES, (ada,)))
    second = envelopes(lagoon.ordered("freeze", "dataset", CUSTOMERS, (grace,)))
    lagoon.refused(OneHandOnly, "auditor", FreezeOrder(signed=(*first, *second)))


def test_a_signature_for_another_chain_or_by_another_key_does_not_count() -> None:
    lagoon, ada, grace = supervised()
    other = Lagoon(roles=ROLES, chain_id="other.example/lagoon")
    foreign = other.ordered("freeze", "dataset", FILES, (ada, grace), not_after=lagoon.time + 60)
    lagoon.refused(OneHandOnly, "auditor", foreign)
    forged = PaperPerson("auditor", "mallory", grace.number)
    lagoon.refused(OneHandOnly, "auditor", lagoon.ordered("freeze", "dataset", FILES, (ada, forged)))


def test_a_member_that_is_no_regulator_orders_nothing() -> None:
    lagoon, *_ = supervised()
    persons = lagoon.with_persons("bank", "bob", "eve")
    lagoon.refused(NotAllowed, "bank", lagoon.ordered("freeze", "dataset", FILES, (*persons.values(),), regulator="bank"))


def test_bytes_that_are_no_order_are_refused() -> None:
    lagoon, *_ = supervised()
    lagoon.refused(OneHandOnly, "auditor", FreezeOrder(signed=(bytes(200),)))


def test_what_is_frozen_can_still_be_recalled() -> None:
    lagoon, ada, grace = supervised()
    lagoon.do("auditor", lagoon.ordered("freeze", "grant", GRANT.hex(), (ada, grace)))
    lagoon.do("auditor", lagoon.ordered("recall", "grant", GRANT.hex(), (ada, grace), order=SECOND_ORDER))
    assert lagoon.get(Hold, hold_id(TargetKind.GRANT, GRANT.hex())).order == SECOND_ORDER


@pytest.mark.parametrize(
    ("kind", "target", "org"),
    [
        ("dataset", FILES, "bureau"),
        ("lineage", "bureau/files", "bureau"),
        ("grant", GRANT.hex(), "bureau"),
        ("grant", GRANT.hex(), "bank"),
        ("member", "bureau", "bureau"),
        ("right", root_right_id("bureau/files").hex(), "bureau"),
    ],
)
@pytest.mark.parametrize("action", ["freeze", "recall"])
def test_a_regulator_orders_nothing_about_its_own_group(action: str, kind: str, target: str, org: str) -> None:
    lagoon = Lagoon(roles={"auditor": ("auditor", "regulator")}).with_grant()
    persons = tuple(lagoon.with_persons("auditor", "ada", "grace").values())
    for one in ("auditor", org):
        lagoon.put(replace(lagoon.get(Member, one), affiliation="group"))
    sentence = lagoon.refused(NotAllowed, "auditor", lagoon.ordered(action, kind, target, persons))
    assert f"belongs to, {org}" in sentence
