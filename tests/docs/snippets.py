"""Blocks of code in the documentation: found, run, compared.

- ```` ```python ```` blocks of a page run in order in one namespace, in an empty folder; one that begins with `>>>` is a
  doctest.
- ```` ```console ```` blocks run on pages that hold `<!-- run: transcript -->`: each line that begins with `$ ` (and the lines
  after it that begin with `> `) goes to one shell per page, in an empty folder with a home of its own; what follows must be
  what it prints. `...` stands for anything: within a line, or as a line of its own for any number of lines. A command must
  succeed, unless its printed answer has a line that begins with `error:`.
- A block right after `<!-- run: no, because ... -->` is not run, and named at the end of the test run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRANSCRIPT = "<!-- run: transcript -->"
NOT_RUN = re.compile(r"<!-- run: no(?:, because (?P<why>.+))? -->")
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>[a-z-]*)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is that of its first line of code, from 1."""

    page: Path
    line: int
    language: str
    code: str
    mark: str
    """The comment on the line before the fence, or empty."""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT) if self.page.is_relative_to(ROOT) else self.page}:{self.line}"

    @property
    def is_run(self) -> bool:
        return not NOT_RUN.match(self.mark)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command of a transcript and what it must print."""

    line: int
    command: str
    expected: str


def find_pages() -> list[Path]:
    """The pages at the top, and every page of docs/ and specs/."""
    return sorted(path for pattern in ("*.md", "docs/**/*.md", "specs/**/*.md") for path in ROOT.glob(pattern))


def find_blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, in order."""
    lines = page.read_text().splitlines()
    at, mark = 0, ""
    while at < len(lines):
        opening = FENCE.match(lines[at])
        at += 1
        if not opening:
            mark = lines[at - 1].strip() or mark
            continue
        start = at
        while at < len(lines) and lines[at].strip() != opening["fence"]:
            at += 1
        indent = len(opening["indent"])
        code = "".join(f"{line[indent:]}\n" for line in lines[start:at])
        yield Block(page, start + 1, opening["language"], code, mark)
        at, mark = at + 1, ""


def is_transcript(page: Path) -> bool:
    """Whether the page asks for its console blocks to be run."""
    return TRANSCRIPT in page.read_text()


def read_transcript(block: Block) -> list[Exchange]:
    """The commands of a console block, each with what it prints."""
    exchanges: list[Exchange] = []
    for at, line in enumerate(block.code.splitlines(), block.line):
        last = exchanges[-1] if exchanges else None
        if line.startswith("$ "):
            exchanges.append(Exchange(at, line[2:], ""))
        elif last is None:
            raise ValueError(f"{block.page}:{at}: a console block begins with a line `$ command`")
        elif line.startswith("> ") and not last.expected:
            exchanges[-1] = Exchange(last.line, f"{last.command}\n{line[2:]}", "")
        else:
            exchanges[-1] = Exchange(last.line, last.command, f"{last.expected}{line}\n")
    return exchanges


def is_match(expected: str, found: str) -> bool:
    """Whether `found` is what `expected` says, `...` standing for anything; blanks at line ends do not count."""
    pattern = ""
    for line in expected.rstrip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(piece) for piece in line.rstrip().split("...")) + r"[ \t]*\n"
    return re.fullmatch(pattern + r"\s*", found.rstrip() + "\n") is not None


def find_unrun() -> list[str]:
    """`file:line: why` for every block that says that it is not run."""
    marked = [(block, NOT_RUN.match(block.mark)) for page in find_pages() for block in find_blocks(page)]
    return [f"{block.place}: {mark['why'] or 'no reason given'}" for block, mark in marked if mark]
