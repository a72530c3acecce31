"""What the functions share: literals become constants, operands get one shape and one point, masks are joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from atoll.programs.dtypes import MAX_FRACTION
from atoll.programs.errors import WrongOperands
from atoll.programs.graph import Ref
from atoll.programs.operations.arithmetic import Widen
from atoll.programs.operations.inputs import Constant
from atoll.programs.operations.logic import LogicalAnd
from atoll.programs.operations.shaping import BroadcastTo
from atoll.programs.traced import A, Literal, Traced
from atoll.programs.tracer import program_line

DEFAULT_FRACTION = 20
"""Bits after the point of a fixed-point number made of integers."""


def wrong(operation: str, problem: str) -> WrongOperands:
    """The error that names the program's line."""
    return WrongOperands(line=program_line(), operation=operation, problem=problem)


def constant(like: A, value: Literal, *, fraction: int = DEFAULT_FRACTION, divisor: Literal = 1) -> A:
    """Public numbers as a value of the program; `fraction` bits after the point, fewer if fewer say it exactly.

    With a divisor they are quotients, exactly. NaN and infinities are refused.
    """
    if not isinstance(divisor, int) or divisor != 1:
        return _quotient(like, value, divisor, fraction)
    array = np.asarray(value)
    if isinstance(value, int) and abs(value) >= 1 << 62:
        raise wrong("constant", "a number does not fit 62 bits")
    if array.dtype.kind not in "biuf" or array.size == 0:
        raise wrong("constant", f"{array.dtype} of shape {list(array.shape)} are not numbers")
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise wrong("constant", "a number is NaN or infinite")
        operation = Constant("fixed", array.astype("<f8").tobytes(), min(fraction, _exact(array)), array.shape, b"")
    else:
        if array.dtype.kind == "u" and int(array.max()) >= 1 << 63:
            raise wrong("constant", "a number does not fit 62 bits")
        operation = Constant("bool" if array.dtype.kind == "b" else "int64", array.astype("<i8").tobytes(), 0, array.shape, b"")
    return like.like(like.tracer.add(operation)[0])


def _quotient(like: A, value: Literal, divisor: Literal, fraction: int) -> A:
    numbers, divisors = np.broadcast_arrays(np.asarray(value, dtype="<f8"), np.asarray(divisor, dtype="<f8"))
    if not divisors.all():
        raise wrong("divide", "a divisor is 0")
    if (divisors != np.asarray(divisor)).any() or (numbers != np.asarray(value)).any():
        raise wrong("divide", "a public number has more than 53 bits")
    floats = numbers / divisors
    parts = zip(floats.reshape(-1).tolist(), divisors.reshape(-1).tolist(), numbers.reshape(-1).tolist(), strict=True)
    if _exact(floats) < MAX_FRACTION and all(Fraction(q) * Fraction(d) == Fraction(n) for q, d, n in parts):
        return constant(like, floats, fraction=fraction)
    return like.like(like.tracer.add(Constant("fixed", numbers.tobytes(), fraction, numbers.shape, divisors.tobytes()))[0])


def _exact(array: Any) -> int:
    """With how many bits after the point all these floats are exact, if that is few."""
    for fraction in range(DEFAULT_FRACTION + 1):
        scaled = np.ldexp(array, fraction)
        if (scaled == np.rint(scaled)).all():
            return fraction
    return MAX_FRACTION


def both(x: A | Literal, y: A | Literal) -> tuple[A, A]:
    """Two operands, one of them perhaps a literal, which takes the other's bits after the point."""
    if isinstance(x, Traced):
        return x, y if isinstance(y, Traced) else constant(x, y, fraction=_fraction_of(x))
    if isinstance(y, Traced):
        return constant(y, x, fraction=_fraction_of(y)), y
    raise TypeError("none of the operands is secret; compute public numbers with numpy")


def either(secret: A, x: A | Literal, y: A | Literal) -> tuple[A, A]:
    """Two operands, both perhaps literals, of an operation that has a secret one besides."""
    a = x if isinstance(x, Traced) else constant(secret, x, fraction=_fraction_of(y))
    return a, y if isinstance(y, Traced) else constant(secret, y, fraction=_fraction_of(x))


def _fraction_of(x: object) -> int:
    return x.dtype.fraction if isinstance(x, Traced) and x.dtype.name == "fixed" else DEFAULT_FRACTION


def in_one_shape(*values: A) -> tuple[A, ...]:
    """All values broadcast to the shape of the largest, by the rules of arrays; masks too."""
    try:
        shape = np.broadcast_shapes(*(value.shape for value in values))
    except ValueError:
        shapes = " and ".join(str(list(value.shape)) for value in values)
        raise wrong("broadcast", f"the shapes {shapes} do not fit each other") from None
    return tuple(broadcast_to(value, shape) for value in values)


def broadcast_to(x: A, shape: Sequence[int]) -> A:
    """x repeated along new axes and along axes of length 1. Local."""
    if x.shape == tuple(shape):
        return x
    operation = BroadcastTo(tuple(shape))
    valid = None if x.valid is None else x.tracer.add(operation, x.valid)[0]
    return x.apply(operation, valid=valid)


def at_one_point(*values: A) -> tuple[A, ...]:
    """Numbers with equally many bits after the point: the most that one of them has."""
    most = max(value.dtype.fraction for value in values)
    return tuple(widened(value, most) for value in values)


def widened(x: A, fraction: int) -> A:
    """x with `fraction` bits after the point, no fewer than it has."""
    more = fraction - x.dtype.fraction
    return x.apply(Widen(more), valid=x.valid) if more else x


def joint(*values: Traced) -> Ref | None:
    """The mask of a result that is null where any of these, of one shape, is null."""
    masks = list(dict.fromkeys(value.valid for value in values if value.valid is not None))
    joined = masks[0] if masks else None
    for mask in masks[1:]:
        assert joined is not None
        (joined,) = values[0].tracer.add(LogicalAnd(), joined, mask)
    return joined


def mask_of(x: A) -> A:
    """The mask of x, or true everywhere."""
    return broadcast_to(constant(x, True), x.shape) if x.valid is None else x.like(x.valid)


def bits_of(number: float) -> int:
    """How many bits the whole part of a number has."""
    return max(math.frexp(number)[1], 0)


def axis_index(operation: str, axis: int, x: Traced) -> int:
    """An axis counted from 0, from one that may be counted from the end."""
    if not -x.ndim <= axis < x.ndim:
        raise wrong(operation, f"there is no axis {axis} in shape {list(x.shape)}")
    return axis % x.ndim
