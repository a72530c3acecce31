"""One warm compute node of Atoll: the product's roles, runner and sealed TLS sessions; ledger and node are left out.

    python -m mpc.node NUMBER 3      in the folder bench; orders on standard input, one JSON line each

An order names `ports`, one a node, and `program` with what that program takes (`programs`).
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

from atoll.ports import SystemClock, SystemEntropy
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.hpke import derive_key_pair
from atoll.protocols.role import Party
from atoll.transport.identity import TlsIdentity
from atoll.transport.journal import MemoryJournal
from atoll.transport.meeting import Meeting, Opener
from atoll.transport.network import TlsNetwork
from atoll.transport.router import Router
from atoll.transport.runner import RunOptions, run_role
from atoll.transport.sealing import JobKeys, Member
from atoll.trust.tlskeys import TlsKey, create_tls_key
from mpc.clock import peak_bytes
from mpc.programs import make_program

MOST_SECONDS = 600.0


def secret(label: str) -> bytes:
    """The nodes of a benchmark know each other's keys without a ledger; they protect nothing."""
    return sha256(b"benchmark " + label.encode()).digest()


class Today(SystemClock):
    """Certificates begin today, not at the second in which a process happened to start."""

    def now(self) -> int:
        return super().now() // 86_400 * 86_400


def tls_key(number: int) -> TlsKey:
    """The certificate of a node, the same in every process."""
    return create_tls_key(f"node-{number}", clock=Today(), entropy=SeededEntropy(secret(f"tls {number}")))


class BenchNode:
    """What stays from order to order: keys."""

    def __init__(self, number: int, count: int) -> None:
        self._number = number
        self._places = [Party("compute", one) for one in range(count)]
        self._me = self._places[number]
        self._keys = [tls_key(one) for one in range(count)]

    async def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """One run: the nodes meet, talk, and part; what is timed is what the program times."""
        async with self._peers(order["ports"], order["dials"][self._number]) as peers:
            report = await run_role(
                lambda seed, _resume: make_program(self._me, order, seed),
                me=self._me,
                peers=peers,
                journal=MemoryJournal(),
                deadline=asyncio.get_running_loop().time() + MOST_SECONDS,
                entropy=SystemEntropy(),
                options=RunOptions(resumable=False, digested=False),
            )
        return dict(report.output)

    @asynccontextmanager
    async def _peers(self, ports: list[int], dials: list[int]) -> AsyncIterator[Mapping[Party, Opener]]:
        addresses = {f"node-{one}": ("127.0.0.1", port) for one, port in enumerate(dials)}
        router = Router(socket.create_server(("127.0.0.1", ports[self._number]), reuse_port=False))
        network = TlsNetwork(
            identity=TlsIdentity(self._keys[self._number]),
            pins=lambda: {f"node-{one}": (key.certificate,) for one, key in enumerate(self._keys)},
            addresses=lambda: addresses,
            door=router,
        )
        serving = asyncio.ensure_future(router.serve())
        meeting = Meeting(network, self._job_keys(ports), org=f"node-{self._number}")
        await meeting.start()
        try:
            yield meeting.openers()
        finally:
            await meeting.close()
            await network.close()
            serving.cancel()

    def _job_keys(self, ports: list[int]) -> JobKeys:
        pairs = {one: derive_key_pair(secret(f"job {one}")) for one in self._places}
        others = [(number, one) for number, one in enumerate(self._places) if one != self._me]
        return JobKeys(
            plan_digest=sha256(json.dumps(ports).encode()).digest(),
            attempt=1,
            me=self._me,
            secret=pairs[self._me].secret,
            members={one: Member(org=f"node-{number}", public=pairs[one].public) for number, one in others},
        )


def main() -> None:
    node = BenchNode(int(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        done = asyncio.run(node.run(json.loads(line)))
        done["peak_bytes"] = peak_bytes()
        print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
