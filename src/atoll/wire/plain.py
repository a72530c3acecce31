"""Messages as plain JSON values for people and web clients: byte strings as lower-case hex, everything else as it is.

Display only. Nothing that is hashed, signed or stored goes through here.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Annotated, Any, TypeVar

from atoll.wire.errors import MessageError
from atoll.wire.message import Message

M = TypeVar("M", bound=Message)


def to_plain(value: Any) -> Any:
    """A JSON value that shows `value`."""
    if isinstance(value, Message):
        return to_plain(value.to_map())
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: to_plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(one) for one in value]
    return value


def from_plain(kind: type[M], value: Any) -> M:
    """The message that a JSON value shows; a field that has a default may be left out, as when the message is made in Python.

    Raises:
        MessageError: a field is missing, unknown, of the wrong type or out of bounds.
    """
    if not isinstance(value, dict):
        raise MessageError(message=kind.__name__, field="", problem="not a map")
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = {name: _read(hints[name], one, kind, name) if name in hints else one for name, one in value.items()}
    return kind.from_map(_defaults(kind) | fields)


def _defaults(kind: type) -> dict[str, Any]:
    """As they would stand in the message's map."""
    stated = {one.name: one.default for one in dataclasses.fields(kind) if one.default is not dataclasses.MISSING}
    return {name: list(one) if isinstance(one, tuple) else one for name, one in stated.items()}


def _read(hint: Any, value: Any, kind: type[Message], name: str) -> Any:
    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        if value is None:
            return None
        hint = next(one for one in typing.get_args(hint) if one is not types.NoneType)
        return _read(hint, value, kind, name)
    if hint is bytes and isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError as err:
            raise MessageError(message=kind.__name__, field=name, problem="not hex") from err
    if typing.get_origin(hint) is tuple and isinstance(value, list):
        return [_read(typing.get_args(hint)[0], one, kind, name) for one in value]
    if isinstance(hint, type) and issubclass(hint, Message) and isinstance(value, dict):
        return from_plain(hint, value).to_map()
    return value
