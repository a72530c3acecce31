"""Strict deterministic CBOR: one byte string for one value.

The profile is LEDGER.md section 9, a part of RFC 8949 section 4.2.1: integers from -2^63 to 2^64-1, byte strings, NFC text,
booleans, null, arrays, maps with text keys. Nothing else decodes: no float, tag, bignum or indefinite length, no second way to
write a number, no unsorted or repeated key, nothing after the item. So equal values have equal bytes, and a hash of the bytes
is a hash of the value.

    >>> encode({"b": [1, None], "a": b"x"}).hex()
    'a26161417861628201f6'

The work is done in `rust/core/src/cbor`, in one pass without building anything on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from atoll import _core

CborValue: TypeAlias = "int | bytes | str | bool | Sequence[CborValue] | Mapping[str, CborValue] | None"
"""What the profile can say. Arrays decode to `list`, maps to `dict`; encoded are exactly `list` or `tuple`, and `dict`."""

MAX_BYTES = 64_000
"""Longest encoding unless the caller allows more: the bound of a ledger transaction."""

MAX_DEPTH = 16
"""Deepest nesting unless the caller says otherwise; a value outside any array or map has depth 0."""


def encode(value: CborValue, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> bytes:
    """The one encoding of `value`.

    Args:
        value: built from exactly int, bytes, str, bool, None, list, tuple and dict; a subclass (an `IntEnum`, a named tuple) is
            refused, because it would come back as another type. Texts are NFC; dict keys are text, in any order.
        max_bytes: longest encoding.
        max_depth: deepest nesting, at most 64.

    Raises:
        CborError: the value is outside the profile or the limits; `.reason` says why, `.offset` after how many bytes.
    """
    return _core.cbor_encode(value, max_bytes, max_depth)


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """The value that `data` encodes.

    Whatever decodes encodes to `data` again. Memory stays proportional to `data`, whatever lengths it announces.

    Args:
        data: exactly one item, at most `max_bytes`.
        max_bytes: longest input.
        max_depth: deepest nesting, at most 64.

    Raises:
        CborError: the bytes are outside the profile or the limits; `.reason` says why, `.offset` at which byte.
    """
    return _core.cbor_decode(data, max_bytes, max_depth)
