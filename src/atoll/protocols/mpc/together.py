"""Three nodes in one process: for tests, for simulating a program, and for counting what it costs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from atoll.protocols.mpc.errors import RoundsDiffer
from atoll.protocols.mpc.places import NODES, next_of, previous_of
from atoll.protocols.mpc.rounds import Buffer, Ended, Heard, Read, Steps, Write, in_order
from atoll.protocols.mpc.streams import Incoming

T = TypeVar("T")

Tap: TypeAlias = Callable[[int, int, bytes], bytes]
"""Sees what node `sender` says to node `recipient` and gives what arrives instead: an ear in tests, or a hand."""


@dataclass(frozen=True, slots=True)
class Ran(Generic[T]):
    """What came of a run of three nodes."""

    outputs: list[T]
    """One a node."""
    rounds: int
    """Rounds one after the other."""
    bytes_by_node: tuple[int, int, int]
    """What each node sent, without the framing of a network."""
    claims_by_node: tuple[int, int, int]
    """What each node would sign where it has a witness: one claim for each direction in which it speaks in a signed round."""


def run_together(steps: Sequence[Steps[T]], *, tap: Tap | None = None) -> Ran[T]:
    """Run one operation at three nodes, in one thread and a fixed order.

    Args:
        steps: fresh generators, node 0's first.
        tap: put into every wire.

    Raises:
        RoundsDiffer: a node waits for what nobody says, or something was said that nobody waits for.
    """
    if len(steps) != NODES:
        raise ValueError(f"{NODES} nodes are needed")
    wires = {(sender, to): Incoming() for sender in range(NODES) for to in (next_of(sender), previous_of(sender))}
    seats = [_Seat(index, operation, wires, tap) for index, operation in enumerate(steps)]
    while not all(seat.ended for seat in seats):
        moved = [seat.advance() for seat in seats]
        if not any(moved):
            raise next(seat.stall() for seat in seats if not seat.ended)
    for (_, to), wire in wires.items():
        if len(wire):
            raise RoundsDiffer(node=to, expected=0, found=len(wire))
    ended = [seat.ended for seat in seats if seat.ended]
    first, second, third = seats
    return Ran(
        [one.output for one in ended],
        max(one.rounds for one in ended),
        (first.sent, second.sent, third.sent),
        (first.claims, second.claims, third.claims),
    )


class _Seat:
    """One node: its program, and the read it waits for."""

    def __init__(self, index: int, steps: Steps[Any], wires: dict[tuple[int, int], Incoming], tap: Tap | None) -> None:
        self.index = index
        self.sent = 0
        self.claims = 0
        self.ended: Ended | None = None
        self._order: Generator[Write | Read, Heard | None, Ended] = in_order(steps)
        self._wires = wires
        self._tap = tap
        self._due: Read | None = None

    def advance(self) -> bool:
        """Go on until the node has ended or what it waits for is not there; whether it did anything."""
        moved = False
        while not self.ended and self._is_there():
            moved = True
            try:
                action = self._order.send(self._hear())
            except StopIteration as end:
                self.ended = end.value
                break
            if isinstance(action, Read):
                self._due = action
            else:
                self._say(previous_of(self.index), action.to_previous, is_signed=action.seal is not None)
                self._say(next_of(self.index), action.to_next, is_signed=action.seal is not None)
        return moved

    def stall(self) -> RoundsDiffer:
        due = self._due or Read(0, 0)
        for sender, expected in self._sources(due):
            found = len(self._wires[sender, self.index])
            if found < expected:
                return RoundsDiffer(node=self.index, expected=expected, found=found)
        raise AssertionError("a node that has all it waits for goes on")

    def _sources(self, due: Read) -> tuple[tuple[int, int], tuple[int, int]]:
        return (previous_of(self.index), due.from_previous), (next_of(self.index), due.from_next)

    def _is_there(self) -> bool:
        return self._due is None or all(
            len(self._wires[sender, self.index]) >= size for sender, size in self._sources(self._due)
        )

    def _hear(self) -> Heard | None:
        if self._due is None:
            return None
        due, self._due = self._due, None
        return Heard(*(self._wires[sender, self.index].take(size) for sender, size in self._sources(due)))

    def _say(self, to: int, buffers: Sequence[Buffer], *, is_signed: bool) -> None:
        before = self.sent
        for buffer in buffers:
            data = bytes(buffer)
            self.sent += len(data)
            self._wires[self.index, to].put(self._tap(self.index, to, data) if self._tap else data)
        self.claims += is_signed and self.sent > before
