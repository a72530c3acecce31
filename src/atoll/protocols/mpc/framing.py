"""Rounds over the network: the two byte streams of a node, cut into frames.

A frame says where in its stream it stands, so one that is lost, repeated, cut or lengthened on its way ends the run:

    position in the stream, 8 bytes little-endian || 1 to MAX_FRAME_BYTES - 8 bytes of the stream

A frame below FLUSH_BYTES goes out only where the sender has said a whole round and waits. So one that leaves the reader's round
unfinished is misplaced too: a neighbour cannot make a reader work on crumbs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from atoll.protocols.mpc.errors import FrameMisplaced, SharesTooLong
from atoll.protocols.mpc.places import compute, next_of, previous_of
from atoll.protocols.mpc.rounds import Buffer, Heard, Read, Steps, in_order
from atoll.protocols.mpc.streams import Incoming
from atoll.protocols.role import MAX_FRAME_BYTES, Frame, Party, Receive, Role, Send

T = TypeVar("T")

FLUSH_BYTES = 1 << 18
"""A frame goes out when so much is written, or earlier when this node must wait for something."""

POSITION_BYTES = 8
"""In front of each frame: how much of the stream came before it."""


def as_role(index: int, steps: Steps[T]) -> Role[T]:
    """A compute node's program as a role that talks to its two neighbours.

    Never holds more than is due and one frame of a neighbour: it reads a frame only when it needs one.

    Raises:
        FrameMisplaced: a neighbour's frame is not the next one of its stream.
        SharesTooLong: a neighbour said more than the program makes it say.
    """
    previous, following = _Wire(compute(previous_of(index))), _Wire(compute(next_of(index)))
    order = in_order(steps)
    heard: Heard | None = None
    while True:
        try:
            action = order.send(heard)
        except StopIteration as end:
            output: T = end.value.output
            return (yield from _close(previous, following, output))
        heard = None
        if isinstance(action, Read):
            for wire, due in ((previous, action.from_previous), (following, action.from_next)):
                while len(wire.incoming) < due:
                    yield from previous.flush()
                    yield from following.flush()
                    yield from wire.read_frame(due)
            heard = Heard(previous.incoming.take(action.from_previous), following.incoming.take(action.from_next))
        else:
            yield from previous.write(action.to_previous)
            yield from following.write(action.to_next)


def _close(previous: _Wire, following: _Wire, output: T) -> Role[T]:
    """Say what is left to say; nothing may be left to hear."""
    for wire in (previous, following):
        yield from wire.flush()
        if len(wire.incoming):
            raise SharesTooLong(party=str(wire.peer), found=len(wire.incoming))
    return output


class _Wire:
    """One neighbour: what it said and is not read, what is written and not sent."""

    def __init__(self, peer: Party) -> None:
        self.peer = peer
        self.incoming = Incoming()
        self._parts: list[Any] = []
        self._length = 0
        self._sent = 0
        self._heard = 0

    def write(self, buffers: Sequence[Buffer]) -> Role[None]:
        """Take buffers on; send what fills a frame."""
        for buffer in buffers:
            view = buffer.data if isinstance(buffer, np.ndarray) else memoryview(buffer)
            if not view.nbytes:
                continue
            view = view.cast("B")
            while self._length + len(view) >= FLUSH_BYTES:
                room = MAX_FRAME_BYTES - POSITION_BYTES - self._length
                self._parts.append(view[:room])
                self._length += min(room, len(view))
                view = view[room:]
                yield from self.flush()
            if len(view):
                self._parts.append(view)
                self._length += len(view)

    def flush(self) -> Role[None]:
        """Send what is written."""
        if self._length:
            parts, length = self._parts, self._length
            yield Send(self.peer, Frame(b"".join([_position(self._sent), *parts])))
            self._parts, self._length, self._sent = [], 0, self._sent + length

    def read_frame(self, due: int) -> Role[None]:
        """Wait for the next frame of a round that asks for `due` bytes."""
        frame: Frame = yield Receive(self.peer, Frame)
        length = len(frame.data) - POSITION_BYTES
        is_crumb = length < FLUSH_BYTES and len(self.incoming) + length < due
        if frame.data[:POSITION_BYTES] != _position(self._heard) or length <= 0 or is_crumb:
            raise FrameMisplaced(party=str(self.peer), expected=self._heard)
        self._heard += length
        self.incoming.put(memoryview(frame.data)[POSITION_BYTES:])


def _position(at: int) -> bytes:
    return at.to_bytes(POSITION_BYTES, "little")
