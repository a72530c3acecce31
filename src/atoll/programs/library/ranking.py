"""Auctions and rankings: who offers most, and what it costs.

One column holds the bids, one row a bidder, in the order in which they were committed to; of equal bids the earlier row counts
more. A bid outside the agreed range is void, and so is 0, which stands for no bid at all: that is decided on secret values.
"""

from __future__ import annotations

from enum import StrEnum

from atoll import programs as mp

NOBODY = -1
"""In the place of a row where there is no valid bid left."""
VOID = 0
"""Stands for no bid; and, among ranks, for the rank of none."""


class Rule(StrEnum):
    """What comes out."""

    ORDER = "order"
    """Each bidder's rank, to that bidder alone."""
    BEST = "best"
    """The k best bidders, in order."""
    WINNER = "winner"
    """The best bidder."""
    FIRST_PRICE = "first-price"
    """The best bidder and its bid."""
    SECOND_PRICE = "second-price"
    """The best bidder and the second-best bid, or the least one that counts if there is no other (Vickrey 1961)."""


def ranking_program(rule: Rule, *, bidders: int, low: int, high: int, best: int = 1) -> mp.Program:
    """The program of a rule.

    Args:
        bidders: rows; at least 2.
        low: least bid that counts, at least 1.
        high: greatest bid that counts.
        best: how many come out, with `Rule.BEST`.

    Outputs: `rank-R` to `row-R` with `Rule.ORDER`; else `winners`, rows or NOBODY, and where the rule has one the `price`, to
    `receivers`.
    """
    outputs: dict[str, str | tuple[str, ...]] = {"winners": "receivers"}
    if rule is Rule.ORDER:
        outputs = {f"rank-{row}": f"row-{row}" for row in range(bidders)}
    elif rule in (Rule.FIRST_PRICE, Rule.SECOND_PRICE):
        outputs["price"] = "receivers"

    def ranking(bids: mp.SecretArray) -> dict[str, mp.SecretArray]:
        counted = mp.where(mp.logical_and(bids >= low, bids <= high), bids, VOID)
        if rule is Rule.ORDER:
            places = mp.argsort(mp.argsort(counted, descending=True))
            ranks = mp.where(counted > VOID, places + 1, VOID)
            return {f"rank-{row}": ranks[row] for row in range(bidders)}
        values, rows = mp.top_k(counted, 2 if rule is Rule.SECOND_PRICE else best)
        winners = mp.where(values > VOID, rows, NOBODY)
        if rule in (Rule.BEST, Rule.WINNER):
            return {"winners": winners}
        price = mp.where(values[0] > VOID, mp.maximum(values[1], low), VOID) if rule is Rule.SECOND_PRICE else values[0]
        return {"winners": winners[:1], "price": price}

    declared = mp.column("bidders", mp.int64(0, (1 << high.bit_length()) - 1), rows=bidders)
    return mp.program(inputs={"bids": declared}, outputs=outputs)(ranking)
