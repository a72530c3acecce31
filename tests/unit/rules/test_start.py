"""START: everything is asked again at its height, and reserved in the same breath."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import Dataset, DatasetState, JobInput, JobState, Member, MemberState, Tally
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import (
    DeadlinePassed,
    GrantNotInForce,
    NotAllowed,
    NotMember,
    NotUnanimous,
    Unknown,
    WrongState,
)
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import StartJob
from atoll.ledger.rules.keys import RevokeKey
from atoll.testing.consortium import FOUNDED
from atoll.trust.keys import Purpose
from tests.unit.rules.lagoon import (
    CUSTOMERS,
    DEADLINE,
    FILES,
    GRANT,
    GRANTED_INPUT,
    JOB,
    OWN_INPUT,
    Lagoon,
    permission,
    proposal,
    registration,
)

START = StartJob(job_id=JOB)
OTHER_GRANT = b"\x62" * 16


def test_any_party_asks_for_start_and_the_job_runs_from_that_height() -> None:
    lagoon = Lagoon().with_grant().consented().later(heights=6)
    lagoon.do("bureau", START)
    assert (lagoon.job().state, lagoon.job().started_height) == (JobState.STARTED, 7)


def test_a_stranger_to_the_job_starts_nothing() -> None:
    lagoon = Lagoon().with_grant().consented()
    lagoon.refused(NotAllowed, "telecom", START)
    lagoon.refused(Unknown, "bank", StartJob(job_id=b"\x09" * 16))


@pytest.mark.parametrize("given", [(), ("bank",), ("bureau",)])
def test_nothing_starts_without_the_consent_of_every_party(given: tuple[str, ...]) -> None:
    lagoon = Lagoon().with_grant().propose()
    for org in given:
        lagoon.consent(org)
    sentence = lagoon.refused(NotUnanimous, "bank", START)
    assert all(org in sentence for org in {"bank", "bureau"} - set(given))


def test_a_party_that_brings_nothing_and_gets_nothing_must_consent_too() -> None:
    lagoon = Lagoon().with_grant().propose(parties=("bank", "bureau", "telecom")).consent("bank", "bureau")
    lagoon.refused(NotUnanimous, "bank", START)
    lagoon.consent("telecom").start()


def test_a_job_starts_once() -> None:
    lagoon = Lagoon().with_grant().started()
    lagoon.refused(WrongState, "bank", START)
    assert lagoon.uses() == (1, 0)


def test_a_job_starts_up_to_its_deadline_and_no_later() -> None:
    lagoon = Lagoon().with_grant().consented()
    lagoon.later(seconds=DEADLINE - lagoon.time + 1).refused(DeadlinePassed, "bank", START)
    in_time = Lagoon().with_grant().consented()
    in_time.later(seconds=DEADLINE - in_time.time).start()


@pytest.mark.parametrize("org", ["bank", "bureau"])
def test_every_party_must_still_be_a_member(org: str) -> None:
    lagoon = Lagoon().with_grant().consented()
    lagoon.put(replace(lagoon.get(Member, org), state=MemberState.SUSPENDED))
    other = "bureau" if org == "bank" else "bank"
    lagoon.refused(NotMember, other, START)


# -- datasets ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("org", ["bank", "bureau"])
def test_nothing_starts_on_the_consent_of_a_party_whose_identity_is_revoked(org: str) -> None:
    lagoon = Lagoon().with_grant().consented()
    second = lagoon.second(org, Purpose.IDENTITY, b"revoke")
    lagoon.do("telecom", RevokeKey(org=org, purpose=Purpose.IDENTITY, second=second))
    sentence = lagoon.refused(NotAllowed, "bureau" if org == "bank" else "bank", StartJob(job_id=JOB))
    assert sentence.startswith(f"{org} may not")
    assert lagoon.uses() == (0, 0)


@pytest.mark.parametrize("dataset", [FILES, CUSTOMERS])
def test_a_dataset_withdrawn_after_the_consents_stops_the_start(dataset: str) -> None:
    lagoon = Lagoon().with_grant().consented()
    lagoon.do(dataset.split("/")[0], WithdrawDataset(dataset=dataset))
    lagoon.refused(WrongState, "bank", START)


def test_a_frozen_dataset_stops_the_start() -> None:
    lagoon = Lagoon().with_grant().consented()
    lagoon.put(replace(lagoon.get(Dataset, FILES), state=DatasetState.FROZEN))
    lagoon.refused(WrongState, "bank", START)


def test_a_dataset_that_was_never_registered_stops_the_start() -> None:
    missing = replace(OWN_INPUT, dataset="bank/orders/1")
    lagoon = Lagoon().with_grant().consented(inputs=(GRANTED_INPUT, missing))
    lagoon.refused(Unknown, "bank", START)


def test_nobody_brings_the_dataset_of_another() -> None:
    """Not even with that other's grant: rows never leave."""
    taken = replace(GRANTED_INPUT, user="bank")
    lagoon = Lagoon().with_grant().consented(inputs=(taken,))
    assert "only bureau" in lagoon.refused(NotAllowed, "bank", START)


# -- grants --------------------------------------------------------------------------------------------------------------------


