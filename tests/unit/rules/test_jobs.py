"""Jobs before START: proposed by a party, consented to by every party, refused or withdrawn by any."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import ConsentRecord, Job, JobInput, JobState, Member, MemberState
from atoll.ledger.rules.errors import (
    AlreadyExists,
    BadTransaction,
    DeadlinePassed,
    NotAllowed,
    NotMember,
    NotUnanimous,
    PlanMismatch,
    TooEarly,
    Unknown,
    WrongState,
)
from atoll.ledger.rules.job import ExpireJob, FailJob, ProposeJob, RefuseJob, StartJob, WithdrawJob
from tests.unit.rules.lagoon import DEADLINE, GRANTED_INPUT, JOB, OWN_INPUT, PARTIES, PLAN, Lagoon, consent, proposal, receipt

OTHER_JOB, OTHER_PLAN = b"\x02" * 16, b"\x1d" * 32
REFUSE = RefuseJob(job_id=JOB, code="policy.no_grant")
WITHDRAW, START = WithdrawJob(job_id=JOB), StartJob(job_id=JOB)


def suspend(lagoon: Lagoon, org: str) -> None:
    lagoon.put(replace(lagoon.get(Member, org), state=MemberState.SUSPENDED))


# -- proposals -----------------------------------------------------------------------------------------------------------------


def test_a_proposal_stands_on_the_ledger_as_it_was_made() -> None:
    lagoon = Lagoon().later(heights=3).propose()
    assert lagoon.job() == Job(
        job_id=JOB,
        kind="intersection",
        proposer="bank",
        plan_digest=PLAN,
        parties=PARTIES,
        receivers=("bank",),
        inputs=(GRANTED_INPUT, OWN_INPUT),
        not_after=DEADLINE,
        state=JobState.PROPOSED,
        proposed_height=4,
        started_height=0,
        consents=(),
        receipts=(),
        reason="",
    )


def test_a_proposal_needs_no_grant_because_the_owners_node_decides() -> None:
    Lagoon().propose(inputs=(replace(GRANTED_INPUT, grant=b"\x99" * 16),))


def test_nobody_proposes_a_job_that_it_is_no_party_of() -> None:
    Lagoon().refused(NotAllowed, "telecom", proposal())


@pytest.mark.parametrize("parties", [("bureau", "bank"), ("bank", "bank", "bureau")])
def test_parties_stand_sorted_and_each_once(parties: tuple[str, ...]) -> None:
    Lagoon().refused(NotAllowed, "bank", proposal(parties=parties))


def test_a_receiver_is_a_party() -> None:
    Lagoon().refused(NotAllowed, "bank", proposal(receivers=("bank", "telecom")))


def test_an_input_is_brought_by_a_party() -> None:
    foreign = JobInput(dataset="telecom/calls/1", user="telecom", grant=b"", grant_version=0, rows_cap=1, receiver="bank")
    Lagoon().refused(NotAllowed, "bank", proposal(inputs=(foreign,)))


@pytest.mark.parametrize("stranger", ["stranger", "telecom"])
def test_every_party_is_an_active_member(stranger: str) -> None:
    lagoon = Lagoon()
    suspend(lagoon, "telecom")
    lagoon.refused(NotMember, "bank", proposal(parties=("bank", "bureau", stranger)))


def test_a_job_without_parties_or_receivers_is_none() -> None:
    for missing in ("parties", "receivers"):
        fields = proposal().to_map() | {missing: []}
        Lagoon().refused(BadTransaction, "bank", Spelt(fields))  # type: ignore[arg-type]


class Spelt:
    """A proposal whose fields nobody checked."""

    TAG = ProposeJob.TAG

    def __init__(self, fields: dict[str, object]) -> None:
        self._fields = fields

    def to_map(self) -> dict[str, object]:
        return self._fields


def test_an_identifier_names_one_job_for_ever() -> None:
    lagoon = Lagoon().propose()
    lagoon.refused(AlreadyExists, "bank", proposal(plan_digest=OTHER_PLAN))
    lagoon.refused(AlreadyExists, "bureau", proposal())
    lagoon.do("bank", WITHDRAW)
    lagoon.refused(AlreadyExists, "bank", proposal())


def test_a_proposal_whose_deadline_has_passed_comes_too_late() -> None:
    lagoon = Lagoon()
    lagoon.refused(DeadlinePassed, "bank", proposal(not_after=lagoon.time - 1))
    lagoon.do("bank", proposal(not_after=lagoon.time))


# -- consents ------------------------------------------------------------------------------------------------------------------


def test_a_job_is_consented_once_the_last_party_has_consented() -> None:
    lagoon = Lagoon().propose().consent("bureau")
    assert (lagoon.job().state, lagoon.job().consents) == (JobState.PROPOSED, ("bureau",))
    lagoon.consent("bank")
    assert (lagoon.job().state, lagoon.job().consents) == (JobState.CONSENTED, PARTIES)


def test_a_consent_carries_the_partys_key_for_this_job() -> None:
    lagoon = Lagoon().propose().do("bureau", consent(job_key=b"\x77" * 32, software="atoll 9"))
    record = lagoon.get(ConsentRecord, f"{JOB.hex()}/bureau")
    assert (record.job_id, record.org, record.job_key, record.software) == (JOB, "bureau", b"\x77" * 32, "atoll 9")


def test_the_proposer_consents_like_everybody_else() -> None:
    lagoon = Lagoon().with_grant().propose().consent("bureau")
    assert "lacks the consent of bank" in lagoon.refused(NotUnanimous, "bank", START)


def test_a_consent_to_another_plan_is_none() -> None:
    Lagoon().propose().refused(PlanMismatch, "bureau", consent(plan_digest=OTHER_PLAN))


def test_a_consent_to_one_job_cannot_be_replayed_for_another() -> None:
    """Neither the signed bytes, nor the same consent under the other job's identifier."""
    lagoon = Lagoon().propose().propose(OTHER_JOB, plan_digest=OTHER_PLAN)
    signed = lagoon.founding.sign("bureau", consent())
    assert lagoon.submit(signed).ok
    assert lagoon.submit(signed).code == "ledger.stale_nonce"
    lagoon.refused(PlanMismatch, "bureau", consent(job_id=OTHER_JOB))
    assert lagoon.job(OTHER_JOB).consents == ()


