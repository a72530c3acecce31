"""Which bids count: the two holders of a share hand each other its opening, then the nodes tell which bids they hold.

Share n of a bid lies at nodes n - 1 and n. Both are entitled to it, so what a bidder shows to one of them it shows to both, and
a bid is opened as soon as each share was shown to one holder. A node tells the others of which bids it holds both shares, and a
bid counts where two nodes do: together they hold all three.

So no node alone keeps a bid from counting that was opened: the other two hold it, and tell each other so. A node that tells
what is not so, or hands nothing on, is outvoted or ends the run, which silence does too; none of it changes what a run computes
on that ends well. This holds in both modes, and with a bidder in league with the node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from atoll.jobs.bids import SHARE_BYTES, SHARES, Bid, Share, is_committed
from atoll.jobs.errors import OpenedDiffers
from atoll.protocols.mpc import Steps
from atoll.protocols.mpc.places import COMPUTE, next_of, previous_of
from atoll.protocols.mpc.rounds import Heard, Round
from atoll.protocols.mpc.shares import Words64

_TOLD = 8
_OPENING = SHARE_BYTES + 32

Pair: TypeAlias = tuple[Share | None, Share | None]
"""Shares i and i + 1 of a bid at node i, as committed to; None where no opening is known."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A compute node, as it compares shares with the commitments on the ledger."""

    index: int
    plan: bytes
    """Digest of the plan."""
    width: int
    """Bits of a share."""

    def kept(self, bid: Bid, shares: Sequence[Share | None]) -> Pair:
        """Those of shares i and i + 1 that are what the bidder committed to.

        Args:
            shares: what was said to be the two, none or fewer where it was less.
        """
        own, other = (*shares, None, None)[:2]
        return self._kept(own, bid, self.index), self._kept(other, bid, (self.index + 1) % SHARES)

    def exchange(self, bids: Sequence[Bid], shown: Sequence[Pair]) -> Steps[list[Pair]]:
        """What this node holds of each bid once holders have handed each other the openings that they were shown.

        Rounds: 1. Bytes sent a node: 80 a bid. Leaks: nothing, for what is handed on is the other one's as well.
        """
        length = _OPENING * len(bids)
        heard: Heard = yield Round(
            to_previous=(_packed(own for own, _ in shown),),
            to_next=(_packed(other for _, other in shown),),
            from_previous=length,
            from_next=length,
        )
        handed = zip(_unpacked(heard.from_previous), _unpacked(heard.from_next), strict=True)
        return [
            self.kept(bid, (own or handed_own, other or handed_other))
            for bid, (own, other), (handed_own, handed_other) in zip(bids, shown, handed, strict=True)
        ]

    def _kept(self, share: Share | None, bid: Bid, number: int) -> Share | None:
        return share if share and is_committed(share, bid, number, plan=self.plan, width=self.width) else None


def agree(index: int, held: Sequence[Pair], bidders: Sequence[str]) -> Steps[list[bool]]:
    """Which bids count: those of which this node and another one hold both shares.

    What follows from it is compared: nodes that do not count the same bids would go on with parts that do not fit together.

    Args:
        held: after the exchange.
        bidders: whose they are.

    Raises:
        OpenedDiffers: another node comes to something else.

    Rounds: 2. Bytes sent a node: 32. Leaks: who did not open.
    """
    own = sum(all(pair) << row for row, pair in enumerate(held))
    previous, following = yield from _tell(own)
    counted = own & (previous | following)
    told = zip((previous_of(index), next_of(index)), (yield from _tell(counted)), strict=True)
    others = {str(COMPUTE[at]): said ^ counted for at, said in told if said != counted}
    if others:
        disputed = [name for row, name in enumerate(bidders) if any(one >> row & 1 for one in others.values())]
        raise OpenedDiffers(nodes=" and ".join(sorted(others)), bidders=", ".join(disputed) or "bids that there are not")
    return [bool(counted >> row & 1) for row in range(len(held))]


def counted_words(held: Sequence[Pair], counted: Sequence[bool]) -> Words64:
    """This node's parts of all bids, own ones first; of one that does not count they are 0, at all three nodes."""
    words = np.zeros((2, len(held)), np.uint64)
    for row, (pair, counts) in enumerate(zip(held, counted, strict=True)):
        if counts:
            words[:, row] = [int.from_bytes(one.word, "little") for one in pair if one]
    return words


def _tell(rows: int) -> Steps[tuple[int, int]]:
    """A bit a row to both neighbours, and theirs, the previous one's first."""
    said = rows.to_bytes(_TOLD, "little")
    heard: Heard = yield Round(to_previous=(said,), to_next=(said,), from_previous=_TOLD, from_next=_TOLD)
    return int.from_bytes(heard.from_previous, "little"), int.from_bytes(heard.from_next, "little")


def _packed(shares: Iterable[Share | None]) -> bytes:
    """Words and openings; zeros where there is none, which open nothing."""
    return b"".join(one.word + one.opening if one else bytes(_OPENING) for one in shares)


def _unpacked(said: memoryview) -> list[Share]:
    each = (bytes(said[at : at + _OPENING]) for at in range(0, len(said), _OPENING))
    return [Share(word=one[:SHARE_BYTES], opening=one[SHARE_BYTES:]) for one in each]
