"""One program among three nodes in a process that may take no more than is promised; `test_memory` runs it.

Arguments: a name of `PROGRAMS`, rows, an adversary. Prints what was promised and what was taken, in bytes for all three nodes.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from atoll import programs as mp
from atoll.jobs.computation.kind import CELL_MEMORY_BYTES
from atoll.protocols.mpc import Adversary
from atoll.protocols.mpc.places import NODES

PROGRAMS: dict[str, Callable[..., object]] = {
    "shuffle": lambda x, y, code: {"a": mp.shuffle(x, y, code)[0]},
    "order": lambda x, y, code: {"a": mp.sort_by([x, y], by=[x])[1]},
    "by code": lambda x, y, code: {"a": mp.group_by_code(code, 100, {"s": ("sum", x), "t": ("last", y)}).columns["s"]},
    "by key": lambda x, y, code: {"a": mp.group_by([y], {"s": ("sum", x)}).columns["s"]},
    "join": lambda x, y, code: {"a": mp.join([], [x, code], left_on=[x], right_on=[y]).right[0]},
    "gather": lambda x, y, code: {"a": mp.take_secret(x, y)},
}


def main(name: str, rows: int, adversary: Adversary) -> None:
    ranges = {"x": 1 << 40, "y": rows - 1, "code": 99}
    inputs = {column: mp.column("bank", mp.int64(0, high), rows=rows) for column, high in ranges.items()}
    graph = mp.Program(PROGRAMS[name], inputs, {"a": ("bureau",)}).trace()
    rng = np.random.default_rng(1)
    given = {"x": rng.integers(0, 1 << 40, rows), "y": rng.permutation(rows), "code": rng.integers(0, 100, rows)}
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