def test_a_party_consents_once() -> None:
    lagoon = Lagoon().propose().consent("bureau")
    lagoon.refused(AlreadyExists, "bureau", consent())
    lagoon.refused(AlreadyExists, "bureau", consent(job_key=b"\x78" * 32))
    assert lagoon.get(ConsentRecord, f"{JOB.hex()}/bureau").job_key == consent().job_key


@pytest.mark.parametrize("org", ["telecom", "operator"])
def test_nobody_consents_for_a_job_that_it_is_no_party_of(org: str) -> None:
    Lagoon().propose().refused(NotAllowed, org, consent())


def test_nobody_consents_to_a_job_that_is_not_there() -> None:
    Lagoon().refused(Unknown, "bureau", consent())


def test_a_consent_after_the_deadline_is_none() -> None:
    lagoon = Lagoon().propose()
    lagoon.later(seconds=DEADLINE - lagoon.time).consent("bank")
    assert lagoon.time == DEADLINE
    lagoon.later().refused(DeadlinePassed, "bureau", consent())


def test_no_consent_comes_after_the_last_one() -> None:
    Lagoon().consented().refused(WrongState, "bank", consent())


# -- refusals ------------------------------------------------------------------------------------------------------------------


def test_any_party_refuses_and_its_reason_stands_on_the_ledger() -> None:
    lagoon = Lagoon().propose().do("bureau", REFUSE)
    assert (lagoon.job().state, lagoon.job().reason) == (JobState.REFUSED, "policy.no_grant")


