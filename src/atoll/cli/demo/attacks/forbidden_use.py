"""A forbidden use: the bank holds a grant for credit checks and asks, in all openness, for a job of another purpose."""

from __future__ import annotations

from atoll.api.models import ReasonInfo
from atoll.cli.demo.attacks.lying_initiator import refusal_of
from atoll.cli.demo.consortium import BUREAU
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.stage import Stage
from atoll.policy.errors import TermsRefused
from atoll.testing import tables  # layers: world in memory

NAME = "forbidden_use"
TITLE = "A use that the terms forbid: records granted for credit checks, wanted for marketing"
FORBIDDEN = "marketing"


def run(stage: Stage, exchange: Exchange) -> Attack:
    """The bureau's node refuses, and its person can read by which rule: the constraint, what it wants, what was observed."""
    with stage.screen.step(f"under the bureau's grant, the bank proposes a job for {FORBIDDEN}"):
        meeting = exchange.pair(tables.BUREAU, tables.BANK, exchange.examples())
        job = exchange.propose(meeting, purpose=FORBIDDEN)
        entry = refusal_of(stage, job)
    sender, code = (entry.sender, str(entry.body["code"])) if entry else ("nobody", "")
    broken = _broken(stage, job)
    named = broken is not None and FORBIDDEN in broken.observed
    why = f"{broken.constraint}: wanted {broken.wanted}, observed {broken.observed}" if broken else "no reason given"
    return Attack(
        name=NAME,
        caught=sender == BUREAU and code == TermsRefused.code and named,
        code=code,
        seen=f"REFUSED, signed by the {sender}'s node, {code}: {why}",
    )


def _broken(stage: Stage, job: str) -> ReasonInfo | None:
    """The first thing that did not hold, as the bureau's own node explains it."""
    decision = stage.job_at(BUREAU, job).decision
    return next((one for one in decision.reasons if not one.holds), None) if decision else None
