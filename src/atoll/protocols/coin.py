"""A salt that nobody chose: each party commits to a share, then all open; the salt hashes the shares together.

Commit-then-open coin tossing (Blum, "Coin flipping by telephone", CRYPTO 1981). Whoever hears all openings before it sends its
own can still refuse to, so a run can be aborted but its salt cannot be chosen. Shares come from each party's seed, so a resumed
run draws the same one.

Leaks: nothing. Cost: two messages a pair of parties, two rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from atoll.primitives.commitment import commit, draw_opening, is_opening
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.errors import SaltShareChanged
from atoll.protocols.role import Party, Receive, Role, Send
from atoll.wire.message import Digest, Message

SALT_BYTES = 32
_COMMITMENT_DOMAIN = "joint-salt/1"
_SALT_DOMAIN = b"ATOLL-V01-JOINT-SALT"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaltCommitment(Message):
    """First: a promise of one share."""

    TAG: ClassVar[str] = "joint-salt.commitment/1"

    commitment: Digest
    """Hiding commitment to place and share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaltShare(Message):
    """Second, once all promises are there: the share itself."""

    TAG: ClassVar[str] = "joint-salt.share/1"

    share: Digest
    """32 uniform bytes."""
    opening: Digest
    """What the commitment was made with."""


def draw_joint_salt(me: Party, peers: Sequence[Party], *, context: bytes, seed: bytes) -> Role[bytes]:
    """Toss for a salt with all `peers`.

    Args:
        me: this party's place.
        peers: everybody else that tosses; all name the same places.
        context: the plan's digest, 32 bytes; a salt of one job means nothing in another.
        seed: 32 secret bytes, this attempt's.

    Returns:
        SALT_BYTES bytes, the same at every party.

    Raises:
        SaltShareChanged: a peer did not open what it had committed to.
    """
    entropy = SeededEntropy(seed).fork("joint salt")
    share, opening = entropy.bytes(SALT_BYTES), draw_opening(entropy)
    for peer in peers:
        yield Send(peer, SaltCommitment(commitment=commit(_COMMITMENT_DOMAIN, opening, _promise(me, context, share))))
    promised = {}
    for peer in peers:
        promise: SaltCommitment = yield Receive(peer, SaltCommitment)
        promised[peer] = promise.commitment
    for peer in peers:
        yield Send(peer, SaltShare(share=share, opening=opening))
    shares = {me: share}
    for peer in peers:
        shown: SaltShare = yield Receive(peer, SaltShare)
        if not is_opening(promised[peer], _COMMITMENT_DOMAIN, shown.opening, _promise(peer, context, shown.share)):
            raise SaltShareChanged(party=str(peer))
        shares[peer] = shown.share
    return sha256(_SALT_DOMAIN + context + b"".join(_promise(one, context, shares[one]) for one in sorted(shares))).digest()


def _promise(place: Party, context: bytes, share: bytes) -> bytes:
    """The place stands in it, so nobody can repeat another's promise as its own."""
    return str(place).encode() + b"\0" + context + share
