"""One program among three nodes in a process that may take no more than is promised; `test_memory` runs it.

Arguments: a name of `PROGRAMS`, rows, an adversary. Prints what was promised and what was taken, in bytes for all three nodes.
"""

from __future__ import annotations

import inspect
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from atoll import programs as mp
from atoll.jobs.computation.kind import CELL_MEMORY_BYTES
from atoll.protocols.mpc import Adversary
from atoll.protocols.mpc.places import NODES

Column = mp.SecretArray


def pairs(x: Column) -> tuple[Column, Column]:
    """Of each two rows the first and the second, as matrices."""
    rows = x.shape[0]
    return mp.broadcast_to(x.reshape(-1, 1), (rows, rows)), mp.broadcast_to(x.reshape(1, -1), (rows, rows))


def compared(x: Column) -> Column:
    first, second = pairs(x)
    return (first < second)[0, 0]


def compared_often(x: Column) -> Column:
    counts = [mp.astype(x < 7 * number, mp.int64(0, 1)).sum() for number in range(32)]
    return mp.stack(counts)


def apart(p: Column) -> Column:
    first, second = pairs(p)
    return first - second


def multiplied(p: Column) -> Column:
    first, second = pairs(p)
    return mp.maximum(first * second, 0)[0, 0]


def turned(t: Column) -> Column:
    rows = t.shape[0]
    return mp.concat([mp.broadcast_to(t, (rows, rows)).T[::-1], mp.broadcast_to(t, (1, rows))], axis=0)[0, 0]


RANGES = {"x": mp.int64(0, 1 << 40), "p": mp.fixed(-1, 1, fraction=16), "t": mp.bool_, "code": mp.int64(0, 99)}
PROGRAMS: dict[str, Callable[..., object]] = {
    "shuffle": lambda x, y, code: mp.shuffle(x, y, code)[0],
    "order": lambda x, y, code: mp.sort_by([x, y], by=[x])[1],
    "by code": lambda x, y, code: mp.group_by_code(code, 100, {"s": ("sum", x), "t": ("last", y)}).columns["s"],
    "by key": lambda x, y, code: mp.group_by([y], {"s": ("sum", x)}).columns["s"],
    "join": lambda x, y, code: mp.join([], [x, code], left_on=[x], right_on=[y]).right[0],
    "gather": lambda x, y, code: mp.take_secret(x, y),
    "comparisons of pairs": compared,
    "many comparisons": compared_often,
    "products of pairs": multiplied,
    "exp of pairs": lambda p: mp.exp(apart(p))[0, 0],
    "log of a column": lambda p: mp.log(p + 2)[0],
    "variance of pairs": lambda p: apart(p).reshape(-1).var(),
    "truth values turned": turned,
    "correlations of rows": lambda p: mp.corr(p.reshape(-1, 4), (p * p).reshape(-1, 4), axis=1)[0],
    "largest so far": lambda x: mp.cumulative_max(x)[-1],
}
"""Their parameters say which columns they take."""


def main(name: str, rows: int, adversary: Adversary) -> None:
    body = PROGRAMS[name]
    wanted = list(inspect.signature(body).parameters)
    ranges = RANGES | {"y": mp.int64(0, rows - 1)}
    inputs = {column: mp.column("bank", ranges[column], rows=rows) for column in wanted}
    graph = mp.Program(lambda **columns: {"a": body(**columns)}, inputs, {"a": ("bureau",)}).trace()
    rng = np.random.default_rng(1)
    columns = {
        "x": rng.integers(0, 1 << 40, rows),
        "y": rng.permutation(rows),
        "code": rng.integers(0, 100, rows),
        "p": rng.uniform(-1, 1, rows),
        "t": rng.integers(0, 2, rows).astype(bool),
    }
    given = {column: columns[column] for column in wanted}
    told = mp.explain(graph, adversary=adversary).memory_bytes + CELL_MEMORY_BYTES * rows * len(inputs)
    before = taken()
    resource.setrlimit(resource.RLIMIT_DATA, (before["VmData"] + NODES * told,) * 2)
    mp.simulate(graph, given, seed=bytes(32), adversary=adversary)
    sys.stdout.write(f"{NODES * told} {taken()['VmHWM'] - before['VmRSS']}")


def taken() -> dict[str, int]:
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {line[0].rstrip(":"): int(line[1]) << 10 for line in lines if line[-1] == "kB"}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Adversary(sys.argv[3]))
