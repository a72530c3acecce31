"""The command `atoll demo`."""

from __future__ import annotations

import json
import secrets
import signal
import sys
import time
from typing import Annotated

import typer

from atoll.cli.frame import Command, single
from atoll.ledger.records import EngineKind

app = single()
EXAMPLES = "atoll demo\natoll demo --engine cometbft\natoll demo --only intersection --keep\natoll demo --json | jq .scenarios"


CAST = "five organisations: a bank that asks, a bureau and a telecom that own, an auditor that reads, an operator that runs"


@app.command("demo", cls=Command, epilog=EXAMPLES)
def demo(
    only: Annotated[list[str] | None, typer.Option("--only", metavar="NAME", help="Only this part; can be repeated.")] = None,
    scale: Annotated[
        str, typer.Option(metavar="small|large", help="small: the committed tables; large: 200,000 rows each.")
    ] = "small",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the consortium running and say how to reach it.")] = False,
    seed: Annotated[int | None, typer.Option(help="Repeat what an earlier run left to chance.")] = None,
    engine: Annotated[
        EngineKind, typer.Option(help="What orders transactions: the operator, or four members together by CometBFT.")
    ] = EngineKind.EMBEDDED,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> int:
    """Found a consortium of five on this machine, run the main job, verify its evidence, try attacks.

    Everything happens in five node processes on loopback and in a temporary folder; nothing is left behind. With --engine
    cometbft the operator, the bank, the bureau and the telecom vote on each block, and the auditor follows.
    Exits with 1 if anything is not as it should be.
    """
    from atoll.cli.demo.keeping import how_to_reach
    from atoll.cli.demo.screen import Screen, print_table
    from atoll.cli.demo.script import choose, perform
    from atoll.cli.demo.stage import SCALES, Stage

    if scale not in SCALES:
        raise typer.BadParameter(f"{scale} is not one of {', '.join(SCALES)}", param_hint="--scale")
    scenarios, attacks = choose(only or [])
    signal.signal(signal.SIGTERM, _interrupt)
    chosen = secrets.randbits(32) if seed is None else seed
    screen = Screen()
    words = "" if engine is EngineKind.EMBEDDED else f" --engine {engine}"
    screen.headline(f"Atoll demo, --seed {chosen}{words}")
    screen.note(CAST)
    started = time.monotonic()
    with Stage(screen, scale=SCALES[scale], keep=keep, seed=chosen, engine=engine) as stage:
        try:
            findings = perform(stage, scenarios, attacks)
        finally:
            if keep:
                sys.stderr.write(how_to_reach(stage))
    findings.seconds = time.monotonic() - started
    findings.pss_mb = stage.peak_mb
    findings.steps = [{"name": one.name, "seconds": one.seconds} for one in screen.steps]
    if as_json:
        sys.stdout.write(json.dumps(findings.to_json()) + "\n")
    else:
        print_table(findings)
    return 0 if findings.good else 1


def _interrupt(*_: object) -> None:
    """SIGTERM ends the demo as Ctrl-C does: in order."""
    raise KeyboardInterrupt
