"""The command `atoll demo`."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import sys
import time
from typing import Annotated

import typer


def demo(
    only: Annotated[list[str] | None, typer.Option("--only", metavar="NAME", help="Run this scenario or attack alone; can be repeated.")] = None,
    scale: Annotated[str, typer.Option(help="small: the committed tables; large: 200,000 rows each.")] = "small",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the consortium running and say how to reach it.")] = False,
    seed: Annotated[int | None, typer.Option(help="Repeat what an earlier run left to chance.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Found a consortium of five on this machine, run the main job, verify its evidence, try attacks.

    Everything happens in five node processes on loopback and a temporary folder; nothing is left behind.
    Exits with 1 if anything is not as it should be.

    Examples:
        atoll demo
        atoll demo --only intersection --keep
        atoll demo --json | jq .scenarios
    """
    from atoll.errors import AtollError

    signal.signal(signal.SIGTERM, _leave)
    chosen = secrets.randbits(32) if seed is None else seed
    try:
        good = _perform(only or [], scale, keep=keep, seed=chosen, as_json=as_json)
    except AtollError as err:
        sys.stderr.write(f"error: {err}\n" + (f"hint: {err.remedy}\n" if err.remedy else "") + f"hint: --seed {chosen} repeats this run\n")
        raise typer.Exit(err.exit_code) from err
    except KeyboardInterrupt:
        sys.stderr.write("stopped; every node has ended\n")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if good else 1)


def _perform(only: list[str], scale: str, *, keep: bool, seed: int, as_json: bool) -> bool:
    from rich.console import Console

    from atoll.cli.demo.keeping import how_to_reach
    from atoll.cli.demo.screen import Screen, table_of
    from atoll.cli.demo.script import choose, perform
    from atoll.cli.demo.stage import SCALES, Stage

    if scale not in SCALES:
        raise typer.BadParameter(f"{scale} is not one of {', '.join(SCALES)}", param_hint="--scale")
    scenarios, attacks = choose(only)
    screen = Screen()
    started = time.monotonic()
    stage = Stage(screen, scale=SCALES[scale], keep=keep, seed=seed)
    screen.headline(f"Atoll demo, seed {seed}")
    with contextlib.ExitStack() as stack:
        stack.enter_context(stage)
        if keep:
            stack.callback(lambda: sys.stderr.write(how_to_reach(stage)))
        findings = perform(stage, scenarios, attacks)
    findings.seconds = time.monotonic() - started
    findings.pss_mb = stage.peak_mb
    findings.steps = [{"name": one.name, "seconds": one.seconds} for one in screen.steps]
    if as_json:
        sys.stdout.write(json.dumps(findings.to_json()) + "\n")
    else:
        Console(highlight=False).print("", table_of(findings), sep="\n")
    return findings.good


def _leave(*_: object) -> None:
    raise KeyboardInterrupt
