"""A node that publishes a log, without the node: what its publisher reads, writes and asks."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any

from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import Note, verify_note
from atoll.ledger.tlog_policy import Policy, Witness
from atoll.node.tlog.members import Word
from atoll.node.tlog.publisher import Candidate, Publisher
from atoll.node.tlog.shelf import Shelf
from atoll.node.tlog.witnesses import Witnesses
from atoll.testing.logserver import MadeUpLog
from tests.unit.witness.home import SetClock, quorum_of

ASKING: list[Witnesses] = []
"""Those with connections; `hang_up` closes them."""
ANY_OF = "witness north {}\nwitness south {}\ngroup either any north south\nquorum either\n"
LOG = MadeUpLog(300)
BRANCH = MadeUpLog(300, branch=" otherwise", parts_at=50)


@dataclass
class Chain:
    """A log as an engine holds it."""

    log: MadeUpLog
    clock: SetClock
    stood_at: int = 0
    """When a quorum last stood for it."""
    size: int = 0
    is_catching_up: bool = False
    """Whether what a quorum stood for then is a larger log, of which this one is the beginning."""
    read_as_of: int | None = None
    """By when a quorum had cosigned the notes that are read; None: by the time of reading."""
    alone: tuple[MadeUpLog, ...] = ()
    """What one member signs by itself."""

    @property
    def ledger(self) -> Any:
        return type("Ledger", (), {"log": self.log.tree})

    def view(self) -> Any:
        return type("View", (), {"log_size": self.size, "agreed_at": self.stood_at})

    def seal(self) -> bytes:
        return self.log.note(self.size).encode()

    def newest(self) -> Candidate | None:
        return Candidate(self.log.checkpoint(self.size), self.stood_at) if self.size and not self.is_catching_up else None

    async def sign(self, candidate: Candidate) -> Note:
        return self.log.note(candidate.checkpoint.size)

    def read(self, note: Note) -> Word:
        """Who stands for a note; here the log's one key speaks for a quorum, and a member's for the member."""
        keys = {one.key: one for one in (self.log, *self.alone)}
        signed = {one.key for one in verify_note(note, keys)}
        by = self.clock.time if self.read_as_of is None else self.read_as_of
        return Word(parse_checkpoint(note.text), ("bank",), by if self.log.key in signed else None)

    def agree(self, size: int) -> None:
        """A quorum stands for so much of the log, now."""
        self.size, self.stood_at, self.is_catching_up = size, self.clock.time, False


@dataclass
class Disk:
    """What survives a restart."""

    values: dict[str, bytes] = field(default_factory=dict)
    full: bool = False

    def meta(self, name: str) -> bytes | None:
        return self.values.get(name)

    def set_meta(self, name: str, value: bytes) -> None:
        if self.full:
            raise OSError("no space left")
        self.values[name] = value


class Site:
    """One node's publisher, and what it needs."""

    def __init__(self, log: MadeUpLog, clock: SetClock, *, disk: Disk | None = None) -> None:
        self.clock, self.disk = clock, disk or Disk()
        self.chain = Chain(log, clock)
        self.shelf = Shelf(log=lambda: log.tree, entries=log.entries)

    def publisher(self, *witnesses: Witness, policy: Policy | None = None, tls: ssl.SSLContext | bool = False) -> Publisher:
        """A publisher that asks these, all of whom are needed."""
        asking = Witnesses(witnesses, read=self.chain.read, tls=tls, clock=self.clock) if witnesses else None
        if asking is not None:
            ASKING.append(asking)
        return Publisher(
            engine=self.chain,  # type: ignore[arg-type]
            source=self.chain,
            shelf=self.shelf,
            memory=self.disk,
            read=self.chain.read,
            clock=self.clock,
            every_seconds=1,
            policy=policy or (quorum_of(*witnesses) if witnesses else None),
            witnesses=asking,
        )

    @property
    def published(self) -> int:
        """Size of the published checkpoint."""
        return self.shelf.published.checkpoint.size if self.shelf.published else 0


async def hang_up() -> None:
    """Close what was opened for asking."""
    while ASKING:
        await ASKING.pop().close()
