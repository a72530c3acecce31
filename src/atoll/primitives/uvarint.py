"""Variable-length integers as Protocol Buffers write them: seven bits a byte, lowest first, high bit set on all but the last.

One number has exactly one encoding here: padded forms (`0x80 0x00` for zero) and values past 64 bits are refused, because these
bytes are hashed and signed. Source: Protocol Buffers encoding guide, "Base 128 Varints" and "Signed Integers".
"""

from __future__ import annotations

from atoll.primitives.errors import VarintError

MAX_UVARINT = (1 << 64) - 1
MAX_UVARINT_BYTES = 10


def encode_uvarint(number: int) -> bytes:
    """`number`, 0 to 2^64 - 1, as 1 to 10 bytes.

    Raises:
        VarintError: `number` is out of range.
    """
    if not 0 <= number <= MAX_UVARINT:
        raise VarintError(offset=0, reason="the number does not fit 64 bits")
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def parse_uvarint(data: bytes, offset: int = 0) -> tuple[int, int]:
    """The number that starts at `offset`, and the offset just past it.

    Raises:
        VarintError: cut short, padded with a needless zero byte, or larger than 64 bits.
    """
    number = 0
    for position, byte in enumerate(data[offset : offset + MAX_UVARINT_BYTES]):
        number |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            if byte == 0 and position:
                raise VarintError(offset=offset, reason="it is padded")
            if number > MAX_UVARINT:
                raise VarintError(offset=offset, reason="the number does not fit 64 bits")
            return number, offset + position + 1
    raise VarintError(offset=offset, reason="it is cut short or longer than ten bytes")


def parse_varint(data: bytes, offset: int = 0) -> tuple[int, int]:
    """As `parse_uvarint`, for a signed number in zigzag form (0, -1, 1, -2, ... as 0, 1, 2, 3, ...)."""
    folded, end = parse_uvarint(data, offset)
    return (folded >> 1) ^ -(folded & 1), end
