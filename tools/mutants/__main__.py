"""The command: `python -m tools.mutants`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tools.mutants.descriptions import MutantError, choose, load_mutants
from tools.mutants.runner import KILLED, NOT_RUN, Runner
from tools.mutants.unfinished import Unfinished

ROOT = Path(__file__).parents[2]
WORKERS = 2
MINUTES = 19
"""After these no mutant is begun; one that is under way ends, so all is over within 20."""


def main(arguments: list[str], root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="mutants", description="Apply each mutant alone; the tests it names must fail.")
    parser.add_argument("--only", metavar="WHAT,...", default="", help="subjects, mutants or source files; all if left out")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="after which no mutant is begun (default: %(default)s)")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        asked = [word.removeprefix("tests/mutants/") for word in options.only.split(",") if word]
        mutants = choose(load_mutants(root / "tests" / "mutants"), asked)
    except MutantError as err:
        say(f"error: {err}")
        return 1
    unfinished = None if asked else Unfinished(root)
    before = unfinished.killed if unfinished else set()
    left = [mutant for mutant in (unfinished.turn(mutants) if unfinished else mutants) if mutant.name not in before]
    if unfinished:
        unfinished.begin()
    if before:
        say(f"{len(before)} were killed in this very tree by the run that was cut short")
    counts = Counter({KILLED: len(mutants) - len(left)})
    with tempfile.TemporaryDirectory(prefix="atoll-mutants-") as folder:
        places = [Path(folder) / str(at) for at in range(WORKERS)]
        for outcome in Runner(root, places, until=started + 60 * options.minutes).run(left):
            counts[outcome.verdict] += 1
            if outcome.verdict == KILLED and unfinished:
                unfinished.add(outcome.mutant)
            if outcome.verdict != NOT_RUN:
                line = (
                    f"[{counts.total():2}/{len(mutants)}] {outcome.verdict:8} {outcome.seconds:5.1f} s  {outcome.mutant.name}"
                )
                say(f"{line}  {outcome.detail}" if outcome.verdict == KILLED else f"{line}\n{outcome.detail}\n")
    say(f"{time.monotonic() - started:.0f} s")
    if unfinished and not counts[NOT_RUN]:
        unfinished.end()
    print(f"{len(mutants)} mutants, {counts[KILLED]} killed" + (f", {counts[NOT_RUN]} not run" if counts[NOT_RUN] else ""))
    return 0 if mutants and counts[KILLED] == len(mutants) else 1


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
