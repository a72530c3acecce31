"""Checks for near duplicates: who may make them, how often, what a refusal leaves, what may be stated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.checks import LEAST_CAP, SAMPLE_CAP, Stage
from atoll.ledger.records import (
    CHECKS,
    Budget,
    Check,
    CheckTally,
    DatasetState,
    Finding,
    JobInput,
    JobState,
    LevelApproval,
    Member,
    bound_id,
    budget_id,
    check_account,
    check_id,
)
from atoll.ledger.rules.budget import RefundBudget, SetBudget
from atoll.ledger.rules.check import (
    CHECK_DAYS,
    CHECKS_A_DAY,
    DAY_SECONDS,
    LEAST_SECONDS,
    MOST_ATTEMPTS,
    MOST_CURES,
    MOST_SAMPLED,
    MOST_STARTED,
    STATE_DAYS,
    StateNear,
)
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.dispute import OVERTURNED_DAYS, DecideDispute, OpenDispute, Outcome
from atoll.ledger.rules.errors import ApprovalMissing, CheckRefused, DatasetBlocked, NotAllowed, StatementRefused
from atoll.ledger.rules.job import ExpireJob, FailJob, ProposeJob, RefuseJob, StartJob
from atoll.testing.consortium import FOUNDED
from atoll.wire.errors import MessageError
from tests.unit.rules.lagoon import CUSTOMERS, DEADLINE, FILES, Lagoon, consent, permission, proposal, receipt, registration

LINES = "telecom/lines/1"
SAMPLE, ROWS = b"\xb1" * 16, b"\xb2" * 16


def registered() -> Lagoon:
    """The bank first, the bureau later."""
    return Lagoon().do("bank", registration(CUSTOMERS)).later().do("bureau", registration(FILES)).later()


def check(job: bytes = SAMPLE, *, rows: int = SAMPLE_CAP, **changes: Any) -> ProposeJob:
    """The bank asks what the bureau's version has in common with its own."""
    lines: dict[str, Any] = {"grant": b"", "grant_version": 0, "rows_cap": rows, "receiver": "bank"}
    asked = proposal(
        job_id=job,
        kind="similarity",
        not_after=FOUNDED + 2 * LEAST_SECONDS,
        inputs=(JobInput(dataset=FILES, user="bureau", **lines), JobInput(dataset=CUSTOMERS, user="bank", **lines)),
    )
    return replace(asked, **changes)


def complete(lagoon: Lagoon, asked: ProposeJob) -> Lagoon:
    job = asked.job_id
    lagoon.do("bank", asked).consent(job_id=job).start(job)
    return lagoon.do("bank", receipt(job_id=job)).do("bureau", receipt(job_id=job))


def compared(lagoon: Lagoon | None = None) -> Lagoon:
    """Both stages are over."""
    return complete(complete(lagoon or registered(), check()), check(ROWS, rows=512))


def near(jaccard: int = 900_000, containment: int = 950_000, **changes: Any) -> StateNear:
    said = StateNear(new=FILES, incumbent=CUSTOMERS, job_id=ROWS, jaccard_ppm=jaccard, containment_ppm=containment)
    return replace(said, **changes)


