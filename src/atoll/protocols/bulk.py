"""Bytes too many for one frame, in frames of MAX_FRAME_BYTES and a last one with the rest; both sides know the length."""

from __future__ import annotations

from atoll.protocols.errors import WrongBulkLength
from atoll.protocols.role import MAX_FRAME_BYTES, Frame, Party, Receive, Role, Send


def send_bulk(to: Party, data: bytes | memoryview) -> Role[None]:
    """Send `data`; nothing is sent when it is empty."""
    view = memoryview(data)
    for at in range(0, len(view), MAX_FRAME_BYTES):
        yield Send(to, Frame(bytes(view[at : at + MAX_FRAME_BYTES])))


def receive_bulk(sender: Party, length: int) -> Role[bytes]:
    """Receive exactly `length` bytes, as `send_bulk` cuts them.

    Raises:
        WrongBulkLength: a frame of another length than due.
    """
    parts: list[bytes] = []
    for left in range(length, 0, -MAX_FRAME_BYTES):
        expected = min(MAX_FRAME_BYTES, left)
        frame: Frame = yield Receive(sender, Frame)
        if len(frame.data) != expected:
            raise WrongBulkLength(party=str(sender), found=len(frame.data), expected=expected)
        parts.append(frame.data)
    return parts[0] if len(parts) == 1 else b"".join(parts)
