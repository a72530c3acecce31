"""The load on four CometBFT nodes, the same for every application: transactions to each node's RPC, blocks read from one.

A transaction's latency runs from the moment it was sent, or was due, until the block that holds it could be read.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ordering.cometbft.rpc import Rpc

BATCH = 50
POLL_SECONDS = 0.01
TICK_SECONDS = 0.02
WARM_SECONDS = 2.0


@dataclass(slots=True)
class Measured:
    """One phase."""

    rate: float
    """Transactions a second, committed."""
    latencies: list[float] = field(default_factory=list)
    """Seconds."""
    committed: int = 0
    """In the whole phase, and until nothing was under way any more."""

    def percentile(self, percent: int) -> float:
        """Of the latencies, milliseconds."""
        in_order = sorted(self.latencies)
        return 1000 * in_order[len(in_order) * percent // 100] if in_order else 0.0


class Driver:
    """Sends and watches."""

    def __init__(self, sockets: Sequence[str]) -> None:
        self._nodes = [Rpc(one) for one in sockets]
        self._height = 1
        self._sent: dict[bytes, float] = {}
        self._blocks: list[tuple[float, int]] = []
        self._latencies: list[float] = []
        self._settled = asyncio.Event()

    async def wait_ready(self, seconds: float) -> None:
        """Until every node has a block and three peers."""
        async with asyncio.timeout(seconds):
            for node in self._nodes:
                while not await self._is_ready(node):  # noqa: ASYNC110 -- another process's state
                    await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Let go."""
        for node in self._nodes:
            await node.close()

    async def commit(self, transactions: Sequence[bytes]) -> None:
        """Send some, and wait until they are in blocks."""
        watching = asyncio.create_task(self._watch())
        for at, data in enumerate(transactions):
            await self._send(at % len(self._nodes), [data], time.perf_counter())
        async with asyncio.timeout(30):
            while self._sent:
                await self._wait()
        watching.cancel()

    async def saturate(self, queues: Sequence[Sequence[bytes]], *, window: int, seconds: float) -> Measured:
        """As fast as the nodes go, with so many under way: three stretches, the median of their rates."""
        return await self._phase(queues, seconds, lambda at, queue, until: self._push(at, queue, window, until))

    async def pace(self, queues: Sequence[Sequence[bytes]], *, rate: float, seconds: float) -> Measured:
        """At a steady rate, whatever comes back."""
        share = rate / len(queues)
        return await self._phase(queues, seconds, lambda at, queue, until: self._tick(at, queue, share, until))

    async def _phase(self, queues, seconds, send) -> Measured:  # type: ignore[no-untyped-def]
        self._blocks, self._latencies = [], []
        watching = asyncio.create_task(self._watch())
        began = time.perf_counter()
        await asyncio.gather(*(send(at, queue, began + seconds) for at, queue in enumerate(queues)))
        ended = time.perf_counter()
        blocks = [one for one in self._blocks if began + WARM_SECONDS <= one[0] <= ended]
        rate, latencies = rate_of(blocks), list(self._latencies)
        deadline = time.perf_counter() + 20
        while self._sent and time.perf_counter() < deadline:
            await self._wait()
        watching.cancel()
        self._sent.clear()
        return Measured(rate, latencies, committed=sum(one[1] for one in self._blocks))

    async def _push(self, at: int, queue: Sequence[bytes], window: int, until: float) -> None:
        for first in range(0, len(queue), BATCH):
            while len(self._sent) >= window and time.perf_counter() < until:
                await self._wait()
            if time.perf_counter() >= until:
                return
            await self._send(at, queue[first : first + BATCH], time.perf_counter())

    async def _tick(self, at: int, queue: Sequence[bytes], rate: float, until: float) -> None:
        began, sent = time.perf_counter(), 0
        while (now := time.perf_counter()) < until and sent < len(queue):
            due = min(int((now - began) * rate), len(queue))
            if due > sent:
                await self._send(at, queue[sent:due], now)
                sent = due
            await asyncio.sleep(TICK_SECONDS)

    async def _send(self, at: int, transactions: Sequence[bytes], when: float) -> None:
        for data in transactions:
            self._sent[hashlib.sha256(data).digest()] = when
        refused = [one for one in await self._nodes[at].broadcast(transactions) if one]
        if refused:
            raise RuntimeError(f"a node refused: {refused[0]}")

    async def _wait(self) -> None:
        self._settled.clear()
        try:
            await asyncio.wait_for(self._settled.wait(), 0.5)
        except TimeoutError:
            return

    async def _watch(self) -> None:
        """Read blocks as they come."""
        while True:
            try:
                said = await self._nodes[0].ask("block", height=str(self._height))
            except AtollError:
                await asyncio.sleep(POLL_SECONDS)
                continue
            seen = time.perf_counter()
            transactions = said["block"]["data"]["txs"] or []
            for one in transactions:
                sent = self._sent.pop(hashlib.sha256(base64.b64decode(one)).digest(), None)
                if sent is not None:
                    self._latencies.append(seen - sent)
            self._blocks.append((seen, len(transactions)))
            self._height += 1
            self._settled.set()

    async def _is_ready(self, node: Rpc) -> bool:
        try:
            return (await node.status()).height >= 1 and len(await node.peers()) >= len(self._nodes) - 1
        except AtollError:
            return False


def rate_of(blocks: Sequence[tuple[float, int]]) -> float:
    """Transactions a second over blocks, which were seen at these moments: the median of three stretches.

    Raises:
        RuntimeError: there are too few.
    """
    if len(blocks) < 3:
        raise RuntimeError(f"{len(blocks)} blocks in the time of a measurement")
    count = 3 if len(blocks) > 9 else 1
    size = len(blocks) // count
    stretches = [blocks[at * size : (at + 1) * size + 1] for at in range(count)]
    return statistics.median(sum(one[1] for one in some[1:]) / (some[-1][0] - some[0][0]) for some in stretches)
