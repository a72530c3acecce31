"""Caps of grants: what a recipient may take in a period, counted at START over all grants, versions and affiliates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import MOST_DAYS, Cap, CapUnit, Counting, JobInput, Member, Shown, Tally, TallyDay, day_in_words
from atoll.ledger.rules.errors import CapReached, GrantExhausted, NotAllowed
from atoll.ledger.rules.job import FailJob, StartJob
from atoll.ledger.rules.takings import DAY_SECONDS, headroom
from atoll.testing.consortium import FOUNDED
from tests.unit.rules.lagoon import FILES, GRANTED_INPUT, OWN_INPUT, Lagoon, permission, proposal, registration

TODAY = FOUNDED // DAY_SECONDS
ACCOUNT = "bureau/files|bank"


def new_identifiers(limit: int, days: int = 30) -> Cap:
    return Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=limit, days=days)


class Taking(Lagoon):
    """The bank asks the bureau, job after job; each START is carried out or refused."""

    def __init__(self, *caps: Cap, counting: Counting = Counting.RUNS, epsilon_micro: int = 0) -> None:
        super().__init__()
        self._jobs = 0
        given = permission(
            uses=1000,
            caps=caps or (new_identifiers(1000),),
            counting=counting,
            epsilon_micro=epsilon_micro,
            not_after=FOUNDED + 500 * DAY_SECONDS,
        )
        self.with_datasets().do("bureau", given)

    def ask(self, *inputs: JobInput, org: str = "bank") -> bytes:
        """A job for `org` that lacks nothing but its START."""
        self._jobs += 1
        job, parties = self._jobs.to_bytes(16, "big"), tuple(sorted({org, "bureau"}))
        self.do(org, proposal(job_id=job, inputs=inputs, parties=parties, receivers=(org,), not_after=self.time + 600)).consent(
            job_id=job
        )
        return job

    def take(self, rows: int, *, dataset: str = OWN_INPUT.dataset) -> Taking:
        """START with a set of so many rows, which must be carried out."""
        self.start(self.ask(GRANTED_INPUT, replace(OWN_INPUT, dataset=dataset, rows_cap=rows)))
        return self

    def too_much(self, rows: int, *, dataset: str = OWN_INPUT.dataset) -> str:
        """The same, which must be refused."""
        job = self.ask(GRANTED_INPUT, replace(OWN_INPUT, dataset=dataset, rows_cap=rows))
        return self.refused(CapReached, "bank", StartJob(job_id=job))

    def wait(self, days: int) -> Taking:
        return self.later(seconds=days * DAY_SECONDS)

    def add_version(self, dataset: str, *, new: int | None = None) -> Taking:
        return self.do("bank", replace(registration(dataset), asserted_new=new))

    def taken(self, account: str = ACCOUNT) -> int:
        return sum(one.new_identifiers for one in self.get(Tally, account).days)


# -- a cap on new identifiers --------------------------------------------------------------------------------------------------


def test_start_takes_up_to_the_cap_and_not_one_more() -> None:
    taking = Taking(new_identifiers(1000)).take(400).take(600)
    assert taking.taken() == 1000
    assert "permits 1000 new-identifiers in 30 days; 1000 are taken and the job needs 1" in taking.too_much(1)


def test_one_job_that_is_too_large_never_fits() -> None:
    assert "it never fits" in Taking(new_identifiers(1000)).too_much(1001)


def test_the_refusal_says_on_which_day_it_fits() -> None:
    taking = Taking(new_identifiers(1000, days=7)).take(600).wait(2).take(300)
    assert f"it fits from {day_in_words(TODAY + 7)} on" in taking.too_much(500)
    assert f"it fits from {day_in_words(TODAY + 9)} on" in taking.too_much(800)


def test_a_day_is_written_as_people_write_it() -> None:
    assert (day_in_words(0), day_in_words(20_000), day_in_words(2**24)) == ("1970-01-01", "2024-10-04", "day 16777216")


@pytest.mark.parametrize("days", [1, 2, 30, MOST_DAYS])
def test_the_period_moves_on_at_midnight_utc_and_not_a_second_earlier(days: int) -> None:
    taking = Taking(new_identifiers(1000, days=days))
    taking.time = (TODAY + 1) * DAY_SECONDS  # the first second of a day
    taking.take(1000).time += days * DAY_SECONDS - 1
    taking.too_much(1)
    taking.time += 1
    taking.take(1000)


def test_a_job_that_fails_has_taken_what_it_took() -> None:
    taking = Taking(new_identifiers(1000))
    job = taking.ask(GRANTED_INPUT, replace(OWN_INPUT, rows_cap=1000))
    taking.start(job).do("bureau", FailJob(job_id=job, code="job.died"))
    taking.too_much(1)


def test_a_refused_start_takes_nothing() -> None:
    taking = Taking(new_identifiers(1000)).take(400)
    taking.too_much(601)
    taking.take(600)


def test_two_inputs_of_the_recipient_both_count() -> None:
    taking = Taking(new_identifiers(1000))
    other = replace(OWN_INPUT, rows_cap=501)
    taking.refused(CapReached, "bank", StartJob(job_id=taking.ask(GRANTED_INPUT, OWN_INPUT, other)))


def test_what_the_owner_itself_brings_is_not_counted_as_the_recipients() -> None:
    assert Taking(new_identifiers(500)).take(500).taken() == 500  # beside 1000 rows of the bureau's


# -- who is counted together ---------------------------------------------------------------------------------------------------


SECOND = b"\x62" * 16


def with_telecom(taking: Taking, **fields: Any) -> Taking:
    """The telecom has said something of itself, and has a dataset and a grant of its own."""
    taking.put(replace(taking.get(Member, "telecom"), **fields))
    taking.do("telecom", registration("telecom/calls/1"))
    return taking.do("bureau", permission(grant=SECOND, grantee="telecom", caps=(new_identifiers(1000),)))


def telecom_asks(taking: Taking, rows: int) -> bytes:
    own = JobInput(dataset="telecom/calls/1", user="telecom", grant=b"", grant_version=0, rows_cap=rows, receiver="telecom")
    return taking.ask(replace(GRANTED_INPUT, grant=SECOND, receiver="telecom"), own, org="telecom")


@pytest.mark.parametrize("fields", [{"affiliation": "bank"}, {"legal_id": "LEGAL-bank"}])
def test_organisations_that_belong_together_share_what_is_left(fields: dict[str, str]) -> None:
    taking = with_telecom(Taking(new_identifiers(1000)), **fields).take(600)
    taking.refused(CapReached, "telecom", StartJob(job_id=telecom_asks(taking, 401)))
    taking.do("telecom", StartJob(job_id=telecom_asks(taking, 400)))
    taking.too_much(1)


def test_strangers_do_not() -> None:
    taking = with_telecom(Taking(new_identifiers(1000)), affiliation="others").take(1000)
    taking.do("telecom", StartJob(job_id=telecom_asks(taking, 1000)))


def test_an_affiliate_that_brings_the_set_takes_for_the_recipient() -> None:
    taking = with_telecom(Taking(new_identifiers(1000)), affiliation="bank")
    grant = taking.grant()
    foreign = JobInput(dataset="telecom/calls/1", user="telecom", grant=b"", grant_version=0, rows_cap=700, receiver="bank")
    room = next(headroom(taking.state, grant, rows=1, inputs=(GRANTED_INPUT, OWN_INPUT, foreign), time=taking.time))
    assert room.needed == 500 + 700


def test_two_grants_of_one_lineage_to_one_recipient_are_counted_together() -> None:
    taking = Taking(new_identifiers(1000)).take(600)
    taking.do("bureau", registration("bureau/files/2"))
    taking.do("bureau", permission(grant=SECOND, dataset="bureau/files/2", uses=9, caps=(new_identifiers(1000),)))
    newer = replace(GRANTED_INPUT, grant=SECOND, dataset="bureau/files/2")
    job = taking.ask(newer, replace(OWN_INPUT, rows_cap=401))
    taking.refused(CapReached, "bank", StartJob(job_id=job))
    taking.start(taking.ask(newer, replace(OWN_INPUT, rows_cap=400)))


# -- what is new ---------------------------------------------------------------------------------------------------------------


def test_every_run_counts_in_full_because_nobody_can_see_whether_the_set_is_the_same() -> None:
    taking = Taking(new_identifiers(1000)).take(500).take(500)
    taking.too_much(500)


def test_a_grant_that_counts_runs_takes_no_notice_of_one_that_counts_versions() -> None:
    taking = Taking(new_identifiers(1000), counting=Counting.VERSIONS).take(600)
    taking.do("bureau", permission(grant=SECOND, caps=(new_identifiers(1000),)))
    job = taking.ask(replace(GRANTED_INPUT, grant=SECOND), replace(OWN_INPUT, rows_cap=401))
    taking.refused(CapReached, "bank", StartJob(job_id=job))


def test_a_version_counts_once_in_a_period_where_the_owner_trusts_versions() -> None:
    taking = Taking(new_identifiers(1000, days=7), counting=Counting.VERSIONS).take(600)
    assert taking.take(600).wait(6).take(600).taken() == 600
    assert taking.wait(1).take(600).taken() == 1200  # the first count has left the period


def test_a_version_that_comes_with_a_higher_cap_counts_what_is_above() -> None:
    taking = Taking(new_identifiers(1000, days=7), counting=Counting.VERSIONS).take(600).wait(3).take(900)
    assert taking.taken() == 900
    taking.too_much(1001)
    assert taking.wait(4).take(600).taken() == 1500  # all of it anew, since the first 600 have left


def test_another_version_counts_in_full_where_assertions_are_not_accepted() -> None:
    taking = Taking(new_identifiers(1000), counting=Counting.VERSIONS).take(600).add_version("bank/customers/2", new=3)
    taking.too_much(401, dataset="bank/customers/2")


def test_an_asserted_version_counts_what_is_new_in_it() -> None:
    taking = Taking(new_identifiers(1000), counting=Counting.ASSERTED).take(600)
    taking.add_version("bank/customers/2", new=30).add_version("bank/customers/3", new=5)
    assert taking.take(600, dataset="bank/customers/3").taken() == 635
    assert taking.take(600, dataset="bank/customers/3").taken() == 635


def test_an_assertion_cannot_hide_a_set_that_has_grown() -> None:
    taking = Taking(new_identifiers(1000), counting=Counting.ASSERTED).take(600).add_version("bank/customers/2", new=0)
    assert taking.take(900, dataset="bank/customers/2").taken() == 900


def test_a_version_without_an_assertion_or_without_a_counted_ancestor_counts_in_full() -> None:
    taking = Taking(new_identifiers(1000), counting=Counting.ASSERTED).take(600)
    taking.add_version("bank/customers/2").add_version("bank/customers/3", new=1).add_version("bank/others/1", new=0)
    taking.too_much(401, dataset="bank/customers/3")
    taking.too_much(401, dataset="bank/others/1")


def test_an_asserted_version_is_as_old_as_what_it_rests_on() -> None:
    """Else the 600 would be in the period through version 2, and counted in no tally of it."""
    taking = Taking(new_identifiers(1000, days=7), counting=Counting.ASSERTED).take(600).wait(3)
    taking.add_version("bank/customers/2", new=30).take(600, dataset="bank/customers/2").wait(4)
    assert taking.get(Shown, f"{ACCOUNT}|bank/customers/2").day == TODAY
    assert taking.take(600, dataset="bank/customers/2").taken() == 630 + 600


# -- rates and epsilon ---------------------------------------------------------------------------------------------------------


def test_a_rate_of_jobs_is_held_a_day() -> None:
    taking = Taking(Cap(unit=CapUnit.JOBS, limit=2, days=1), new_identifiers(10**6)).take(1).take(1)
    assert "permits 2 jobs in 1 days" in taking.too_much(1)
    taking.wait(1).take(1)


def test_a_rate_of_rows_counts_the_granted_rows() -> None:
    taking = Taking(new_identifiers(10**6), Cap(unit=CapUnit.ROWS, limit=2500, days=2)).take(1).take(1)
    taking.too_much(1)
    taking.start(taking.ask(replace(GRANTED_INPUT, rows_cap=500), OWN_INPUT))


def test_epsilon_is_reserved_at_start_and_not_exceeded() -> None:
    taking = Taking(epsilon_micro=1_000_000)
    noisy = replace(GRANTED_INPUT, epsilon_micro=600_000)
    own = replace(OWN_INPUT, rows_cap=1)
    taking.start(taking.ask(noisy, own))
    taking.refused(GrantExhausted, "bank", StartJob(job_id=taking.ask(noisy, own)))
    taking.start(taking.ask(replace(noisy, epsilon_micro=400_000), own))


def test_a_grant_without_epsilon_carries_no_noisy_output_at_all() -> None:
    taking = Taking()
    job = taking.ask(replace(GRANTED_INPUT, epsilon_micro=1), replace(OWN_INPUT, rows_cap=1))
    taking.refused(GrantExhausted, "bank", StartJob(job_id=job))


def test_epsilon_of_a_lineage_is_one_account_over_all_grants() -> None:
    taking = Taking(epsilon_micro=1_000_000).cap(FILES, "micro-epsilon", 10)
    own = replace(OWN_INPUT, rows_cap=1)
    taking.start(taking.ask(replace(GRANTED_INPUT, epsilon_micro=10), own))
    job = taking.ask(replace(GRANTED_INPUT, epsilon_micro=1), own)
    assert "lineage:bureau/files" in taking.refused(GrantExhausted, "bank", StartJob(job_id=job))


# -- grants and tallies --------------------------------------------------------------------------------------------------------

JOBS, NEW, ROWS = (Cap(unit=unit, limit=5, days=1) for unit in CapUnit)


@pytest.mark.parametrize("caps", [(JOBS,), (ROWS,), (NEW, JOBS), (NEW, NEW), (JOBS, ROWS)])
def test_a_grant_caps_new_identifiers_and_names_each_cap_once_in_order(caps: tuple[Cap, ...]) -> None:
    Lagoon().with_datasets().refused(NotAllowed, "bureau", permission(caps=caps))


def test_a_grant_that_says_nothing_is_capped_all_the_same() -> None:
    grant = Lagoon().with_grant().grant()
    assert [(one.unit, one.limit, one.days) for one in grant.caps] == [(CapUnit.NEW_IDENTIFIERS, 1_000_000, 30)]
    assert grant.counting is Counting.RUNS


def test_a_tally_keeps_a_day_in_one_line_and_forgets_what_no_cap_looks_back_to() -> None:
    taking = Taking(new_identifiers(10**6)).take(1).take(2).wait(1).take(4)
    assert [one.new_identifiers for one in taking.get(Tally, ACCOUNT).days] == [3, 4]
    taking.do("bureau", permission(grant=SECOND, uses=9, not_after=FOUNDED + 1000 * DAY_SECONDS))
    taking.wait(MOST_DAYS - 1).start(taking.ask(replace(GRANTED_INPUT, grant=SECOND), replace(OWN_INPUT, rows_cap=8)))
    assert [(one.day - TODAY, one.new_identifiers, one.jobs) for one in taking.get(Tally, ACCOUNT).days] == [
        (1, 4, 1),
        (MOST_DAYS, 8, 1),
    ]


def test_a_clock_that_goes_back_gives_nothing_back() -> None:
    taking = Taking(new_identifiers(1000, days=1)).wait(5).take(600).wait(-5)
    taking.put(Tally(account=ACCOUNT, owner="bureau", days=(TallyDay(day=TODAY + 5, jobs=1, new_identifiers=600, rows=1),)))
    taking.too_much(401)
