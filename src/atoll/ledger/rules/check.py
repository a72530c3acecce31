"""Near duplicates: the owner of a version compares it with one registered later, and states what came of it.

A check is a job of the kind `similarity` between the two owners. It rests on no grant: the rules below are its bounds. Only the
owner of the earlier version proposes and receives, with the newest version of a lineage; only within 30 days of the later
registration; three attempts a pair and stage, none after one that was completed, and so many a day; all rows only after a
sample, three times a new version for all who share a tie; core data never, important data with a regulator's approval. A
refusal, and a check that was let pass, stand on the ledger and put the later version under review.

What is stated blocks first and is contested later. So an owner has its say about a version once, those tied to it included, and
whose statement a decision has overturned blocks nobody for a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.checks import LEAST_CAP, SAMPLE_CAP, Stage
from atoll.ledger.plan import DatasetId, JobId
from atoll.ledger.records import (
    CHECKS,
    Budget,
    Check,
    CheckTally,
    ConsentRecord,
    Dataset,
    DatasetState,
    Finding,
    Heard,
    Job,
    JobInput,
    JobState,
    LevelApproval,
    Member,
    OprfKey,
    Overturned,
    Reader,
    Rivals,
    bound_id,
    budget_id,
    check_account,
    check_id,
    ties,
)
from atoll.ledger.records.registration import MOST_RIVALS
from atoll.ledger.rules.approver import need_approval
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.dataset import move
from atoll.ledger.rules.errors import CheckRefused, StatementRefused, TooManyAncestors
from atoll.ledger.rules.grade import CORE, IMPORTANT
from atoll.ledger.rules.lineages import effective_level
from atoll.wire.message import Message, Range

CHECK_DAYS = 30
"""How long after its registration a version may be checked."""
STATE_DAYS = 37
"""How long after it a finding may be stated."""
MOST_ATTEMPTS = 3
"""Proposals a pair and stage."""
MOST_CURES = 16
"""The same where the last one was not answered: a review for want of an answer can be ended."""
LEAST_SECONDS = 3600
"""Time that a check leaves to who is to answer it."""
CHECKS_A_DAY = 16
"""Checks of one version, of either stage, that the owner of versions before it starts in a day."""
MOST_SAMPLED = 32
"""Checks of a sample of one new version that those who share a tie may start, whichever of their lineages they bring."""
MOST_STARTED = 3
"""Checks of all rows of one new version that those who share a tie may start, whichever of their lineages they bring."""
DAY_SECONDS = 86_400
STEP_PPM = 10_000
"""What is stated is rounded down to one percent."""
BLOCK_PPM = 800_000
"""Share of common rows among all rows from which on the later version is blocked."""
REVIEW_PPM = 500_000
"""Share from which on it is under review."""
SUBSET_PPM = 900_000
"""Share of common rows in the smaller of the two from which on one holds the other."""
FIRST = frozenset({DatasetState.ACTIVE, DatasetState.REVIEW})
"""States of a version that others may be compared with: a blocked copy speaks for nobody."""
COMPARABLE = frozenset({DatasetState.ACTIVE, DatasetState.REVIEW, DatasetState.BLOCKED})
JUDGED = frozenset({Finding.EXACT, Finding.SAME_CONTENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class StateNear(Message):
    """The owner of the earlier version says how near the later one is."""

    TAG: ClassVar[str] = "dataset.near/1"

    new: DatasetId
    """The version registered later."""
    incumbent: DatasetId
    """The version registered first."""
    job_id: JobId
    """The completed check of all rows that it rests on."""
    jaccard_ppm: Annotated[int, Range(0, 1_000_000)]
    """Common rows among all rows of both, in millionths, rounded down to one percent."""
    containment_ppm: Annotated[int, Range(0, 1_000_000)]
    """Common rows in the smaller of both, likewise."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a check compares."""

    new: Dataset
    incumbent: Dataset
    stage: Stage

    @property
    def check_id(self) -> str:
        """Identifier of the check's record."""
        return check_id(self.new.dataset, self.incumbent.dataset, self.stage)


