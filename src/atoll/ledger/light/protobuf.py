"""The few lines of protobuf that CometBFT hashes and signs, written field by field.

What validators sign and what headers hash is a protobuf encoding in one fixed form: fields in the order of their numbers, a
scalar that is zero left out, an embedded message there even if it is empty unless it is optional. A general encoder promises
none of this, so the form is spelt out here. Source: protobuf encoding guide; CometBFT v0.38.25, `types/encoding_helper.go` and
`types/canonical.go`.
"""

from __future__ import annotations

NANOSECONDS = 10**9
_VARINT, _FIXED64, _BYTES = 0, 1, 2


def uvarint(value: int) -> bytes:
    """An unsigned integer in groups of seven bits, the lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def integer(number: int, value: int) -> bytes:
    """A field of type int32, int64, uint32, uint64 or enum, a negative one as 2^64 more; left out where it is zero."""
    return uvarint(number << 3 | _VARINT) + uvarint(value % 2**64) if value else b""


def fixed(number: int, value: int) -> bytes:
    """A field of type sfixed64, not negative; left out where it is zero."""
    return uvarint(number << 3 | _FIXED64) + value.to_bytes(8, "little") if value else b""


def blob(number: int, value: bytes) -> bytes:
    """A field of type bytes or string; left out where it is empty."""
    return message(number, value) if value else b""


def message(number: int, value: bytes) -> bytes:
    """An embedded message, which is there even if it is empty."""
    return uvarint(number << 3 | _BYTES) + delimited(value)


def delimited(value: bytes) -> bytes:
    """A message with its length before it."""
    return uvarint(len(value)) + value


def timestamp(time_ns: int) -> bytes:
    """A `google.protobuf.Timestamp` of a time in Unix nanoseconds."""
    seconds, nanoseconds = divmod(time_ns, NANOSECONDS)
    return integer(1, seconds) + integer(2, nanoseconds)