def test_a_party_that_has_consented_may_still_refuse_before_start() -> None:
    lagoon = Lagoon().with_grant().consented().do("bureau", REFUSE)
    lagoon.refused(WrongState, "bank", START)


def test_a_refusal_ends_the_job() -> None:
    lagoon = Lagoon().with_grant().propose().consent("bank").do("bureau", REFUSE)
    lagoon.refused(WrongState, "bureau", consent())
    lagoon.refused(WrongState, "bank", REFUSE)
    lagoon.refused(WrongState, "bank", WITHDRAW)
    lagoon.refused(NotUnanimous, "bank", START)


def test_after_start_there_is_nothing_left_to_refuse() -> None:
    lagoon = Lagoon().with_grant().started()
    lagoon.refused(WrongState, "bureau", REFUSE)


def test_a_stranger_to_the_job_refuses_nothing() -> None:
    lagoon = Lagoon().propose()
    lagoon.refused(NotAllowed, "telecom", REFUSE)
    lagoon.refused(Unknown, "bureau", RefuseJob(job_id=OTHER_JOB, code="policy.no_grant"))


# -- withdrawals ---------------------------------------------------------------------------------------------------------------


def test_a_party_takes_its_consent_back_before_start() -> None:
    lagoon = Lagoon().propose().consent("bureau").do("bureau", WITHDRAW)
    assert (lagoon.job().state, lagoon.job().reason) == (JobState.WITHDRAWN, "withdrawn by bureau")


def test_the_proposer_takes_its_proposal_back_without_having_consented() -> None:
    lagoon = Lagoon().propose().do("bank", WITHDRAW)
    assert lagoon.job().state is JobState.WITHDRAWN


def test_a_party_that_has_not_consented_has_nothing_to_take_back() -> None:
    lagoon = Lagoon().propose()
    lagoon.refused(NotAllowed, "bureau", WITHDRAW)
    lagoon.refused(NotAllowed, "telecom", WITHDRAW)


def test_withdrawal_and_start_race_and_the_first_of_them_wins() -> None:
    withdrawn = Lagoon().with_grant().consented().do("bureau", WITHDRAW)
    withdrawn.refused(WrongState, "bank", START)
    assert withdrawn.uses() == (0, 0)
    started = Lagoon().with_grant().consented().do("bank", START)
    started.refused(WrongState, "bureau", WITHDRAW)
    assert (started.job().state, started.uses()) == (JobState.STARTED, (1, 0))


def test_a_withdrawn_consent_is_not_given_again() -> None:
    lagoon = Lagoon().propose().consent("bureau").do("bureau", WITHDRAW)
    lagoon.refused(WrongState, "bureau", consent())


# -- deadlines -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("consented", [False, True])
def test_anybody_notes_that_the_deadline_has_passed(consented: bool) -> None:
    lagoon = Lagoon().propose()
    if consented:
        lagoon.consent()
    lagoon.later(seconds=DEADLINE - lagoon.time).refused(TooEarly, "telecom", ExpireJob(job_id=JOB))
    lagoon.later().do("telecom", ExpireJob(job_id=JOB))
    assert lagoon.job().state is JobState.EXPIRED


def test_an_expired_job_does_not_expire_again_nor_start() -> None:
    lagoon = Lagoon().with_grant().consented().later(seconds=601).do("telecom", ExpireJob(job_id=JOB))
    lagoon.refused(WrongState, "telecom", ExpireJob(job_id=JOB))
    lagoon.refused(DeadlinePassed, "bank", START)
    lagoon.refused(WrongState, "bureau", REFUSE)


def test_what_comes_only_after_start_does_not_come_before() -> None:
    lagoon = Lagoon().with_grant().consented()
    lagoon.refused(WrongState, "bank", FailJob(job_id=JOB, code="job.died"))
    lagoon.refused(WrongState, "bank", receipt())
