"""Programs: Python functions with declared inputs and receivers, and their graphs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from atoll.programs.array import SecretArray
from atoll.programs.dtypes import DType
from atoll.programs.errors import BadProgram, SizeMissing, UnknownSize
from atoll.programs.explain import as_text, explain
from atoll.programs.graph import Graph, Output, Ref
from atoll.programs.operations.checking import VerifyRange
from atoll.programs.operations.inputs import NAME, Input, InputMask
from atoll.programs.operations.selection import HideNulls
from atoll.programs.tracer import CURRENT, Tracer
from atoll.protocols.mpc import Adversary


@dataclass(frozen=True, slots=True)
class Column:
    """An input: what its owner promises of it. Owners' nodes check it before they share anything."""

    owner: str
    dtype: DType
    rows: int | str
    """A number, or a name such as "n" that `trace(n=1000)` gives one."""
    width: int | None = None
    """Of a matrix: how many numbers a row has. None: one, as a vector."""
    nullable: bool = False
    """Whether some may be null; which, is secret too."""
    checked: bool | None = None
    """Whether the compute nodes check the range too, on shares. None: where the program has columns of several owners, for one
    of them could share what it did not declare and read the others' rows out of a sum."""


def column(
    owner: str, dtype: DType, *, rows: int | str, width: int | None = None, nullable: bool = False, checked: bool | None = None
) -> Column:
    """Declare an input of `rows` values of `owner`; with `width`, a matrix of rows x width. The fields of `Column` say more."""
    return Column(owner, dtype, rows, width, nullable, checked)


@dataclass(frozen=True, slots=True)
class Program:
    """A function of secrets, with the owners of what goes in and the receivers of what comes out."""

    function: Callable[..., Any]
    inputs: Mapping[str, Column]
    outputs: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """The function's, as names are written; `program` for a lambda."""
        return re.sub(r"[^a-z0-9_]", "", self.function.__name__.lower().replace("<lambda>", "program"))[:40]

    def trace(self, **sizes: int) -> Graph:
        """The graph for these sizes: the function is called once, with secrets in place of columns.

        Args:
            sizes: the number of rows for every name that stands for one.

        Raises:
            BadProgram: declaration and function differ.
            SizeMissing, UnknownSize: a size is not given, or one is that no column has.
            ValueOverflow, WrongOperands, DependsOnSecret: they name the line.
        """
        named = {one.rows for one in self.inputs.values() if isinstance(one.rows, str)}
        for size in sorted(sizes.keys() - named):
            raise UnknownSize(program=self.name, size=size, known=", ".join(sorted(named)) or "none")
        tracer = Tracer()
        secrets = {name: self._input(tracer, name, declared, sizes) for name, declared in self.inputs.items()}
        token = CURRENT.set(tracer)
        try:
            found = self.function(**secrets)
        finally:
            CURRENT.reset(token)
        results = self._named(found)
        outputs = tuple(
            Output(name, self.outputs[name], _without_nulls(tracer, result), result.valid)
            for name, result in sorted(results.items())
        )
        return tracer.finish(self.name, outputs)

    def explain(self, *, adversary: Adversary = Adversary.SEMI_HONEST, **sizes: int) -> str:
        """What a run will take and open, as a text; `atoll.programs.explain` gives it as data."""
        return as_text(explain(self.trace(**sizes), adversary=adversary))

    def _input(self, tracer: Tracer, name: str, declared: Column, sizes: Mapping[str, int]) -> SecretArray:
        rows = sizes.get(declared.rows) if isinstance(declared.rows, str) else declared.rows
        if rows is None:
            raise SizeMissing(program=self.name, size=declared.rows)
        if isinstance(rows, bool) or not isinstance(rows, int | np.integer):
            raise BadProgram(program=self.name, problem=f"column {name} has {rows!r} rows, which is not a whole number")
        shape = (rows,) if declared.width is None else (rows, declared.width)
        kind = declared.dtype
        values = Input(name, declared.owner, kind.name, kind.low, kind.high, kind.fraction, shape)
        (ref,) = tracer.add(values, line=f"column {name}")
        several = len({one.owner for one in self.inputs.values()}) > 1
        if not kind.is_bool and (several if declared.checked is None else declared.checked):
            (ref,) = tracer.add(VerifyRange(name), ref, line=f"column {name}")
        mask: Ref | None = tracer.add(InputMask(name, declared.owner, shape))[0] if declared.nullable else None
        return SecretArray(tracer, ref, mask)

    def _named(self, found: Any) -> dict[str, SecretArray]:
        if isinstance(found, SecretArray) and len(self.outputs) == 1:
            found = {next(iter(self.outputs)): found}
        if not isinstance(found, Mapping):
            raise BadProgram(program=self.name, problem="it does not return its outputs by name, as in return {'mean': ...}")
        if found.keys() != self.outputs.keys():
            odd = ", ".join(sorted(map(str, found.keys() ^ self.outputs.keys())))
            raise BadProgram(program=self.name, problem=f"outputs declared and returned differ in {odd}")
        for name, result in found.items():
            if not isinstance(result, SecretArray):
                raise BadProgram(program=self.name, problem=f"output {name} is not a secret but {type(result).__name__}")
            if not result.kind.secret:
                raise BadProgram(program=self.name, problem=f"output {name} depends on no input")
        return dict(found)


def _without_nulls(tracer: Tracer, result: SecretArray) -> Ref:
    """A result with nothing under its nulls."""
    return result.ref if result.valid is None else tracer.add(HideNulls(), result.ref, result.valid)[0]


def program(
    *, inputs: Mapping[str, Column], outputs: Mapping[str, str | tuple[str, ...]]
) -> Callable[[Callable[..., Any]], Program]:
    """Decorator: makes a program of a function.

    Args:
        inputs: for every argument of the function its column.
        outputs: for every name that the function returns its receiver or receivers; nobody else gets anything.

    Raises:
        BadProgram: an argument has no column, a column no argument, an output no receiver, or a name is not one.
    """

    def made(function: Callable[..., Any]) -> Program:
        receivers = {name: (to,) if isinstance(to, str) else tuple(to) for name, to in outputs.items()}
        here = Program(function, dict(inputs), receivers)
        arguments = list(inspect.signature(function).parameters)
        if set(arguments) != set(inputs):
            odd = ", ".join(sorted(set(arguments) ^ set(inputs)))
            raise BadProgram(program=function.__name__, problem=f"arguments and declared inputs differ in {odd}")
        if not NAME.fullmatch(here.name):
            raise BadProgram(program=function.__name__, problem="its name needs a letter of a-z, or _, before all else")
        if any(len(set(some)) < len(some) for some in receivers.values()):
            raise BadProgram(program=function.__name__, problem="an output has a receiver twice")
        if not receivers or not all(receivers.values()):
            raise BadProgram(program=function.__name__, problem="an output has no receiver, or there is no output")
        names = [
            *inputs,
            *(one.owner for one in inputs.values()),
            *receivers,
            *(to for some in receivers.values() for to in some),
        ]
        for name in names:
            if not NAME.fullmatch(name):
                raise BadProgram(
                    program=function.__name__, problem=f"{name!r} is not a name of at most 40 of a-z, 0-9, _ and -"
                )
        return here

    return made
