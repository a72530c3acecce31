"""The strict encoding: one byte string for one value, and the reason for every refusal."""

from __future__ import annotations

import enum
import time
from collections import OrderedDict, namedtuple
from typing import Any

import pytest

from atoll import _core
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError

NAMED = namedtuple("NAMED", "x")


class Level(enum.IntEnum):
    LOW = 1


class Word(str):
    __slots__ = ()


def refusal_of_bytes(data: bytes, **limits: int) -> tuple[str, int]:
    with pytest.raises(CborError) as caught:
        decode(data, **limits)
    return caught.value.reason, caught.value.offset


def refusal_of_value(value: Any, **limits: int) -> str:
    with pytest.raises(CborError) as caught:
        encode(value, **limits)
    return caught.value.reason


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (255, "18ff"),
        (256, "190100"),
        (65535, "19ffff"),
        (65536, "1a00010000"),
        (2**32 - 1, "1affffffff"),
        (2**32, "1b0000000100000000"),
        (2**63, "1b8000000000000000"),
        (2**64 - 1, "1bffffffffffffffff"),
        (-1, "20"),
        (-24, "37"),
        (-25, "3818"),
        (-1000, "3903e7"),
        (-(2**63), "3b7fffffffffffffff"),
        (b"", "40"),
        (b"\x01\x02\x03\x04", "4401020304"),
        ("", "60"),
        ("IETF", "6449455446"),
        ("ü", "62c3bc"),
        ("水", "63e6b0b4"),
        ("𐅑", "64f0908591"),
        (False, "f4"),
        (True, "f5"),
        (None, "f6"),
        ([], "80"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({}, "a0"),
        ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
        (["a", {"b": "c"}], "826161a161626163"),
    ],
)
def test_printed_examples_of_rfc_8949_and_the_edges_of_the_range(value: Any, encoding: str) -> None:
    assert encode(value).hex() == encoding
    decoded = decode(bytes.fromhex(encoding))
    assert decoded == value
    assert type(decoded) is type(value)


def test_keys_are_sorted_by_their_encoding_whatever_the_order_they_came_in() -> None:
    keys = ["aa", "b", "", "z", "aé", "é", "a" * 24]
    data = encode(dict.fromkeys(keys))
    assert list(decode(data)) == sorted(keys, key=encode)
    assert encode(dict.fromkeys(reversed(keys))) == data


def test_a_tuple_is_written_as_an_array() -> None:
    assert encode((1, (2,))) == encode([1, [2]])


@pytest.mark.parametrize(
    ("encoding", "reason", "offset"),
    [
        ("", "truncated item", 0),
        ("19ff", "truncated item", 0),
        ("8201", "truncated item", 2),
        ("0000", "trailing bytes", 1),
        ("1817", "a head longer than needed", 0),
        ("1900ff", "a head longer than needed", 0),
        ("1a0000ffff", "a head longer than needed", 0),
        ("1b00000000ffffffff", "a head longer than needed", 0),
        ("780161", "a head longer than needed", 0),
        ("980100", "a head longer than needed", 0),
        ("3b8000000000000000", "an integer out of range", 0),
        ("9fff", "an indefinite length", 0),
        ("bfff", "an indefinite length", 0),
        ("5f4101ff", "an indefinite length", 0),
        ("81ff", "an indefinite length", 1),
        ("1d", "a reserved head", 0),
        ("f93e00", "a floating-point number", 0),
        ("fb7ff8000000000000", "a floating-point number", 0),
        ("81c11a514b67b0", "a tag", 1),
        ("c249010000000000000000", "a tag", 0),
        ("f7", "an unassigned simple value", 0),
        ("f814", "an unassigned simple value", 0),
        ("a10000", "a map key that is not text", 1),
        ("a2616200616100", "map keys out of order", 4),
        ("a2626161006162 00", "map keys out of order", 5),
        ("a2616100616100", "a repeated map key", 4),
        ("62c328", "text that is not UTF-8", 0),
        ("63eda080", "text that is not UTF-8", 0),
        ("8263 65cc81 00", "text that is not NFC", 1),
    ],
)
def test_bytes_outside_the_profile_are_refused_with_reason_and_place(encoding: str, reason: str, offset: int) -> None:
    assert refusal_of_bytes(bytes.fromhex(encoding)) == (reason, offset)


STRANGERS = [1.0, 1j, bytearray(b"x"), {1, 2}, Level.LOW, NAMED(1), Word("a"), OrderedDict(a=1), object()]


@pytest.mark.parametrize("value", STRANGERS)
def test_a_value_that_would_come_back_as_another_type_is_refused(value: Any) -> None:
    assert refusal_of_value(value) == "an unsupported type"
    assert refusal_of_value([{"k": value}]) == "an unsupported type"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (2**64, "an integer out of range"),
        (-(2**63) - 1, "an integer out of range"),
        ("e\u0301", "text that is not NFC"),
        ({"e\u0301": 1}, "text that is not NFC"),
        ("\ud800", "text that is not UTF-8"),
        ({"\ud800": 1}, "text that is not UTF-8"),
        ({1: 1}, "a map key that is not text"),
        ({Word("a"): 1}, "a map key that is not text"),
    ],
)
def test_a_value_outside_the_profile_is_refused_with_its_reason(value: Any, reason: str) -> None:
    assert refusal_of_value(value) == reason


def test_length_and_depth_are_bounded_in_both_directions() -> None:
    assert decode(encode(bytes(63_997))) == bytes(63_997)
    assert refusal_of_value(bytes(63_998)) == "too many bytes"
    assert refusal_of_bytes(bytes(64_001)) == ("too many bytes", 64_000)
    assert len(encode(bytes(64_000), max_bytes=65_000)) == 64_003

    def nest(depth: int) -> list[Any]:
        return [nest(depth - 1)] if depth else []

    assert decode(encode(nest(15))) == nest(15)
    assert refusal_of_value(nest(16)) == "nesting too deep"
    assert refusal_of_bytes(b"\x81" * 16 + b"\x80") == ("nesting too deep", 16)
    assert refusal_of_bytes(b"\xa1\x60" * 16 + b"\x80") == ("nesting too deep", 32)
    assert decode(encode(nest(20), max_depth=21), max_depth=21) == nest(20)


def test_no_caller_can_ask_for_a_depth_that_endangers_the_stack() -> None:
    for call in (lambda: decode(b"\0", max_depth=65), lambda: encode(0, max_depth=65)):
        with pytest.raises(ValueError, match="limit is 64"):
            call()
    loop: list[Any] = []
    loop.append(loop)
    assert refusal_of_value(loop) == "nesting too deep"


@pytest.mark.parametrize(
    "encoding", ["9b7fffffffffffffff", "bb7fffffffffffffff", "5b7fffffffffffffff", "9affffffff", "7affffffff"]
)
def test_an_announced_length_costs_nothing_before_its_bytes_are_there(encoding: str) -> None:
    started = time.process_time()
    assert refusal_of_bytes(bytes.fromhex(encoding))[0] == "truncated item"
    assert time.process_time() - started < 0.1


def test_only_bytes_are_decoded() -> None:
    for data in ("00", [0], None):
        with pytest.raises(TypeError):
            _core.cbor_decode(data)  # type: ignore[arg-type]
