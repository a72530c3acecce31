"""Commands on programs as their author writes them: traced, explained and tried out on this machine, without a node.

The file is Python and is executed: it is for your own text. What others send is a graph, which is data and is never executed.
"""

from __future__ import annotations

import csv
import io
import os
import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atoll.cli.errors import BadArgument, FileUnusable
from atoll.cli.files import read_bytes, read_text, write_new
from atoll.cli.reply import Reply, Rows
from atoll.errors import AtollError

if TYPE_CHECKING:
    from atoll.programs import Graph, Program
    from atoll.programs.dtypes import DType

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Python text with a function under @program, or a traced graph.")
]
NameOption = Annotated[str | None, typer.Option("--program", metavar="NAME", help="Which, if the file has several.")]
SizeOption = Annotated[list[str] | None, typer.Option("--size", metavar="NAME=ROWS", help="What a named number of rows is.")]
MaliciousOption = Annotated[bool, typer.Option("--malicious", help="Malicious with abort, not semi-honest.")]


def explain(
    file: FileArgument, program: NameOption = None, size: SizeOption = None, malicious: MaliciousOption = False
) -> Reply:
    """What a program takes, how exact it is, and what it opens to whom: known before it runs.

    Rounds and bytes are those of any run, whatever the data; times are estimates. Executes FILE if it is Python text: your own.
    """
    from atoll.programs import explain as foretell
    from atoll.programs.explain import as_plain, as_text
    from atoll.protocols.mpc import Adversary

    adversary = Adversary.MALICIOUS if malicious else Adversary.SEMI_HONEST
    found = foretell(load(file, program, parse_sizes(size)), adversary=adversary)
    return Reply(as_plain(found), [as_text(found)])


def trace(
    file: FileArgument,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the graph goes.")],
    program: NameOption = None,
    size: SizeOption = None,
) -> Reply:
    """Write a program down as a graph: what jobs run, others read, and reviewers consent to by its digest.

    Executes FILE, which is Python text: your own. Equal programs of equal sizes have equal graphs.
    """
    graph = load(file, program, parse_sizes(size))
    data = graph.encode()
    write_new(out, data)
    value = {"program": graph.name, "digest": graph.digest.hex(), "file": str(out), "bytes": len(data)}
    return Reply(value, [f"program {graph.name} ({graph.digest.hex()}) in {out}"])


def run(
    file: FileArgument,
    table: Annotated[
        list[str],
        typer.Option("--table", metavar="OWNER=CSV", help="An owner's columns, named in the first line; empty is null."),
    ],
    clear: Annotated[bool, typer.Option("--clear", help="Without secret sharing: the exact answer.")] = False,
    program: NameOption = None,
    size: SizeOption = None,
    malicious: MaliciousOption = False,
) -> Reply:
    """Try a program out on tables of this machine: three simulated nodes in one process, or in the clear.

    A number of rows that is not given is read off the tables. Executes FILE if it is Python text: your own. Nothing is kept
    from anybody here: do not use it on data of others.
    """
    from atoll.programs import run_clear, simulate
    from atoll.programs.places import receivers
    from atoll.protocols.mpc import Adversary

    cells = {owner: _read_csv(owner, Path(path)) for owner, path in parse_pairs("--table", table).items()}
    graph = load(file, program, parse_sizes(size), cells)
    _need_tables(graph, cells)
    columns = {
        column.name: _parse(column.name, column.kind.dtype, cells.get(column.owner, {}).get(column.name))
        for column in graph.inputs
    }
    if clear:
        exact = run_clear(graph, columns)
        outputs = {to: {out.name: exact[out.name] for out in graph.outputs if to in out.receivers} for to in receivers(graph)}
        value: dict[str, Any] = {}
    else:
        adversary = Adversary.MALICIOUS if malicious else Adversary.SEMI_HONEST
        ran = simulate(graph, columns, seed=os.urandom(32), adversary=adversary)
        outputs, value = ran.outputs, {"rounds": ran.rounds, "bytes_by_node": list(ran.bytes_by_node)}
    plain = {to: {name: found.tolist() for name, found in some.items()} for to, some in outputs.items()}
    rows = [(to, name, _short(found)) for to, some in plain.items() for name, found in some.items()]
    return Reply({"outputs": plain, **value}, [Rows(("receiver", "output", "value"), rows)])


def _need_tables(graph: Graph, cells: dict[str, dict[str, list[str]]]) -> None:
    """
    Raises:
        BadArgument: a table is of somebody who owns no column of the program.
        BadColumn: a column's owner has no table, or a table without it.
    """
    from atoll.programs.errors import BadColumn

    owners = sorted({one.owner for one in graph.inputs})
    for other in sorted(cells.keys() - set(owners)):
        raise BadArgument(what=f"--table {other}=...", reason=f"the program has columns of {', '.join(owners)} alone")
    for one in graph.inputs:
        if one.owner not in cells:
            raise BadColumn(column=one.name, problem=f"no table of its owner is given, --table {one.owner}=FILE")
        if one.name not in cells[one.owner]:
            raise BadColumn(
                column=one.name, problem=f"{one.owner}'s table has no such column, but {', '.join(cells[one.owner])}"
            )


