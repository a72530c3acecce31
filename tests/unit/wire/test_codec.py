"""The codec of messages reads, writes and takes for good exactly what the field-by-field functions do."""

from __future__ import annotations

import dataclasses
import gc
import tracemalloc
import typing
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import atoll.ledger.records
import atoll.ledger.rules
import atoll.ordering.embedded.messages  # noqa: F401 -- so that there are messages to look at
from atoll import _core
from atoll.errors import AtollError
from atoll.ledger.records import Cap, CapUnit, Grant, GrantState
from atoll.ledger.transaction import Transaction
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import MessageError
from atoll.wire.message import Message, Range, _plan, encode_message, parse_message
from tests.unit.message.specimen import SPECIMEN, Specimen


class _Text(str):
    __slots__ = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Even(Message):
    TAG: typing.ClassVar[str] = "even/1"

    number: typing.Annotated[int, Range(0, 9)]

    def __post_init__(self) -> None:
        Message.__post_init__(self)
        if self.number % 2:
            raise MessageError(message="Even", field="number", problem="odd")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Nesting(Message):
    TAG: typing.ClassVar[str] = "nesting/1"

    inner: Nesting | None = None


GOOD = encode_message(SPECIMEN)
CAP = Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=5, days=1)
SCALARS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**31, 2**53, 2**53 + 1, 2**70, 0.5),
    *("", "a", "A", "bank", "bank/set/1", "x" * 2001),
]
AWKWARD: list[Any] = [
    *SCALARS,
    *("0" * 40, "active", _Text("active"), GrantState.ACTIVE, "new-identifiers", CapUnit.NEW_IDENTIFIERS, CAP, CAP.to_map()),
    *(b"", b"x", b"x" * 16, b"x" * 32, b"x" * 33, bytearray(b"x" * 32), b"x" * 59_000),
    *((), (1,), ("bank",), (b"x" * 32,), (b"x" * 32, "bank"), (CAP,), [CAP.to_map()], [b"x" * 32], [1], ["bank", 1], []),
    *({}, {"a": 1}, set(), object()),
]


def _classes(kind: type[Message]) -> list[type[Message]]:
    """Every class of message that is loaded; `slots=True` leaves the class that it replaces behind, without a module's name."""
    found = [one for sub in kind.__subclasses__() for one in (sub, *_classes(sub))]
    return [one for one in found if one.__dict__.get("__dataclass_fields__") and "__slots__" in one.__dict__]


def _read(data: bytes, kind: type[Message]) -> Message:
    """As `parse_message`, but field by field."""
    tag, fields = decode(data, max_bytes=kind.MAX_BYTES)
    if tag != kind.TAG:
        raise ValueError(tag)
    return kind(**kind._read_fields(_plan(kind).shapes, fields))


