"""Roles' messages as bytes: a packet is one message or one bulk frame on its way from party to party."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from atoll.errors import InputError
from atoll.protocols.errors import FrameUnfit, UnexpectedPacket
from atoll.protocols.role import MAX_FRAME_BYTES, Frame, Receive
from atoll.wire.message import Message, encode_message, parse_message

Packed: TypeAlias = Message | Frame


class Packet(NamedTuple):
    """What goes over a session."""

    is_bulk: bool
    """Whether `data` is a frame's bytes; otherwise it is one CBOR message."""
    data: bytes


def encode_packet(message: Packed) -> Packet:
    """The one form of a message or frame.

    Raises:
        MessageError: the message is too large.
        FrameUnfit: the frame is empty or above MAX_FRAME_BYTES.
    """
    if not isinstance(message, Frame):
        return Packet(False, encode_message(message))
    if not 1 <= len(message.data) <= MAX_FRAME_BYTES:
        raise FrameUnfit(found=len(message.data), limit=MAX_FRAME_BYTES)
    return Packet(True, message.data)


def parse_packet(packet: Packet, due: Receive) -> Packed:
    """What a role gets that waits for `due`.

    Raises:
        UnexpectedPacket: it is something else, or not well-formed.
    """
    kind = due.kind
    if packet.is_bulk != issubclass(kind, Frame) or (packet.is_bulk and not 1 <= len(packet.data) <= MAX_FRAME_BYTES):
        found = f"a frame of {len(packet.data)} bytes" if packet.is_bulk else "a message"
        raise UnexpectedPacket(party=str(due.sender), found=found, expected=kind.__name__)
    if issubclass(kind, Frame):
        return kind(packet.data)
    try:
        return parse_message(packet.data, kind)
    except InputError as err:
        raise UnexpectedPacket(party=str(due.sender), found="another or a malformed message", expected=kind.__name__) from err
