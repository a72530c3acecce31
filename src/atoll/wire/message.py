"""Typed messages: frozen dataclasses whose bounds are checked when they are made.

A message class lists its fields with their bounds; past the constructor everything may trust them:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Consent(Message):
        \"\"\"One party agrees to one job.\"\"\"

        TAG: ClassVar[str] = "consent/1"

        job_id: Annotated[bytes, Size(16)]
        \"\"\"The job this consent is for, and no other.\"\"\"

On the wire a message is the CBOR array `[TAG, {field: value}]`; a nested message is its map alone, because the field's type
already names it. Unknown and missing fields are refused: there is exactly one encoding of a message and exactly one reading of
it. Field types: `int`, `bytes`, `str`, `bool`, a `StrEnum`, another message, `tuple[X, ...]`, `X | None`, and `Document` for a
free CBOR value. `int`, `bytes`, `str` and `tuple` must carry bounds.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import operator
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar

from atoll import _core
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import MessageError

Document: TypeAlias = Mapping[str, Any]
"""A free CBOR map with text keys; its own reader checks what is inside."""

MAX_MESSAGE_BYTES = 60_000
"""Largest encoded message: it must fit a log entry (65,535 bytes) together with its envelope."""
LONGEST_KEPT = 500
"""Characters of the longest text whose match with a pattern is remembered; no field with a pattern asks for more."""


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


@dataclasses.dataclass(frozen=True, slots=True)
class Size:
    """Bounds on a length: bytes of a byte string, code points of a text, items of a tuple."""

    least: int
    most: int = -1

    def __post_init__(self) -> None:
        if self.most < 0:
            object.__setattr__(self, "most", self.least)

    def check(self, found: int) -> str:
        return "" if self.least <= found <= self.most else f"length {found}, must be {_span(self.least, self.most)}"


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """Bounds on an integer, both ends included."""

    least: int
    most: int

    def check(self, found: int) -> str:
        return "" if self.least <= found <= self.most else f"{found}, must be {_span(self.least, self.most)}"


@dataclasses.dataclass(frozen=True, slots=True)
class Pattern:
    """A text must match this expression as a whole."""

    expression: str

    def check(self, found: str) -> str:
        return "" if re.fullmatch(self.expression, found) else "not of the form asked for"


Name = Annotated[str, Pattern(r"[a-z][a-z0-9-]{0,39}")]
"""A short name of an organisation, dataset, column set or consortium: lower case, digits, hyphen."""
Text = Annotated[str, Size(0, 2000)]
"""A sentence or two for people."""
Time = Annotated[int, Range(0, 2**40)]
"""Unix time in whole seconds."""
Count = Annotated[int, Range(0, 2**53)]
"""A number of things."""
Digest = Annotated[bytes, Size(32)]
"""A SHA-256 digest or a hiding commitment."""
Endpoint = Annotated[str, Pattern(r"|[A-Za-z0-9.\-\[\]:]{1,200}:[0-9]{1,5}")]
"""host:port, or empty for who only dials out."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Shape:
    """How one field is checked, written and read, by calls that say what is wrong."""

    check: Callable[[Any], str]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    kind: tuple[Any, ...]
    """The same for `_core.MessageCodec`."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Plan:
    """All fields of a class. The codec does all of a message in one pass and says yes or no; the shapes go field by field, and
    say what is wrong. Theirs is the last word."""

    shapes: dict[str, _Shape]
    codec: _core.MessageCodec


class Message:
    """Base of all messages; see the module's docstring."""

    __slots__ = ()
    TAG: ClassVar[str] = ""
    MAX_BYTES: ClassVar[int] = MAX_MESSAGE_BYTES
    """Longest encoding. More only for a document that never stands in the log, where a commitment to it does."""

    def __post_init__(self) -> None:
        plan = _plan(type(self))
        if plan.codec.is_good(self):
            return
        for name, shape in plan.shapes.items():
            problem = shape.check(getattr(self, name))
            if problem:
                raise MessageError(message=type(self).__name__, field=name, problem=problem)

    def to_map(self) -> dict[str, Any]:
        """This message as a CBOR map, without its tag."""
        return {name: shape.write(getattr(self, name)) for name, shape in _plan(type(self)).shapes.items()}

    @classmethod
    def from_map(cls, value: Any) -> Self:
        """The message in a decoded map.

        Raises:
            MessageError: a field is missing, unknown, of the wrong type or out of bounds.
        """
        plan = _plan(cls)
        message = plan.codec.take(value)
        return cls(**cls._read_fields(plan.shapes, value)) if message is None else message

    @classmethod
    def _read_fields(cls, shapes: dict[str, _Shape], value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise MessageError(message=cls.__name__, field="", problem="not a map")
        if value.keys() != shapes.keys():
            odd = sorted(value.keys() ^ shapes.keys())[0]
            raise MessageError(message=cls.__name__, field=odd[:40], problem="missing" if odd in shapes else "unknown")
        fields = {}
        for name, shape in shapes.items():
            try:
                fields[name] = shape.read(value[name])
            except (TypeError, ValueError) as err:
                raise MessageError(message=cls.__name__, field=name, problem=str(err)) from err
        return fields


M = TypeVar("M", bound=Message)


def encode_message(message: Message) -> bytes:
    """The one encoding of a message, `[TAG, map]`, at most its class's MAX_BYTES."""
    quick = _plan(type(message)).codec.encode(message)
    if quick is not None:
        return quick
    data = encode([message.TAG, message.to_map()], max_bytes=2 * message.MAX_BYTES)
    if len(data) > message.MAX_BYTES:
        raise MessageError(message=type(message).__name__, field="", problem=f"{len(data)} bytes, at most {message.MAX_BYTES}")
    return data


def parse_message(data: bytes, *kinds: type[M]) -> M:
    """The message in `data`, which must be one of `kinds`; they have different tags.

    Raises:
        CborError: not strict CBOR.
        MessageError: another tag, or a field that does not fit.
    """
    for kind in kinds:
        message: M | None = _plan(kind).codec.parse(data)
        if message is not None:
            return message
    value = decode(data, max_bytes=max((kind.MAX_BYTES for kind in kinds), default=MAX_MESSAGE_BYTES))
    if not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)):
        raise MessageError(message="message", field="", problem="not a tagged message")
    for kind in kinds:
        if value[0] == kind.TAG and len(data) <= kind.MAX_BYTES:
            return kind.from_map(value[1])
    raise MessageError(message="message", field="", problem=f"tag {value[0][:40]!r} is not expected here")


