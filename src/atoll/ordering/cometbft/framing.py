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
_MORE = 0x80
"""Set in all bytes of a length but the last."""


def encode_frame(message: bytes) -> bytes:
    """The message behind its length."""
    return encode_uvarint(len(message)) + message


class Frames:
    """Bytes as they arrive, messages as they are complete."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._wanted = 1
        """Nothing is complete before so many bytes are here: a long message arrives in many pieces."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are complete now, in order; what is left waits for more.

        Raises:
            BadFrame: a length that is malformed or above MAX_FRAME_BYTES. Nothing after it can be read.
        """
        self._rest += data
        if len(self._rest) < self._wanted:
            return
        arrived, start = bytes(self._rest), 0
        try:
            while start < len(arrived):
                begin, end = _find(arrived, start)
                if end > len(arrived):
                    self._wanted = end - start
                    return
                start = end
                yield arrived[begin:end]
            self._wanted = 1
        finally:
            del self._rest[:start]


def _find(data: bytes, start: int) -> tuple[int, int]:
    """Where the message behind the length at `start` begins and ends; where the length is cut short, past the end of all."""
    length = data[start]
    if length < _MORE:
        return start + 1, start + 1 + length
    if start + 1 < len(data) and 0 < (second := data[start + 1]) < _MORE:  # that of nearly all
        return start + 2, start + 2 + (length & 0x7F | second << 7)
    prefix = data[start : start + _MAX_PREFIX_BYTES]
    if len(prefix) < _MAX_PREFIX_BYTES and prefix[-1] >= _MORE:
        return start, len(data) + 1
    try:
        length, begin = parse_uvarint(data, start)
    except VarintError as err:
        raise BadFrame(reason=f"its length cannot be read: {err}") from err
    if length > MAX_FRAME_BYTES:
        raise BadFrame(reason=f"{length} bytes, at most {MAX_FRAME_BYTES}")
    return begin, begin + length
