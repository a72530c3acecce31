"""How operations talk: a generator that yields what it says and hears, once a round.

An operation is a generator of `Round`s. All three nodes run the same one, and each yields the same number of rounds, some
with nothing to say. Only neighbours talk, and both directions are plain byte streams, so nobody needs to know where a message
ends:

    def multiply(node, x, y):
        z = ...
        heard = yield Round(to_previous=(z,), from_next=z.nbytes)
        return Ring(...)

Operations compose by `yield from`. Independent ones run together by `yield from parallel(a, b, ...)`: what they say in one
round shares frames, and where they are the chunks of one big column, one is on the wire while the next one computes. Whoever
runs an operation (`run_together` for tests and simulation, `as_role` for the network) serves the parallel ones first come,
first served: the order in which they write and read follows from the program alone, so it is the same at all nodes.

No message's length depends on a secret: rounds and sizes follow from shapes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

Buffer: TypeAlias = bytes | memoryview | NDArray[np.uint64]
"""What a round says: anything contiguous, of a multiple of eight bytes."""


class Side(StrEnum):
    """One of a node's two neighbours."""

    PREVIOUS = "previous"
    NEXT = "next"


class Why(StrEnum):
    """What a signed round does."""

    PROOF = "proof"
    """It says a proof, or what is left of one."""
    COIN = "coin"
    """It tells a part of a coin."""
    OPENING = "opening"
    """It tells a part of an opened value."""

    @property
    def is_told_twice(self) -> bool:
        """Whether both holders of a part tell it, one of them by its digest."""
        return self is not Why.PROOF


@dataclass(frozen=True, slots=True)
class Signed:
    """That those who speak in a round sign all they have said so far (`witness`), and where the digests of parts go."""

    why: Why
    digest_to: Side | None = None
    """To whom this node says a digest; the other one gets a part."""
    digest_from: Side | None = None
    """From whom it hears one."""
    prefix: bytes = b""
    """What stands before a part in its digest."""


@dataclass(frozen=True, slots=True)
class Round:
    """What this node says to its neighbours, and how many bytes it then needs from them; `yield` gives a `Heard`.

    Buffers must be contiguous and never change afterwards: they may go out later.
    """

    to_previous: tuple[Buffer, ...] = field(default=(), repr=False)
    to_next: tuple[Buffer, ...] = field(default=(), repr=False)
    from_previous: int = 0
    from_next: int = 0
    signed: Signed | None = None
    """For rounds after which a node may be accused; all three nodes must agree which those are."""


class Heard(NamedTuple):
    """What the neighbours said, exactly as long as the round asked."""

    from_previous: memoryview
    from_next: memoryview


@dataclass(frozen=True, slots=True)
class Together:
    """Operations that do not wait for each other; `yield` gives the list of their results. Written as `parallel`."""

    operations: tuple[Generator[Any, Any, Any], ...]


Steps: TypeAlias = Generator[Round | Together, Any, T]
"""What an operation returns: `yield Round(...)` evaluates to `Heard`."""


def parallel(*operations: Steps[T]) -> Steps[list[T]]:
    """Run independent operations together and give their results in order.

    Rounds: those of the longest. Bytes: the sum.
    """
    if len(operations) == 1:
        return [(yield from operations[0])]
    results: list[T] = yield Together(operations)
    return results


CHUNK = (1 << 17) - 512
"""Elements of a chunk: its planes fit the caches, and a million-row column still keeps the wires busy. No power of two, so that
planes do not fall on each other in a cache."""

CIRCUIT_CHUNK = 2 * CHUNK
"""The same of comparisons, and of circuits on bits. They go through a chunk in blocks that the caches hold, however long it is;
to handle half as many messages saves a twelfth of the processor time."""


def chunks(count: int, *, size: int | None = None) -> Iterator[slice]:
    """Slices of `size` elements, or CHUNK, and a last one with the rest; one empty slice for an empty column."""
    size = CHUNK if size is None else size
    for start in range(0, max(count, 1), size):
        yield slice(start, min(start + size, count))


def chunked(count: int, operation: Callable[[slice], Steps[T]], *, size: int | None = None) -> Steps[list[T]]:
    """Run `operation` on each chunk of a column of `count` elements, all in parallel."""
    return parallel(*[operation(part) for part in chunks(count, size=size)])


def as_is(value: T) -> Steps[T]:
    """A result that needs no rounds, where an operation is called for."""
    return value
    yield Round()  # never reached; makes this a generator


class Seal(NamedTuple):
    """A signed round by its number, counted from 0 in the order that all nodes share."""

    number: int
    signed: Signed


class Write(NamedTuple):
    """Put these on the wires. Never waits."""

    to_previous: tuple[Buffer, ...]
    to_next: tuple[Buffer, ...]
    seal: Seal | None = None


class Read(NamedTuple):
    """Wait for that many bytes of each neighbour."""

    from_previous: int
    from_next: int
    seal: Seal | None = None


@dataclass(slots=True, eq=False)
class _Task:
    """One running operation: its place in the operation that waits for it."""

    operation: Steps[Any]
    parent: _Task | None = None
    place: int = 0
    depth: int = 0
    missing: int = 0
    results: list[Any] = field(default_factory=list)


class Ended(NamedTuple):
    """What `in_order` returns."""

    output: Any
    rounds: int
    """Rounds one after the other on the longest way through the program."""


def in_order(steps: Steps[Any]) -> Generator[Write | Read, Heard | None, Ended]:
    """The one order in which the writes and reads of a program happen: first come, first served.

    Yields a `Write` (answered by None) or a `Read` (answered by `Heard`); the order depends on the program alone.
    """
    root = _Task(steps)
    waiting: deque[tuple[_Task, Read]] = deque()
    ready: list[tuple[_Task, Any]] = [(root, None)]
    sealed = 0
    while True:
        while ready:
            task, value = ready.pop()
            try:
                said = task.operation.send(value)
            except StopIteration as end:
                parent = task.parent
                if parent is None:
                    return Ended(end.value, task.depth)
                parent.results[task.place] = end.value
                parent.depth = max(parent.depth, task.depth)
                parent.missing -= 1
                if not parent.missing:
                    ready.append((parent, parent.results))
                continue
            if isinstance(said, Round):
                seal = None
                if said.signed is not None:
                    seal, sealed = Seal(sealed, said.signed), sealed + 1
                if said.to_previous or said.to_next:
                    yield Write(said.to_previous, said.to_next, seal)
                waiting.append((task, Read(said.from_previous, said.from_next, seal)))
                task.depth += 1
                continue
            task.missing, task.results = len(said.operations), [None] * len(said.operations)
            if not said.operations:
                ready.append((task, []))
            started = [(_Task(child, task, place, task.depth), None) for place, child in enumerate(said.operations)]
            ready.extend(reversed(started))
        task, read = waiting.popleft()
        heard = (yield read) if read.from_previous or read.from_next else _SILENCE
        ready.append((task, heard))


_SILENCE = Heard(memoryview(b""), memoryview(b""))
