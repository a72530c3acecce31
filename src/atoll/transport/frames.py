"""Frames over a byte stream: one octet of kind, three of length, then the payload.

    +--------+------------------------+----------------------+
    |  kind  |  length (big-endian)   |  payload             |
    |  u8    |  u24                   |  0 .. MAX_PAYLOAD    |
    +--------+------------------------+----------------------+

`FrameReader` is the whole parser and does no I/O: it lends out the memory that the next bytes should be written to and hands
back complete frames. A large frame is read straight into its own buffer, so its bytes are copied once. The header is judged
before anything is allocated for it, and at most one incomplete frame exists at a time, so a peer can claim MAX_PAYLOAD bytes
and no more.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from atoll.protocols.role import MAX_FRAME_BYTES
from atoll.transport.errors import FrameTooLarge, UnknownFrame

HEADER_BYTES = 4
MAX_OVERHEAD_BYTES = 64
"""Room for what sealing adds to a full frame."""
MAX_PAYLOAD = MAX_FRAME_BYTES + MAX_OVERHEAD_BYTES
_SCRATCH_BYTES = 64 * 1024


class Kind(enum.IntEnum):
    """What a frame holds. The number is on the wire and in the associated data of sealed frames."""

    WELCOME = 1
    """First frame of a session, listener to dialler, empty: "you are who you should be". Never seen above the session."""
    CONTROL = 2
    """One CBOR message."""
    BULK = 3
    """Raw bytes; the messages before them say what they are."""
    SEAL = 4
    """One CBOR message in the clear that opens sealing; see `sealing`."""
    RUNNER = 5
    """One CBOR message between two job runners, which the roles never see; see `runner`."""
    CLOSE = 6
    """End of a sealed stream, empty: nothing was cut off before it."""


_KINDS = {int(kind): kind for kind in Kind}


class Received(NamedTuple):
    """One frame as it came in."""

    kind: Kind
    data: bytes


def encode_header(kind: Kind, length: int) -> bytes:
    """The four octets before a payload of `length` bytes, 0 to MAX_PAYLOAD."""
    if not 0 <= length <= MAX_PAYLOAD:
        raise FrameTooLarge(found=length, limit=MAX_PAYLOAD)
    return (int(kind) << 24 | length).to_bytes(HEADER_BYTES, "big")


def parse_header(header: bytes | memoryview) -> tuple[Kind, int]:
    """Kind and length in four octets.

    Raises:
        UnknownFrame: no such kind.
        FrameTooLarge: the length is above MAX_PAYLOAD.
    """
    word = int.from_bytes(header, "big")
    kind = _KINDS.get(word >> 24)
    if kind is None:
        raise UnknownFrame(kind=word >> 24)
    length = word & 0xFFFFFF
    if length > MAX_PAYLOAD:
        raise FrameTooLarge(found=length, limit=MAX_PAYLOAD)
    return kind, length


class FrameReader:
    """Turns a byte stream into frames.

        view = reader.buffer()          # where the next bytes go
        count = socket.recv_into(view)
        for frame in reader.advance(count): ...

    After an error the reader is dead: the stream cannot be trusted to be in step any more.
    """

    def __init__(self) -> None:
        self._scratch = memoryview(bytearray(_SCRATCH_BYTES))
        self._held = 0  # bytes of an incomplete header at the start of the scratch memory
        self._kind = Kind.CONTROL
        self._frame: bytearray | None = None
        self._filled = 0

    def buffer(self) -> memoryview:
        """Memory for the next bytes, never empty; valid until `advance`."""
        if self._frame is not None:
            return memoryview(self._frame)[self._filled :]
        return self._scratch[self._held :]

    def advance(self, count: int) -> list[Received]:
        """The frames that `count` bytes, written to `buffer()`, complete.

        Raises:
            UnknownFrame, FrameTooLarge: see `parse_header`.
        """
        if self._frame is not None:
            self._filled += count
            return self._finish()
        data = self._scratch[: self._held + count]
        frames: list[Received] = []
        at = 0
        while len(data) - at >= HEADER_BYTES:
            kind, length = parse_header(data[at : at + HEADER_BYTES])
            at += HEADER_BYTES
            here = data[at : at + length]
            at += len(here)
            if len(here) == length:
                frames.append(Received(kind, bytes(here)))
                continue
            self._kind, self._frame, self._filled = kind, bytearray(length), len(here)
            self._frame[: len(here)] = here
        rest = bytes(data[at:])
        self._scratch[: len(rest)] = rest
        self._held = len(rest)
        return frames

    def is_between_frames(self) -> bool:
        """Whether the stream could end here without cutting a frame in two."""
        return self._frame is None and self._held == 0

    def _finish(self) -> list[Received]:
        frame = self._frame
        if frame is None or self._filled < len(frame):
            return []
        self._frame = None
        return [Received(self._kind, bytes(frame))]
