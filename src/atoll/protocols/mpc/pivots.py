"""How many pivots a level of the sort takes: rounds against bytes.

A round takes about as long as `ROUND_BYTES` bytes, on a local network and on a far one: both grow together. With p pivots from
a sorted sample a level costs p comparisons an element and cuts every stretch in p + 1, which is log(p + 1) of the way; the p
with the cheapest step wins. Short stretches are compared pair by pair as soon as that is cheaper than to go on.

Everything here is public and the same at all nodes: it depends on counts and widths, and is reckoned in integers, for the
logarithms of two machines may differ in their last bit, and nodes that choose differently lose each other.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROUND_BYTES = 1 << 17
"""Bytes that a node could send while it waits for a round."""

VERIFYING_ROUNDS = 12
"""About what malicious mode takes to verify the comparisons of a level."""

_FRACTION_BITS = 20
_MANTISSA_BITS = 30


def log2_scaled(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Logarithms to base 2 in units of 2^-20, rounded down or one less: digit by digit, by squaring.

    Args:
        values: 1 to 2^32.
    """
    whole = np.array([int(value).bit_length() - 1 for value in values], dtype=np.int64)
    mantissa = (values << _MANTISSA_BITS) >> whole
    scaled = whole
    for _ in range(_FRACTION_BITS):
        mantissa = mantissa * mantissa >> _MANTISSA_BITS
        digit = mantissa >> (_MANTISSA_BITS + 1)
        mantissa >>= digit
        scaled = 2 * scaled + digit
    return scaled


_PIVOTS = np.arange(1, 2000, dtype=np.int64)
_LENGTHS = range(2, 4000)
_LOGS = log2_scaled(np.arange(1, 4001, dtype=np.int64))
"""Of 1, 2, 3, ..."""


class Choice(NamedTuple):
    """What a level does."""

    pivots: int
    """Elements of a stretch that its others are compared with."""
    short: int
    """Longest stretch that is compared pair by pair."""


def choose_pivots(open_elements: int, and_gates: int, depth: int) -> Choice:
    """The cheapest way on.

    Args:
        open_elements: how many have no place yet; below 2^32.
        and_gates, depth: of the comparison, and what comes before its opening, which is one round and one bit more.
    """
    pair = (and_gates + 1) * max(open_elements, 1)  # bits that a comparison of each element takes
    costs = _PIVOTS * pair + 8 * ROUND_BYTES * (depth + 1)
    spare = 62 - int(costs[-1]).bit_length()
    best = int(((costs << spare) // _LOGS[1:][: len(_PIVOTS)]).argmin())
    cost, way = int(costs[best]), int(_LOGS[best + 1])

    def in_pairs(length: int) -> bool:
        """(length - 1) / 2 comparisons an element, where the best step costs `cost` for `way`."""
        return pair * (length - 1) * way <= 2 * cost * int(_LOGS[length - 1])

    first_beyond = bisect_left(_LENGTHS, True, key=lambda length: not in_pairs(length))
    return Choice(int(_PIVOTS[best]), _LENGTHS[max(first_beyond - 1, 0)])


def spare_comparison_rounds(count: int, width: int) -> int:
    """Rounds beyond the fewest that make a comparison's circuit smaller and pay for it; 0 to 3."""
    # a tree over w bits has about 2.3 w ANDs, so 2.3 w / 8 bytes; each of the first spare rounds saves about a tenth of them
    saved_rounds = 23 * count * width // (800 * ROUND_BYTES)
    return min(max(saved_rounds.bit_length() - 1, 0), 3)
