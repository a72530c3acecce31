"""How many items a second the three steps of an intersection handle, on one core and on all.

    make bench-psi-kernel

`atoll.jobs.intersection.cost` rests on these figures. The last line is one JSON object.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable

from atoll.primitives import ristretto
from atoll.primitives.ristretto import SecretScalar
from atoll.protocols.psi_ecdh import core
from atoll.protocols.psi_ecdh.params import MAX_POINTS_PER_FRAME

CONTEXT = bytes(32)


def rate(items: int, work: Callable[[], object]) -> int:
    """Items a second, the best of three."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return round(items / best)


def main(items: int = MAX_POINTS_PER_FRAME) -> None:
    secret = SecretScalar.from_wide(bytes(range(64)))
    keys = [b"item %d" % number for number in range(items)]
    domain = core.hash_domain(CONTEXT)
    points = ristretto.blind(keys, secret, domain)
    context = [
        {"name": f"{name}, {place}", "ours": rate(items, work), "unit": "items/s"}
        for place, threads in (("one core", 1), ("all cores", 0))
        for name, work in (
            ("hash and mask", lambda threads=threads: ristretto.blind(keys, secret, domain, threads=threads)),
            ("check and mask again", lambda threads=threads: ristretto.multiply(points, secret, threads=threads)),
        )
    ]
    context.append(
        {
            "name": "mask again and tag, all cores",
            "ours": rate(items, lambda: core.tags(points, secret, CONTEXT)),
            "unit": "items/s",
        }
    )
    for one in context:
        print(f"{one['name']:32} {one['ours']:>9,} {one['unit']}", file=sys.stderr)
    machine = {"processor": platform.machine(), "python": platform.python_version()}
    print(json.dumps({"bench": "psi-kernel", "machine": machine, "figures": [], "context": context}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