def _slowly(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (TypeError, ValueError, AtollError):
        return None


KINDS = sorted(_classes(Message), key=lambda one: one.__qualname__)


@pytest.mark.parametrize("kind", KINDS, ids=[one.__name__ for one in KINDS])
def test_the_codec_agrees_with_the_ones_that_say_why_not(kind: type[Message]) -> None:
    hints = typing.get_type_hints(kind, include_extras=True)
    for name in _plan(kind).shapes:
        one = dataclasses.make_dataclass(
            "One", [("field", hints[name])], bases=(Message,), frozen=True, slots=True, kw_only=True
        )
        for value in AWKWARD:
            _need_agreement(one, value)


def _need_agreement(kind: type[Message], value: Any) -> None:
    """Both ways say the same of a value in the one field; the codec may say no to what no bytes stand for."""
    made: Any = kind
    codec, shape = _plan(kind).codec, _plan(kind).shapes["field"]
    message: Any = object.__new__(kind)
    object.__setattr__(message, "field", value)
    is_good = shape.check(value) == ""
    assert codec.is_good(message) is is_good
    if is_good:
        assert codec.encode(message) == _slowly(lambda: encode(["", message.to_map()]))
    assert codec.take({"field": value}) in (None, _slowly(lambda: made(field=shape.read(value))))
    data = _slowly(lambda: encode(["", {"field": value}]))
    if data is not None:
        expected = _slowly(lambda: _read(data, kind))
        assert (codec.parse(data), codec.take(decode(data)[1])) == (expected, expected)


def test_of_all_bytes_that_are_almost_a_message_exactly_those_are_read_that_the_slow_way_reads() -> None:
    changed = [GOOD + b"\0", b"\0" + GOOD, GOOD[:-1], b""]
    for at in range(len(GOOD)):
        changed += [GOOD[:at] + GOOD[at + 1 :], GOOD[:at] + GOOD[at : at + 1] + GOOD[at:]]
        changed += [GOOD[:at] + bytes([byte]) + GOOD[at + 1 :] for byte in range(256)]
        changed += [
            GOOD[:at] + bytes([GOOD[at] & 0xE0 | 24, GOOD[at] & 0x1F]) + GOOD[at + 1 :]
        ]  # a longer head, where it is one
    read = 0
    for data in changed:
        found = _plan(Specimen).codec.parse(data)
        assert found == _slowly(partial(_read, data, Specimen)), data.hex()
        assert found is None or encode_message(found) == data
        read += found is not None
    assert 0 < read < len(changed)


def test_no_other_order_of_the_fields_is_read() -> None:
    items = list(Grant.to_map(_grant()).items())
    in_order = sorted(items, key=lambda one: (len(one[0]), one[0]))
    for at in range(len(items)):
        other = [*in_order[:at], *in_order[at + 1 :], in_order[at]]
        body = b"".join(encode(name) + encode(value) for name, value in other)
        data = b"\x82" + encode(Grant.TAG) + bytes([0xA0 | len(items)]) + body
        assert (_plan(Grant).codec.parse(data) is not None) is (data == encode_message(_grant()))


def test_a_message_is_read_and_written_up_to_the_deepest_nesting_and_the_most_bytes() -> None:
    for depth in (1, 12, 13, 14, 15):
        document: Any = {}
        for _ in range(depth):
            document = {"d": document}
        message = dataclasses.replace(SPECIMEN, document=document)
        written = _slowly(partial(encode, [Specimen.TAG, message.to_map()]))
        assert _plan(Specimen).codec.encode(message) == written
        deep = encode([Specimen.TAG, message.to_map()], max_depth=20)
        assert (_plan(Specimen).codec.parse(deep) is None) is (written is None)
    for length in (Specimen.MAX_BYTES - len(GOOD) - 100 + more for more in range(200)):
        message = dataclasses.replace(SPECIMEN, document={"any": b"x" * length})
        data = encode([Specimen.TAG, message.to_map()])
        is_short = len(data) <= Specimen.MAX_BYTES
        assert _plan(Specimen).codec.encode(message) == (data if is_short else None)
        assert _plan(Specimen).codec.parse(data) == (message if is_short else None)


def test_what_a_class_checks_itself_is_checked_of_what_is_read() -> None:
    assert _plan(Even).codec.parse(encode_message(Even(number=2))) == Even(number=2)
    data = encode([Even.TAG, {"number": 3}])
    assert _plan(Even).codec.parse(data) is None
    with pytest.raises(MessageError, match="odd"):
        parse_message(data, Even)
    with pytest.raises(MessageError, match="odd"):
        Even.from_map({"number": 3})


def test_what_is_read_is_frozen_like_what_is_made() -> None:
    grant = parse_message(encode_message(_grant()), Grant)
    assert (grant, hash(grant)) == (_grant(), hash(_grant()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        grant.version = 2  # type: ignore[misc]


def test_who_interrupts_a_check_is_not_taken_for_a_no() -> None:
    def interrupt(_: Any) -> None:
        raise KeyboardInterrupt

    codec = _core.MessageCodec(Even, Even.TAG, 100, [("number", ("int", (0, 9), []))], interrupt)
    with pytest.raises(KeyboardInterrupt):
        codec.parse(encode_message(Even(number=2)))


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


def test_a_text_that_is_refused_is_not_kept() -> None:
    good = Transaction(sender="bank", nonce=0, expiry_height=9, type="member.admit/1", body={})
    start, rest = encode_message(good).split(b"\x64bank")
    long_name = b"a" * 59_000 + b"/"
    bad = start + b"\x79" + len(long_name).to_bytes(2, "big") + long_name + rest
    gc.collect()
    tracemalloc.start()
    for at in range(20):
        with pytest.raises(MessageError, match="sender"):
            parse_message(bad.replace(b"aaaa", b"%04d" % at, 1), Transaction)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 10 * len(long_name)


def test_maps_nested_deeper_than_bytes_could_be_are_left_to_the_slow_way() -> None:
    nested: dict[str, Any] = {"inner": None}
    for _ in range(30_000):
        nested = {"inner": nested}
    with pytest.raises(RecursionError):
        Nesting.from_map(nested)
