"""One member of the benchmark's consortium, a process of its own: the embedded engine on its SQLite store, linked to the others
by the product's mutually authenticated TLS. The node's other services are left out.

    python -m ledger.member ORG FOLDER PORT PORT PORT      in the folder bench; orders on standard input, one JSON line each

Orders: `prepare` signs transactions, `burst` submits as fast as a window allows, `pace` submits at a steady rate whatever
comes back, `state` says where the ledger stands. What is timed runs from the moment a transaction was due to its
acknowledgement at the member that sent it: ordered, carried out and made durable by all three, cosigned by a quorum.
"""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from mpc.clock import peak_bytes, used

from atoll.errors import AtollError
from atoll.ordering.embedded.engine import EmbeddedEngine, Signers
from atoll.ordering.engine import Acknowledged
from atoll.ordering.waiting import MOST_OF_A_MEMBER
from atoll.ports import SystemClock
from atoll.primitives.drbg import SeededEntropy
from atoll.transport.errors import NotConnected
from atoll.transport.identity import TlsIdentity
from atoll.transport.links import Links
from atoll.transport.network import TlsNetwork
from atoll.transport.router import Router
from atoll.trust.keys import Purpose
from atoll.trust.tlskeys import TlsKey, create_tls_key
from ledger.load import ORGS, grants, make_founding, registration

TIMEOUT_SECONDS = 60.0


class Today(SystemClock):
    """Certificates begin today, not at the second in which a process happened to start."""

    def now(self) -> int:
        return super().now() // 86_400 * 86_400


def tls_key(org: str) -> TlsKey:
    """The certificate of a member, the same in every process."""
    return create_tls_key(org, clock=Today(), entropy=SeededEntropy(sha256(f"benchmark tls {org}".encode()).digest()))


class Port:
    """The engine's way to the other members."""

    links: Links

    async def call(self, org: str, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        if not hasattr(self, "links"):
            raise NotConnected(org=org)
        return await self.links.call(org, method, payload, timeout_seconds=timeout_seconds)


class BenchMember:
    """One member and its load."""

    def __init__(self, org: str, folder: Path, ports: Mapping[str, int]) -> None:
        self.org = org
        self._founding = make_founding()
        keys = self._founding.keys[org]
        port = Port()
        self.engine = EmbeddedEngine(
            org=org,
            genesis_file=self._founding.genesis_file,
            store_path=folder / f"{org}.ledger",
            signers=Signers(identity=keys[Purpose.IDENTITY].sign, cosign=keys[Purpose.COSIGN].sign, log=keys[Purpose.LOG].sign),
            clock=SystemClock(),
            members=port,
        )
        certificates = {one: (tls_key(one).certificate,) for one in ORGS}
        addresses = {one: ("127.0.0.1", number) for one, number in ports.items()}
        self._router = Router(socket.create_server(("127.0.0.1", ports[org])))
        self._network = TlsNetwork(
            identity=TlsIdentity(tls_key(org)), pins=lambda: certificates, addresses=lambda: addresses, door=self._router
        )
        self._links = port.links = Links(
            me=org, network=self._network, methods=self.engine.methods(), members=lambda: ORGS, has_listener=True
        )
        self._made: list[bytes] = []
        self._numbered = 0

    async def run(self) -> None:
        """Serve orders until standard input ends."""
        serving = [asyncio.ensure_future(self._router.serve()), asyncio.ensure_future(self._links.run())]
        await self.engine.start()
        for org in ORGS:
            if org != self.org:
                await self._links.wait_connected(org)
        say({"ready": True})
        while order := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(order)
            said = await getattr(self, asked.pop("do"))(**asked)
            await asyncio.to_thread(say, said)  # a long line waits for its reader, and the others for this member
        await self.engine.stop()
        await self._network.close()
        for one in serving:
            one.cancel()

    async def register(self) -> dict[str, Any]:
        """Register the dataset that the grants are for."""
        done = await self.engine.submit(registration(self._founding, self.org))
        return {"ok": done.outcome.ok}

    async def prepare(self, count: int) -> dict[str, Any]:
        """Sign so many transactions, for the orders that follow."""
        self._made = list(grants(self._founding, self.org, first=self._numbered, count=count))
        self._numbered += count
        return {"bytes": len(self._made[0]) if self._made else 0}

    async def burst(self, window: int) -> dict[str, Any]:
        """Submit all that is prepared, with so many under way at a time."""
        taken = iter(self._made)
        lap = Lap()

        async def one_after_another() -> None:
            for data in taken:
                await lap.submit(self.engine, data, lap.now())

        await asyncio.gather(*(one_after_another() for _ in range(window)))
        return lap.to_map()

    async def pace(self, rate: float) -> dict[str, Any]:
        """Submit all that is prepared at so many a second, whatever comes back: each has a moment at which it is due."""
        lap, room = Lap(), asyncio.Semaphore(MOST_OF_A_MEMBER)  # more than its share would be refused
        async with asyncio.TaskGroup() as group:
            for number, data in enumerate(self._made):
                due = lap.began + number / rate
                while (left := due - time.perf_counter()) > 0:  # noqa: ASYNC110 -- for the hour, not for an event
                    await asyncio.sleep(left)
                await room.acquire()
                group.create_task(lap.submit(self.engine, data, due)).add_done_callback(lambda _: room.release())
                if number % 64 == 0:
                    await asyncio.sleep(0)
        return lap.to_map()

    async def state(self) -> dict[str, Any]:
        """Where the ledger stands here."""
        view = self.engine.view()
        return {
            "height": view.height,
            "log_size": view.log_size,
            "state_root": view.tree.root.hex(),
            "keys": len(view.tree),
            "peak_bytes": peak_bytes(),
            "cpu_seconds": used(),
        }


class Lap:
    """What one order measures."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self._cpu = used()
        self._latencies: list[float] = []
        self._failures: list[str] = []
        self._last = self.began

    def now(self) -> float:
        return time.perf_counter()

    async def submit(self, engine: EmbeddedEngine, data: bytes, due: float) -> None:
        """Submit one transaction that was due at a moment."""
        try:
            done: Acknowledged = await engine.submit(data, timeout_seconds=TIMEOUT_SECONDS)
        except AtollError as err:
            self._failures.append(err.code)
            return
        if not done.outcome.ok:
            self._failures.append(done.outcome.code)
            return
        self._last = time.perf_counter()
        self._latencies.append(self._last - due)

    def to_map(self) -> dict[str, Any]:
        """For the line of JSON."""
        return {
            "count": len(self._latencies),
            "seconds": self._last - self.began,
            "cpu_seconds": used() - self._cpu,
            "latencies_ms": [round(1000 * one, 2) for one in self._latencies],
            "failures": counts(self._failures),
        }


def counts(names: Iterable[str]) -> dict[str, int]:
    """How often each occurs."""
    found: dict[str, int] = {}
    for one in names:
        found[one] = found.get(one, 0) + 1
    return found


def say(what: Mapping[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    org, folder, *ports = sys.argv[1:]
    member = BenchMember(org, Path(folder), dict(zip(ORGS, map(int, ports), strict=True)))
    asyncio.run(member.run())


if __name__ == "__main__":
    gc.freeze()  # as a node after its imports, see `atoll.node.loading`
    main()
