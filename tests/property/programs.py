"""Programs that nobody wrote: functions of secrets put together by chance, with columns that go to the ends of their ranges."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from atoll import programs as mp
from atoll.programs.errors import ValueOverflow, WrongOperands

TYPES = (
    mp.bool_,
    mp.int64(0, 1),
    mp.int64(-7, 100),
    mp.int64(5, 9),
    mp.int64(-(2**40), 2**41),
    mp.int64(-(2**61), 2**61),
    mp.fixed(-1, 1, fraction=30),
    mp.fixed(-100, 50, fraction=16),
    mp.fixed(0.5, 1000, fraction=8),
    mp.fixed(0, 2**20, fraction=40),
)


@dataclass(frozen=True, slots=True)
class Generated:
    """A program and columns to run it on."""

    graph: mp.Graph
    columns: dict[str, Any]


def generate(seed: int) -> Generated:
    """The program of that number."""
    rng = random.Random(seed)
    shape = (rng.choice([1, 2, 3, 7]), rng.choice([None, None, 1, 4]))
    inputs = {f"c{at}": _column(rng, shape) for at in range(rng.randint(1, 4))}
    names = [f"o{at}" for at in range(rng.randint(1, 3))]

    def function(**columns: mp.SecretArray) -> dict[str, mp.SecretArray]:
        pool = list(columns.values())
        for _ in range(rng.randint(1, 14)):
            made = _step(rng, pool)
            if made is not None:
                pool.append(made)
        return {name: rng.choice(pool[-4:]) for name in names}

    function.__name__ = f"generated_{seed}"
    program = mp.Program(function, inputs, dict.fromkeys(names, ("somebody",)))
    return Generated(program.trace(), {name: _values(seed + at, column) for at, (name, column) in enumerate(inputs.items())})


def _column(rng: random.Random, shape: tuple[int, int | None]) -> mp.Column:
    return mp.column(rng.choice(["a", "b"]), rng.choice(TYPES), rows=shape[0], width=shape[1], nullable=rng.random() < 0.2)


def _values(seed: int, column: mp.Column) -> Any:
    rng = np.random.default_rng(seed)
    assert isinstance(column.rows, int)
    shape = (column.rows,) if column.width is None else (column.rows, column.width)
    dtype = column.dtype
    raw = rng.integers(dtype.low, dtype.high, size=shape, endpoint=True)
    ends = rng.integers(0, 4, size=shape)
    raw = np.where(ends == 0, dtype.low, np.where(ends == 1, dtype.high, raw))
    values = raw.astype(bool) if dtype.is_bool else np.ldexp(raw.astype(np.float64), -dtype.fraction) if dtype.fraction else raw
    return np.ma.MaskedArray(values, mask=rng.integers(0, 3, size=shape) == 0) if column.nullable else values


def _step(rng: random.Random, pool: list[mp.SecretArray]) -> mp.SecretArray | None:
    """Something computed of what there is, or None where it cannot be."""
    x, y = rng.choice(pool), rng.choice(pool)
    try:
        made = rng.choice(_TRUTHS if x.dtype.is_bool else _NUMBERS)(rng, x, y)
    except (ValueOverflow, WrongOperands):
        return None
    return made


def _compared(rng: random.Random, x: mp.SecretArray, y: mp.SecretArray) -> mp.SecretArray:
    """Only exact numbers: of others, both answers may be right."""
    if x.kind.error or y.kind.error:
        raise WrongOperands(line="", operation="compare", problem="not exact")
    number = rng.choice([0, 1, 5])
    match rng.randrange(5):
        case 0:
            return x < y
        case 1:
            return x >= y
        case 2:
            return x == y
        case 3:
            return x != number
        case _:
            return x > number


def _axis(rng: random.Random, x: mp.SecretArray) -> int:
    return rng.randrange(max(x.ndim, 1))


Make = Callable[[random.Random, mp.SecretArray, mp.SecretArray], mp.SecretArray]

_SHAPES: list[Make] = [
    lambda rng, x, y: x[::-1],
    lambda rng, x, y: x[:1],
    lambda rng, x, y: x.take([rng.randrange(-len(x), len(x)) for _ in range(3)]),
    lambda rng, x, y: x.reshape(-1),
    lambda rng, x, y: mp.concat([x, y]),
    lambda rng, x, y: mp.stack([x, y, x]),
    lambda rng, x, y: x.T,
    lambda rng, x, y: mp.roll(x, rng.randint(-3, 3)),
]
_TRUTHS: list[Make] = [
    *_SHAPES,
    lambda rng, x, y: x & y,
    lambda rng, x, y: x | y,
    lambda rng, x, y: x ^ y,
    lambda rng, x, y: ~x,
    lambda rng, x, y: x + y,
    lambda rng, x, y: mp.where(x, y, y[::-1]),
    lambda rng, x, y: mp.where(x, y, rng.choice([0, 1, 2.5])),
    lambda rng, x, y: x.any(axis=_axis(rng, x)),
    lambda rng, x, y: x.all(),
    lambda rng, x, y: x.sum(axis=_axis(rng, x)),
    lambda rng, x, y: x.mean(),
]
_NUMBERS: list[Make] = [
    *_SHAPES,
    _compared,
    _compared,
    lambda rng, x, y: x + y,
    lambda rng, x, y: x - y,
    lambda rng, x, y: x * y,
    lambda rng, x, y: x * x,
    lambda rng, x, y: x * rng.choice([0, 1, -3, 0.5, 0.1, -1.75, 1e-6, 1000.0]),
    lambda rng, x, y: x / rng.choice([3, 7.0, 1000, -0.3]),
    lambda rng, x, y: rng.choice([0, 1, 0.1, -7.3]) - x,
    lambda rng, x, y: x ** rng.randint(2, 4),
    lambda rng, x, y: abs(x),
    lambda rng, x, y: mp.minimum(x, y),
    lambda rng, x, y: mp.maximum(x, rng.choice([0, 1, -2.5])),
    lambda rng, x, y: x.clip(-3, 5),
    lambda rng, x, y: mp.where(y, x, 0),
    lambda rng, x, y: x.fill_null(0),
    lambda rng, x, y: x.sum(),
    lambda rng, x, y: x.sum(axis=_axis(rng, x)),
    lambda rng, x, y: (x * y).sum(),
    lambda rng, x, y: x.mean(axis=_axis(rng, x)),
    lambda rng, x, y: x.cumulative_sum(axis=_axis(rng, x)),
    lambda rng, x, y: x @ y,
    lambda rng, x, y: x @ y.T,
    lambda rng, x, y: x.prod(),
    lambda rng, x, y: x.var(correction=rng.choice([0, 1])),
    lambda rng, x, y: mp.cov(x, y, correction=0),
    lambda rng, x, y: x / y,
    lambda rng, x, y: mp.divide(x, y, null_where_zero=True),
    lambda rng, x, y: mp.sqrt(abs(x)),
    lambda rng, x, y: mp.rsqrt(x),
    lambda rng, x, y: mp.exp(x),
    lambda rng, x, y: mp.log(x),
    lambda rng, x, y: mp.sigmoid(x),
    lambda rng, x, y: x.std(axis=_axis(rng, x)),
]
