"""The generated functions of messages say what the field-by-field ones say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import atoll.ledger.records
import atoll.ledger.rules
import atoll.ordering.embedded.messages  # noqa: F401 -- so that there are messages to look at
from atoll.ledger.records import Cap, CapUnit, Grant, GrantState
from atoll.wire.errors import MessageError
from atoll.wire.message import Message, _plan, encode_message, parse_message
from atoll.wire.quick import generate


class _Text(str):
    __slots__ = ()


CAP = Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=5, days=1)
SCALARS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**31, 2**53, 2**53 + 1, 2**70, 0.5),
    *("", "a", "A", "bank", "bank/set/1", "x" * 2001),
]
AWKWARD: list[Any] = [
    *SCALARS,
    *("0" * 40, "active", _Text("active"), GrantState.ACTIVE, "new-identifiers", CapUnit.NEW_IDENTIFIERS, CAP, CAP.to_map()),
    *(b"", b"x", b"x" * 16, b"x" * 32, b"x" * 33, bytearray(b"x" * 32), b"x" * 60_000),
    *((), (1,), ("bank",), (b"x" * 32,), (b"x" * 32, "bank"), (CAP,), [CAP.to_map()], [b"x" * 32], [1], ["bank", 1], []),
    *({}, {"a": 1}, set(), object()),
]


def _classes(kind: type[Message]) -> list[type[Message]]:
    """Every class of message that is loaded; `slots=True` leaves the class that it replaces behind, without a module's name."""
    found = [one for sub in kind.__subclasses__() for one in (sub, *_classes(sub))]
    return [one for one in found if one.__dict__.get("__dataclass_fields__") and "__slots__" in one.__dict__]


def _slow_read(read: Any, value: Any) -> tuple[bool, Any]:
    try:
        return True, read(value)
    except (TypeError, ValueError, MessageError):
        return False, None


KINDS = sorted(_classes(Message), key=lambda one: one.__qualname__)


@pytest.mark.parametrize("kind", KINDS, ids=[one.__name__ for one in KINDS])
def test_the_generated_functions_agree_with_the_ones_that_say_why_not(kind: type[Message]) -> None:
    for shape in _plan(kind).shapes.values():
        quick = generate({"field": shape.source})
        for value in AWKWARD:
            is_good = shape.check(value) == ""
            assert quick.is_good(SimpleNamespace(field=value)) is is_good
            if is_good:
                written = quick.to_map(SimpleNamespace(field=value))["field"]
                assert (type(written), written) == (type(shape.write(value)), shape.write(value))
            try:
                fields = quick.fields({"field": value})
            except MessageError:  # of a message inside the field, where both ways lead to the same constructor
                fields = None
            can_read, expected = _slow_read(shape.read, value)
            assert (fields is not None) is can_read
            assert fields is None or fields == {"field": expected}


def test_a_message_with_a_field_too_many_or_too_few_is_refused_by_name() -> None:
    grant = _grant()
    for changed, problem in ((grant.to_map() | {"more": 1}, "unknown"), ({"version": 1}, "missing")):
        with pytest.raises(MessageError, match=problem):
            Grant.from_map(changed)


def test_a_message_reads_back_as_it_was_written() -> None:
    grant = _grant()
    assert parse_message(encode_message(grant), Grant) == grant
    assert type(grant.to_map()["state"]) is str


def _grant() -> Grant:
    return Grant(
        grant=b"g" * 16,
        version=1,
        owner="bank",
        grantee="bureau",
        dataset="bank/set/1",
        terms_commitment=b"t" * 32,
        not_before=1,
        not_after=2,
        state=GrantState.ACTIVE,
    )
