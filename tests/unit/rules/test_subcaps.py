"""Sub-caps of a lineage: by recipient with its affiliates, by purpose, over derived sets; and who gives back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import Budget, Dataset, Member, budget_id, purpose_account, recipient_account
from atoll.ledger.rules.budget import RefundBudget, SetBudget
from atoll.ledger.rules.errors import AlreadyExists, GrantExhausted, NotAllowed, NotMember, WrongState
from atoll.ledger.rules.job import FailJob, StartJob
from tests.unit.rules.lagoon import (
    CUSTOMERS,
    FILES,
    GRANT,
    GRANTED_INPUT,
    JOB,
    OWN_INPUT,
    Lagoon,
    permission,
    proposal,
    receipt,
)

SECOND = b"\x02" * 16
TELECOMS = b"\x62" * 16
CREDIT, OTHER = b"\xc1" * 16, b"\xc2" * 16


def account(lagoon: Lagoon, name: str, unit: str = "uses") -> tuple[int, int, int]:
    """Limit, reserved and spent."""
    budget = lagoon.get(Budget, budget_id(name, unit))
    return budget.limit, budget.reserved, budget.spent


def tie(lagoon: Lagoon, *orgs: str, **said: Any) -> Lagoon:
    """Members say that they belong together."""
    for org in orgs:
        lagoon.put(replace(lagoon.get(Member, org), **said))
    return lagoon


def for_telecom(lagoon: Lagoon) -> Lagoon:
    """A job in which the telecom receives of the bureau's dataset."""
    lagoon.do("bureau", permission(grant=TELECOMS, grantee="telecom"))
    line = replace(GRANTED_INPUT, grant=TELECOMS, receiver="telecom")
    asked = proposal(job_id=SECOND, parties=("bureau", "telecom"), receivers=("telecom",), inputs=(line,))
    return lagoon.do("telecom", asked).consent(job_id=SECOND)


def purposeful(job_id: bytes, purpose: bytes) -> dict[str, Any]:
    return {"job_id": job_id, "inputs": (replace(GRANTED_INPUT, purpose=purpose), OWN_INPUT)}


# -- by recipient --------------------------------------------------------------------------------------------------------------


def test_a_recipients_cap_holds_for_it_and_for_nobody_else() -> None:
    lagoon = for_telecom(Lagoon().with_grant()).cap(FILES, "uses", 1, to="bank")
    lagoon.started(JOB).consented(b"\x03" * 16)
    sentence = lagoon.refused(GrantExhausted, "bank", StartJob(job_id=b"\x03" * 16))
    assert "lineage:bureau/files|to:bank has 0 uses left; the job needs 1" in sentence
    lagoon.do("telecom", StartJob(job_id=SECOND))
    assert account(lagoon, recipient_account("bureau/files", "bank")) == (1, 1, 0)


@pytest.mark.parametrize("said", [{"affiliation": "First Group"}, {"legal_id": "LEI 529900"}])
def test_affiliates_share_one_sub_cap(said: dict[str, str]) -> None:
    lagoon = for_telecom(tie(Lagoon().with_grant(), "bank", "telecom", **said)).cap(FILES, "uses", 1, to="bank")
    lagoon.started(JOB)
    lagoon.refused(GrantExhausted, "telecom", StartJob(job_id=SECOND))
    lagoon.cap(FILES, "uses", 2, to="bank").do("telecom", StartJob(job_id=SECOND))


def test_the_owners_own_use_counts_in_the_cap_over_all_and_in_no_recipients() -> None:
    lagoon = tie(Lagoon().with_grant(), "bank", "telecom", affiliation="First Group")
    lagoon.cap(CUSTOMERS, "uses", 5).cap(CUSTOMERS, "uses", 0, to="telecom").started()
    assert account(lagoon, "lineage:bank/customers") == (5, 1, 0)


def test_a_sub_cap_is_set_by_the_owner_for_a_member_or_a_purpose() -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.refused(NotMember, "bureau", SetBudget(name="files", unit="uses", limit=1, to="nobody"))
    lagoon.refused(NotAllowed, "bureau", SetBudget(name="files", unit="uses", limit=1, to="bureau"))
    lagoon.refused(NotAllowed, "bureau", SetBudget(name="files", unit="uses", limit=1, to="bank", purpose=CREDIT))


# -- by purpose ----------------------------------------------------------------------------------------------------------------


def test_a_purposes_cap_counts_the_jobs_under_its_pseudonym() -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "uses", 1, purpose=CREDIT)
    lagoon.consented(**purposeful(JOB, CREDIT)).start(JOB)
    lagoon.consented(**purposeful(SECOND, CREDIT)).refused(GrantExhausted, "bank", StartJob(job_id=SECOND))
    third = b"\x03" * 16
    lagoon.consented(**purposeful(third, OTHER)).start(third)
    assert account(lagoon, purpose_account("bureau/files", CREDIT)) == (1, 1, 0)


def test_no_purpose_stands_in_clear_in_what_a_job_leaves_on_the_ledger() -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "uses", 5, purpose=CREDIT).consented(**purposeful(JOB, CREDIT)).start(JOB)
    assert all(b"credit" not in value for value in lagoon.records().values())


# -- all at once ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("capped", [{}, {"to": "bank"}, {"purpose": CREDIT}])
@pytest.mark.parametrize("unit", ["uses", "rows"])
def test_a_start_that_fails_at_one_account_takes_from_none(capped: dict[str, Any], unit: str) -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "uses", 9).cap(FILES, "uses", 9, to="bank").cap(FILES, "uses", 9, purpose=CREDIT)
    lagoon.cap(FILES, unit, 0, **capped).consented(**purposeful(JOB, CREDIT))
    lagoon.refused(GrantExhausted, "bank", StartJob(job_id=JOB))