def load(file: Path, name: str | None, sizes: dict[str, int], cells: dict[str, dict[str, list[str]]] | None = None) -> Graph:
    """The graph of a file: read if it was traced, else made by executing the author's text.

    Raises:
        FileUnusable, BadArgument: the file cannot be read, or has not the program that is asked for.
        AuthorFault: the text raised an error of Python's.
        BadColumn: tables that should have equally many rows do not.
    """
    from atoll.programs import parse_graph
    from atoll.programs.program import Program

    if file.suffix != ".py":
        if sizes:
            raise BadArgument(what="--size", reason="a traced graph has its numbers of rows already")
        return parse_graph(read_bytes(file))
    read_text(file)  # a missing or unreadable file is said as of any other
    with _by_its_author(file):
        found = {key: one for key, one in runpy.run_path(str(file)).items() if isinstance(one, Program)}
    if name is None and len(found) != 1:
        names = ", ".join(sorted(found)) or "none"
        raise BadArgument(what="--program", reason=f"there are several programs in {file}, or none: {names}")
    if name is not None and name not in found:
        raise BadArgument(what="--program", reason=f"{file} has {', '.join(sorted(found)) or 'none'}")
    program = found[name] if name is not None else next(iter(found.values()))
    rows = {**_rows_of(program, cells or {}), **sizes}
    with _by_its_author(file):
        return program.trace(**rows)


@contextmanager
def _by_its_author(file: Path) -> Iterator[None]:
    """While the author's text runs: what it raises is said with its line, what it prints stays out of the answer.

    Raises:
        AuthorFault: the text raised an error.
    """
    from atoll.programs.errors import AuthorFault

    try:
        with redirect_stdout(sys.stderr):
            yield
    except AtollError:
        raise
    except (Exception, SystemExit) as err:  # whatever a text of somebody else's raises
        line = _line_in(file, err)
        if line is None:
            raise
        said = err.msg if isinstance(err, SyntaxError) else str(err)
        raise AuthorFault(line=f"{file.name}:{line}", problem=f"{type(err).__name__}: {said}".rstrip(".: ")) from err


def _line_in(file: Path, err: BaseException) -> int | None:
    """The innermost line of a file that an error came by."""
    if isinstance(err, SyntaxError) and err.filename == str(file):
        return err.lineno
    lines = [line for frame, line in traceback.walk_tb(err.__traceback__) if frame.f_code.co_filename == str(file)]
    return lines[-1] if lines else None


def _rows_of(program: Program, cells: dict[str, dict[str, list[str]]]) -> dict[str, int]:
    """Named numbers of rows, as the tables have them.

    Raises:
        BadColumn: two columns of one named number of rows have different ones.
    """
    from atoll.programs.errors import BadColumn

    found: dict[str, tuple[int, str]] = {}
    for name, column in program.inputs.items():
        if not isinstance(column.rows, str) or name not in cells.get(column.owner, {}):
            continue
        rows = len(cells[column.owner][name])
        most, other = found.setdefault(column.rows, (rows, f"{column.owner}'s {name}"))
        if rows != most:
            raise BadColumn(column=name, problem=f"{column.owner}'s table has {rows} rows, that of {other} has {most}")
    return {size: rows for size, (rows, _) in found.items()}


def parse_sizes(size: Sequence[str] | None) -> dict[str, int]:
    """What names of row counts stand for, `n=1000`.

    Raises:
        BadArgument: another form.
    """
    found = parse_pairs("--size", size or [])
    if not all(rows.isdecimal() for rows in found.values()):
        raise BadArgument(what="--size", reason="a number of rows is a whole number, as in --size n=1000")
    return {name: int(rows) for name, rows in found.items()}


def parse_pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE`, each name once.

    Raises:
        BadArgument: another form.
    """
    pairs = [one.partition("=") for one in given]
    if not all(name and equals and value for name, equals, value in pairs) or len({name for name, _, _ in pairs}) != len(pairs):
        raise BadArgument(what=option, reason="it has the form NAME=VALUE, with each name once")
    return {name: value for name, _, value in pairs}


def _read_csv(owner: str, path: Path) -> dict[str, list[str]]:
    lines = [line or [""] for line in csv.reader(io.StringIO(read_text(path)))]
    if len(lines) < 2 or any(len(line) != len(lines[0]) for line in lines):
        raise FileUnusable(
            path=str(path), action="used", reason=f"the table of {owner} needs names in its first line, and lines of one length"
        )
    return {name: [line[at] for line in lines[1:]] for at, name in enumerate(lines[0])}


def _parse(name: str, dtype: DType, cells: list[str] | None) -> Any:
    """Cells as values of a type; what is neither is said by the column's check, which does not show it."""
    from atoll.programs.errors import BadColumn

    if cells is None:
        return None
    read: Any = {"bool": {"true": True, "false": False, "1": True, "0": False}.__getitem__, "int64": int, "fixed": float}[
        dtype.name
    ]
    values = []
    for row, cell in enumerate(cells, start=1):
        try:
            values.append(None if cell == "" else read(cell.strip().lower() if dtype.is_bool else cell))
        except (ValueError, KeyError):
            raise BadColumn(column=name, problem=f"row {row} is no {dtype.name}") from None
    return values


def _short(found: Any) -> str:
    text = str(found)
    return text if len(text) <= 60 else f"{text[:57]}..."
