"""How a protocol talks: a role is a generator of steps.

A role yields what it sends and what it waits for, and returns its output. It opens nothing, awaits nothing, and gets time and
randomness as arguments, so a test replays it to the bit, a peer can be a loop of a few lines, and the runner pumps it over any
transport:

    def adder(me, peers, number, *, entropy):
        for peer in peers:
            yield Send(peer, Share(value=...))
        shares = []
        for peer in peers:
            shares.append((yield Receive(peer, Share)))
        return sum(...)

Sub-protocols compose by `yield from`. Control messages are typed (`atoll.wire.message`); bulk data are `Frame`s of at most
1 MiB.

**Checkpoints are a consistent cut.** Every role of a protocol yields `Checkpoint` the same number of times, at points of the
conversation where all messages sent before have been received. A role takes `resume=` (the state it gave) and goes on from
there; its randomness comes from a seed that is in that state or was made durable before the first message, so what is sent
again after a crash is identical to the bit. The parties resume from the highest checkpoint that all of them hold.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from atoll.wire.message import Message

MAX_FRAME_BYTES = 1 << 20
"""Largest bulk frame, header not counted."""


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """One place at the table: the role and index of the plan, never a name or an address."""

    role: str
    index: int = 0

    def __str__(self) -> str:
        return f"{self.role}/{self.index}"


@dataclass(frozen=True, slots=True)
class Frame:
    """Bulk bytes, 1 to MAX_FRAME_BYTES; the protocol says what they hold."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Send:
    """Send `message` to `to`. Never waits for the peer to receive it."""

    to: Party
    message: Message | Frame


@dataclass(frozen=True, slots=True)
class Receive:
    """Wait for the next message of `sender`; it must be of type `kind`. `yield` gives the message."""

    sender: Party
    kind: type[Message] | type[Frame]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Make `state` durable (sealed, on this party's own disk) before anything else is sent."""

    state: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """Tell people how far this is; never leaves the node. `done` of `total`, in `unit`."""

    done: int
    total: int
    unit: str


@dataclass(frozen=True, slots=True)
class Flush:
    """Let what was sent leave now: something long follows, and a peer may wait for it. No word changes by it, only its time."""


Step: TypeAlias = Send | Receive | Checkpoint | Progress | Flush

Output = TypeVar("Output")

Role: TypeAlias = Generator[Step, Any, Output]
"""What a role function returns: `yield Receive(...)` evaluates to the message, the other steps to None."""
