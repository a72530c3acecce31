"""Frames of the application interface: an unsigned varint with the length, then one protobuf message; both directions alike.

Source: CometBFT v0.38, `spec/abci/abci++_client_server.md`, `abci/types/messages.go`.
"""

from __future__ import annotations

from collections.abc import Iterator

from atoll.ordering.cometbft.errors import BadFrame
from atoll.primitives.errors import VarintError
from atoll.primitives.uvarint import encode_uvarint, parse_uvarint

MAX_FRAME_BYTES = 32 << 20
"""The largest that the engine sends is a decided block (4 MiB and its evidence) or a snapshot's chunk (10 MiB)."""
_MAX_PREFIX_BYTES = 5


def encode_frame(message: bytes) -> bytes:
    """The message behind its length."""
    return encode_uvarint(len(message)) + message


class Frames:
    """Bytes as they arrive, messages as they are complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are complete now, in order; what is left waits for more.

        Raises:
            BadFrame: a length that is malformed or above MAX_FRAME_BYTES. Nothing after it can be read.
        """
        self._buffer += data
        start = 0
        try:
            while start < len(self._buffer):
                found = self._length_at(start)
                if found is None or found[1] + found[0] > len(self._buffer):
                    return
                length, begin = found
                start = begin + length
                yield bytes(memoryview(self._buffer)[begin:start])
        finally:
            del self._buffer[:start]

    def _length_at(self, start: int) -> tuple[int, int] | None:
        prefix = bytes(self._buffer[start : start + _MAX_PREFIX_BYTES])
        if len(prefix) < _MAX_PREFIX_BYTES and prefix[-1] & 0x80:
            return None
        try:
            length, size = parse_uvarint(prefix)
        except VarintError as err:
            raise BadFrame(reason=f"its length cannot be read: {err}") from err
        if length > MAX_FRAME_BYTES:
            raise BadFrame(reason=f"{length} bytes, at most {MAX_FRAME_BYTES}")
        return length, start + size
