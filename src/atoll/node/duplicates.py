"""Near duplicates, in the background: what was registered later by others is compared with what this organisation registered.

Driven by levels: each look takes the ledger as it stands and does the next thing that is missing for each pair, so a node that
was down goes on where it was. A few checks run at a time; `duplicate-checks = "off"` in the section [policy] makes none.

    no check yet -> sample -> it leaves open that the two are near -> rows -> near: stated on the ledger
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from atoll.api.models import ProposeJob
from atoll.errors import AtollError
from atoll.exchange.registration import Profile, is_candidate, may_be_near, shares_to_state
from atoll.jobs.similarity import PURPOSE, SimilaritySpec
from atoll.ledger.records import SIMILARITY, Check, Dataset, Job, JobState, Stage, check_id
from atoll.ledger.rules.check import (
    CHECK_DAYS,
    COMPARABLE,
    DAY_SECONDS,
    FIRST,
    JUDGED,
    MOST_ATTEMPTS,
    STATE_DAYS,
    Pair,
    StateNear,
    account_of,
)
from atoll.node.bodies import Bodies, Kind
from atoll.node.consents import is_open
from atoll.node.context import NodeContext
from atoll.node.errors import TransactionRefused
from atoll.node.prints import print_folder
from atoll.node.proposals import Proposals
from atoll.node.runs import Runs
from atoll.policy.approval import HIGHEST_LEVEL
from atoll.wire.plain import to_plain

log = logging.getLogger("atoll.duplicates")

LOOK_SECONDS = 10.0
"""How often pairs that are not done with are looked at when nothing moves; where there are none, only the ledger wakes it."""
AT_ONCE = 2
"""Checks of this node that are open at a time."""
MINUTES = 120
"""Deadline of a check; the other node has so long to answer."""
PERSON_MINUTES = 3 * 24 * 60
"""The same where a person has to answer, because of the level of the data."""
MEMORY_MB = 512
RETRY_SECONDS = 3600
"""Time from a check that failed to the next attempt."""


class Duplicates:
    """Looks for later versions that are near those of this organisation."""

    def __init__(self, context: NodeContext, bodies: Bodies, proposals: Proposals, runs: Runs) -> None:
        self._context = context
        self._bodies = bodies
        self._proposals = proposals
        self._runs = runs
        self._settled: set[tuple[str, str]] = set()
        self._waits: dict[str, int] = {}
        self._wake = asyncio.Event()

    def look_soon(self) -> None:
        """The ledger has moved."""
        self._wake.set()

    async def run(self) -> None:
        """Go on until cancelled."""
        while self._context.config.policy.answers_checks:
            self._wake.clear()
            is_done = False
            try:
                is_done = await self.look()
            except AtollError as err:
                log.info("looked in vain", extra={"code": err.code})
            except Exception:  # the outermost loop of this task: a fault of ours must not stop the node
                log.exception("looked in vain")
            try:
                await asyncio.wait_for(self._wake.wait(), None if is_done else LOOK_SECONDS)
            except TimeoutError:
                continue

    async def look(self) -> bool:
        """Do the next thing for each pair, as far as there is room; whether all pairs are done with."""
        pairs = list(self._pairs())
        room = AT_ONCE - self._open_checks() if pairs else 0
        for new, incumbent in pairs:
            try:
                room -= await self._advance(new, incumbent, may_begin=room > 0)
            except TransactionRefused as err:  # what the rules do not allow of this pair must not keep the others waiting
                self._settled.add((new.dataset, incumbent.dataset))
                log.info("pair left alone", extra={"new": new.dataset, "rule": err.operands["rule"]})
        return all((new.dataset, incumbent.dataset) in self._settled for new, incumbent in pairs)

    def _open_checks(self) -> int:
        """Those that run or may run at any moment; one that waits for a person at the other side holds nobody up."""
        jobs = [one for one in self._context.records(Job) if one.kind == SIMILARITY and one.proposer == self._context.org]
        soon = self._context.now() + MINUTES * 60
        return sum(is_open(one) and (one.state is not JobState.PROPOSED or one.not_after <= soon) for one in jobs)

    def _pairs(self) -> Iterator[tuple[Dataset, Dataset]]:
        """What was registered later by others, each with the newest version before it of each lineage of this organisation: the
        rules allow no other."""
        now, me = self._context.now(), self._context.org
        records = self._context.records(Dataset)
        mine = [one for one in records if one.owner == me]
        if not mine:
            return
        for new in records:
            is_due = new.owner != me and new.state in COMPARABLE and now <= new.time + STATE_DAYS * DAY_SECONDS
            if not is_due or new.finding in JUDGED:
                continue
            before = [one for one in mine if (one.height, one.dataset) < (new.height, new.dataset)]
            newest: dict[str, Dataset] = {}
            for one in sorted(before, key=lambda each: each.height):
                newest[one.lineage] = one
            for one in newest.values():
                is_open = (new.dataset, one.dataset) not in self._settled and one.state in FIRST and one.height < new.height
                if is_open and self._has_print(one.dataset):
                    yield new, one

    def _has_print(self, dataset: str) -> bool:
        return print_folder(self._context.config.home, dataset).is_dir()

    async def _advance(self, new: Dataset, incumbent: Dataset, *, may_begin: bool) -> bool:
        """The next thing for a pair; whether a check was begun."""
        view, pair = self._context.view(), (new.dataset, incumbent.dataset)
        theirs, ours = await self._profile(new), await self._profile(incumbent)
        sizes = theirs.rows_at_most, ours.rows_at_most
        sample = view.get(Check, check_id(*pair, Stage.SAMPLE))
        if sample is None and not is_candidate(theirs, ours):
            self._settled.add(pair)
            return False
        state = self._state(sample)
        if state is not JobState.COMPLETED:
            spec = SimilaritySpec.of(Stage.SAMPLE, *pair, *sizes)
            return await self._begin(spec, new, sample, state, may_begin=may_begin)
        assert sample is not None
        found = self._counts(sample)
        if found is None:
            return False
        common, incumbents, news = found
        if not may_be_near(common=common, incumbent=incumbents, new=news):
            self._settled.add(pair)
            return False
        rows = view.get(Check, check_id(*pair, Stage.ROWS))
        state = self._state(rows)
        if state is not JobState.COMPLETED:
            spec = SimilaritySpec.of(Stage.ROWS, *pair, *sizes)
            return await self._begin(spec, new, rows, state, may_begin=may_begin)
        assert rows is not None
        await self._state_near(new, incumbent, rows)
        return False

    def _state(self, check: Check | None) -> JobState | None:
        job = self._context.view().get(Job, check.job.hex()) if check is not None else None
        return job.state if job is not None else None

    async def _begin(
        self, spec: SimilaritySpec, new: Dataset, check: Check | None, state: JobState | None, *, may_begin: bool
    ) -> bool:
        """Propose a stage, unless it runs, was tried as often as the rules allow, or failed a short time ago."""
        now = self._context.now()
        name = check_id(spec.new, spec.incumbent, spec.stage)
        if state in (JobState.PROPOSED, JobState.CONSENTED, JobState.STARTED):
            self._waits[name] = now + RETRY_SECONDS
            return False
        if (check is not None and check.attempts >= MOST_ATTEMPTS) or now > new.time + CHECK_DAYS * DAY_SECONDS:
            self._settled.add((spec.new, spec.incumbent))
            return False
        if not may_begin or now < self._waits.get(name, 0):
            return False
        incumbent = self._context.view().get(Dataset, spec.incumbent)
        if incumbent is None or not account_of(self._context.view(), Pair(new, incumbent, spec.stage), now).left():
            self._waits[name] = (now // DAY_SECONDS + 1) * DAY_SECONDS
            return False
        self._waits[name] = now + RETRY_SECONDS
        minutes = MINUTES if new.level < HIGHEST_LEVEL else PERSON_MINUTES
        request = ProposeJob(kind=SIMILARITY, spec=to_plain(spec), purpose=PURPOSE, minutes=minutes, memory_mb=MEMORY_MB)
        job = await self._proposals.propose(request, actor="node")
        log.info("check begun", extra={"job": job, "new": spec.new, "incumbent": spec.incumbent, "stage": str(spec.stage)})
        return True

    def _counts(self, check: Check) -> tuple[int, int, int] | None:
        """What a completed check told: common, incumbent, new."""
        result = self._runs.result(check.job.hex())
        if result is None:
            return None
        ((common, incumbent, new),) = result.page(0, 1)
        return int(common or 0), int(incumbent or 0), int(new or 0)

    async def _state_near(self, new: Dataset, incumbent: Dataset, check: Check) -> None:
        """Say on the ledger that two versions are near; of those that are not, nothing is written."""
        found = self._counts(check)
        if found is None:
            return
        common, ours, theirs = found
        shares = shares_to_state(common=common, incumbent=ours, new=theirs)
        if shares is not None and not check.is_stated:
            await self._context.outbox.submit(
                StateNear(
                    new=new.dataset,
                    incumbent=incumbent.dataset,
                    job_id=check.job,
                    jaccard_ppm=shares.jaccard_ppm,
                    containment_ppm=shares.containment_ppm,
                )
            )
            self._context.note("node", "dataset.near", new.dataset, f"{shares.jaccard_ppm // 10_000} percent")
        self._settled.add((new.dataset, incumbent.dataset))

    async def _profile(self, record: Dataset) -> Profile:
        view = self._context.view()
        await self._bodies.fetch(view, Kind.CARD, record.dataset, (record.owner,))
        return Profile.of(self._bodies.believed(view, record.dataset)[0])
