"""One compute node: its place, its keys, and the count of what they were used for.

**Keys.** Node i draws k_i from its seed and gives it to the previous node, so node i holds k_i and k_{i+1}. They are fresh for
each attempt and pass through a hash together with the context (the plan's digest and the attempt), so keys of one job fit no
other. Zero shares alpha_i = F(k_i) - F(k_{i+1}) add up to nothing, and to each node the other two are uniform.

**Tickets.** F is AES-128 in counter mode; its counter is (ticket, block). Every operation takes its tickets when it starts,
and since the order in which operations start follows from the program alone, all nodes take the same ones. A ticket is never
given twice, so no position of a key stream is used twice.

Semi-honest, honest majority of three: one corrupt node that follows the protocol learns nothing but what is opened to it.
Source: Araki et al., CCS 2016, ePrint 2016/768, sections 2.2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from atoll.primitives.replicated import Streams
from atoll.protocols.mpc.errors import NotVerifiable
from atoll.protocols.mpc.notes import Notes
from atoll.protocols.mpc.rounds import Steps, as_is

KEY_BYTES = 16

Verify: TypeAlias = Callable[[], Steps[None]]


class Adversary(StrEnum):
    """What the one corrupt node may do."""

    SEMI_HONEST = "semi-honest"
    """It follows the protocol and looks at all it gets."""
    MALICIOUS = "malicious"
    """It does anything; the others notice before anything is opened, and end the run."""


class Node:
    """What an operation needs to know of the node it runs at."""

    def __init__(self, me: int, streams: Streams, *, adversary: Adversary = Adversary.SEMI_HONEST) -> None:
        self.me = me
        self.streams = streams
        self.adversary = adversary
        self.log: Notes | None = None
        """Malicious mode: told of every product, every circuit and every step of a shuffle (`products`, `circuit`,
        `checked_shuffle`), to be verified later."""
        self.common = b""
        """Known to the three nodes and to nobody else: the last proof's coin, hashed once an opening since; empty before."""
        self.verify: Verify = self._not_verified if self.is_malicious else _nothing
        """Run before anything is opened (`opening`, `roles`): in malicious mode what `set_up` put there, nothing otherwise."""
        self._next_ticket = 0

    def ticket(self) -> int:
        """A number that names one use of the key streams; never given twice."""
        ticket = self._next_ticket
        self._next_ticket += 1
        return ticket

    @property
    def is_malicious(self) -> bool:
        """Whether no step may rest on what one node alone knows."""
        return self.adversary is Adversary.MALICIOUS

    def _not_verified(self) -> Steps[None]:
        """Nobody attached a verification (`setting_up`): nothing may be opened."""
        raise NotVerifiable(operation="opening")

    def refuse_malicious(self, operation: str) -> None:
        """For steps that rest on what one node alone knows.

        Raises:
            NotVerifiable: this is malicious mode.
        """
        if self.is_malicious:
            raise NotVerifiable(operation=operation)


def _nothing() -> Steps[None]:
    """Semi-honest nodes need no verification."""
    return as_is(None)
