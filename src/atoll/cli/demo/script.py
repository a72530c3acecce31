"""What happens, in order: the scenarios, the evidence of the main one, the attacks."""

from __future__ import annotations

import time
from collections.abc import Sequence

from atoll.cli.demo.attacks import ATTACKS, Attempt
from atoll.cli.demo.consortium import AUDITOR
from atoll.cli.demo.errors import NoSuchPart
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Findings, Verified
from atoll.cli.demo.proof import export, trust_file, verify_elsewhere
from atoll.cli.demo.scenarios import SCENARIOS, Scenario
from atoll.cli.demo.stage import Stage


def choose(only: Sequence[str]) -> tuple[list[Scenario], list[Attempt]]:
    """The parts that are asked for, in the order of the script; all where nothing is asked for.

    Raises:
        NoSuchPart: a name is unknown.
    """
    known = [*(one.NAME for one in SCENARIOS), *(one.NAME for one in ATTACKS)]
    for name in only:
        if name not in known:
            raise NoSuchPart(name=name, known=", ".join(known))
    scenarios = [one for one in SCENARIOS if not only or one.NAME in only]
    return scenarios, [one for one in ATTACKS if not only or one.NAME in only]


def perform(stage: Stage, scenarios: Sequence[Scenario], attacks: Sequence[Attempt]) -> Findings:
    """Run them on a stage that stands; `seconds`, `steps` and `pss_mb` are left to the caller."""
    findings = Findings()
    exchange = Exchange(stage)
    for scenario in scenarios:
        stage.screen.headline(scenario.TITLE)
        job, found = scenario.run(stage, exchange)
        findings.scenarios[scenario.NAME] = found
        if job is None:
            continue
        info = stage.job_at(AUDITOR, job)
        findings.receipts += len(info.receipts)
        findings.receipts_expected += len(info.parties)
        if findings.evidence is None:
            findings.evidence = prove(stage, exchange, job)
    for attack in attacks:
        stage.screen.headline(attack.TITLE)
        started = time.monotonic()
        seen = attack.run(stage, exchange)
        findings.attacks.append(seen)
        verdict = seen.words[0 if seen.caught else 1]
        stage.screen.note(f"{verdict} after {time.monotonic() - started:.1f} s: {seen.seen}")
    return findings


def prove(stage: Stage, exchange: Exchange, job: str) -> Verified:
    """Export the evidence of a job and verify it where there is nothing but the trust file."""
    with stage.screen.step("the auditor exports the evidence; a fresh process with nothing but the trust file verifies it"):
        bundle = export(stage, job)
        exchange.keep_evidence(bundle)
        verdict = verify_elsewhere(bundle, trust_file(stage))
        stage.screen.note(verdict.sentence or f"{verdict.entries} entries, {len(bundle)} bytes")
    return Verified(verdict.verified, verdict.entries)
