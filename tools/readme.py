"""The README's first screen is what a newcomer types and what CI runs: `make demo` and `make test`, nothing else.

python tools/readme.py
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMANDS = ["make demo", "make test"]
SCREEN_LINES = 30
"""What a newcomer sees without scrolling."""


def first_commands(readme: str) -> list[str]:
    """The commands of the first fenced block, if it begins on the first screen; comments and prompts left out."""
    lines = readme.splitlines()
    fences = [at for at, line in enumerate(lines) if line.lstrip().startswith("```")]
    if len(fences) < 2 or fences[0] >= SCREEN_LINES:
        return []
    block = (line.split("#")[0].strip().removeprefix("$ ") for line in lines[fences[0] + 1 : fences[1]])
    return [line for line in block if line]


def commands_of(script: str) -> Iterator[str]:
    """Every `make TARGET` that a shell script runs."""
    for line in script.splitlines():
        words = line.split("#")[0].split()
        yield from (f"make {target}" for make, target in itertools.pairwise(words) if make == "make")


def check(readme: str, ci: str) -> list[str]:
    """What is wrong, as sentences."""
    found, run = first_commands(readme), set(commands_of(ci))
    findings = [f".ci/run does not run `{command}`" for command in COMMANDS if command not in run]
    if found != COMMANDS:
        findings.append(
            f"README.md: the first block on the first screen must be `make demo` and `make test`, not {found or 'nothing'}"
        )
    return findings


def main() -> int:
    texts = [(ROOT / name).read_text() if (ROOT / name).exists() else "" for name in ("README.md", ".ci/run")]
    findings = check(*texts)
    print("\n".join(findings) or "README and CI run the same commands")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