def need_pair(records: Reader, now: int, proposer: str, inputs: Sequence[JobInput]) -> Pair:
    """The two versions of a check, if the rules allow it to `proposer` now. Asked at proposal, at START and by the node that is
    to answer.

    Raises:
        CheckRefused: with the reason.
    """
    if len(inputs) != 2 or any(one.grant or one.epsilon_micro or one.receiver != proposer for one in inputs):
        raise CheckRefused(reason="it has two inputs, of which its proposer learns, and rests on no grant")
    found = [records.get(Dataset, one.dataset) for one in inputs]
    versions = [one for one in found if one is not None]
    if len(versions) != 2:
        raise CheckRefused(reason="one of the versions is not registered")
    if [one.owner for one in versions] != [one.user for one in inputs]:
        raise CheckRefused(reason="an input is not brought by its owner")
    incumbent, new = sorted(versions, key=_order)
    if incumbent.owner != proposer or new.owner == proposer:
        raise CheckRefused(reason=f"{proposer} is not the owner of the earlier of two members' versions")
    caps = {one.rows_cap for one in inputs}
    if (SAMPLE_CAP in caps and len(caps) > 1) or min(caps) < LEAST_CAP:
        raise CheckRefused(reason="its row caps are of neither stage")
    if now > new.time + CHECK_DAYS * DAY_SECONDS:
        raise CheckRefused(reason=f"{new.dataset} was registered more than {CHECK_DAYS} days ago")
    pair = Pair(new, incumbent, Stage.SAMPLE if caps == {SAMPLE_CAP} else Stage.ROWS)
    reason = _why_not_comparable(records, pair) or _why_too_high(records, now, pair) or _why_too_many(records, pair)
    if reason:
        raise CheckRefused(reason=reason)
    return pair


def bound_ties(records: Reader, org: str) -> tuple[str, ...]:
    """What an owner shares with those who count as one with it."""
    return ties(org, records.get(Member, org))


def _order(version: Dataset) -> tuple[int, str]:
    return version.height, version.dataset


def _why_not_comparable(records: Reader, pair: Pair) -> str:
    """Both in use; the earlier one with tags where there is a key, and the newest of its lineage when the later one came: an
    owner with many versions of one thing asks once."""
    new, incumbent = pair.new, pair.incumbent
    if new.state not in COMPARABLE or incumbent.state not in FIRST:
        return f"{new.dataset} is {new.state}, {incumbent.dataset} is {incumbent.state}"
    if incumbent.height == new.height:
        return "they were registered in one block, so that neither came first"
    if not incumbent.tags and records.get(OprfKey, "0") is not None:
        return f"{incumbent.dataset} was registered without tags, and the members have a key for them"
    number = int(incumbent.dataset.rpartition("/")[2])
    following = records.get(Dataset, f"{incumbent.lineage}/{number + 1}")
    if following is not None and _order(following) < _order(new):
        return f"{incumbent.dataset} was not the newest of its lineage when {new.dataset} was registered"
    return ""


def _why_too_high(records: Reader, now: int, pair: Pair) -> str:
    """Core data are compared with nothing; important data where a regulator has approved that the other owner takes part. What
    rests on more versions than the rules look at is of no level that could be told."""
    for one, other in ((pair.new, pair.incumbent.owner), (pair.incumbent, pair.new.owner)):
        try:
            level = effective_level(records, one)
        except TooManyAncestors:
            return f"{one.dataset} rests on too many versions"
        if level >= CORE:
            return f"{one.dataset} is core data"
        approval = records.get(LevelApproval, one.dataset)
        if level >= IMPORTANT and (approval is None or other not in approval.parties or now > approval.not_after):
            return f"{one.dataset} is important data, and no regulator has approved that {other} takes part"
    return ""


def _why_too_many(records: Reader, pair: Pair) -> str:
    """So often for all who share a tie with the earlier owner, and all rows only after a sample has been compared."""
    tallies = [records.get(CheckTally, bound_id(pair.new.dataset, tie)) for tie in bound_ties(records, pair.incumbent.owner)]
    if pair.stage is Stage.SAMPLE:
        if max((one.sampled for one in tallies if one is not None), default=0) >= MOST_SAMPLED:
            return f"{pair.incumbent.owner} and those tied to it have sampled {pair.new.dataset} {MOST_SAMPLED} times"
        return ""
    if not _is_completed(records, check_id(pair.new.dataset, pair.incumbent.dataset, Stage.SAMPLE)):
        return "all rows are compared only after a sample has been"
    if max((one.started for one in tallies if one is not None), default=0) >= MOST_STARTED:
        return f"{pair.incumbent.owner} and those tied to it have compared all rows of {pair.new.dataset} {MOST_STARTED} times"
    return ""


