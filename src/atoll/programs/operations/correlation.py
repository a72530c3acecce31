"""Sums of products of deviations from means, to within units, and correlations (`protocols/mpc/deviation.py`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import MAX_FRACTION, DType
from atoll.programs.kind import MAX_ELEMENTS, Kind
from atoll.programs.operation import Clear, Held, Operation, Shows, refuse, register
from atoll.programs.operations.checks import in_bounds, numbers, same_shape, secret
from atoll.programs.operations.held import column, in_shape
from atoll.protocols.mpc import Node, Steps, memory
from atoll.protocols.mpc.deviation import (
    CORRELATION_FRACTION,
    Comoment,
    Correlation,
    Spread,
    comoment,
    correlation,
    plan_comoment,
    plan_correlation,
)
from atoll.protocols.mpc.traffic import Traffic

SPAN_BITS = 26
"""Bits of a range that functions ask for; operations take a few more."""
MAX_PIECES = 1 << 12
"""Most partial sums of one column."""
NUMBERS_A_PIECE = 20
"""Held at a time for each partial sum of a result: its sums, products, and their truncation; measured."""
LEAST_BITS = 27
"""A sum of squared deviations below 2 to this, in its units, is too small to divide by."""


@register
@dataclass(frozen=True, slots=True)
class SumOfDeviations(Operation):
    """The sum of (x - mean x)(y - mean y) along the last axis, which goes."""

    NAME: ClassVar[str] = "sum_of_deviations"
    SOURCE: ClassVar[str] = "Chan, Golub and LeVeque, American Statistician 37 (1983), section 1"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        plan, error = _inferred(self, kinds, 2)
        off = math.ceil(plan.error_units)
        dtype = DType("fixed", -plan.magnitude - off, plan.magnitude + off, plan.point)
        return (kinds[0].like(dtype, error, shape=kinds[0].shape[:-1]),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        x, y = (value.astype(np.float64) - value.mean(axis=-1, keepdims=True) for value in values)
        return (np.einsum("...i,...i->...", x, y),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return _plan(kinds).traffic(kinds[0].size // kinds[0].shape[-1], malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return _scratch_bytes(kinds)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x, y = (value.reshape(-1, kinds[0].shape[-1]) for value in values)
        found = yield from comoment(node, x, y, _plan(kinds))
        return (found.reshape(*kinds[0].shape[:-1]),)


@register
@dataclass(frozen=True, slots=True)
class SumOfSquaredDeviations(Operation):
    """The sum of (x - mean x)^2 along the last axis, which goes; below 0 by its error at most."""

    NAME: ClassVar[str] = "sum_of_squared_deviations"
    SOURCE: ClassVar[str] = "as sum_of_deviations"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        plan, error = _inferred(self, kinds, 1)
        off = math.ceil(plan.error_units)
        return (kinds[0].like(DType("fixed", -off, plan.magnitude + off, plan.point), error, shape=kinds[0].shape[:-1]),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        x = values[0].astype(np.float64) - values[0].mean(axis=-1, keepdims=True)
        return (np.einsum("...i,...i->...", x, x),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return _plan(kinds).traffic(kinds[0].size // kinds[0].shape[-1], malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return _scratch_bytes(kinds)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x = values[0].reshape(-1, kinds[0].shape[-1])
        found = yield from comoment(node, x, x, _plan(kinds))
        return (found.reshape(*kinds[0].shape[:-1]),)


@register
@dataclass(frozen=True, slots=True)
class Correlate(Operation):
    """c / sqrt(v w) for a sum of products of deviations c, and the two sums of squares; at least 2^27 units of the last bit."""

    NAME: ClassVar[str] = "correlate"
    SOURCE: ClassVar[str] = "as rsqrt"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        c, v, w = numbers(self, kinds, 3)
        secret(self, c, v, w)
        same_shape(self, kinds)
        for kind in (v, w):
            in_bounds(self, "the number of bits of a sum of squares", kind.dtype.bits, 1, 62)
            if kind.dtype.high < 1:
                raise refuse(self, f"the sum of squares is {kind.dtype}")
        if not c.dtype.fits or 2 * c.dtype.fraction != v.dtype.fraction + w.dtype.fraction:
            raise refuse(self, "the three sums do not belong together")
        plan = self.plan(kinds)
        least = [kind.dtype.unit * 2**LEAST_BITS for kind in (v, w)]
        both = Fraction(math.isqrt(math.floor(least[0] * least[1] * 4**MAX_FRACTION)), 2**MAX_FRACTION)
        given = v.error / least[0] + w.error / least[1] + c.error / both
        error = min(plan.error + given * Fraction(1025, 1024), Fraction(2))
        most = (1 << CORRELATION_FRACTION) + math.ceil(error * 2**CORRELATION_FRACTION)
        return (c.like(DType("fixed", -most, most, CORRELATION_FRACTION), error),)

    def plan(self, kinds: tuple[Kind, ...]) -> Correlation:
        """How it is computed."""
        return plan_correlation(kinds[1].dtype.high, kinds[2].dtype.high)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        c, v, w = values
        squared = v * w
        return (np.divide(c, np.sqrt(squared), out=np.zeros_like(c), where=squared > 0),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return self.plan(kinds).traffic(kinds[0].size, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return 3 * memory.LOOKED_UP_BYTES * kinds[0].size  # both roots side by side, and what is made of them

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        c, v, w = (column(value) for value in values)
        return (yield from in_shape(kinds[0], correlation(node, c, v, w, self.plan(kinds))))


def _plan(kinds: tuple[Kind, ...]) -> Comoment:
    spreads = [Spread(kind.shape[-1], kind.dtype.low, kind.dtype.high, kind.dtype.fraction) for kind in kinds]
    return plan_comoment(spreads[0], spreads[-1])


def _scratch_bytes(kinds: tuple[Kind, ...]) -> int:
    """Sums and products for each piece of each column, and what their truncation takes."""
    results, pieces = kinds[0].size // kinds[0].shape[-1], len(_plan(kinds).pieces)
    return NUMBERS_A_PIECE * (pieces + 1) * 16 * results


def _inferred(operation: Operation, kinds: tuple[Kind, ...], operands: int) -> tuple[Comoment, Fraction]:
    """The plan, and how far off the result may be; refuses what has none."""
    numbers(operation, kinds, operands)
    secret(operation, *kinds)
    shape = same_shape(operation, kinds)
    if not shape:
        raise refuse(operation, "the operand is a single number")
    in_bounds(operation, "the number of values", shape[-1], 2, MAX_ELEMENTS)
    for kind in kinds:
        if kind.dtype.high - kind.dtype.low >= 1 << 30:
            raise refuse(
                operation, f"{kind.dtype} spans 2^30 units or more; fewer bits after the point, or a narrower range, will do"
            )
    plan, x, y = _plan(kinds), kinds[0], kinds[-1]
    in_bounds(operation, "the number of partial sums", len(range(0, shape[-1], plan.piece)), 1, MAX_PIECES)
    in_bounds(operation, "the number of bits of the result", plan.magnitude.bit_length(), 0, 60)
    spans = [kind.dtype.most - kind.dtype.least for kind in (x, y)]
    given = shape[-1] * (spans[0] * y.error + spans[1] * x.error + 2 * x.error * y.error)
    return plan, plan.error_units * Fraction(1, 1 << plan.point) + given