_PLANS: dict[type, _Plan] = {}


def _plan(cls: type[Message]) -> _Plan:
    found = _PLANS.get(cls)
    if found is None:
        found = _PLANS[cls] = _compile(cls)
    return found


def _compile(cls: type[Message]) -> _Plan:
    hints = typing.get_type_hints(cls, include_extras=True)
    names: list[str] = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]  # every message is one
    shapes = {name: _shape(hints[name]) for name in names}
    after = None if cls.__post_init__ is Message.__post_init__ else cls.__post_init__
    kinds = [(name, shape.kind) for name, shape in shapes.items()]
    return _Plan(shapes, _core.MessageCodec(cls, cls.TAG, cls.MAX_BYTES, kinds, after))


def _codec(cls: type[Message]) -> _core.MessageCodec:
    return _plan(cls).codec


def _shape(hint: Any) -> _Shape:
    bounds: tuple[Any, ...] = ()
    if typing.get_origin(hint) is Annotated:
        hint, *rest = typing.get_args(hint)
        bounds = tuple(rest)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _optional(_shape(Annotated[_without_none(hint), *bounds] if bounds else _without_none(hint)))
    if typing.get_origin(hint) is tuple:
        return _many(_shape(typing.get_args(hint)[0]), bounds)
    if hint == Document:
        return _Shape(_must_be(dict, "map"), dict, _is_map, ("document",))
    if isinstance(hint, type) and issubclass(hint, Message):
        write = operator.methodcaller("to_map")
        return _Shape(_must_be(hint, hint.__name__), write, hint.from_map, ("message", hint, _codec))
    if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        members = {one.value: one for one in hint}
        return _Shape(_must_be(hint, hint.__name__), str, hint, ("enum", hint, members))
    if hint is bool:
        return _Shape(_must_be(bool, "true or false"), _same, _same, ("bool",))
    if hint in (int, bytes, str) and bounds:
        return _scalar(hint, bounds)
    raise TypeError(f"a message field cannot be {hint!r} without bounds")


def _same(value: Any) -> Any:
    return value


def _is_map(value: Any) -> Any:
    if not isinstance(value, dict):
        raise TypeError("not a map")
    return value


def _must_be(kind: type, what: str) -> Callable[[Any], str]:
    return lambda value: "" if isinstance(value, kind) else f"not a {what}"


def _without_none(hint: Any) -> Any:
    rest = [one for one in typing.get_args(hint) if one is not types.NoneType]
    if len(rest) != 1:
        raise TypeError(f"a message field cannot be {hint!r}")
    return rest[0]


def _optional(inner: _Shape) -> _Shape:
    return _Shape(
        check=lambda value: "" if value is None else inner.check(value),
        write=lambda value: None if value is None else inner.write(value),
        read=lambda value: None if value is None else inner.read(value),
        kind=("optional", inner.kind),
    )


def _scalar(kind: type[int] | type[bytes] | type[str], bounds: tuple[Any, ...]) -> _Shape:
    def check(value: Any) -> str:
        if type(value) is not kind:
            return f"not a {kind.__name__}"
        for bound in bounds:
            found = bound.check(len(value) if isinstance(bound, Size) and not isinstance(value, int) else value)
            if found:
                return str(found)
        return ""

    patterns = [_remembered(one.expression) for one in bounds if isinstance(one, Pattern)]
    least, most = _limits(bounds)
    return _Shape(check, _same, _same, (kind.__name__, (least, min(most, LONGEST_KEPT) if patterns else most), patterns))


def _limits(bounds: tuple[Any, ...]) -> tuple[int, int]:
    """Of a number, or of a length."""
    limits = [(one.least, one.most) for one in bounds if not isinstance(one, Pattern)]
    return max((least for least, _ in limits), default=0), min((most for _, most in limits), default=2**63)


def _remembered(expression: str) -> Callable[[str], Any]:
    """A pattern; names come again and again. Longer texts than LONGEST_KEPT never get here: they go the slow way, which keeps
    nothing, so that nobody fills the memory with what is refused."""
    return functools.lru_cache(maxsize=1000)(re.compile(expression).fullmatch)


def _many(inner: _Shape, bounds: tuple[Any, ...]) -> _Shape:
    if not bounds:
        raise TypeError("a tuple in a message needs a Size")

    def check(value: Any) -> str:
        if not isinstance(value, tuple):
            return "not a tuple"
        for bound in bounds:
            problem = bound.check(len(value))
            if problem:
                return str(problem)
        return next((f"item {at}: {problem}" for at, one in enumerate(value) if (problem := inner.check(one))), "")

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError("not an array")
        return tuple(inner.read(one) for one in value)

    return _Shape(check, lambda value: [inner.write(one) for one in value], read, ("many", inner.kind, _limits(bounds)))
