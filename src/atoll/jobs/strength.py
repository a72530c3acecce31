"""What the groups are worth in bits, for the parameters that receipts name."""

from __future__ import annotations

import math

RHO_BITS = 125.8
"""Pollard's rho in a group of prime order L: sqrt(pi L / 4) group operations. Curve25519 and ristretto255 have the same L."""


def bits_left(answers: int) -> int:
    """Bits of a secret scalar that multiplied `answers` elements of the other side's choice, from 1: log2 of it / 2 fewer.

    A bound, rounded down (RFC 9497 section 7.2.3): the best attack known, of Brown and Gallant 2004 and Cheon 2006, asks one
    after the other and needs a divisor of L - 1 or L + 1 of about as many.
    """
    return math.floor(RHO_BITS - math.log2(answers) / 2)
