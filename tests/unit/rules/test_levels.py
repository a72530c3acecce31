"""Levels on the ledger: raised freely, lowered with a reason, held by a regulator, asked again when a job starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import Dataset, LevelApproval, Member, Regrade
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import (
    LevelBelowParents,
    LevelHeld,
    NeedsReason,
    NotAllowed,
    NotApproved,
    NotMember,
    NotTradable,
    WrongState,
)
from atoll.ledger.rules.grade import ApproveLevel, verify_first_level
from atoll.ledger.rules.job import StartJob
from tests.unit.rules.lagoon import CUSTOMERS, FILES, JOB, Lagoon, permission, registration, regrading

REASON = b"\x0f" * 32
NEXT = "bureau/files/2"


def approval(*parties: str, not_after: int = 2**40, dataset: str = FILES) -> ApproveLevel:
    return ApproveLevel(dataset=dataset, parties=parties, not_after=not_after, reason_commitment=REASON)


def supervised() -> Lagoon:
    """The auditor is a regulator as well."""
    return Lagoon(roles={"auditor": ("auditor", "regulator")}).with_datasets()


def signed_for() -> Lagoon:
    """All have consented to a job, and a person of the owner has signed for it, as is needed from G4 on."""
    lagoon = supervised().do("bureau", permission()).propose()
    return lagoon.approve(lagoon.with_persons("bureau", "ada")["ada"]).consent("bank")


def test_an_owner_raises_a_level_without_a_reason_and_the_change_stands_beside_the_dataset() -> None:
    lagoon = Lagoon().with_datasets().later(heights=3).do("bureau", regrading(level=4))
    assert lagoon.get(Dataset, FILES).level == 4
    change = lagoon.get(Regrade, FILES)
    assert (change.before, change.level, change.floor, change.by, change.height) == (2, 4, 0, "bureau", 4)


@pytest.mark.parametrize("level", [1, 2])
def test_an_owner_lowers_or_restates_a_level_with_a_reason_alone(level: int) -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.refused(NeedsReason, "bureau", regrading(level=level))
    lagoon.refused(NeedsReason, "bureau", regrading(level=level, reason_commitment=b"no digest"))
    lagoon.do("bureau", regrading(level=level, reason_commitment=REASON))
    assert lagoon.get(Dataset, FILES).level == level
    assert lagoon.get(Regrade, FILES).reason_commitment == REASON


@pytest.mark.parametrize("org", ["bank", "operator", "auditor"])
def test_nobody_else_changes_a_level(org: str) -> None:
    Lagoon().with_datasets().refused(NotAllowed, org, regrading(level=4))


def test_a_regulator_raises_a_level_and_the_owner_cannot_go_below_it() -> None:
    lagoon = supervised().do("auditor", regrading(level=4))
    assert lagoon.get(Dataset, FILES).level == 4
    lagoon.do("bureau", regrading(level=5))
    lagoon.refused(LevelHeld, "bureau", regrading(level=3, reason_commitment=REASON))
    lagoon.do("bureau", lagoon.signed_for(lagoon.with_persons("bureau", "ada")["ada"], 4))
    assert lagoon.get(Regrade, FILES).floor == 4


def test_a_regulator_lowers_its_floor_with_a_reason_and_the_owner_then_the_level() -> None:
    lagoon = supervised().do("auditor", regrading(level=5))
    lagoon.refused(NeedsReason, "auditor", regrading(level=2))
    lagoon.do("auditor", regrading(level=2, reason_commitment=REASON))
    assert (lagoon.get(Dataset, FILES).level, lagoon.get(Regrade, FILES).floor) == (5, 2)
    lagoon.do("bureau", lagoon.signed_for(lagoon.with_persons("bureau", "ada")["ada"], 2))
    assert lagoon.get(Dataset, FILES).level == 2


def test_a_regulators_floor_holds_for_the_next_version_and_the_one_after_it() -> None:
    lagoon = supervised().do("auditor", regrading(level=4))
    lagoon.refused(LevelHeld, "bureau", registration(NEXT, level=3))
    lagoon.do("bureau", registration(NEXT, level=4))
    lagoon.refused(LevelHeld, "bureau", registration("bureau/files/3", level=3))
    lagoon.refused(LevelHeld, "bureau", regrading(dataset=NEXT, level=3, reason_commitment=REASON))


def test_a_withdrawn_version_is_not_graded_any_more() -> None:
    lagoon = Lagoon().with_datasets().do("bureau", WithdrawDataset(dataset=FILES))
    lagoon.refused(WrongState, "bureau", regrading(level=4))


def test_core_data_are_registered_and_granted_to_nobody() -> None:
    lagoon = Lagoon().do("bureau", registration(FILES, level=6))
    lagoon.refused(NotTradable, "bureau", permission())


def test_a_grant_of_data_that_became_core_starts_no_job() -> None:
    lagoon = Lagoon().with_grant().consented().do("bureau", regrading(level=6))
    lagoon.refused(NotTradable, "bank", StartJob(job_id=JOB))


def test_a_receivers_own_core_data_serve_itself() -> None:
    Lagoon().with_grant().consented().do("bank", regrading(dataset=CUSTOMERS, level=6)).start()


def test_important_data_start_with_a_regulators_approval_of_all_parties_alone() -> None:
    lagoon = signed_for().do("bureau", regrading(level=5))
    lagoon.refused(NotApproved, "bank", StartJob(job_id=JOB))
    lagoon.do("auditor", approval("telecom"))
    lagoon.refused(NotApproved, "bank", StartJob(job_id=JOB))
    lagoon.do("auditor", approval("bank")).start()


def test_an_approval_ends_with_its_last_second() -> None:
    lagoon = signed_for().do("bureau", regrading(level=5))
    last = lagoon.time
    lagoon.do("auditor", approval("bank", not_after=last)).later(seconds=1)
    assert "bank" in lagoon.refused(NotApproved, "bank", StartJob(job_id=JOB))
    lagoon.do("auditor", approval("bank", not_after=lagoon.time)).start()


def test_an_approval_is_taken_back_by_one_that_names_nobody() -> None:
    lagoon = signed_for().do("bureau", regrading(level=5))
    lagoon.do("auditor", approval("bank")).do("auditor", approval())
    assert lagoon.get(LevelApproval, FILES).parties == ()
    lagoon.refused(NotApproved, "bank", StartJob(job_id=JOB))


@pytest.mark.parametrize(
    ("org", "parties", "error"),
    [
        ("bank", ("bank",), NotAllowed),
        ("bureau", ("bank",), NotAllowed),
        ("auditor", ("auditor", "bank"), NotAllowed),
        ("auditor", ("bank", "bureau"), NotAllowed),
        ("auditor", ("telecom", "bank"), NotAllowed),
        ("auditor", ("bank", "bank"), NotAllowed),
        ("auditor", ("stranger",), NotMember),
    ],
)
def test_an_approval_is_a_regulators_who_takes_no_part(org: str, parties: tuple[str, ...], error: type) -> None:
    supervised().do("bureau", regrading(level=5)).refused(error, org, approval(*parties))


@pytest.mark.parametrize("org", ["bank", "bureau"])
def test_a_regulator_decides_nothing_for_its_own_group(org: str) -> None:
    lagoon = supervised().do("bureau", regrading(level=5))
    for one in ("auditor", org):
        lagoon.put(replace(lagoon.get(Member, one), affiliation="group"))
    lagoon.refused(NotAllowed, "auditor", approval("bank"))
    if org == "bureau":
        lagoon.refused(NotAllowed, "auditor", regrading(level=6))


def test_only_important_data_are_approved() -> None:
    supervised().refused(WrongState, "auditor", approval("bank"))


def test_what_is_made_from_data_starts_at_the_level_of_the_worst_of_them() -> None:
    lagoon = Lagoon().with_datasets().do("bureau", regrading(level=4))
    for level in (2, 3):
        with pytest.raises(LevelBelowParents):
            verify_first_level(lagoon.call("bank"), "bank/sums/1", level, [CUSTOMERS, FILES])
    verify_first_level(lagoon.call("bank"), "bank/sums/1", 4, [CUSTOMERS, FILES])
    verify_first_level(lagoon.call("bank"), "bank/sums/1", 2, [CUSTOMERS, "elsewhere/unknown/1"])