def taken(lagoon: Lagoon, by: str = "bank") -> int:
    """What a member has started today, of checks of the bureau's version."""
    return lagoon.get(Budget, budget_id(check_account(FILES, by, lagoon.time // DAY_SECONDS), CHECKS)).spent


def many(count: int) -> Lagoon:
    """The bank has that many lineages, and the telecom one, before the bureau registers."""
    lagoon = Lagoon()
    lagoon.time = 30_000 * DAY_SECONDS
    lagoon.do("telecom", registration("telecom/calls/1"))
    for number in range(count):
        lagoon.do("bank", registration(f"bank/t{number}/1"))
    return lagoon.later().do("bureau", registration(FILES)).later()


def asked_of(incumbent: str, number: int) -> ProposeJob:
    owner = incumbent.partition("/")[0]
    new, old = check().inputs
    return check(
        number.to_bytes(16, "big"),
        inputs=(replace(new, receiver=owner), replace(old, dataset=incumbent, user=owner, receiver=owner)),
        parties=tuple(sorted((owner, "bureau"))),
        receivers=(owner,),
    )


def test_a_check_needs_no_grant_and_takes_nothing_of_what_the_lineages_owners_give() -> None:
    lagoon = compared(registered().cap(FILES, "uses", 0).cap(FILES, "rows", 0).cap(CUSTOMERS, "uses", 0))
    assert lagoon.job(ROWS).state is JobState.COMPLETED
    assert [lagoon.lineage(*one) for one in (("bureau/files", "uses"), ("bank/customers", "uses"))] == [(0, 0), (0, 0)]


def test_start_of_a_check_takes_from_the_days_account_and_however_it_ends_it_stays_taken() -> None:
    lagoon = registered().do("bank", check()).consent(job_id=SAMPLE).start(SAMPLE)
    assert taken(lagoon) == 1
    lagoon.do("bank", FailJob(job_id=SAMPLE, code="node.fault"))
    assert taken(lagoon) == 1
    again = b"\xb3" * 16
    assert taken(complete(lagoon, check(again))) == 2


def test_a_days_checks_are_bounded_and_one_members_do_not_use_up_anothers() -> None:
    lagoon = many(CHECKS_A_DAY + 1)
    for number in range(CHECKS_A_DAY):
        asked = replace(asked_of(f"bank/t{number}/1", number), not_after=lagoon.time + LEAST_SECONDS)
        lagoon.do("bank", asked).consent(job_id=asked.job_id).start(asked.job_id)
    last = asked_of(f"bank/t{CHECKS_A_DAY}/1", CHECKS_A_DAY)
    lagoon.do("bank", replace(last, not_after=lagoon.time + 2 * DAY_SECONDS)).consent(job_id=last.job_id)
    assert f"{CHECKS_A_DAY} checks" in lagoon.refused(CheckRefused, "bank", StartJob(job_id=last.job_id))
    other = replace(asked_of("telecom/calls/1", 1000), not_after=lagoon.time + LEAST_SECONDS)
    lagoon.do("telecom", other).consent(job_id=other.job_id).do("telecom", StartJob(job_id=other.job_id))
    lagoon.later(seconds=DAY_SECONDS).start(last.job_id)
    assert (taken(lagoon), lagoon.job(last.job_id).state) == (1, JobState.STARTED)


def test_nobody_sets_or_gives_back_what_checks_take() -> None:
    with pytest.raises(MessageError):
        SetBudget(name="files", unit="checks", limit=0)
    lagoon = registered().cap(FILES, "uses", 5)
    complete(lagoon, check())
    lagoon.refused(NotAllowed, "bureau", RefundBudget(job_id=SAMPLE, name="files"))


def test_no_other_kind_of_job_goes_without_a_grant() -> None:
    lagoon = registered().do("bank", check(kind="intersection")).consent(job_id=SAMPLE)
    outcome = lagoon.submit(lagoon.founding.sign("bank", StartJob(job_id=SAMPLE)))
    assert not outcome.ok


def test_only_the_owner_of_the_earlier_version_checks() -> None:
    asked = check()
    turned = tuple(replace(one, receiver="bureau") for one in asked.inputs)
    registered().refused(CheckRefused, "bureau", replace(asked, inputs=turned, receivers=("bureau",)))


@pytest.mark.parametrize(
    "change",
    [
        {"grant": b"\x61" * 16},
        {"epsilon_micro": 1},
        {"rows_cap": LEAST_CAP - 1},
        {"rows_cap": 500},
    ],
)
def test_an_input_of_a_check_says_nothing_but_its_size(change: dict[str, Any]) -> None:
    asked = check()
    lines = (replace(asked.inputs[0], **change), asked.inputs[1])
    registered().refused(CheckRefused, "bank", replace(asked, inputs=lines))


def test_versions_of_one_owner_are_no_pair() -> None:
    lagoon = registered().do("bank", registration("bank/others/1")).later()
    lines = (replace(check().inputs[1], dataset="bank/others/1"), check().inputs[1])
    lagoon.refused(CheckRefused, "bank", check(inputs=lines))


def test_a_withdrawn_version_is_not_compared() -> None:
    lagoon = registered().do("bureau", WithdrawDataset(dataset=FILES))
    lagoon.refused(CheckRefused, "bank", check())


def test_after_thirty_days_nobody_has_to_answer() -> None:
    lagoon = registered().later(seconds=CHECK_DAYS * DAY_SECONDS - 1)
    lagoon.do("bank", check(not_after=lagoon.time + LEAST_SECONDS))
    late = registered().later(seconds=CHECK_DAYS * DAY_SECONDS)
    late.refused(CheckRefused, "bank", check(not_after=late.time + LEAST_SECONDS))


def test_start_looks_again() -> None:
    lagoon = registered().do("bank", check()).consent(job_id=SAMPLE).do("bureau", WithdrawDataset(dataset=FILES))
    lagoon.refused(CheckRefused, "bank", StartJob(job_id=SAMPLE))


def test_rows_are_compared_only_after_a_sample() -> None:
    lagoon = registered()
    lagoon.refused(CheckRefused, "bank", check(ROWS, rows=512))
    complete(lagoon, check()).do("bank", check(ROWS, rows=512))


def test_a_pair_is_checked_once_a_stage() -> None:
    complete(registered(), check()).refused(CheckRefused, "bank", check(b"\xb3" * 16))


def test_an_open_check_has_no_second_beside_it() -> None:
    registered().do("bank", check()).refused(CheckRefused, "bank", check(b"\xb3" * 16))


def test_attempts_are_bounded() -> None:
    lagoon = registered()
    for attempt in range(MOST_ATTEMPTS):
        job = bytes([attempt]) * 16
        lagoon.do("bank", check(job)).do("bank", RefuseJob(job_id=job, code="job.by_person"))
    lagoon.refused(CheckRefused, "bank", check(b"\xb3" * 16))


def refusal(lagoon: Lagoon) -> None:
    lagoon.do("bureau", RefuseJob(job_id=SAMPLE, code="policy.local"))


def silence(lagoon: Lagoon) -> None:
    lagoon.do("bank", consent(job_id=SAMPLE)).later(seconds=DEADLINE).do("bank", ExpireJob(job_id=SAMPLE))


def failure(lagoon: Lagoon) -> None:
    lagoon.consent(job_id=SAMPLE).start(SAMPLE).do("bureau", FailJob(job_id=SAMPLE, code="node.fault"))


def withheld(lagoon: Lagoon) -> None:
    lagoon.consent(job_id=SAMPLE).start(SAMPLE).do("bank", receipt(job_id=SAMPLE))
    lagoon.later(seconds=DEADLINE).do("bank", ExpireJob(job_id=SAMPLE))


def broken_off(lagoon: Lagoon) -> None:
    """After START, by the other side: it cannot be seen here who kept silent."""
    lagoon.consent(job_id=SAMPLE).start(SAMPLE).do("bank", FailJob(job_id=SAMPLE, code="node.fault"))


def dumb(lagoon: Lagoon) -> None:
    lagoon.consent(job_id=SAMPLE).start(SAMPLE).later(seconds=DEADLINE).do("bank", ExpireJob(job_id=SAMPLE))


@pytest.mark.parametrize("evade", [refusal, silence, failure, withheld, broken_off, dumb])
def test_a_registrant_that_evades_a_check_stands_under_review(evade: Any) -> None:
    lagoon = registered().do("bank", check())
    evade(lagoon)
    found = lagoon.dataset(FILES)
    assert (found.state, found.unanswered) == (DatasetState.REVIEW, 1)
    assert lagoon.get(Check, check_id(FILES, CUSTOMERS, Stage.SAMPLE)).is_unanswered
    assert found.is_usable_by("bank")


def test_what_the_incumbent_takes_back_before_start_is_not_held_against_the_newcomer() -> None:
    lagoon = registered().do("bank", check()).do("bank", RefuseJob(job_id=SAMPLE, code="job.by_person"))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE


def test_a_check_made_good_ends_the_review() -> None:
    lagoon = registered().do("bank", check())
    refusal(lagoon)
    complete(lagoon, check(b"\xb3" * 16))
    assert (lagoon.dataset(FILES).state, lagoon.dataset(FILES).unanswered) == (DatasetState.ACTIVE, 0)


@pytest.mark.parametrize(
    ("jaccard", "containment", "finding", "state"),
    [
        (900_000, 950_000, Finding.NEAR, DatasetState.BLOCKED),
        (800_000, 900_000, Finding.NEAR, DatasetState.BLOCKED),
        (790_000, 890_000, Finding.NEAR, DatasetState.REVIEW),
        (500_000, 700_000, Finding.NEAR, DatasetState.REVIEW),
        (100_000, 900_000, Finding.SUBSET, DatasetState.REVIEW),
    ],
)
def test_what_is_stated_decides_the_state(jaccard: int, containment: int, finding: Finding, state: DatasetState) -> None:
    found = compared().do("bank", near(jaccard, containment)).dataset(FILES)
    assert (found.finding, found.first, found.state) == (finding, CUSTOMERS, state)


def test_a_near_copy_cannot_be_granted() -> None:
    compared().do("bank", near()).refused(DatasetBlocked, "bureau", permission())


@pytest.mark.parametrize(
    "said",
    [
        near(490_000, 890_000),
        near(905_000, 950_000),
        near(900_000, 955_000),
        near(900_000, 890_000),
        near(job_id=SAMPLE),
    ],
)
def test_a_statement_that_cannot_be_is_refused(said: StateNear) -> None:
    compared().refused(StatementRefused, "bank", said)


def test_a_statement_rests_on_a_completed_check_of_all_rows() -> None:
    lagoon = complete(registered(), check())
    lagoon.refused(StatementRefused, "bank", near())
    lagoon.do("bank", check(ROWS, rows=512)).consent(job_id=ROWS).start(ROWS)
    lagoon.refused(StatementRefused, "bank", near())


def test_only_the_earlier_owner_states_and_only_once_and_in_time() -> None:
    lagoon = compared()
    lagoon.refused(StatementRefused, "bureau", near())
    lagoon.refused(StatementRefused, "telecom", near())
    lagoon.do("bank", near()).refused(StatementRefused, "bank", near())
    compared().later(seconds=STATE_DAYS * DAY_SECONDS).refused(StatementRefused, "bank", near())


def test_a_later_statement_of_another_does_not_hide_the_block() -> None:
    lagoon = Lagoon().do("telecom", registration(LINES)).later()
    lagoon = compared(lagoon.do("bank", registration(CUSTOMERS)).later().do("bureau", registration(FILES)).later())
    compare(lagoon.do("bank", near()), LINES, 7)
    found = lagoon.do("telecom", near(600_000, 700_000, incumbent=LINES, job_id=rows_job(7))).dataset(FILES)
    assert (found.state, found.finding, found.first) == (DatasetState.BLOCKED, Finding.NEAR, CUSTOMERS)


def lines(incumbent: str, rows: int, newcomer: str = FILES) -> tuple[JobInput, JobInput]:
    """Inputs of a check of any pair."""
    owner = incumbent.split("/")[0]
    said: dict[str, Any] = {"grant": b"", "grant_version": 0, "rows_cap": rows, "receiver": owner}
    return (
        JobInput(dataset=newcomer, user=newcomer.split("/")[0], **said),
        JobInput(dataset=incumbent, user=owner, **said),
    )


def rows_job(number: int) -> bytes:
    return bytes([number, 2]) * 8


def asking(incumbent: str, job: bytes, rows: int, newcomer: str = FILES, **changes: Any) -> ProposeJob:
    owner, other = incumbent.split("/")[0], newcomer.split("/")[0]
    inputs, parties = lines(incumbent, rows, newcomer), tuple(sorted((owner, other)))
    return check(job, inputs=inputs, receivers=(owner,), parties=parties, **changes)


def run(lagoon: Lagoon, asked: ProposeJob) -> Lagoon:
    """Any check, to its end."""
    job, (one, other) = asked.job_id, asked.parties
    lagoon.do(asked.receivers[0], asked).consent(job_id=job).do(one, StartJob(job_id=job))
    return lagoon.do(one, receipt(job_id=job)).do(other, receipt(job_id=job))


def compare(lagoon: Lagoon, incumbent: str, number: int, newcomer: str = FILES) -> Lagoon:
    """Both stages of any pair."""
    due: dict[str, Any] = {"not_after": lagoon.time + LEAST_SECONDS}
    run(lagoon, asking(incumbent, bytes([number, 1]) * 8, SAMPLE_CAP, newcomer, **due))
    return run(lagoon, asking(incumbent, rows_job(number), 512, newcomer, **due))


def test_an_incumbent_asks_with_the_newest_version_of_a_lineage_and_no_other() -> None:
    second = "bank/customers/2"
    lagoon = Lagoon().do("bank", registration(CUSTOMERS)).later().do("bank", registration(second)).later()
    lagoon.do("bureau", registration(FILES)).later()
    lagoon.refused(CheckRefused, "bank", check())
    lagoon.do("bank", asking(second, SAMPLE, SAMPLE_CAP))
    registered().do("bank", registration(second)).later().do("bank", check())


def test_an_incumbent_without_tags_does_not_ask_once_there_is_a_key_for_them() -> None:
    registered().with_oprf_key().refused(CheckRefused, "bank", check())
    lagoon = Lagoon().with_oprf_key().register(CUSTOMERS, "a").later().register(FILES, "b").later()
    lagoon.do("bank", check())


@pytest.mark.parametrize("version", [FILES, CUSTOMERS])
def test_core_data_are_compared_with_nothing_and_important_data_by_approval_alone(version: str) -> None:
    lagoon = registered()
    lagoon.put(replace(lagoon.dataset(version), level=5))
    lagoon.refused(CheckRefused, "bank", check())
    other = "bank" if version == FILES else "bureau"
    approval: dict[str, Any] = {"dataset": version, "regulator": "auditor", "reason_commitment": bytes(32)}
    lagoon.put(LevelApproval(parties=("telecom",), not_after=lagoon.time, **approval))
    lagoon.refused(CheckRefused, "bank", check())
    lagoon.put(LevelApproval(parties=(other,), not_after=lagoon.time - 1, **approval))
    lagoon.refused(CheckRefused, "bank", check())
    lagoon.put(LevelApproval(parties=(other,), not_after=lagoon.time, **approval))
    lagoon.put(replace(lagoon.dataset(version), level=6))
    lagoon.refused(CheckRefused, "bank", check())
    lagoon.put(replace(lagoon.dataset(version), level=5))
    lagoon.do("bank", check())


def test_what_is_made_of_core_data_is_compared_with_nothing() -> None:
    lagoon = Lagoon().do("bank", registration(CUSTOMERS)).do("telecom", registration(LINES)).later()
    lagoon.do("bureau", registration(FILES)).later()
    lagoon.put(replace(lagoon.dataset(FILES), parents=(LINES,)))
    lagoon.put(replace(lagoon.dataset(LINES), level=6))
    lagoon.refused(CheckRefused, "bank", check())


def test_a_level_that_rose_meanwhile_stops_a_check_at_start() -> None:
    lagoon = registered().do("bank", check()).consent(job_id=SAMPLE)
    lagoon.put(replace(lagoon.dataset(FILES), level=6))
    lagoon.refused(CheckRefused, "bank", StartJob(job_id=SAMPLE))
    lagoon.put(replace(lagoon.dataset(FILES), level=4))
    lagoon.refused(ApprovalMissing, "bank", StartJob(job_id=SAMPLE))


def test_a_check_of_data_of_level_g4_waits_for_a_person_of_their_owner() -> None:
    lagoon = registered()
    lagoon.put(replace(lagoon.dataset(FILES), level=4))
    lagoon.do("bank", check()).do("bank", consent(job_id=SAMPLE))
    lagoon.refused(ApprovalMissing, "bureau", consent(job_id=SAMPLE))


def owned_by(*owners: str) -> Lagoon:
    """Lineages of several owners before the newcomer's one."""
    lagoon = Lagoon(roles={"auditor": ("auditor",)})
    for number, owner in enumerate(owners):
        lagoon.do(owner, registration(f"{owner}/set{number}/1"))
    return lagoon.later().do("bureau", registration(FILES)).later()


def test_all_rows_of_a_version_are_compared_three_times_for_an_owner_however_many_lineages_it_has() -> None:
    lagoon = owned_by(*["bank"] * (MOST_STARTED + 1))
    for number in range(MOST_STARTED):
        compare(lagoon, f"bank/set{number}/1", number + 1)
    last = f"bank/set{MOST_STARTED}/1"
    run(lagoon, asking(last, SAMPLE, SAMPLE_CAP))
    lagoon.refused(CheckRefused, "bank", asking(last, ROWS, 512))


def test_samples_of_a_version_are_compared_so_often_for_an_owner_and_those_tied_to_it() -> None:
    """Each count answers a question, of a sample too: many lineages are not many questions."""
    lagoon = tied(owned_by(*["bank"] * MOST_SAMPLED, "telecom"))
    for number in range(MOST_SAMPLED):
        if number % CHECKS_A_DAY == 0:
            lagoon.later(seconds=DAY_SECONDS)
        asked = asking(f"bank/set{number}/1", bytes([number, 1]) * 8, SAMPLE_CAP, not_after=lagoon.time + LEAST_SECONDS)
        run(lagoon, asked)
    assert lagoon.get(CheckTally, bound_id(FILES, "bank")).sampled == MOST_SAMPLED
    last = asking(f"telecom/set{MOST_SAMPLED}/1", SAMPLE, SAMPLE_CAP, not_after=lagoon.time + LEAST_SECONDS)
    assert "sampled" in str(lagoon.refused(CheckRefused, "telecom", last))


def test_a_comparison_that_was_started_counts_whatever_its_proposer_says_of_it_later() -> None:
    lagoon = complete(registered(), check())
    for number in range(MOST_STARTED):
        job = rows_job(number)
        lagoon.do("bank", check(job, rows=512)).consent(job_id=job).start(job).do(
            "bank", FailJob(job_id=job, code="node.fault")
        )
    assert lagoon.get(CheckTally, bound_id(FILES, "bank")).started == MOST_STARTED
    lagoon.refused(CheckRefused, "bank", check(ROWS, rows=512))


def tied(lagoon: Lagoon) -> Lagoon:
    """The telecom belongs to the bank."""
    lagoon.put(replace(lagoon.get(Member, "telecom"), affiliation="Bank"))
    return lagoon


def test_those_who_are_tied_ask_and_speak_as_one() -> None:
    lagoon = tied(owned_by("bank", "bank", "telecom", "telecom"))
    for number, owner in ((0, "bank"), (1, "bank"), (2, "telecom")):
        compare(lagoon, f"{owner}/set{number}/1", number + 1)
    run(lagoon, asking("telecom/set3/1", SAMPLE, SAMPLE_CAP))
    lagoon.refused(CheckRefused, "telecom", asking("telecom/set3/1", ROWS, 512))
    lagoon.do("bank", near(600_000, incumbent="bank/set0/1", job_id=rows_job(1)))
    lagoon.refused(StatementRefused, "bank", near(incumbent="bank/set1/1", job_id=rows_job(2)))
    lagoon.refused(StatementRefused, "telecom", near(incumbent="telecom/set2/1", job_id=rows_job(3)))


def overturned() -> Lagoon:
    """The bank's word was found to be wrong."""
    lagoon = compare(owned_by("bank", "bank"), "bank/set0/1", 1).do("bank", near(incumbent="bank/set0/1", job_id=rows_job(1)))
    case = b"\xd1" * 16
    lagoon.do("bureau", OpenDispute(dispute=case, subject=FILES, against="bank/set0/1", evidence=bytes(32)))
    return lagoon.do("auditor", DecideDispute(dispute=case, outcome=Outcome.RELEASED, reason=bytes(32)))


def test_what_was_released_is_not_blocked_again_by_those_it_was_released_against() -> None:
    lagoon = compare(tied(overturned()), "bank/set1/1", 2)
    lagoon.refused(StatementRefused, "bank", near(incumbent="bank/set1/1", job_id=rows_job(2)))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE


@pytest.mark.parametrize(
    ("days", "state"), [(OVERTURNED_DAYS, DatasetState.REVIEW), (OVERTURNED_DAYS + 1, DatasetState.BLOCKED)]
)
def test_whose_statement_was_overturned_blocks_nobody_for_a_year(days: int, state: DatasetState) -> None:
    lagoon = overturned().later(seconds=days * DAY_SECONDS)
    newcomer = LINES
    lagoon.do("telecom", registration(newcomer)).later(seconds=0)
    compare(lagoon, "bank/set1/1", 2, newcomer)
    lagoon.do("bank", near(new=newcomer, incumbent="bank/set1/1", job_id=rows_job(2)))
    assert (lagoon.dataset(newcomer).state, lagoon.dataset(newcomer).finding) == (state, Finding.NEAR)


def test_versions_of_one_block_are_not_compared_and_a_blocked_one_speaks_for_nobody() -> None:
    together = Lagoon().do("bank", registration(CUSTOMERS)).do("bureau", registration(FILES)).later()
    together.refused(CheckRefused, "bank", check())
    lagoon = registered()
    lagoon.put(replace(lagoon.dataset(CUSTOMERS), state=DatasetState.BLOCKED))
    lagoon.refused(CheckRefused, "bank", check())


def test_a_check_leaves_time_for_an_answer() -> None:
    lagoon = registered()
    lagoon.refused(CheckRefused, "bank", check(not_after=lagoon.time + LEAST_SECONDS - 1))
    lagoon.do("bank", check(not_after=lagoon.time + LEAST_SECONDS))


def test_what_was_not_answered_can_be_made_good_after_the_last_attempt() -> None:
    lagoon = registered()
    for number in range(MOST_ATTEMPTS):
        job = rows_job(number)
        lagoon.do("bank", check(job)).do("bureau", RefuseJob(job_id=job, code="policy.local"))
    assert lagoon.dataset(FILES).state is DatasetState.REVIEW
    complete(lagoon, check())
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE


def test_cures_are_bounded_too() -> None:
    lagoon = registered()
    for number in range(MOST_CURES):
        job = rows_job(number)
        lagoon.do("bank", check(job)).do("bureau", RefuseJob(job_id=job, code="policy.local"))
    lagoon.refused(CheckRefused, "bank", check())


def test_a_decision_ends_a_review_for_want_of_an_answer() -> None:
    lagoon = owned_by("bank").do("bank", asking("bank/set0/1", SAMPLE, SAMPLE_CAP)).later(seconds=0)
    lagoon.do("bureau", RefuseJob(job_id=SAMPLE, code="policy.local"))
    case = b"\xd1" * 16
    lagoon.do("bureau", OpenDispute(dispute=case, subject=FILES, against="bank/set0/1", evidence=bytes(32)))
    lagoon.do("auditor", DecideDispute(dispute=case, outcome=Outcome.RELEASED, reason=bytes(32)))
    assert (lagoon.dataset(FILES).state, lagoon.dataset(FILES).unanswered) == (DatasetState.ACTIVE, 0)
    run(lagoon, asking("bank/set0/1", b"\xb3" * 16, SAMPLE_CAP))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE
