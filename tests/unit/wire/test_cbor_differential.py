"""The one-pass decoder against cbor2 and the rule it stands for: decode, check the types, encode again, compare."""

from __future__ import annotations

import unicodedata
from typing import Any

import cbor2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from atoll.wire.cbor import MAX_BYTES, MAX_DEPTH, decode, encode
from atoll.wire.errors import CborError


def normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


# Old characters only: Python's tables may be newer than the core's, and new characters may normalise in new ways.
characters = st.characters(codec="utf-8", exclude_categories=["Cn", "Cs", "Co"], max_codepoint=0xFFFF)
texts = st.text(characters, max_size=12).map(normal)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=40) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=20
)


def head(major: int, number: int, width: int) -> bytes:
    """A head in the asked-for width, needed or not; 0 stands for the width inside the first byte."""
    if width == 0:
        return bytes([major << 5 | number % 32])
    size = 2 ** (width - 1)
    return bytes([major << 5 | 23 + width, *(number % 2 ** (8 * size)).to_bytes(size, "big")])


small = st.integers(0, 6) | st.sampled_from([23, 24, 255, 256, 65536, 2**32, 2**63, 2**64 - 1])
heads = st.builds(head, st.integers(0, 7), small, st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4]))
pieces = heads | st.sampled_from([b"a", b"b", "é".encode(), "e\u0301".encode(), b"\xff", b"\xf4", b"\xf6", b"\x61a", b"\x61b"])
almost_cbor = st.lists(pieces, max_size=12).map(b"".join)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good encoding with one stretch replaced."""
    data = cbor2.dumps(draw(values), canonical=True)
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(start + 3, len(data))))
    return data[:start] + draw(st.binary(max_size=3)) + data[end:]


def in_profile(value: Any, depth: int = 0) -> bool:
    if type(value) in (list, dict) and depth >= MAX_DEPTH:
        return False
    if type(value) is list:
        return all(in_profile(item, depth + 1) for item in value)
    if type(value) is dict:
        return all(type(key) is str and in_profile(key) and in_profile(value[key], depth + 1) for key in value)
    if type(value) is int:
        return -(2**63) <= value < 2**64
    return value is None or type(value) in (bool, bytes) or (type(value) is str and normal(value) == value)


def oracle_accepts(data: bytes) -> bool:
    if len(data) > MAX_BYTES:
        return False
    try:
        value = cbor2.loads(data)
        return in_profile(value) and cbor2.dumps(value, canonical=True) == data
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError):
        return False


def accepts(data: bytes) -> bool:
    try:
        value = decode(data)
    except CborError:
        return False
    assert encode(value) == data
    assert value == cbor2.loads(data)
    return True


@given(values)
@settings(max_examples=400, deadline=None)
def test_values_of_the_profile_encode_as_cbor2_does_and_come_back(value: Any) -> None:
    data = encode(value)
    assert data == cbor2.dumps(value, canonical=True)
    assert decode(data) == value


@given(almost_cbor | damaged() | st.binary(max_size=30))
@settings(max_examples=1500, deadline=None)
@example(bytes.fromhex("a2616101616101"))
@example(bytes.fromhex("1801"))
@example(bytes.fromhex("9fff"))
@example(bytes.fromhex("c24101"))
@example(bytes.fromhex("0000"))
def test_the_decoder_accepts_exactly_what_the_slow_rule_accepts(data: bytes) -> None:
    assert accepts(data) == oracle_accepts(data)


@given(st.none() | st.floats() | st.complex_numbers() | st.decimals() | st.dates() | st.sets(st.integers()) | scalars)
def test_encoding_never_raises_anything_but_its_own_error(value: Any) -> None:
    try:
        assert in_profile(decode(encode(value)))
    except CborError as refused:
        assert refused.reason == "an unsupported type"  # noqa: PT017
