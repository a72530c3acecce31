"""The embedded engine: an operator that orders and two members that carry out everything again, three processes over TLS.

Acknowledged means durable at all three and cosigned by both members. Then the operator's ledger is carried out once more from
its genesis, as an auditor would do it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exchange.figures import Figure

from atoll.ledger.apply import Verifier, signature_claim, vouched
from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ordering.embedded.store import Store
from atoll.ordering.verdicts import Verdicts
from ledger.load import MEMBERS, ORGS, make_founding
from ledger.members import Members

RATE = 2000.0
WINDOW = 300
"""Transactions that each member has under way while it goes as fast as it can."""


def measure(quick: bool) -> Iterator[Figure]:
    """Throughput, latency, replay."""
    seconds, times = (5, 1) if quick else (15, 3)
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as name:
        folder = Path(name)
        with Members(folder) as members:
            if not all(one["ok"] for one in members.load("register")):
                raise RuntimeError("the datasets are not registered")
            members.load("prepare", count=1000)
            members.load("burst", window=WINDOW)  # warm
            bursts = [_burst(members, int(RATE * seconds / 2)) for _ in range(times)]
            paced = [_pace(members, int(RATE * seconds / 2)) for _ in range(times)]
            states = members.settled()
        live = statistics.median(one["rate"] for one in bursts)
        cpu = {org: round(1e6 * statistics.median(one["cpu"][org] for one in paced)) for org in ORGS}
        yield Figure("embedded, two members carry out again: throughput", live, "tx/s", at_least=RATE)
        context = {
            "rate": RATE,
            "cpu_us_a_transaction": cpu,
            "peak_mb": max(one["peak_bytes"] for one in states.values()) >> 20,
        }
        for percent, limit in ((50, None), (95, None), (99, 150.0)):
            value = statistics.median(_percentile(one["latencies"], percent) for one in paced)
            yield Figure(
                f"embedded, p{percent} to the quorum at {RATE:,.0f} tx/s",
                value,
                "ms",
                at_most=limit,
                context=context if percent == 99 else {},
            )
        yield Figure("embedded, processor time of all three", sum(cpu.values()), "us/tx", context=cpu)
        yield from _replay(folder / f"{ORGS[0]}.ledger", live)


def _burst(members: Members, count: int) -> dict[str, Any]:
    members.load("prepare", count=count)
    laps = members.load("burst", window=WINDOW)
    return {"rate": sum(_need_all(one, count) for one in laps) / max(one["seconds"] for one in laps)}


def _pace(members: Members, count: int) -> dict[str, Any]:
    members.load("prepare", count=count)
    before = members.state()
    laps = members.load("pace", rate=RATE / len(MEMBERS))
    after = members.state()
    total = sum(_need_all(one, count) for one in laps)
    cpu = {org: (after[org]["cpu_seconds"] - before[org]["cpu_seconds"]) / total for org in ORGS}
    return {"latencies": [one for lap in laps for one in lap["latencies_ms"]], "cpu": cpu}


def _need_all(lap: dict[str, Any], count: int) -> int:
    if lap["failures"] or lap["count"] != count:
        raise RuntimeError(f"{lap['count']} of {count} transactions were carried out: {lap['failures']}")
    return count


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _replay(path: Path, live: float) -> Iterator[Figure]:
    """All blocks again, from the genesis, on one thread but for the signatures."""
    store = Store(path)
    blocks = [stored.block for stored in store.blocks(1, 2**53)]
    store.close()
    founding = make_founding()
    count = sum(len(block.transactions) for block in blocks)
    verdicts = Verdicts()
    roots = set()
    for name, verify in (("signatures verified", verdicts), ("signatures vouched for by the checkpoint", vouched)):
        ledger = Ledger(founding.genesis_file)
        began = time.perf_counter()
        _carry_out(ledger, blocks, verify)
        rate = count / (time.perf_counter() - began)
        roots.add((ledger.tree.root, ledger.log.root()))
        yield Figure(f"replay from genesis, {name}", rate, "tx/s", context={"transactions": count})
        is_vouched = verify is vouched
        yield Figure(f"replay / live, {name}", rate / live, "", at_least=5.0 if is_vouched else None)
    if len(roots) != 1:
        raise RuntimeError("the replays ended in different states")


def _carry_out(ledger: Ledger, blocks: list[Block], verify: Verifier) -> None:
    for block in blocks:
        if isinstance(verify, Verdicts):
            claims = (signature_claim(ledger.reader(), data, block.height) for data in block.transactions)
            verify.warm([one for one in claims if one is not None])
        ledger.adopt(ledger.execute(block, verify=verify))
