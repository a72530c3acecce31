"""A dead operator: its node is killed for good, and the rest go on without.

On the embedded engine it is the one that puts transactions in order: a quorum hands that over. Under CometBFT it is one
validator of four: nobody has to do anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from atoll.cli.demo.consortium import AUDITOR, BANK, BUREAU, OPERATOR, ORGS, TELECOM
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.stage import Stage
from atoll.ledger.records import EngineKind
from atoll.ledger.rules.consensus import Handover
from atoll.testing import tables  # layers: world in memory

NAME = "dead_operator"
TITLE = "The operator is killed for good"
SUCCESSOR = AUDITOR
VOTERS = (BANK, BUREAU, TELECOM)
"""A quorum: three of the four that count."""


def run(stage: Stage, exchange: Exchange) -> Attack:
    """Kill it, let a quorum hand over where that is needed, run a further job, and look whether anything is missing."""
    pair = exchange.pair(tables.TELECOM, tables.BANK, exchange.examples())
    before = stage.client(BANK).ledger.log(first=0, count=1000)
    went_on = _hand_over(stage) if stage.engine is EngineKind.EMBEDDED else _lose_a_validator(stage)
    with stage.screen.step("bank and telecom run a further job"):
        answer = exchange.run(pair)
        expected = pair.expected()
        stage.screen.note(answer.in_words(len(expected)))
    after = stage.client(BANK).ledger.log(first=0, count=len(before))
    lost = sum(one.digest != other.digest for one, other in zip(before, after, strict=True))
    right, how = answer.found == expected and bool(expected), went_on()
    return Attack(
        name=NAME,
        caught=right and answer.job.state == "completed" and lost == 0 and how.good,
        code=how.code,
        seen=f"{how.words}; {lost} of {len(before)} acknowledged entries lost; "
        f"a further job {answer.job.state}, its answer {'right' if right else 'WRONG'}",
        good="survived",
    )


@dataclass(frozen=True, slots=True)
class Way:
    """How the rest go on."""

    good: bool
    code: str
    words: str


def _hand_over(stage: Stage) -> Callable[[], Way]:
    living = [org for org in ORGS if org != OPERATOR]
    with stage.screen.step("kill -9 the operator, for good; three of four vote for the auditor"):
        stage.kill(OPERATOR)
        for org in VOTERS:
            stage.client(org).members.handover(SUCCESSOR)
        stage.wait_for(f"{SUCCESSOR} orders", lambda: all(stage.client(org).status().sequencer == SUCCESSOR for org in living))
        term = stage.client(BANK).status().term
    return lambda: Way(term > 1, Handover.TAG, f"{SUCCESSOR} orders in term {term}")


def _lose_a_validator(stage: Stage) -> Callable[[], Way]:
    living = [org for org in ORGS if org != OPERATOR]
    with stage.screen.step("kill -9 the operator's node and its validator, for good; three of four are left"):
        stage.kill(OPERATOR)
        reached = max(_consensus_height(stage, org) for org in living)

    def went_on() -> Way:
        above = min(_consensus_height(stage, org) for org in living)
        return Way(above > reached, EngineKind.COMETBFT, f"three of four validators went on, from block {reached} to {above}")

    return went_on


def _consensus_height(stage: Stage, org: str) -> int:
    validator = stage.client(org).status().validator
    return validator.consensus_height if validator is not None else 0
