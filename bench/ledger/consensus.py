"""Four validators on this machine: CometBFT's own kvstore, in its process and over a socket; our server, and our ledger."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exchange.figures import Figure

from ledger.drive import Driver, Measured
from ledger.load import VALIDATORS, grants, registration
from ledger.network import KINDS, START_SECONDS, TOOLS, Network

WINDOW = 1500
"""Transactions under way at saturation."""
BYTES = 405
"""Of a transaction; our grants have as many."""
MOST_RATE = 6000
"""So many transactions a second are prepared."""


@dataclass(frozen=True, slots=True)
class Run:
    """One kind of network."""

    full: Measured
    """At saturation."""
    half: Measured
    """At half of that."""
    cpu_ms: float
    """Processor time of all nodes, milliseconds a transaction, at saturation."""


def measure(quick: bool) -> Iterator[Figure]:
    """All four kinds, one after the other."""
    if not (TOOLS / "cometbft").exists():
        print("make cometbft first: the lines that need it are left out", file=sys.stderr)
        return
    seconds = 8.0 if quick else 24.0
    runs = {kind: asyncio.run(_run(kind, seconds)) for kind in KINDS}
    for kind, run in runs.items():
        at_least = 300.0 if kind == "ledger" else None
        context = {"p50_ms": round(run.full.percentile(50)), "p95_ms": round(run.full.percentile(95))}
        yield Figure(f"4 validators, {KINDS[kind]}", run.full.rate, "tx/s", at_least=at_least, context=context)
        yield Figure("  processor time of all nodes", run.cpu_ms, "ms/tx")
        yield Figure("  at half of that: p50", run.half.percentile(50), "ms", context={"rate": round(run.half.rate)})
        yield Figure("  at half of that: p95", run.half.percentile(95), "ms", at_most=2000.0 if kind == "ledger" else None)
    ours, kvstore, socket, empty = runs["ledger"], runs["kvstore"], runs["kvstore, socket"], runs["no-op"]
    yield Figure("full ledger / kvstore in process, throughput", ours.full.rate / kvstore.full.rate, "", at_least=0.30)
    yield Figure("our server, doing nothing / kvstore over a socket", empty.full.rate / socket.full.rate, "", at_least=0.60)
    for percent, limit in ((50, 1.5), (95, 2.0)):
        ratio = ours.half.percentile(percent) / kvstore.half.percentile(percent)
        yield Figure(f"full ledger / kvstore, p{percent} at half load", ratio, "", at_most=limit)


async def _run(kind: str, seconds: float) -> Run:
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as name, Network(kind, Path(name)) as network:
        driver = Driver(network.sockets)
        try:
            await driver.wait_ready(START_SECONDS)
            if kind == "ledger":
                await driver.commit([registration(network.founding, org) for org in VALIDATORS])
            queues = [_transactions(network, org, int(MOST_RATE * seconds / len(VALIDATORS))) for org in VALIDATORS]
            before = network.cpu_seconds()
            full = await driver.saturate([one[: len(one) * 3 // 4] for one in queues], window=WINDOW, seconds=seconds)
            cpu_ms = 1000 * (network.cpu_seconds() - before) / max(full.committed, 1)
            half = await driver.pace([one[len(one) * 3 // 4 :] for one in queues], rate=full.rate / 2, seconds=seconds / 2)
        finally:
            await driver.close()
    return Run(full, half, cpu_ms)


def _transactions(network: Network, org: str, count: int) -> list[bytes]:
    if network.kind == "ledger":
        return list(grants(network.founding, org, first=0, count=count // 3))  # far more than it can take
    return [f"{org}-{number}=".ljust(BYTES, "x").encode() for number in range(count)]
