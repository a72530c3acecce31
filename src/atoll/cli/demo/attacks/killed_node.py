"""A killed node: `kill -9` at a random byte of what the job sends, then a restart from what was on disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from atoll.api.models import BudgetRequest, Receipt
from atoll.cli.demo.consortium import BANK, BUREAU, CABLED
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.stage import Stage
from atoll.client import NodeUnreachable, RefusedByNode
from atoll.protocols.psi_ecdh.params import TAG_BYTES
from atoll.testing import tables  # layers: world in memory

NAME = "killed_node"
TITLE = "kill -9 of a node in the middle of a job"
ROUNDS = 24
"""In how many rounds the job is cut, so that there is something between beginning and end to go on from."""
POINT_BYTES = 32
PAUSE_SECONDS = 0.05


def run(stage: Stage, exchange: Exchange) -> Attack:
    """Kill one side, start it again, and compare what it acknowledged, and what the job gives."""
    rows = stage.scale.kill_rows
    with stage.screen.step(f"grow tables of {rows:,} rows from the real ones, register them, grant their use"):
        pair = exchange.pair(tables.BUREAU, tables.BANK, exchange.grown(rows))
        expected = pair.expected()
    side = stage.chance.choice((BANK, BUREAU))
    place = stage.chance.randrange(1, rows * (2 * POINT_BYTES + TAG_BYTES))
    assert CABLED == BANK, "the receiver is dialled, so the cable before it carries the job"
    stage.cable.cut_after(place, stage.nodes[side].pid)
    with stage.screen.step(f"kill -9 the {side}'s node after {place:,} bytes of the job"):
        since = time.monotonic()
        with acknowledging(stage, side) as receipts:
            job = exchange.propose(pair, rounds=ROUNDS)
            struck = stage.cable.wait_cut(seconds=600.0)
    with stage.screen.step("start it again; the job goes on where it was"):
        stage.restart(side)
        kept = sum(is_there(stage, side, one) for one in receipts)
        answer = exchange.finish(pair, job, since=since)
        stage.screen.note(answer.in_words(len(expected)))
    right = answer.found == expected and bool(expected)
    return Attack(
        name=NAME,
        caught=struck and right and kept == len(receipts) and len(answer.job.receipts) == len(answer.job.parties),
        code=answer.job.reason or answer.job.state,
        seen=f"{side} killed at byte {place:,}; the job {answer.job.state}, its answer {'right' if right else 'WRONG'}; "
        f"{kept} of {len(receipts)} acknowledged transactions still there",
        good="survived",
    )


@contextmanager
def acknowledging(stage: Stage, org: str) -> Iterator[list[Receipt]]:
    """Have a node acknowledge transactions, one after the other, until it dies; what it acknowledged."""
    receipts: list[Receipt] = []
    client = stage.client(org)
    name = next(one.dataset.split("/")[1] for one in client.datasets.list() if one.owner == org)
    stop = threading.Event()

    def work() -> None:
        limit = 1_000_000
        while not stop.wait(PAUSE_SECONDS):
            limit += 1
            try:
                receipts.append(client.datasets.set_budget(BudgetRequest(name=name, unit="uses", limit=limit)))
            except (NodeUnreachable, RefusedByNode):
                return

    worker = threading.Thread(target=work, name="acknowledging", daemon=True)
    worker.start()
    try:
        yield receipts
    finally:
        stop.set()
        worker.join()


def is_there(stage: Stage, org: str, receipt: Receipt) -> bool:
    """Whether an acknowledged transaction still stands in a node's log where it stood."""
    found = stage.client(org).ledger.log(first=receipt.index, count=1)
    return bool(found) and found[0].digest == receipt.transaction