def test_a_grant_revoked_after_the_consents_stops_the_start() -> None:
    lagoon = Lagoon().with_grant().consented().do("bureau", RevokeGrant(grant=GRANT))
    assert "revoked" in lagoon.refused(GrantNotInForce, "bank", START)


def test_a_grant_that_nobody_gave_carries_nothing() -> None:
    for name in (b"\x99" * 16, b"\x99"):
        lagoon = Lagoon().with_grant().consented(inputs=(replace(GRANTED_INPUT, grant=name),))
        lagoon.refused(GrantNotInForce, "bank", START)


def test_a_plan_rests_on_one_version_of_a_grant() -> None:
    lagoon = Lagoon().with_grant().consented(inputs=(replace(GRANTED_INPUT, grant_version=2), OWN_INPUT))
    assert "version 2" in lagoon.refused(GrantNotInForce, "bank", START)


def test_a_grant_that_changed_since_the_plan_carries_it_no_more() -> None:
    lagoon = Lagoon().with_grant().consented()
    lagoon.put(replace(lagoon.grant(), version=2))
    lagoon.refused(GrantNotInForce, "bank", START)


def test_a_grant_holds_from_its_first_to_its_last_second() -> None:
    for offset, good in ((-1, False), (0, True), (50, True), (51, False)):
        lagoon = Lagoon().with_datasets()
        lagoon.do("bureau", permission(not_before=FOUNDED + 100, not_after=FOUNDED + 150)).consented()
        lagoon.later(seconds=FOUNDED + 100 + offset - lagoon.time)
        if good:
            lagoon.start()
        else:
            lagoon.refused(GrantNotInForce, "bank", START)


def test_a_grant_is_for_one_dataset_version() -> None:
    lagoon = Lagoon().with_grant().do("bureau", registration("bureau/files/2"))
    newer = replace(GRANTED_INPUT, dataset="bureau/files/2")
    lagoon.consented(inputs=(newer, OWN_INPUT))
    assert f"it is for {FILES}" in lagoon.refused(GrantNotInForce, "bank", START)


def test_a_grant_given_to_somebody_else_does_not_carry_the_job() -> None:
    lagoon = Lagoon().with_datasets().do("bureau", permission(grantee="telecom")).consented()
    assert "given to telecom, and bank would get" in lagoon.refused(GrantNotInForce, "bank", START)


def test_a_grant_to_one_receiver_does_not_carry_a_second_one() -> None:
    second = [replace(one, receiver="telecom") for one in (GRANTED_INPUT, OWN_INPUT)]
    lagoon = Lagoon().with_grant()
    lagoon.consented(
        parties=("bank", "bureau", "telecom"), receivers=("bank", "telecom"), inputs=(GRANTED_INPUT, OWN_INPUT, *second)
    )
    assert "given to bank, and telecom would get" in lagoon.refused(GrantNotInForce, "bank", START)


@pytest.mark.parametrize("inputs", [(GRANTED_INPUT, OWN_INPUT), (replace(GRANTED_INPUT, receiver="telecom"), OWN_INPUT)])
def test_a_receiver_whom_no_input_stands_for_is_not_even_proposed(inputs: tuple[JobInput, ...]) -> None:
    asked = proposal(parties=("bank", "bureau", "telecom"), receivers=("bank", "telecom"), inputs=inputs)
    assert "for each receiver" in Lagoon().with_grant().refused(NotAllowed, "bank", asked)


def test_two_receivers_each_give_a_grant_to_the_other() -> None:
    back = b"\x63" * 16
    lagoon = Lagoon().with_grant().do("bank", permission(grant=back, grantee="bureau", dataset=CUSTOMERS))
    towards_bureau = (
        replace(GRANTED_INPUT, grant=b"", grant_version=0, receiver="bureau"),
        replace(OWN_INPUT, grant=back, grant_version=1, receiver="bureau"),
    )
    lagoon.consented(receivers=("bank", "bureau"), inputs=(GRANTED_INPUT, OWN_INPUT, *towards_bureau)).start()
    taken = [lagoon.get(Tally, account).days[0].new_identifiers for account in ("bureau/files|bank", "bank/customers|bureau")]
    assert taken == [500, 1000]  # each of its own run's set alone


def test_every_input_needs_its_own_grant() -> None:
    lagoon = Lagoon().with_grant().do("telecom", registration("telecom/calls/1"))
    third = JobInput(dataset="telecom/calls/1", user="telecom", grant=GRANT, grant_version=1, rows_cap=1, receiver="bank")
    lagoon.consented(parties=("bank", "bureau", "telecom"), inputs=(GRANTED_INPUT, OWN_INPUT, third))
    lagoon.refused(GrantNotInForce, "bank", START)


def test_without_a_grant_an_owner_serves_nobody_but_itself() -> None:
    bare = replace(GRANTED_INPUT, grant=b"", grant_version=0)
    lagoon = Lagoon().with_grant().consented(inputs=(bare, OWN_INPUT))
    assert "without a grant of bureau" in lagoon.refused(NotAllowed, "bank", START)


def test_an_owner_uses_its_own_dataset_for_itself_without_a_grant() -> None:
    lagoon = Lagoon().with_datasets().consented(parties=("bank",), inputs=(OWN_INPUT,))
    lagoon.start()
