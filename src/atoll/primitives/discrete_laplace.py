"""Two-sided geometric noise, drawn exactly: the probability of z is proportional to e^(-epsilon |z|), z from -bound to bound.

Whole numbers and comparisons only, so that no rounding leaks what it should hide (Mironov, CCS 2012). The noise makes a count
of sensitivity 1 differentially private: for two neighbouring counts c and c + 1 the probabilities of every outcome that both
can have differ by a factor of at most e^epsilon, and each has one outcome that the other has not, as likely as `bound` is:

    delta = (1 - a) a^bound / (1 + a - 2 a^(bound + 1)),   a = e^(-epsilon)

Sources: the geometric mechanism, Ghosh, Roughgarden, Sundararajan, STOC 2009; exact sampling, Canonne, Kamath, Steinke, NeurIPS
2020, algorithms 1 and 2. Truncation by drawing again, so what is left is the distribution above, conditioned.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

from atoll.ports import Entropy

_DIGITS = 60


def bound_for(epsilon: Fraction, delta: Fraction, most: int) -> int:
    """The least bound whose delta, as above, is at most `delta`; the same on every machine.

    Args:
        epsilon: above 0.
        delta: above 0, below 1.
        most: largest bound to try.

    Raises:
        ValueError: it would be above `most`.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        a = (-Decimal(epsilon.numerator) / epsilon.denominator).exp()
        wanted = Decimal(delta.numerator) / delta.denominator
        low, high = 0, most
        while low < high:
            middle = (low + high) // 2
            if (1 - a) * a**middle <= wanted * (1 + a - 2 * a ** (middle + 1)):
                high = middle
            else:
                low = middle + 1
        if (1 - a) * a**low > wanted * (1 + a - 2 * a ** (low + 1)):
            raise ValueError(f"this epsilon and delta need noise of more than {most} to either side")
    return low


def draw(epsilon: Fraction, bound: int, entropy: Entropy) -> int:
    """One draw, from -bound to bound.

    Leaks: to whoever measures how long it takes, something about the outcome. Cost: some ten draws of a few bytes.
    """
    while True:
        drawn = _draw_untruncated(epsilon, entropy)
        if abs(drawn) <= bound:
            return drawn


def _draw_untruncated(epsilon: Fraction, entropy: Entropy) -> int:
    """Algorithm 2 of Canonne, Kamath, Steinke, with their t and s the denominator and numerator of epsilon."""
    s, t = epsilon.numerator, epsilon.denominator
    while True:
        u = _below(t, entropy)
        if not _is_exp(u, t, entropy):
            continue
        v = 0
        while _is_exp(1, 1, entropy):
            v += 1
        y = (u + t * v) // s
        is_negative = _below(2, entropy) == 1
        if not (is_negative and y == 0):
            return -y if is_negative else y


def _is_exp(numerator: int, denominator: int, entropy: Entropy) -> bool:
    """True with probability e^(-numerator / denominator), a fraction from 0 to 1: algorithm 1."""
    k = 1
    while _below(denominator * k, entropy) < numerator:
        k += 1
    return k % 2 == 1


def _below(bound: int, entropy: Entropy) -> int:
    """Uniform from 0 to bound - 1."""
    bits = (bound - 1).bit_length()
    while True:
        drawn = int.from_bytes(entropy.bytes((bits + 7) // 8), "big") & ((1 << bits) - 1)
        if drawn < bound:
            return drawn
