"""How two sides begin: each says how many rows it brings, then both toss for the salt under which keys are hashed.

Sizes come first: whoever could choose its set after it has seen the salt could choose keys whose digests collide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.protocols.coin import draw_joint_salt
from atoll.protocols.psi.errors import PeerSetTooLarge, TooManyRows
from atoll.protocols.psi.items import MAX_ROWS
from atoll.protocols.psi.limits import CONTEXT_BYTES, SEED_BYTES, Limits
from atoll.protocols.role import Party, Receive, Role, Send
from atoll.wire.message import Message, Range


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSize(Message):
    """First message of either side."""

    TAG: ClassVar[str] = "dh.set-size/1"

    rows: Annotated[int, Range(0, MAX_ROWS)]
    """Rows with a key that this side brings, rows with equal keys counted each."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What both sides know then."""

    salt: bytes
    own_rows: int
    peer_rows: int


def open_run(
    rows: int, *, me: Party, peer: Party, context: bytes, seed: bytes, limits: Limits, most_rows: int = MAX_ROWS
) -> Role[Opened]:
    """Exchange sizes and draw the salt.

    Raises:
        TooManyRows: this side's set is larger than agreed, or than `most_rows`, what the protocol can take.
        PeerSetTooLarge: the other side's is.
        SaltShareChanged: the other side did not keep its promise.

    Leaks to the peer: `rows`.
    """
    if len(context) != CONTEXT_BYTES or len(seed) != SEED_BYTES:
        raise ValueError(f"a context has {CONTEXT_BYTES} bytes and a seed {SEED_BYTES}")
    if rows > min(limits.own_items, most_rows):
        raise TooManyRows(found=rows, limit=min(limits.own_items, most_rows))
    yield Send(peer, SetSize(rows=rows))
    announced: SetSize = yield Receive(peer, SetSize)
    if announced.rows > min(limits.peer_items, most_rows):
        raise PeerSetTooLarge(party=str(peer), found=announced.rows, limit=min(limits.peer_items, most_rows))
    salt = yield from draw_joint_salt(me, [peer], context=context, seed=seed)
    return Opened(salt, rows, announced.rows)
