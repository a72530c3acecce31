"""What a person sees: one line a step on standard error while it works, one table at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from atoll.cli.demo.findings import Findings

LEAST_WIDTH = 40
"""Narrower than this, words are not broken further."""
PIPE_WIDTH = 200
"""Where nobody looks."""


NEXT = "docs/tutorial/first-intersection.md, or `atoll demo --only intersection --keep`"
"""Where a newcomer goes on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One finished step."""

    name: str
    """What was done."""
    seconds: float
    """Wall time."""


class Screen:
    """Progress on standard error."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._notes: list[str] = []
        self._open = False
        self.steps: list[Step] = []
        """Finished steps, in order."""

    def headline(self, text: str) -> None:
        """A line above a group of steps."""
        self._console.print(f"\n[bold]{escape(text)}[/bold]")

    def note(self, text: str) -> None:
        """A fact about the step under way; shown below it when it is done."""
        if self._open:
            self._notes.append(text)
        else:
            self._write("          ", text, dim=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step and show it. Steps do not nest: one inside another is a part of it."""
        if self._open:
            yield
            return
        started = time.monotonic()
        self._open = True
        mark = "[red]✗[/red]"
        try:
            with self._console.status(f"{escape(name)} …", spinner="dots"):
                yield
            mark = "[green]✓[/green]"
        finally:
            self._open = False
            seconds = time.monotonic() - started
            self.steps.append(Step(name, round(seconds, 3)))
            self._write(f"  {mark} {seconds:5.1f} s ", name)
            for note in self._notes:
                self._write("            ", note, dim=True)
            self._notes.clear()

    def _write(self, start: str, text: str, *, dim: bool = False) -> None:
        """A line; at a terminal that is narrower, more of them, each below the first one's words."""
        indent = cell_len(Text.from_markup(start).plain)
        width = max(self._console.width - indent, LEAST_WIDTH) if self._console.is_terminal else len(text) + 1
        lines = wrap(text, width, break_long_words=False, break_on_hyphens=False)
        for at, line in enumerate(lines):
            words = f"[dim]{escape(line)}[/dim]" if dim else escape(line)
            self._console.print((start if at == 0 else " " * indent) + words)


def print_table(findings: Findings) -> None:
    """The table at the end, on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE_WIDTH)
    console.print()
    console.print(table_of(findings))
    console.print(f"\nnext: {NEXT}")


def table_of(findings: Findings) -> Table:
    """What was done, how it came out, what there was to see."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2))
    table.add_column("what")
    table.add_column("outcome")
    table.add_column("seen", overflow="fold")
    for name, one in findings.scenarios.items():
        table.add_row(name, _verdict(good=bool(one["equal"]), words=(one["good"], "WRONG")), one["seen"])
    if findings.evidence is not None:
        entries = f"{findings.evidence.entries} ledger entries, checked offline; {findings.receipts} receipts"
        table.add_row("evidence", _verdict(good=findings.evidence.verified, words=("verified", "refused")), entries)
    for attack in findings.attacks:
        table.add_row(
            attack.name.replace("_", " "),
            _verdict(good=attack.caught, words=attack.words),
            attack.seen,
        )
    table.add_row("everything", _verdict(good=findings.good, words=("as it should be", "WRONG")), _cost(findings))
    return table


def _verdict(*, good: bool, words: tuple[str, str]) -> str:
    return f"[green]{words[0]}[/green]" if good else f"[bold red]{words[1]}[/bold red]"


def _cost(findings: Findings) -> str:
    return f"{findings.seconds:.1f} s, {findings.pss_mb:.0f} MB of memory at most, all processes together"