def account_of(records: Reader, pair: Pair, now: int) -> Budget:
    """What the earlier version's owner may still start today, of checks of the later version.

    Every earlier owner has an account of its own at each later version, so nobody's checks use up another's; and no account of
    the later version's lineage is charged, so nobody's checks use up what its owner grants (specs/registration.md).
    """
    account = check_account(pair.new.dataset, pair.incumbent.owner, now // DAY_SECONDS)
    standing = records.get(Budget, budget_id(account, CHECKS))
    if standing is not None:
        return standing
    return Budget(account=account, unit=CHECKS, owner=pair.new.owner, limit=CHECKS_A_DAY, reserved=0, spent=0)


def charge(call: Call, pair: Pair) -> None:
    """Take one check from the day's account, at START; however the job ends, it stays taken.

    Raises:
        CheckRefused: nothing is left in it.
    """
    budget = account_of(call.state, pair, call.time)
    if not budget.left():
        raise CheckRefused(reason=f"{pair.incumbent.owner} has started {budget.taken} checks of {pair.new.dataset} today")
    call.state.put(replace(budget, spent=budget.spent + 1))


def propose_check(call: Call, job: Job) -> None:
    """Count the attempt, and see that there is time for an answer."""
    pair = need_pair(call.state, call.time, job.proposer, job.inputs)
    if job.not_after < call.time + LEAST_SECONDS:
        raise CheckRefused(reason=f"it leaves less than {LEAST_SECONDS} seconds for an answer")
    before = call.state.get(Check, pair.check_id)
    attempts = 0
    if before is not None:
        attempts = before.attempts
        last = call.need(Job, before.job.hex())
        if last.state in (JobState.PROPOSED, JobState.CONSENTED, JobState.STARTED, JobState.COMPLETED):
            raise CheckRefused(reason=f"job {before.job.hex()} is this check, and is {last.state}")
    if attempts >= (MOST_CURES if before is not None and before.is_unanswered else MOST_ATTEMPTS):
        raise CheckRefused(reason=f"it was attempted {attempts} times")
    call.state.put(
        Check(
            new=pair.new.dataset,
            incumbent=pair.incumbent.dataset,
            stage=pair.stage,
            attempts=attempts + 1,
            job=job.job_id,
            is_unanswered=before is not None and before.is_unanswered,
        )
    )


def start_check(call: Call, job: Job) -> None:
    """Look again, and count the comparison: from START on its proposer may learn something, whatever it says."""
    pair = need_pair(call.state, call.time, job.proposer, job.inputs)
    charge(call, pair)
    need_approval(call, pair.new, call.need(ConsentRecord, f"{job.job_id.hex()}/{pair.new.owner}").approver)
    for tie in bound_ties(call.state, pair.incumbent.owner):
        before = call.state.get(CheckTally, bound_id(pair.new.dataset, tie))
        tally = before if before is not None else CheckTally(new=pair.new.dataset, tie=tie)
        if pair.stage is Stage.SAMPLE:
            call.state.put(replace(tally, sampled=tally.sampled + 1))
        else:
            call.state.put(replace(tally, started=tally.started + 1))


def note_unanswered(call: Call, job: Job) -> None:
    """The later version's owner refused the check or let it pass, or the check was started and came to nothing: the version is
    under review until that is made good, or a decision releases it. Who made a started check fail cannot be seen here."""
    check, new = _check_of(call, job)
    if check.is_unanswered:
        return
    call.state.put(replace(check, is_unanswered=True))
    state = DatasetState.REVIEW if new.state is DatasetState.ACTIVE else new.state
    move(call, new, unanswered=new.unanswered + 1, state=state)


def note_answered(call: Call, job: Job) -> None:
    """A check was completed; the last one that was wanting ends the review that it was wanting for."""
    check, new = _check_of(call, job)
    if not check.is_unanswered:
        return
    call.state.put(replace(check, is_unanswered=False))
    left = max(0, new.unanswered - 1)
    cleared = new.state is DatasetState.REVIEW and not left and new.finding in (Finding.NEW, Finding.UNCHECKED)
    move(call, new, unanswered=left, state=DatasetState.ACTIVE if cleared else new.state)


def state_near(call: Call, body: StateNear) -> None:
    """Once a version for all who share a tie with the earlier owner, on a completed check of all rows of exactly these two, for
    whose result both have signed receipts. It blocks, unless a decision has overturned one of theirs in the last year."""
    check = call.state.get(Check, check_id(body.new, body.incumbent, Stage.ROWS))
    new, incumbent = call.need(Dataset, body.new), call.need(Dataset, body.incumbent)
    bound = bound_ties(call.state, incumbent.owner)
    reason = ""
    if call.sender != incumbent.owner:
        reason = f"{call.sender} is not the owner of {body.incumbent}"
    elif check is None or check.job != body.job_id or not _is_completed(call.state, check.identifier()):
        reason = f"job {body.job_id.hex()} is no completed check of all rows of the two"
    elif any(call.state.get(Heard, bound_id(body.new, tie)) is not None for tie in bound):
        reason = f"{call.sender}, or who is tied to it, has had its say: it has stated, or the version was released against it"
    elif call.time > new.time + STATE_DAYS * DAY_SECONDS:
        reason = f"it comes more than {STATE_DAYS} days after the registration"
    elif body.jaccard_ppm % STEP_PPM or body.containment_ppm % STEP_PPM or body.jaccard_ppm > body.containment_ppm:
        reason = "the shares are not in steps of one percent, or cannot both be"
    elif body.jaccard_ppm < REVIEW_PPM and body.containment_ppm < SUBSET_PPM:
        reason = "what is not near is not stated"
    if reason or check is None:
        raise StatementRefused(new=body.new, reason=reason)
    call.state.put(replace(check, is_stated=True))
    for tie in bound:
        call.state.put(Heard(new=body.new, tie=tie, has_stated=True, height=call.height))
    blocks = body.jaccard_ppm >= BLOCK_PPM and not _is_overturned(call, bound)
    _act_on(call, new, body, blocks=blocks)


def _is_overturned(call: Call, bound: Sequence[str]) -> bool:
    marks = [call.state.get(Overturned, tie) for tie in bound]
    return any(one is not None and call.time <= one.until for one in marks)


def _act_on(call: Call, new: Dataset, said: StateNear, *, blocks: bool) -> None:
    """Block, or put under review. What blocks already stays the first to name; every version that blocks is remembered."""
    state, finding, first = new.state, new.finding, new.first
    if blocks and state in COMPARABLE:
        rivals = call.state.get(Rivals, new.dataset)
        versions = dict.fromkeys((*(rivals.versions if rivals is not None else ()), said.incumbent))
        call.state.put(Rivals(new=new.dataset, versions=tuple(versions)[:MOST_RIVALS]))
        if state is not DatasetState.BLOCKED:
            state, finding, first = DatasetState.BLOCKED, Finding.NEAR, said.incumbent
    elif state is DatasetState.ACTIVE:
        state = DatasetState.REVIEW
    if finding in (Finding.NEW, Finding.UNCHECKED):
        is_part = said.containment_ppm >= SUBSET_PPM and said.jaccard_ppm < BLOCK_PPM
        finding, first = Finding.SUBSET if is_part else Finding.NEAR, said.incumbent
    move(call, new, state=state, finding=finding, first=first)


def _is_completed(records: Reader, identifier: str) -> bool:
    check = records.get(Check, identifier)
    job = records.get(Job, check.job.hex()) if check is not None else None
    return job is not None and job.state is JobState.COMPLETED


def _check_of(call: Call, job: Job) -> tuple[Check, Dataset]:
    one, other = (call.need(Dataset, line.dataset) for line in job.inputs)
    incumbent, new = sorted((one, other), key=lambda at: (at.height, at.dataset))
    stage = Stage.SAMPLE if job.inputs[0].rows_cap == SAMPLE_CAP else Stage.ROWS
    return call.need(Check, check_id(new.dataset, incumbent.dataset, stage)), new
