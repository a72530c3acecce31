"""How many pivots a level of the sort takes: rounds against bytes.

A round takes about as long as `ROUND_BYTES` bytes, on a local network and on a far one: both grow together. With p pivots from
a sorted sample a level costs p comparisons an element and cuts every stretch in p + 1, which is log(p + 1) of the way; the p
with the cheapest step wins. Short stretches are compared pair by pair as soon as that is cheaper than to go on.

Everything here is public and equal at all nodes: it depends on counts and widths.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

ROUND_BYTES = 1 << 17
"""Bytes that a node could send while it waits for a round."""

_PIVOTS = np.arange(1, 2000)
_LENGTHS = np.arange(2, 4000)


class Choice(NamedTuple):
    """What a level does."""

    pivots: int
    """Elements of a stretch that its others are compared with."""
    short: int
    """Longest stretch that is compared pair by pair."""


def choose_pivots(open_elements: int, and_gates: int, depth: int) -> Choice:
    """The cheapest way on.

    Args:
        open_elements: how many have no place yet.
        and_gates, depth: of the comparison; its opening is one round and one bit more.
    """
    bytes_each = (and_gates + 1) / 8
    steps = (_PIVOTS * bytes_each + ROUND_BYTES * (depth + 1) / max(open_elements, 1)) / np.log(_PIVOTS + 1)
    best = int(steps.argmin())
    in_pairs = bytes_each * (_LENGTHS - 1) / 2 <= steps[best] * np.log(_LENGTHS)
    return Choice(int(_PIVOTS[best]), int(_LENGTHS[in_pairs].max(initial=2)))


@cache
def spare_comparison_rounds(count: int, width: int) -> int:
    """Rounds beyond the fewest that make a comparison's circuit smaller and pay for it."""
    # a tree over w bits has about 2.3 w ANDs; each of the first spare rounds saves about a tenth of them
    level_bytes = count * 2.3 * width / 8
    return int(np.clip(np.log2(max(0.1 * level_bytes / ROUND_BYTES, 1)), 0, 3))
