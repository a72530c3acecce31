"""The terminal: answers on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from atoll.cli.errors import NotConfirmed
from atoll.cli.reply import Fields, Reply, Rows, Shown, to_json
from atoll.cli.words import clean

PIPE_WIDTH = 400
"""Width where nobody looks: wide enough that no identifier is broken."""


def show(reply: Reply, *, as_json: bool) -> None:
    """Print a reply: exactly one JSON value, or its words and tables; bad news on standard error."""
    if as_json:
        print_json(reply.value)
    else:
        print_shown(reply.shown)
    if reply.error:
        complain(reply.error, reply.hint)


def print_json(value: Any) -> None:
    """One JSON value on standard output, in ASCII: whatever is in a text, it does not steer a terminal."""
    sys.stdout.write(json.dumps(to_json(value)) + "\n")
    sys.stdout.flush()


def print_shown(shown: Sequence[Shown], *, to_stderr: bool = False) -> None:
    """Words and tables for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stream = sys.stderr if to_stderr else sys.stdout
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else PIPE_WIDTH)

    def cell(text: str) -> Text:
        return Text(clean(text), overflow="fold")

    def grid(one: Rows | Fields) -> Table:
        made = Table(box=None, pad_edge=False, show_header=isinstance(one, Rows), padding=(0, 2, 0, 0), header_style="bold")
        if isinstance(one, Rows):
            for name in one.columns:
                made.add_column(name)
            for row in one.rows:
                made.add_row(*map(cell, row))
        else:
            made.add_column(style="bold", no_wrap=True)
            made.add_column()
            for name, value in one.pairs:
                made.add_row(name, cell(value))
        return made

    def lines(made: Table) -> None:
        # A table pads its last column; what is copied from a terminal should end where it ends.
        if console.is_terminal:
            console.print(made)
        else:
            with console.capture() as captured:
                console.print(made)
            stream.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))

    for one in shown:
        if isinstance(one, str):
            console.print(cell(one), soft_wrap=True)
        elif isinstance(one, Rows) and not one.rows:
            console.print(one.nothing)
        else:
            lines(grid(one))


def say(text: str) -> None:
    """A line about what is going on, on standard error."""
    sys.stderr.write(clean(text) + "\n")
    sys.stderr.flush()


def complain(error: str, hint: str = "") -> None:
    """An error and what to do about it."""
    say(f"error: {error}" + (f"\nhint: {hint}" if hint else ""))


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person, unless --yes said it already.

    Raises:
        NotConfirmed: the answer was no, or nobody is there to ask.
    """
    if yes:
        return
    if sys.stdin.isatty():
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    raise NotConfirmed(question=f'"{question}"')
