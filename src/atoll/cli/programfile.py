"""A secret program from a Python file of one's own: loaded, traced for the sizes at hand.

The file is run: it is code of whoever calls the command. What goes to others is the graph that comes out, which is data.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path

from atoll.cli.errors import BadArgument, FileUnusable
from atoll.programs import Graph, Program


def load_program(text: str) -> Program:
    """The program in `FILE` or `FILE:NAME`.

    Raises:
        FileUnusable: there is no such file.
        BadArgument: it cannot be run, or holds no such program, or several and none is named.
    """
    path, _, name = text.partition(":")
    if not Path(path).is_file():
        raise FileUnusable(path=path, action="read", reason="there is no such file")
    try:
        found = {key: one for key, one in runpy.run_path(path).items() if isinstance(one, Program)}
    except Exception as err:  # it is somebody's program: anything can go wrong in it
        raise BadArgument(what=path, reason=f"it ends with {type(err).__name__}: {err}") from err
    if name and name not in found:
        raise BadArgument(what=text, reason=f"it holds no program {name}; it holds {', '.join(sorted(found)) or 'none'}")
    if not name and len(found) != 1:
        raise BadArgument(
            what=text, reason=f"name one of its programs, as in {path}:NAME: {', '.join(sorted(found)) or 'none'}"
        )
    return found[name] if name else next(iter(found.values()))


def parse_pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """`NAME=VALUE`, each name once.

    Raises:
        BadArgument: another form.
    """
    pairs: dict[str, str] = {}
    for one in given or []:
        name, found, value = one.partition("=")
        if not found or not name or not value or name in pairs:
            raise BadArgument(what=f"{option} {one}", reason="it reads NAME=VALUE, with each name once")
        pairs[name] = value
    return pairs


def parse_sizes(given: list[str] | None) -> dict[str, int]:
    """What names of row counts stand for, `n=1000`.

    Raises:
        BadArgument: no number above 0.
    """
    pairs = parse_pairs("--rows", given)
    for name, value in pairs.items():
        if not value.isdigit() or not int(value):
            raise BadArgument(what=f"--rows {name}={value}", reason="it is a number above 0")
    return {name: int(value) for name, value in pairs.items()}


def trace(program: Program, sizes: Mapping[str, int]) -> Graph:
    """The graph for these sizes.

    Raises:
        BadArgument: a size is missing.
        ValueOverflow, and what else tracing finds; they name the line.
    """
    wanted = {one.rows for one in program.inputs.values() if isinstance(one.rows, str)}
    if missing := sorted(wanted - set(sizes)):
        raise BadArgument(what=f"--rows {missing[0]}=N", reason="the program leaves open how many rows that is")
    return program.trace(**{name: sizes[name] for name in wanted})
