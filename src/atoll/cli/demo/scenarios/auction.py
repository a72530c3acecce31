"""A sealed-bid auction by Vickrey's rule: the best bidder wins and pays the second-best bid, and nobody sees a bid.

The bids are committed to on the ledger before a deadline. One bidder tries to get out of its bid after it; another does not
open what it has committed to, which three nodes sign, and the auction goes on without it.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from atoll.cli.demo.consortium import AUDITOR, BANK, BUREAU, TELECOM
from atoll.cli.demo.errors import DidNotHappen
from atoll.cli.demo.exchange import JOB_SECONDS, Exchange
from atoll.cli.demo.stage import Stage
from atoll.client import RefusedByNode
from atoll.ledger.records import JobState
from atoll.ledger.rules.job import WithdrawJob

NAME = "auction"
TITLE = "Who offers most for a licence? Sealed bids, second price"
BIDS = {BANK: 820_000, BUREAU: 640_000, TELECOM: 990_000}
COMPUTES = [AUDITOR, BANK, BUREAU]
SECONDS = (3, 20, 90)
"""For which bids are taken: on a machine that is too busy for the first, the second, and so on."""
ASKED = "awaiting approval"
LOG_ENTRIES = 40


def run(stage: Stage, exchange: Exchange) -> tuple[str | None, dict[str, Any]]:  # noqa: ARG001 - no dataset takes part
    """Open, bid, try to get out, wait, read; the outcome is compared with the one in the clear."""
    screen, jobs = stage.screen, stage.client(AUDITOR).jobs
    began = time.monotonic()
    with screen.step("the auditor opens an auction; bank, bureau and telecom commit to sealed bids on the ledger"):
        job, closes = _open_and_bid(stage)
        screen.note(f"auditor, bank and bureau compute; bids are taken for {closes - int(time.time())} more seconds")
    with screen.step("the telecom has decided not to open its bid; the bureau tries to take its own back after the deadline"):
        time.sleep(max(0.0, closes + 1 - time.time()))
        # Bids end by the ledger's time, which CometBFT's blocks are behind with; where START stands, they have ended.
        stage.wait_for("START", lambda: jobs.show(job).state not in (JobState.PROPOSED, JobState.CONSENTED))
        refused = _withdraw(stage, job)
        screen.note(f"refused by the ledger: {refused}")
    with screen.step("three nodes rank what was committed to, and see no bid"):
        info = jobs.wait(job, timeout_seconds=JOB_SECONDS)
        if info.state != JobState.COMPLETED:
            raise DidNotHappen(what=f"an auction with an outcome (it is {info.state}: {info.reason})", seconds=JOB_SECONDS)
        stage.wait_for("all nodes' word on who did not open", lambda: len(jobs.show(job).unopened.get(TELECOM, [])) == 3)
        found, unopened = jobs.result(job).table, jobs.show(job).unopened
        screen.note(f"not opened, as {', '.join(unopened[TELECOM])} sign: the bid of {TELECOM}; its commitment stands")
    expected = [BANK, str(BIDS[BUREAU])]
    price = int(found[0][1] or 0) if found else 0
    return job, {
        "expected": BIDS[BUREAU],
        "found": price,
        "equal": found == [expected] and refused == "ledger.too_late" and list(unopened) == [TELECOM],
        "seconds": round(time.monotonic() - began, 3),
        "good": "equal",
        "seen": f"{found[0][0] if found else 'nobody'} wins and pays {price:,}, which another offered; no bid was shown",
        "state": info.state,
        "unopened": unopened,
    }


def _open_and_bid(stage: Stage) -> tuple[str, int]:
    """An auction in which all have bid in time, the telecom's bid not to be opened, and the end of its time.

    Raises:
        DidNotHappen: they have not.
    """
    for seconds in SECONDS:
        closes = int(time.time()) + seconds
        spec = {
            "rule": "second-price",
            "low": 100_000,
            "high": 2_000_000,
            "bids_until": closes,
            "bidders": list(BIDS),
            "computes": COMPUTES,
            "receivers": [AUDITOR],
        }
        job = stage.client(AUDITOR).jobs.propose("ranking", spec, purpose="licence")
        with ThreadPoolExecutor(max_workers=len(BIDS)) as pool:
            bids = [pool.submit(_bid, stage, org, job, closes) for org in BIDS]
        if all(one.result() for one in bids) and _withhold(stage, job):
            return job, closes
    raise DidNotHappen(what="bids of all three in time", seconds=seconds)


def _bid(stage: Stage, org: str, job: str, closes: int) -> bool:
    """Whether an organisation's bid is on the ledger in time."""
    stage.wait_for(f"{org} asked for a bid", lambda: stage.job_at(org, job).phase == ASKED or time.time() > closes)
    try:
        stage.client(org).jobs.bid(job, BIDS[org], entrust=True)
    except RefusedByNode:
        return False
    return True


def _withhold(stage: Stage, job: str) -> bool:
    """Whether the telecom has decided in time not to open its bid."""
    try:
        stage.client(TELECOM).jobs.withhold(job)
    except RefusedByNode:
        return False
    return True


def _withdraw(stage: Stage, job: str) -> str:
    """By which rule the ledger refuses the bureau, as the auditor's copy of the log tells it."""
    with suppress(RefusedByNode):
        stage.client(BUREAU).jobs.withdraw(job)
    found: list[str] = []

    def told() -> bool:
        log = stage.client(AUDITOR).ledger.log(-LOG_ENTRIES, LOG_ENTRIES)
        found.extend(one.outcome for one in log if one.kind == WithdrawJob.TAG and one.body["job_id"] == job)
        return bool(found)

    stage.wait_for("the bureau's attempt in the log", told)
    return found[0]
