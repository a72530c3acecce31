"""Roles to be run: two that swap random frames and words, and small ones that say or hear so many words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from atoll.errors import PeerError
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.role import Checkpoint, Frame, Party, Progress, Receive, Role, Send
from atoll.transport.errors import JobAborted
from atoll.transport.runner import Report
from atoll.wire.message import Message, Range

LEFT, RIGHT = Party("left"), Party("right")
PAIR = {LEFT: RIGHT, RIGHT: LEFT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Message):
    """Something said."""

    TAG: ClassVar[str] = "test-word/1"
    value: Annotated[int, Range(0, 2**32)] = 0


class WordRefused(PeerError):
    """A role found fault with another."""

    code = "test.word_refused"
    sentence = "The word {word} is not acceptable."


def swapper(me: Party, seed: bytes, resume: bytes | None, *, rounds: int = 12, size: int = 2000, every: int = 3) -> Role[bytes]:
    """Both sides send `rounds` random frames and words, checkpoint now and then, and return a little of all they heard."""
    peer = PAIR[me]
    done, heard = (0, b"") if resume is None else (resume[0], resume[1:])
    for round_ in range(done, rounds):
        yield Send(peer, Frame(SeededEntropy(seed).fork(f"frame {round_}").bytes(size)))
        yield Send(peer, Word(value=round_))
        frame: Frame = yield Receive(peer, Frame)
        word: Word = yield Receive(peer, Word)
        heard += frame.data[:4] + bytes((word.value,))
        yield Progress(round_ + 1, rounds, "rounds")
        if (round_ + 1) % every == 0:
            yield Checkpoint(bytes((round_ + 1,)) + heard)
    return heard


def swappers(**options: int) -> dict[Party, Callable[[bytes, bytes | None], Role[bytes]]]:
    return {me: lambda seed, resume, me=me: swapper(me, seed, resume, **options) for me in PAIR}  # type: ignore[misc]


def simple(
    left: Callable[[], Role[Any]], right: Callable[[], Role[Any]]
) -> dict[Party, Callable[[bytes, bytes | None], Role[Any]]]:
    """Two roles without seeds and checkpoints."""
    return {LEFT: lambda seed, resume: left(), RIGHT: lambda seed, resume: right()}


def say(*words: int, to: Party) -> Role[None]:
    for word in words:
        yield Send(to, Word(value=word))


def hear(count: int, *, of: Party) -> Role[list[int]]:
    heard = []
    for _ in range(count):
        word: Word = yield Receive(of, Word)
        heard.append(word.value)
    return heard


def aborted(end: object) -> JobAborted:
    """The same, when it is another party's doing."""
    assert isinstance(end, JobAborted)
    return end


def outputs(reports: Mapping[Party, Report[Any]]) -> dict[Party, Any]:
    return {party: report.output for party, report in reports.items()}
