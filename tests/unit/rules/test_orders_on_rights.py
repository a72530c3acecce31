"""Orders on rights: a regulator's freeze or recall of a right reaches every right and every grant below it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import RightKind, RightState
from atoll.ledger.rules.errors import OrderInForce, RightNotInForce
from atoll.ledger.rules.job import StartJob
from atoll.ledger.rules.right import LeaseRight, SublicenseRight, TransferRight
from atoll.testing.persons import PaperPerson
from tests.unit.rules.estate import ROOT, Estate, given, granted
from tests.unit.rules.lagoon import GRANTED_INPUT, JOB, ORDER, OWN_INPUT, consent, receipt

OPERATION, USE = RightKind.OPERATION, RightKind.USE
SECOND_ORDER = b"\x08" * 16


def supervised() -> tuple[Estate, tuple[PaperPerson, ...], bytes, bytes]:
    """The bureau's right of operation at telecom, below it a right of use at the bank, and a grant that rests on that one."""
    estate = Estate(roles={"auditor": ("auditor", "regulator")})
    persons = tuple(estate.with_persons("auditor", "ada", "grace").values())
    upper = estate.give("telecom", OPERATION, depth_left=1)
    lower = estate.sublicense("telecom", upper, "bank", USE)
    return estate.permit("bank", right=lower, grantee="bank"), persons, upper, lower


@pytest.mark.parametrize("action", ["freeze", "recall"])
@pytest.mark.parametrize("where", ["root", "upper", "lower"])
def test_an_order_on_a_right_stops_every_job_under_it(action: str, where: str) -> None:
    estate, persons, upper, lower = supervised()
    target = {"root": ROOT, "upper": upper, "lower": lower}[where]
    estate.started(JOB).consented(b"\x02" * 16).propose(b"\x03" * 16)
    estate.do("bank", estate.ordered(action, "right", target.hex(), persons))
    sentence = estate.refused(OrderInForce, "bank", StartJob(job_id=b"\x02" * 16))
    assert f"right {target.hex()} is {'frozen' if action == 'freeze' else 'recalled'} by order {ORDER.hex()}" in sentence
    estate.refused(OrderInForce, "bureau", consent(job_id=b"\x03" * 16))
    estate.refused(OrderInForce, "bank", receipt())
    assert estate.uses() == (1, 0)
    expected = RightState.FROZEN if action == "freeze" else RightState.REVOKED
    assert estate.right(target).state is expected
    assert estate.fell(lower)


@pytest.mark.parametrize("action", ["freeze", "recall"])
@pytest.mark.parametrize(("kind", "target"), [("member", "telecom"), ("lineage", "bureau/files"), ("member", "bureau")])
def test_no_right_moves_while_its_holder_its_lineage_or_the_root_s_holder_is_under_an_order(
    action: str, kind: str, target: str
) -> None:
    estate, persons, upper, lower = supervised()
    power = estate.give("telecom", RightKind.TRANSACTION)
    estate.consented().do("auditor", estate.ordered(action, kind, target, persons))
    moved = TransferRight(right=upper, version=estate.right(upper).version, to="bank", under=power)
    estate.refused(OrderInForce, "telecom", moved)
    for as_ in (SublicenseRight, LeaseRight):
        estate.refused(OrderInForce, "telecom", given(upper, "operator", USE, as_=as_, right=estate.fresh()))
    estate.refused(OrderInForce, "bureau", given(ROOT, "telecom", RightKind.INCOME, right=estate.fresh()))
    estate.refused(OrderInForce, "bank", granted(right=lower, grantee="bank", grant=b"\x62" * 16))
    estate.refused(OrderInForce, "bank", StartJob(job_id=JOB))


def test_what_a_member_under_an_order_gave_carries_nothing_even_after_it_passed_its_right_on() -> None:
    estate = Estate(roles={"auditor": ("auditor", "regulator")})
    persons = tuple(estate.with_persons("auditor", "ada", "grace").values())
    right, power = estate.give("telecom", OPERATION), estate.give("telecom", RightKind.TRANSACTION)
    estate.permit("telecom", right=right).consented().transfer("telecom", right, "operator", under=power)
    estate.do("auditor", estate.ordered("freeze", "member", "telecom", persons))
    estate.refused(OrderInForce, "bank", StartJob(job_id=JOB))


def test_a_member_under_an_order_can_still_give_back_what_it_has() -> None:
    estate, persons, upper, lower = supervised()
    estate.do("auditor", estate.ordered("freeze", "member", "telecom", persons))
    estate.revoke("telecom", upper)
    assert estate.fell(lower)


@pytest.mark.parametrize("action", ["freeze", "recall"])
def test_nothing_is_given_under_a_right_that_an_order_hit(action: str) -> None:
    estate, persons, upper, lower = supervised()
    estate.do("auditor", estate.ordered(action, "right", upper.hex(), persons))
    estate.refused(RightNotInForce, "bank", granted(right=lower, grantee="bank", grant=b"\x62" * 16))
    new = given(upper, "bank", USE, as_=SublicenseRight, right=estate.fresh())
    estate.refused(RightNotInForce, "telecom", new)


def test_a_lifted_freeze_of_a_right_lets_the_same_job_start_and_a_recall_never() -> None:
    estate, persons, upper, _ = supervised()
    estate.consented().do("auditor", estate.ordered("freeze", "right", upper.hex(), persons))
    lift = estate.ordered("unfreeze", "right", upper.hex(), persons, order=SECOND_ORDER, lifts=ORDER)
    estate.do("auditor", lift).start()
    assert estate.right(upper).state is RightState.ACTIVE
    other, persons, upper, _ = supervised()
    other.consented().do("auditor", other.ordered("freeze", "right", upper.hex(), persons))
    other.do("auditor", other.ordered("recall", "right", upper.hex(), persons, order=SECOND_ORDER))
    lift = other.ordered("unfreeze", "right", upper.hex(), persons, order=b"\x09" * 16, lifts=ORDER)
    other.do("auditor", lift).refused(OrderInForce, "bank", StartJob(job_id=JOB))
    assert other.right(upper).state is RightState.REVOKED


def test_an_order_on_a_right_leaves_grants_beside_it_alone() -> None:
    estate, persons, _, lower = supervised()
    estate.permit("bureau", grant=b"\x62" * 16).do("auditor", estate.ordered("recall", "right", lower.hex(), persons))
    beside = replace(GRANTED_INPUT, grant=b"\x62" * 16)
    estate.consented(JOB, inputs=(beside, OWN_INPUT)).start()
