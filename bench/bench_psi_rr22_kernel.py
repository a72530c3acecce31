"""What each step of RR22 costs either side, in CPU time, and what crosses the wire; half of the keys are shared.

    make bench-psi-rr22-kernel

One bucket is run and counted as often as there are buckets. Digests are in memory, one thread a side, no network. The last line
is one JSON object.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from atoll.primitives import vole_oprf
from atoll.protocols.psi.cut import bucket_count
from atoll.protocols.psi.items import DIGEST_BYTES
from atoll.protocols.psi_rr22.params import FAST, LOW_COMMUNICATION, MALICIOUS, SEMI_HONEST, Sizes, Terms

T = TypeVar("T")

FORMS = (Terms(SEMI_HONEST, FAST), Terms(SEMI_HONEST, LOW_COMMUNICATION), Terms(MALICIOUS, FAST))
PAPER_BITS = {FORMS[0]: 251, FORMS[1]: 157, FORMS[2]: 302}
"""Bits a key at 2^20, ePrint 2022/320 table 2."""
DOMAIN = bytes(range(32))


class Clock:
    """CPU milliseconds by side and step; all but the setup counts once a bucket."""

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets
        self.spent: dict[str, dict[str, float]] = {"receiver": {}, "sender": {}}

    def take(self, side: str, step: str, work: Callable[[], T]) -> T:
        began = time.process_time()
        result = work()
        steps = self.spent[side]
        times = 1 if step == "setup" else self._buckets
        steps[step] = steps.get(step, 0) + 1000 * (time.process_time() - began) * times
        return result

    def total(self, side: str) -> float:
        return sum(self.spent[side].values())


def run(terms: Terms, rows: int) -> tuple[Clock, float]:
    """Sets of `rows` rows a side: the times, and bits a row on the wire."""
    buckets = bucket_count(rows)
    sizes = Sizes.of(terms, buckets=buckets, receiver_rows=rows, sender_rows=rows)
    keys = sizes.receiver_keys
    clock = Clock(buckets)
    take = clock.take
    draw = np.random.default_rng(keys).bytes
    shared = keys // 2
    common = draw(DIGEST_BYTES * shared)
    ours, theirs = (common + draw(DIGEST_BYTES * (keys - shared)) for _ in range(2))
    vectors, delta = vole_oprf.VectorSetup(b"r" * 32, b"bench"), vole_oprf.DeltaSetup(b"s" * 32, b"bench")
    said = [take("sender", "setup", delta.send_0)]
    take("receiver", "setup", lambda: vectors.receive_0(said[0]))
    said.append(take("receiver", "setup", vectors.send_1))
    take("sender", "setup", lambda: delta.receive_1(said[1]))
    receiver = vole_oprf.OprfReceiver(
        vectors,
        0,
        DOMAIN,
        keys,
        subfield=terms.is_subfield,
        malicious=terms.is_malicious,
        failure_bits=sizes.failure_bits,
        threads=1,
    )
    sender = vole_oprf.OprfSender(
        delta,
        0,
        DOMAIN,
        keys,
        subfield=terms.is_subfield,
        malicious=terms.is_malicious,
        failure_bits=sizes.failure_bits,
        threads=1,
    )
    said.append(take("receiver", "vole messages", receiver.send_0))
    take("sender", "vole messages", lambda: sender.receive_0(said[-1]))
    said.append(take("sender", "vole messages", sender.send_1))
    take("receiver", "vole messages", lambda: receiver.receive_1(said[-1]))
    if terms.is_malicious:
        said.append(take("receiver", "vole messages", receiver.send_2))
        take("sender", "vole messages", lambda: sender.receive_2(said[-1]))
        said.append(take("sender", "vole messages", sender.send_3))
        take("receiver", "vole messages", lambda: receiver.receive_3(said[-1]))
    take("receiver", "encode", lambda: receiver.encode(ours))
    take("sender", "expand", sender.expand)
    take("receiver", "expand", receiver.expand)
    said.append(take("receiver", "mask", receiver.mask))
    take("sender", "take the masked store", lambda: sender.receive_masked(said[-1]))
    coin = bytes(16) if terms.is_malicious else None
    outputs = take("receiver", "evaluate", lambda: receiver.evaluate(coin))
    values = take("sender", "evaluate", lambda: sender.evaluate(theirs, coin))
    said.append(take("sender", "sort tags", lambda: vole_oprf.sorted_tags(values, sizes.tag_bytes, 1)))
    places = take("receiver", "match", lambda: vole_oprf.match_sorted_tags(outputs, said[-1], sizes.tag_bytes))
    if len(places) // 4 != shared:
        raise SystemExit("the intersection is wrong")
    return clock, 8 * (sum(map(len, said[:2])) + buckets * sum(map(len, said[2:]))) / rows


def main(rows: int = 1 << 20) -> None:
    figures, context = [], []
    totals = {}
    for terms in FORMS:
        run(terms, rows)  # a first time for the allocator
        clock, bits = run(terms, rows)
        name = f"{terms.mode}, {terms.variant}"
        for side, steps in clock.spent.items():
            for step, spent in steps.items():
                context.append({"name": f"{name}, {side}: {step}", "ours": round(spent, 1), "unit": "CPU-ms"})
            context.append({"name": f"{name}, {side}: all", "ours": round(clock.total(side), 1), "unit": "CPU-ms"})
        totals[terms] = clock.total("receiver") + clock.total("sender")
        figures.append({"name": f"{name}, bits a row", "ours": round(bits, 1), "peer": PAPER_BITS[terms], "unit": "bits"})
    ratio = totals[FORMS[2]] / totals[FORMS[0]]
    figures.append({"name": "malicious over semi-honest, CPU", "ours": round(ratio, 2), "peer": 1.3, "unit": "ratio"})
    for one in context + figures:
        print(f"{one['name']:64} {one['ours']:>9,} {one['unit']}", file=sys.stderr)
    machine = {"processor": platform.machine(), "python": platform.python_version()}
    print(json.dumps({"bench": "psi-rr22-kernel", "rows": rows, "machine": machine, "figures": figures, "context": context}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
