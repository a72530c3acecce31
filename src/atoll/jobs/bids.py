"""Values that are committed to before they are computed on: split into shares, promised on the ledger, opened to the nodes.

A bidder splits its value into three words whose exclusive-or it is, two of them uniform in as many bits as the greatest value
has, and commits to each by itself. A share with a bit above is none, so nobody can commit to a value that has one. The
three commitments stand in its signed consent. In the run compute node i is shown shares i and i + 1 with their openings, so
both holders of a share compare it with the same commitment, and hand it to each other: the nodes compute on what was promised,
or not at all.

A commitment is bound to the plan, the bidder's place and the share's number; it opens nowhere else. One node learns two shares,
which say nothing of the value; two nodes learn it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ports import Entropy
from atoll.primitives.commitment import commit, draw_opening, is_opening
from atoll.wire.message import Digest, Message, Range, Size

SHARES = 3
SHARE_BYTES = 8
DOMAIN = "bid-share/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Message):
    """One share of a value, and what opens its commitment; both secret."""

    word: Annotated[bytes, Size(SHARE_BYTES)]
    """Little-endian."""
    opening: Digest
    """Drawn for this commitment."""

    def __repr__(self) -> str:
        return "Share(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid(Message):
    """What stands on the ledger of one bidder's value."""

    place: Annotated[int, Range(0, 63)]
    """Of the bidder, among the owners of the plan."""
    commitments: Annotated[tuple[Digest, ...], Size(SHARES, SHARES)]
    """To its shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedBid(Message):
    """A bidder to a compute node: the two shares that it holds; none from a bidder that does not open."""

    TAG: ClassVar[str] = "opened-bid/1"

    shares: Annotated[tuple[Share, ...], Size(0, 2)]
    """Share i and share i + 1, for node i."""


def split_value(value: int, entropy: Entropy, *, width: int) -> tuple[Share, ...]:
    """Three fresh shares of a value, of `width` bits each; at most 64."""
    first, second = (int.from_bytes(entropy.bytes(SHARE_BYTES), "little") % (1 << width) for _ in range(2))
    words = (first, second, value ^ first ^ second)
    return tuple(Share(word=one.to_bytes(SHARE_BYTES, "little"), opening=draw_opening(entropy)) for one in words)


def commit_shares(shares: Sequence[Share], *, plan: bytes, place: int) -> tuple[bytes, ...]:
    """The commitments of a bidder to its shares.

    Args:
        plan: digest of the plan.
        place: of the bidder, among the owners.
    """
    return tuple(commit(DOMAIN, one.opening, _said(one, plan, place, number)) for number, one in enumerate(shares))


def is_committed(share: Share, bid: Bid, number: int, *, plan: bytes, width: int) -> bool:
    """Whether a share is the one that the bidder committed to under this number, and of `width` bits."""
    fits = int.from_bytes(share.word, "little") >> width == 0
    return fits and is_opening(bid.commitments[number], DOMAIN, share.opening, _said(share, plan, bid.place, number))


def _said(share: Share, plan: bytes, place: int, number: int) -> bytes:
    return plan + bytes([place, number]) + share.word
