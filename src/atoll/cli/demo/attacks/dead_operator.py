"""A dead operator: whoever puts transactions in order is killed for good, and the rest go on without."""

from __future__ import annotations

from atoll.cli.demo.consortium import AUDITOR, BANK, BUREAU, OPERATOR, ORGS, TELECOM
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.stage import Stage
from atoll.ledger.rules.consensus import Handover
from atoll.testing import tables  # layers: world in memory

NAME = "dead_operator"
TITLE = "The operator is killed for good"
SUCCESSOR = AUDITOR
VOTERS = (BANK, BUREAU, TELECOM)
"""A quorum: three of the four that count."""


def run(stage: Stage, exchange: Exchange) -> Attack:
    """Kill it, let a quorum hand over to another, run a further job, and look whether anything acknowledged is missing."""
    pair = exchange.pair(tables.TELECOM, tables.BANK, exchange.examples())
    before = stage.client(BANK).ledger.log(first=0, count=1000)
    living = [org for org in ORGS if org != OPERATOR]
    with stage.screen.step("kill -9 the operator, for good; three of four vote for the auditor"):
        stage.kill(OPERATOR)
        for org in VOTERS:
            stage.client(org).members.handover(SUCCESSOR)
        stage.wait_for(f"{SUCCESSOR} orders", lambda: all(stage.client(org).status().sequencer == SUCCESSOR for org in living))
        term = stage.client(BANK).status().term
    with stage.screen.step("bank and telecom run a further job"):
        answer = exchange.run(pair)
        expected = pair.expected()
        stage.screen.note(answer.in_words(len(expected)))
    after = stage.client(BANK).ledger.log(first=0, count=len(before))
    lost = sum(one.digest != other.digest for one, other in zip(before, after, strict=True))
    right = answer.found == expected and bool(expected)
    return Attack(
        name=NAME,
        caught=right and answer.job.state == "completed" and lost == 0 and term > 1,
        code=Handover.TAG,
        seen=f"{SUCCESSOR} orders in term {term}; {lost} of {len(before)} acknowledged entries lost; "
        f"a further job {answer.job.state}, its answer {'right' if right else 'WRONG'}",
    )
