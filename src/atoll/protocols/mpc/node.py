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
from functools import partial
from hashlib import sha256
from typing import TypeAlias

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.replicated import Streams
from atoll.protocols.mpc.errors import NotVerifiable, SetUpDiffers
from atoll.protocols.mpc.notes import Notes
from atoll.protocols.mpc.places import compute, next_of, previous_of
from atoll.protocols.mpc.rounds import Heard, Round, Steps
from atoll.protocols.mpc.verification import verify

KEY_BYTES = 16
_SECRET_BYTES = 32
_KEY_DOMAIN = b"ATOLL-V01-MPC-KEY"
_CHECK_DOMAIN = b"ATOLL-V01-MPC-SETUP"


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
        """Malicious mode: told of every product and every circuit (`products`, `circuit`), to be verified later."""
        self.verify: Verify | None = None
        """Malicious mode: run before anything is opened (`opening`)."""
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

    def refuse_malicious(self, operation: str) -> None:
        """For steps that rest on what one node alone knows.

        Raises:
            NotVerifiable: this is malicious mode.
        """
        if self.is_malicious:
            raise NotVerifiable(operation=operation)


Verify: TypeAlias = Callable[[], Steps[None]]


def set_up(
    me: int, *, context: bytes, seed: bytes, adversary: Adversary = Adversary.SEMI_HONEST, program: bytes = b""
) -> Steps[Node]:
    """Agree on keys, and make sure that all nodes run the same thing.

    Args:
        me: 0 to 2.
        context: digest of the plan and the attempt's number; equal at all nodes.
        seed: 32 secret bytes, fresh for this attempt.
        program: digest of what will run, when there is one.

    Raises:
        SetUpDiffers: a neighbour holds another key, context or program.

    Rounds: 2. Bytes sent a node: 32 for the key, 64 for the check. Leaks: nothing.
    """
    own_secret = SeededEntropy(seed).fork("mpc key").bytes(_SECRET_BYTES)
    heard: Heard = yield Round(to_previous=(own_secret,), from_next=_SECRET_BYTES)
    next_secret = bytes(heard.from_next)
    bound = len(context).to_bytes(8, "big") + context + adversary.encode() + b"\0" + program
    # Each key has two holders: both say what it is good for, in a digest that shows nothing of it.
    own_check, next_check = (sha256(_CHECK_DOMAIN + secret + bound).digest() for secret in (own_secret, next_secret))
    heard = yield Round(to_previous=(own_check,), to_next=(next_check,), from_previous=32, from_next=32)
    if heard.from_next != next_check:
        raise SetUpDiffers(party=str(compute(next_of(me))))
    if heard.from_previous != own_check:
        raise SetUpDiffers(party=str(compute(previous_of(me))))
    own_key, next_key = (sha256(_KEY_DOMAIN + secret + bound).digest()[:KEY_BYTES] for secret in (own_secret, next_secret))
    node = Node(me, Streams(own_key, next_key), adversary=adversary)
    if node.is_malicious:
        node.log = Notes()
        node.verify = partial(verify, node, node.log)
    return node