@pytest.mark.parametrize("capped", [{}, {"to": "bank"}, {"purpose": CREDIT}])
def test_of_two_jobs_for_the_last_use_of_any_account_one_starts(capped: dict[str, Any]) -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "uses", 1, **capped)
    lagoon.consented(**purposeful(JOB, CREDIT)).consented(**purposeful(SECOND, CREDIT)).start(SECOND)
    lagoon.refused(GrantExhausted, "bank", StartJob(job_id=JOB))


@pytest.mark.parametrize("kind", ["intersection", "aggregate", "a-kind-of-tomorrow"])
def test_every_kind_of_job_takes_alike(kind: str) -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "rows", 1000).consented(kind=kind).start()
    assert lagoon.lineage("bureau/files", "rows") == (1000, 0)


# -- derived sets --------------------------------------------------------------------------------------------------------------


def derived(lagoon: Lagoon) -> Lagoon:
    """The bank's dataset was made from the bureau's, by way of another one."""
    between = replace(
        lagoon.get(Dataset, FILES), dataset="bank/between/1", lineage="bank/between", owner="bank", parents=(FILES,)
    )
    lagoon.put(between)
    lagoon.put(replace(lagoon.get(Dataset, CUSTOMERS), parents=("bank/between/1",)))
    return lagoon


SALE: dict[str, Any] = {
    "parties": ("bank", "telecom"),
    "receivers": ("telecom",),
    "inputs": (replace(OWN_INPUT, grant=GRANT, grant_version=1, receiver="telecom"),),
}


def sold(lagoon: Lagoon) -> Lagoon:
    """The bank lets another member use what it made."""
    return lagoon.do("bank", permission(dataset=CUSTOMERS, grantee="telecom"))


def test_what_was_made_from_a_lineage_takes_from_it_too() -> None:
    lagoon = sold(derived(Lagoon().with_datasets())).cap(FILES, "rows", 600).cap(FILES, "uses", 1, to="telecom")
    lagoon.consented(**SALE).start()
    assert lagoon.lineage("bureau/files", "rows") == (500, 0)
    assert account(lagoon, recipient_account("bureau/files", "telecom")) == (1, 1, 0)
    lagoon.consented(SECOND, **SALE).refused(GrantExhausted, "bank", StartJob(job_id=SECOND))


def test_an_own_use_of_what_was_made_from_anothers_lineage_takes_nothing_from_it() -> None:
    """Else whoever derived something could use up, alone, what the other owner has left for everybody."""
    lagoon = derived(Lagoon().with_datasets()).cap(FILES, "rows", 600).cap(FILES, "uses", 1).cap(CUSTOMERS, "uses", 9)
    lagoon.consented(inputs=(OWN_INPUT,)).start()
    assert lagoon.lineage("bureau/files", "rows") == lagoon.lineage("bureau/files", "uses") == (0, 0)
    assert lagoon.lineage("bank/customers", "uses") == (1, 0)


def test_a_loop_of_parents_ends() -> None:
    lagoon = sold(derived(Lagoon().with_datasets())).cap(FILES, "uses", 1)
    lagoon.put(replace(lagoon.get(Dataset, FILES), parents=(CUSTOMERS,)))
    lagoon.consented(**SALE).start()
    assert lagoon.lineage("bureau/files", "uses") == (1, 0)


# -- who gives back ------------------------------------------------------------------------------------------------------------


def failed() -> Lagoon:
    """A job that took and failed."""
    lagoon = Lagoon().with_grant().cap(FILES, "uses", 9).cap(FILES, "rows", 5000, to="bank").cap(CUSTOMERS, "uses", 9)
    return lagoon.started().do("bureau", FailJob(job_id=JOB, code="job.died"))


def test_the_owner_gives_back_all_that_a_job_took_from_its_lineage_and_nothing_else() -> None:
    lagoon = failed().do("bureau", RefundBudget(job_id=JOB, name="files"))
    assert lagoon.uses() == lagoon.lineage("bureau/files", "uses") == (0, 0)
    assert account(lagoon, recipient_account("bureau/files", "bank"), "rows") == (5000, 0, 0)
    assert lagoon.lineage("bank/customers", "uses") == (0, 1)


def test_nobody_but_the_owner_gives_back_and_the_owner_once() -> None:
    lagoon = failed()
    lagoon.refused(NotAllowed, "bank", RefundBudget(job_id=JOB, name="files"))
    lagoon.do("bureau", RefundBudget(job_id=JOB, name="files"))
    lagoon.refused(AlreadyExists, "bureau", RefundBudget(job_id=JOB, name="files"))


def test_what_runs_is_not_given_back() -> None:
    lagoon = Lagoon().with_grant().started()
    lagoon.refused(WrongState, "bureau", RefundBudget(job_id=JOB, name="files"))
    lagoon.do("bank", receipt()).do("bureau", receipt()).do("bureau", RefundBudget(job_id=JOB, name="files"))


def test_a_cap_set_after_a_job_started_neither_counts_it_nor_gives_it_back() -> None:
    lagoon = Lagoon().with_grant().started(JOB).later().cap(FILES, "uses", 9).started(SECOND)
    for job in (JOB, SECOND):
        lagoon.do("bureau", FailJob(job_id=job, code="job.died"))
    assert lagoon.lineage("bureau/files", "uses") == (0, 1)
    lagoon.do("bureau", RefundBudget(job_id=JOB, name="files"))
    assert lagoon.lineage("bureau/files", "uses") == (0, 1)
