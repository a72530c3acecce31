"""Rounds over the network: the two byte streams of a node, cut into frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from atoll.protocols.mpc.errors import SharesTooLong
from atoll.protocols.mpc.places import compute, next_of, previous_of
from atoll.protocols.mpc.rounds import Buffer, Heard, Read, Steps, in_order
from atoll.protocols.mpc.streams import Incoming
from atoll.protocols.role import MAX_FRAME_BYTES, Frame, Party, Receive, Role, Send

T = TypeVar("T")

FLUSH_BYTES = 1 << 18
"""A frame goes out when so much is written, or earlier when this node must wait for something."""


def as_role(index: int, steps: Steps[T]) -> Role[T]:
    """A compute node's program as a role that talks to its two neighbours.

    Never holds more than is due and one frame of a neighbour: it reads a frame only when it needs one.

    Raises:
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
                    frame: Frame = yield Receive(wire.peer, Frame)
                    wire.incoming.put(frame.data)
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

    def write(self, buffers: Sequence[Buffer]) -> Role[None]:
        """Take buffers on; send what fills a frame."""
        for buffer in buffers:
            view = buffer.data if isinstance(buffer, np.ndarray) else memoryview(buffer)
            if not view.nbytes:
                continue
            view = view.cast("B")
            while self._length + len(view) >= FLUSH_BYTES:
                room = MAX_FRAME_BYTES - self._length
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
            parts, self._parts, self._length = self._parts, [], 0
            yield Send(self.peer, Frame(b"".join(parts)))
