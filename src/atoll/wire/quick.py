"""Message classes carry straight-line functions that check, write and read all their fields, generated once a class.

A ledger makes, reads and writes a dozen messages a transaction, and calling a function a field and a bound was a third of the
time it took. So the fields' types are written out as Python source and compiled, as `dataclasses` does for `__init__`. For

    job_id: Annotated[bytes, Size(16)]
    state: JobState

the check is `v = self.job_id; if not (type(v) is bytes and 16 <= len(v) <= 16): return False`, and so on. These functions say
yes or no; `wire.message` says why not, field by field, and its word is the last one. Into the source go field names, numbers
and names of constants, nothing that comes from outside.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class Constants:
    """What generated source refers to by a name."""

    values: dict[str, Any] = field(default_factory=dict)

    def name(self, value: Any) -> str:
        """The name of a constant."""
        name = f"_{len(self.values)}"
        self.values[name] = value
        return name


class Bound(Protocol):
    """A bound that can say itself as source."""

    def test(self, name: str, constants: Constants, /) -> str:
        """An expression: whether what `name` stands for is within it."""
        ...


Write = Callable[[str, Constants], str]
"""`(name, constants) -> expression` over what the name stands for."""


@dataclass(frozen=True, slots=True)
class Source:
    """One field as source."""

    test: Write
    """Whether a value may stand in the field."""
    write: Write
    """The value as CBOR."""
    read: Write
    """The value from CBOR; may raise KeyError, TypeError or ValueError where it is none."""


@dataclass(frozen=True, slots=True)
class Quick:
    """The functions of one class."""

    is_good: Callable[[Any], bool]
    """Whether all fields of a message are within their bounds."""
    to_map: Callable[[Any], dict[str, Any]]
    """A message's fields as a CBOR map."""
    fields: Callable[[Any], dict[str, Any] | None]
    """A CBOR map's values as fields; None where something does not fit."""


def generate(fields: Mapping[str, Source]) -> Quick:
    """The functions of a class with these fields."""
    constants = Constants({"NAMES": frozenset(fields)})
    tests = [f"    v = self.{name}\n    if not ({one.test('v', constants)}): return False\n" for name, one in fields.items()]
    written = [f"{name!r}: {one.write(f'self.{name}', constants)}" for name, one in fields.items()]
    read = [f"{name!r}: {one.read(f'value[{name!r}]', constants)}" for name, one in fields.items()]
    source = (
        f"def is_good(self):\n{''.join(tests)}    return True\n"
        f"def to_map(self):\n    return {{{', '.join(written)}}}\n"
        "def fields(value):\n"
        "    if type(value) is not dict or value.keys() != NAMES: return None\n"
        f"    try: return {{{', '.join(read)}}}\n"
        "    except (KeyError, TypeError, ValueError): return None\n"
    )
    exec(compile(source, "<atoll.wire.quick>", "exec"), constants.values)  # noqa: S102 -- see the module's last sentence
    return Quick(*(constants.values[name] for name in ("is_good", "to_map", "fields")))


def scalar(kind: type, bounds: Sequence[Bound]) -> Source:
    """`int`, `bytes` or `str`."""

    def test(name: str, constants: Constants) -> str:
        return " and ".join([f"type({name}) is {kind.__name__}", *(one.test(name, constants) for one in bounds)])

    return Source(test, _same, _same)


def boolean() -> Source:
    """`bool`."""
    return Source(lambda name, _: f"({name} is True or {name} is False)", _same, _same)


def enumeration(kind: type[enum.StrEnum]) -> Source:
    """A `StrEnum`: its text on the wire."""
    return Source(
        lambda name, constants: f"type({name}) is {constants.name(kind)}",
        lambda name, _: f"{name}._value_",
        lambda name, constants: f"{constants.name({one.value: one for one in kind})}[{name}]",
    )


def message(kind: type) -> Source:
    """Another message: its map on the wire."""
    return Source(
        lambda name, constants: f"isinstance({name}, {constants.name(kind)})",
        lambda name, _: f"{name}.to_map()",
        lambda name, constants: f"{constants.name(kind)}.from_map({name})",
    )


def document() -> Source:
    """A free map."""
    return Source(
        lambda name, _: f"isinstance({name}, dict)",
        lambda name, _: f"dict({name})",
        lambda name, constants: f"{constants.name(_need_map)}({name})",
    )


def optional(inner: Source) -> Source:
    """A field that may be None."""
    return Source(
        lambda name, constants: f"({name} is None or ({inner.test(name, constants)}))",
        lambda name, constants: f"(None if {name} is None else {inner.write(name, constants)})",
        lambda name, constants: f"(None if {name} is None else {inner.read(name, constants)})",
    )


def many(inner: Source, bounds: Sequence[Bound]) -> Source:
    """A tuple: an array on the wire."""

    def test(name: str, constants: Constants) -> str:
        item = f"{name}_"  # of a tuple in a tuple, another name
        own = [f"isinstance({name}, tuple)", *(one.test(name, constants) for one in bounds)]
        return " and ".join([*own, f"(not {name} or all([{inner.test(item, constants)} for {item} in {name}]))"])

    def write(name: str, constants: Constants) -> str:
        return f"[{inner.write('one', constants)} for one in {name}]"

    def read(name: str, constants: Constants) -> str:
        return f"tuple([{inner.read('one', constants)} for one in {constants.name(_need_list)}({name})])"

    return Source(test, write, read)


def _same(name: str, _constants: Constants) -> str:
    return name


def _need_map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not a map")
    return value


def _need_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not an array")
    return value
