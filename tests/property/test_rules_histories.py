"""Random histories of two jobs against a naive book-keeper that knows the rules as sentences, not as code."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from atoll.ledger.records import JobState
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import TRANSITIONS, ExpireJob, FailJob, RefuseJob, StartJob, WithdrawJob
from atoll.testing.consortium import FOUNDED
from atoll.wire.message import Message
from tests.unit.rules.lagoon import CUSTOMERS, GRANT, RECEIPT_TERM, Lagoon, consent, proposal, receipt

JOBS = (b"\x01" * 16, b"\x02" * 16)
PARTIES = ("bank", "bureau")
DEADLINE = FOUNDED + 100
OVER = {
    JobState.COMPLETED,
    JobState.FAILED,
    JobState.REFUSED,
    JobState.WITHDRAWN,
    JobState.UNACKNOWLEDGED,
    JobState.EXPIRED,
}


@dataclass
class NaiveJob:
    """One job in the book."""

    state: JobState = JobState.PROPOSED
    consents: set[str] = field(default_factory=set)
    receipts: set[str] = field(default_factory=set)


@dataclass
class Book:
    """What should happen."""

    uses: int
    time: int
    jobs: dict[bytes, NaiveJob] = field(default_factory=dict)
    reserved: int = 0
    spent: int = 0
    revoked: bool = False
    withdrawn: bool = False

    def act(self, org: str, verb: str, job_id: bytes) -> bool:
        """Whether it is carried out, and what it changes."""
        if verb == "propose":
            return self._propose(org, job_id)
        if verb == "revoke grant":
            done = org == "bureau" and not self.revoked
            self.revoked |= done
            return done
        if verb == "withdraw dataset":
            done = org == "bank" and not self.withdrawn
            self.withdrawn |= done
            return done
        job = self.jobs.get(job_id)
        if job is None or (org not in PARTIES and verb != "expire"):
            return False
        return bool(getattr(self, f"_{verb}")(org, job))

    def _propose(self, org: str, job_id: bytes) -> bool:
        if org not in PARTIES or job_id in self.jobs or self.time > DEADLINE:
            return False
        self.jobs[job_id] = NaiveJob()
        return True

    def _consent(self, org: str, job: NaiveJob) -> bool:
        if job.state is not JobState.PROPOSED or org in job.consents or self.time > DEADLINE:
            return False
        job.consents.add(org)
        if len(job.consents) == len(PARTIES):
            job.state = JobState.CONSENTED
        return True

    def _refuse(self, org: str, job: NaiveJob) -> bool:
        if job.state not in (JobState.PROPOSED, JobState.CONSENTED):
            return False
        job.state = JobState.REFUSED
        return True

    def _withdraw(self, org: str, job: NaiveJob) -> bool:
        if job.state not in (JobState.PROPOSED, JobState.CONSENTED) or org not in job.consents | {"bank"}:
            return False
        job.state = JobState.WITHDRAWN
        return True

    def _start(self, org: str, job: NaiveJob) -> bool:
        ready = job.state is JobState.CONSENTED and self.time <= DEADLINE
        if not ready or self.revoked or self.withdrawn or self.reserved + self.spent >= self.uses:
            return False
        job.state = JobState.STARTED
        self.reserved += 1
        return True

    def _end(self, job: NaiveJob, state: JobState) -> bool:
        job.state = state
        self.reserved -= 1
        self.spent += 1
        return True

    def _fail(self, org: str, job: NaiveJob) -> bool:
        return job.state is JobState.STARTED and self._end(job, JobState.FAILED)

    def _receipt(self, org: str, job: NaiveJob) -> bool:
        if job.state is not JobState.STARTED or org in job.receipts:
            return False
        job.receipts.add(org)
        return len(job.receipts) < len(PARTIES) or self._end(job, JobState.COMPLETED)

    def _expire(self, org: str, job: NaiveJob) -> bool:
        if job.state is JobState.STARTED and self.time > DEADLINE + RECEIPT_TERM:
            return self._end(job, JobState.UNACKNOWLEDGED)
        if job.state in (JobState.PROPOSED, JobState.CONSENTED) and self.time > DEADLINE:
            job.state = JobState.EXPIRED
            return True
        return False


def message(verb: str, job_id: bytes) -> Message:
    return {
        "propose": proposal(job_id=job_id, not_after=DEADLINE),
        "consent": consent(job_id=job_id),
        "refuse": RefuseJob(job_id=job_id, code="policy.local"),
        "withdraw": WithdrawJob(job_id=job_id),
        "start": StartJob(job_id=job_id),
        "fail": FailJob(job_id=job_id, code="job.died"),
        "receipt": receipt(job_id=job_id),
        "expire": ExpireJob(job_id=job_id),
        "revoke grant": RevokeGrant(grant=GRANT),
        "withdraw dataset": WithdrawDataset(dataset=CUSTOMERS),
    }[verb]


OPENING = [("bank", "propose"), ("bank", "consent"), ("bureau", "consent"), ("bank", "start"), ("bank", "receipt")]
"""How far a job has come when its history begins to wander."""
OFTEN = ["consent", "start", "receipt"] * 4
SELDOM = ["propose", "refuse", "withdraw", "fail", "expire", "revoke grant", "withdraw dataset"]
steps = st.tuples(
    st.sampled_from(["bank", "bank", "bureau", "bureau", "telecom"]), st.sampled_from(OFTEN + SELDOM), st.sampled_from(JOBS)
)
waits = st.sampled_from([0] * 12 + [1, 99, 100, RECEIPT_TERM])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.tuples(*[st.integers(1, 5)] * 2), st.lists(st.tuples(steps, waits), min_size=5, max_size=30))
def test_no_history_leads_anywhere_but_where_the_sentences_say(
    uses: int, openings: tuple[int, ...], history: list[tuple[tuple[str, str, bytes], int]]
) -> None:
    lagoon = Lagoon().with_grant(uses=uses)
    book = Book(uses=uses, time=lagoon.time)
    opening = [((org, verb, job), 0) for job, far in zip(JOBS, openings, strict=True) for org, verb in OPENING[:far]]
    for (org, verb, job_id), wait in [*opening, *history]:
        before = {one: book.jobs[one].state for one in book.jobs}
        expected = book.act(org, verb, job_id)
        outcome = lagoon.submit(lagoon.founding.sign(org, message(verb, job_id)))
        assert outcome.ok is expected, (org, verb, outcome)
        for one, job in book.jobs.items():
            found = lagoon.job(one)
            assert (found.state, set(found.consents), set(found.receipts)) == (job.state, job.consents, job.receipts)
            if one in before and found.state is not before[one]:
                assert found.state in {after for (state, _), after in TRANSITIONS.items() if state is before[one]}
        assert lagoon.uses() == (book.reserved, book.spent)
        assert sum(lagoon.uses()) <= uses
        lagoon.later(seconds=wait)
        book.time += wait
    event(", ".join(sorted(str(job.state) for job in book.jobs.values())))


def test_the_transition_table_has_no_way_back_and_no_way_out_of_the_end() -> None:
    order = [JobState.PROPOSED, JobState.CONSENTED, JobState.STARTED]
    for (before, _), after in TRANSITIONS.items():
        assert before not in OVER
        assert after in OVER or order.index(after) == order.index(before) + 1
    assert set(TRANSITIONS.values()) == OVER | {JobState.CONSENTED, JobState.STARTED}


@pytest.mark.parametrize("state", sorted(OVER))
def test_started_is_reached_from_consented_alone(state: JobState) -> None:
    assert [before for (before, _), after in TRANSITIONS.items() if after is JobState.STARTED] == [JobState.CONSENTED]
    assert all(before is not state for before, _ in TRANSITIONS)
