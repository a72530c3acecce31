"""What a grant is worth that was given under a right: as much as the right, as long as it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import Cap, CapUnit, Counting, GrantState, JobState, RightKind, root_right_id
from atoll.ledger.rights import why_grant_fell
from atoll.ledger.rules.errors import GrantNotInForce, NotAllowed, RightExceeded, RightNotInForce, Unknown
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import StartJob
from tests.unit.rules.estate import END, ROOT, Estate, granted
from tests.unit.rules.lagoon import CUSTOMERS, GRANT, GRANTED_INPUT, JOB, OWN_INPUT, PARTIES, proposal, receipt

HOLDING, USE, PROCESSING, OPERATION, INCOME, MANAGEMENT, TRANSACTION = RightKind


def test_an_operator_grants_within_its_right() -> None:
    estate = Estate()
    right = estate.give("telecom", OPERATION)
    estate.permit("telecom", right=right)
    assert (estate.grant().giver, estate.grant().owner, estate.grant().right) == ("telecom", "bureau", right)
    too_long = granted(right=right, grant=b"\x62" * 16, not_after=END + 1)
    estate.refused(RightExceeded, "telecom", too_long)
    estate.consented().start()


@pytest.mark.parametrize("kind", [USE, PROCESSING])
def test_a_user_grants_to_itself_and_to_nobody_else(kind: RightKind) -> None:
    estate = Estate()
    right = estate.give("bank", kind)
    estate.refused(RightExceeded, "bank", granted(right=right, grantee="telecom"))
    estate.permit("bank", right=right, grantee="bank").consented().start()


@pytest.mark.parametrize(
    "generous",
    [
        {"caps": (Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=1_000_001, days=30),)},
        {"caps": (Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=1_000_000, days=29),)},
        {"counting": Counting.ASSERTED},
        {"epsilon_micro": 1},
    ],
    ids=["more identifiers", "in fewer days", "asserted sets", "noise"],
)
def test_under_a_right_nobody_grants_more_than_the_defaults_but_who_holds_the_root(generous: dict[str, Any]) -> None:
    estate = Estate()
    use, operation = estate.give("bank", USE), estate.give("telecom", OPERATION)
    estate.refused(RightExceeded, "bank", granted(right=use, grantee="bank", **generous))
    estate.refused(RightExceeded, "telecom", granted(right=operation, **generous))
    narrower = Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=10, days=60), Cap(unit=CapUnit.ROWS, limit=10**9, days=1)
    estate.permit("bank", right=use, grantee="bank", caps=narrower)
    estate.permit("bureau", grant=b"\x62" * 16, **generous)


@pytest.mark.parametrize("kind", [INCOME, MANAGEMENT, TRANSACTION])
def test_no_other_right_grants_anything(kind: RightKind) -> None:
    estate = Estate()
    right = estate.give("bank", kind)
    estate.refused(RightExceeded, "bank", granted(right=right, grantee="bank"))
    estate.refused(RightExceeded, "bank", granted(right=right, grantee="telecom"))


def test_nobody_grants_under_a_right_of_another_or_of_another_lineage() -> None:
    estate = Estate()
    right = estate.give("telecom", OPERATION)
    estate.refused(NotAllowed, "bank", granted(right=right))
    estate.refused(NotAllowed, "bank", granted(right=root_right_id("bank/customers")))
    estate.refused(Unknown, "bank", granted(right=b"\x01" * 16))


@pytest.mark.parametrize("what", ["freeze", "revoke", "freeze root", "term"])
def test_a_grant_dies_with_its_right_before_start(what: str) -> None:
    estate = Estate()
    right = estate.give("telecom", OPERATION, not_after=estate.time + 50)
    estate.permit("telecom", right=right, not_after=estate.time + 50).consented()
    match what:
        case "freeze":
            estate.freeze("bureau", right)
        case "freeze root":
            estate.freeze("bureau", ROOT)
        case "revoke":
            estate.revoke("bureau", right)
        case _:
            estate.time += 51
    estate.refused(GrantNotInForce, "bank", StartJob(job_id=JOB))


def test_start_goes_in_the_last_second_of_a_right_and_not_in_the_next() -> None:
    for late in (False, True):
        estate = Estate()
        right = estate.give("telecom", OPERATION, not_after=estate.time + 50)
        estate.permit("telecom", right=right, not_after=estate.time + 50).consented()
        estate.time = estate.right(right).not_after + late
        if late:
            estate.refused(GrantNotInForce, "bank", StartJob(job_id=JOB))
        else:
            estate.start()


def test_what_the_old_holder_granted_itself_dies_with_the_transfer_and_what_it_granted_others_does_not() -> None:
    estate = Estate()
    right = estate.give("bank", USE)
    power = estate.give("bank", TRANSACTION)
    estate.permit("bank", right=right).consented()
    estate.transfer("bank", right, "telecom", under=power)
    assert "passed the right on to telecom" in estate.refused(GrantNotInForce, "bank", StartJob(job_id=JOB))
    other = Estate().permit("bureau").consented().transfer("bureau", ROOT, "telecom")
    other.start()


def test_a_grant_is_taken_back_by_the_holder_above_it_even_after_a_transfer() -> None:
    estate = Estate()
    right = estate.give("telecom", OPERATION)
    estate.permit("telecom", right=right).transfer("bureau", ROOT, "auditor")
    estate.refused(NotAllowed, "bureau", RevokeGrant(grant=GRANT))
    estate.refused(NotAllowed, "bank", RevokeGrant(grant=GRANT))
    assert estate.do("auditor", RevokeGrant(grant=GRANT)).grant().state is GrantState.REVOKED


@pytest.mark.parametrize("what", ["transfer", "freeze", "lease"])
def test_a_custodian_uses_its_data_for_itself_only_while_it_holds_them_and_has_not_leased_them_out(what: str) -> None:
    estate = Estate().permit("bureau").consented()
    root = root_right_id("bank/customers")
    match what:
        case "transfer":
            estate.transfer("bank", root, "telecom")
        case "freeze":
            estate.freeze("bank", root)
        case _:
            estate.lease("telecom", USE, by="bank", parent=root)
    assert OWN_INPUT.dataset == CUSTOMERS in [one.dataset for one in proposal().inputs]
    estate.refused(RightNotInForce, "bank", StartJob(job_id=JOB))


@pytest.mark.parametrize("kind", [USE, PROCESSING, OPERATION])
@pytest.mark.parametrize("grantee", ["bank", "bureau"])
def test_what_was_granted_before_a_lease_carries_nothing_while_it_lasts_and_carries_again_after(
    grantee: str, kind: RightKind
) -> None:
    estate = Estate().permit("bureau", grantee=grantee, not_after=END + 1000)
    parties = tuple(sorted({"bureau", grantee}))
    line = replace(GRANTED_INPUT, receiver=grantee)
    asked = proposal(parties=parties, receivers=(grantee,), inputs=(line,), not_after=END + 100)
    estate.do(grantee, asked).consent()
    estate.lease("telecom", kind, not_before=estate.time + 10, not_after=estate.time + 20)
    for wait in (10, 10):
        estate.later(seconds=wait)
        assert "leased to telecom alone" in estate.refused(GrantNotInForce, grantee, StartJob(job_id=JOB))
    estate.later().do(grantee, StartJob(job_id=JOB))


def test_a_grant_under_the_lease_is_the_one_that_carries() -> None:
    estate = Estate()
    lease = estate.lease("telecom", OPERATION)
    estate.permit("telecom", right=lease).started()


def test_a_frozen_lease_gives_nothing_back_to_the_lessor() -> None:
    estate = Estate().permit("bureau").consented()
    lease = estate.lease("telecom", USE)
    estate.freeze("bureau", lease).refused(GrantNotInForce, "bank", StartJob(job_id=JOB))
    estate.revoke("bureau", lease).start()


def test_a_job_that_runs_when_a_lease_begins_goes_on() -> None:
    estate = Estate().permit("bureau").started()
    estate.lease("telecom", USE)
    assert why_grant_fell(estate.state, estate.grant(), at=None) == ""
    assert why_grant_fell(estate.state, estate.grant(), at=estate.time)
    for org in PARTIES:
        estate.do(org, receipt())
    assert estate.job().state is JobState.COMPLETED
