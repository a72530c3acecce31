"""The terminal: answers on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from atoll.cli.errors import NotConfirmed
from atoll.cli.reply import Fields, Reply, Rows, Shown, to_json
from atoll.cli.words import clean

if TYPE_CHECKING:
    from rich.table import Table

PIPE_WIDTH = 400
"""Width where nobody looks: wide enough that no identifier is broken."""


def show(reply: Reply, *, as_json: bool) -> None:
    """Print a reply: exactly one JSON value, or its words and tables; bad news on standard error."""
    if as_json:
        print_json(reply.value)
    else:
        print_shown(reply.shown)
    if reply.error:
        complain(reply.error, reply.hint, reply.code)


def print_json(value: Any) -> None:
    """One JSON value on standard output, in ASCII: whatever is in a text, it does not steer a terminal."""
    sys.stdout.write(json.dumps(to_json(value)) + "\n")
    sys.stdout.flush()


def print_shown(shown: Sequence[Shown], *, to_stderr: bool = False) -> None:
    """Words and tables for people."""
    stream = sys.stderr if to_stderr else sys.stdout
    for one in shown:
        if isinstance(one, str):
            stream.write(clean(one) + "\n")
        elif isinstance(one, Rows) and not one.rows:
            stream.write(one.nothing + "\n")
        else:
            _print_grid(one, stream)
    stream.flush()


def _print_grid(one: Rows | Fields, stream: TextIO) -> None:
    """A table as wide as the terminal; wider where identifiers need it, because one that is broken cannot be copied."""
    from rich.console import Console
    from rich.measure import Measurement

    grid = _grid(one)
    wide = Console(file=stream, width=PIPE_WIDTH)
    if not stream.isatty():
        # A table pads its last column; what is copied should end where it ends.
        with wide.capture() as captured:
            wide.print(grid)
        stream.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))
        return
    least = Measurement.get(wide, wide.options, grid).minimum
    console = Console(file=stream, highlight=False)
    Console(file=stream, highlight=False, width=max(least, console.width)).print(grid)


def _grid(one: Rows | Fields) -> Table:
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, show_header=isinstance(one, Rows), padding=(0, 2, 0, 0), header_style="bold")
    if isinstance(one, Fields):
        widest = max((cell_len(clean(name)) for name, _ in one.pairs), default=0)
        made.add_column(style="bold", no_wrap=True, min_width=widest)
        made.add_column(overflow="fold")
        rows: Sequence[Sequence[str]] = one.pairs
    else:
        rows = one.rows
        for at, name in enumerate(one.columns):
            title, is_prose = clean(name), any(" " in row[at] for row in rows)
            # What is never wrapped is as wide as its longest line: measured by words, one of several would be cut.
            least = 0 if is_prose else max(cell_len(title), *(cell_len(clean(row[at])) for row in rows))
            made.add_column(Text(title), no_wrap=not is_prose, min_width=least, overflow="fold")
    for row in rows:
        made.add_row(*(Text(clean(cell)) for cell in row))
    return made


def say(text: str) -> None:
    """A line about what is going on, on standard error."""
    sys.stderr.write(clean(text) + "\n")
    sys.stderr.flush()


def complain(error: str, hint: str = "", code: str = "") -> None:
    """An error, the code by which `atoll why` knows it, and what to do about it."""
    say(f"error: {error}" + (f" [{code}]" if code else "") + (f"\nhint: {hint}" if hint else ""))


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
