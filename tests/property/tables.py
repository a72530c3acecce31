"""Programs on tables that nobody wrote: columns of one length that are sorted, grouped, joined and looked up by chance."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from atoll import programs as mp
from atoll.programs.errors import ValueOverflow, WrongOperands
from tests.property.programs import Generated

TYPES = (
    mp.bool_,
    mp.int64(0, 7),
    mp.int64(-3, 3),
    mp.int64(-(2**40), 2**41),
    mp.fixed(-2, 2, fraction=2),
    mp.fixed(-100, 50, fraction=16),
)
Columns = list[mp.SecretArray]


def generate_table(seed: int) -> Generated:
    """The program of that number; all its numbers are exact."""
    rng = random.Random(seed)
    rows = rng.choice([1, 2, 5, 17, 64, 90])
    inputs = {"code": mp.column("a", mp.int64(0, 9), rows=rows)}
    inputs |= {
        f"c{at}": mp.column("b", rng.choice(TYPES), rows=rows, nullable=rng.random() < 0.2) for at in range(rng.randint(1, 3))
    }
    names = [f"o{at}" for at in range(rng.randint(1, 3))]

    def function(**columns: mp.SecretArray) -> dict[str, mp.SecretArray]:
        pool = list(columns.values())
        for _ in range(rng.randint(1, 3)):
            pool += _made(rng, pool, _ROWS)
        ends = _made(rng, pool, _ENDS) or pool
        return {name: rng.choice(ends + pool[-2:]) for name in names}

    function.__name__ = f"generated_table_{seed}"
    program = mp.Program(function, inputs, dict.fromkeys(names, ("somebody",)))
    values = np.random.default_rng(seed)
    return Generated(program.trace(), {name: _values(values, column, rows) for name, column in inputs.items()})


def _values(rng: np.random.Generator, column: mp.Column, rows: int) -> object:
    dtype = column.dtype
    few = rng.integers(dtype.low, dtype.high, size=4, endpoint=True)  # so that keys come twice
    raw = np.where(
        rng.integers(0, 2, rows) == 0, rng.choice(few, rows), rng.integers(dtype.low, dtype.high, rows, endpoint=True)
    )
    values = raw.astype(bool) if dtype.is_bool else np.ldexp(raw.astype(np.float64), -dtype.fraction) if dtype.fraction else raw
    return np.ma.MaskedArray(values, mask=rng.integers(0, 3, size=rows) == 0) if column.nullable else values


def _made(rng: random.Random, pool: Columns, ways: list[Make]) -> Columns:
    try:
        return list(rng.choice(ways)(rng, pool))
    except (ValueOverflow, WrongOperands):
        return []


def _some(rng: random.Random, pool: Columns) -> Columns:
    return [rng.choice(pool) for _ in range(rng.randint(1, 2))]


def _sorted(rng: random.Random, pool: Columns) -> Columns:
    keys = _some(rng, pool)
    return mp.sort_by(_some(rng, pool), by=keys, descending=[rng.random() < 0.5 for _ in keys])


def _grouped(rng: random.Random, pool: Columns) -> Columns:
    how = rng.choice(["sum", "count", "min", "max", "first", "last"])
    groups = mp.group_by(_some(rng, pool), {"s": (how, rng.choice(pool)), "n": "count"})
    return [*groups.keys, *groups.columns.values()]


def _joined(rng: random.Random, pool: Columns) -> Columns:
    found = mp.join(_some(rng, pool), _some(rng, pool), left_on=[pool[0]], right_on=[rng.choice(pool)], multiplicity=64)
    return [found.matched, *found.left, *found.right]


Make = Callable[[random.Random, Columns], Columns]

_ROWS: list[Make] = [
    _sorted,
    _sorted,
    _grouped,
    lambda rng, pool: [mp.argsort(rng.choice(pool), descending=rng.random() < 0.5)],
    lambda rng, pool: [mp.cumulative_max(rng.choice(pool))],
    lambda rng, pool: [mp.take_secret(rng.choice(pool), pool[0].clip(0, len(pool[0]) - 1))],
    lambda rng, pool: [rng.choice(pool) < rng.choice(pool)],
    lambda rng, pool: [rng.choice(pool) + rng.choice(pool)],
    lambda rng, pool: [mp.where(rng.choice(pool) > 1, rng.choice(pool), 0)],
    lambda rng, pool: list(mp.unique_counts(rng.choice(pool))),
]
_ENDS: list[Make] = [
    _sorted,
    _grouped,
    _joined,
    lambda rng, pool: mp.top_k(rng.choice(pool), rng.randint(1, 5)),  # type: ignore[list-item,return-value]
    lambda rng, pool: [rng.choice(pool).max(), rng.choice(pool).min()],
    lambda rng, pool: [rng.choice(pool).argmax()],
    lambda rng, pool: [mp.sort(mp.shuffle(rng.choice(pool))[0])],
    lambda rng, pool: [mp.scatter_add(pool[0], rng.choice(pool), 10)],
    lambda rng, pool: list(mp.group_by_code(pool[0], 8, {"s": ("sum", rng.choice(pool)), "n": "count"}).columns.values()),
]
