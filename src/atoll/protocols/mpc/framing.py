"""Rounds over the network: the two byte streams of a node, cut into frames.

A frame says where in its stream it stands, so one that is lost, repeated, cut or lengthened on its way ends the run:

    position in the stream, 8 bytes little-endian || 8 to MAX_FRAME_BYTES - 8 bytes of the stream, whole words

A frame below FLUSH_BYTES goes out only where the sender has said a whole round and waits. So one that leaves the reader's round
unfinished is misplaced too: a neighbour cannot make a reader work on crumbs. Nor is a word ever cut: kernels read words where
they were heard, and a word off its place in memory would pass for a fault of the reader's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from atoll.errors import PeerError
from atoll.protocols.mpc.errors import FrameMisplaced, SharesTooLong
from atoll.protocols.mpc.places import compute, next_of, previous_of
from atoll.protocols.mpc.rounds import Buffer, Heard, Read, Seal, Side, Steps, in_order
from atoll.protocols.mpc.streams import Incoming
from atoll.protocols.mpc.witness import CLAIM_BYTES, KEY_BYTES, Witness
from atoll.protocols.role import MAX_FRAME_BYTES, Frame, Party, Receive, Role, Send

T = TypeVar("T")

FLUSH_BYTES = 1 << 18
"""A frame goes out when so much is written, or earlier when this node must wait for something."""

POSITION_BYTES = 8
"""In front of each frame: how much of the stream came before it."""

WORD_BYTES = 8
"""Everything that is said is so many bytes or a multiple."""


def as_role(index: int, steps: Steps[T], *, witness: Witness | None = None) -> Role[T]:
    """A compute node's program as a role that talks to its two neighbours.

    Never holds more than is due and one frame of a neighbour: it reads a frame only when it needs one.

    Args:
        index: 0 to 2.
        steps: the program.
        witness: signs what is said in signed rounds and holds the neighbours to theirs; all three nodes have one, or none.

    Raises:
        ClaimForged, TranscriptDisputed: a neighbour does not sign what it said.
        FrameMisplaced: a neighbour's frame is not the next one of its stream.
        SharesTooLong: a neighbour said more than the program makes it say.
    """
    try:
        return (yield from _converse(index, steps, witness))
    except PeerError:
        if witness is not None:  # nobody is accused of what it did not sign; who did not sign is named for that
            witness.verify_heard()
        raise


def _converse(index: int, steps: Steps[T], witness: Witness | None) -> Role[T]:
    """As `as_role`; signatures of coins are not all verified where it ends early."""
    previous = _Wire(index, previous_of(index), Side.PREVIOUS, witness)
    following = _Wire(index, next_of(index), Side.NEXT, witness)
    wires = previous, following
    if witness is not None:
        yield from _introduce(wires, witness)
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
            dues = action.from_previous, action.from_next
            for wire, due in zip(wires, dues, strict=True):
                yield from _wait(wire, due + wire.claimed(due, action.seal), wires)
            heard = Heard(*(wire.take(due, action.seal) for wire, due in zip(wires, dues, strict=True)))
        else:
            yield from previous.say(action.to_previous, action.seal)
            yield from following.say(action.to_next, action.seal)


def _wait(wire: _Wire, due: int, wires: tuple[_Wire, _Wire]) -> Role[None]:
    """Until `due` bytes are there to be read, everything of this node's own having gone out."""
    while len(wire.incoming) < due:
        for one in wires:
            yield from one.flush()
        yield from wire.read_frame(due)


def _introduce(wires: tuple[_Wire, _Wire], witness: Witness) -> Role[None]:
    """Exchange place keys with both neighbours."""
    for wire in wires:
        yield from wire.write((witness.introduce(),))
    for wire in wires:
        yield from _wait(wire, KEY_BYTES, wires)
        witness.meet(wire.place, bytes(wire.incoming.take(KEY_BYTES)))


def _close(previous: _Wire, following: _Wire, output: T) -> Role[T]:
    """Say what is left to say; nothing may be left to hear."""
    for wire in (previous, following):
        yield from wire.flush()
        if len(wire.incoming):
            raise SharesTooLong(party=str(wire.peer), found=len(wire.incoming))
    return output


class _Wire:
    """One neighbour: what it said and is not read, what is written and not sent."""

    def __init__(self, me: int, place: int, side: Side, witness: Witness | None) -> None:
        self.place = place
        self.peer: Party = compute(place)
        self.incoming = Incoming()
        self._witness = witness
        if witness is not None:
            self._saying, self._hearing = witness.direction(me, place, side), witness.direction(place, me, side)
        self._parts: list[Any] = []
        self._length = 0
        self._sent = 0
        self._heard = 0

    def say(self, buffers: Sequence[Buffer], seal: Seal | None) -> Role[None]:
        """What a round says, and this node's claim behind it in a signed one."""
        yield from self.write(buffers)
        said = [view for view in map(_bytes_of, buffers) if view.nbytes] if self._witness is not None else []
        if self._witness is not None and said:
            for view in said:
                self._saying.add(view)
            if seal is not None:
                last = b"".join(said) if seal.signed.why.is_told_twice else b""
                yield from self.write((self._witness.speak(self._saying, seal, last),))

    def claimed(self, due: int, seal: Seal | None) -> int:
        """Bytes of the claim that follows `due` bytes."""
        return CLAIM_BYTES if self._witness is not None and seal is not None and due else 0

    def take(self, due: int, seal: Seal | None) -> memoryview:
        """What a round hears, all of which is there; in a signed one the neighbour is held to its claim.

        Raises:
            ClaimForged, TranscriptDisputed: it does not sign what it said.
        """
        said = self.incoming.take(due)
        if self._witness is not None:
            self._hearing.add(said)
            if seal is not None and due:
                self._witness.hear(self._hearing, seal, said, bytes(self.incoming.take(CLAIM_BYTES)))
        return said

    def write(self, buffers: Sequence[Buffer]) -> Role[None]:
        """Take buffers on; send what fills a frame."""
        for buffer in buffers:
            view = _bytes_of(buffer)
            if not view.nbytes:
                continue
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
        if frame.data[:POSITION_BYTES] != _position(self._heard) or length <= 0 or length % WORD_BYTES or is_crumb:
            raise FrameMisplaced(party=str(self.peer), expected=self._heard)
        self._heard += length
        self.incoming.put(memoryview(frame.data)[POSITION_BYTES:])


def _bytes_of(buffer: Buffer) -> memoryview:
    view = buffer.data if isinstance(buffer, np.ndarray) else memoryview(buffer)
    return view.cast("B") if view.nbytes else memoryview(b"")


def _position(at: int) -> bytes:
    return at.to_bytes(POSITION_BYTES, "little")
