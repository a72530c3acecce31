"""What happens, in order: the scenarios, the evidence of the main one, the attacks."""

from __future__ import annotations

import time
from collections.abc import Sequence

from atoll.cli.demo.attacks import ATTACKS, Attempt
from atoll.cli.demo.errors import NoSuchPart
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Findings
from atoll.cli.demo.scenarios import SCENARIOS, Scenario
from atoll.cli.demo.stage import Stage


def choose(only: Sequence[str]) -> tuple[list[Scenario], list[Attempt]]:
    """The parts that are asked for, in the order of the script; all where nothing is asked for.

    Raises:
        NoSuchPart: a name is unknown.
    """
    known = [one.NAME for one in (*SCENARIOS, *ATTACKS)]
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
        info = stage.client("auditor").jobs.show(job)
        findings.receipts += len(info.receipts)
        findings.receipts_expected += len(info.parties)
    for attack in attacks:
        stage.screen.headline(attack.TITLE)
        started = time.monotonic()
        seen = attack.run(stage, exchange)
        findings.attacks.append(seen)
        stage.screen.note(f"{'caught' if seen.caught else 'NOT CAUGHT'} after {time.monotonic() - started:.1f} s: {seen.seen}")
    return findings
