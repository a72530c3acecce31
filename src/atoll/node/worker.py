"""The child process of one job: `python -m atoll.node.worker HANDOFF_FD NODE_PID`, order on standard input, events on standard
output.

It owns its sockets, holds this job's secrets and the node's TLS key and no others, is capped in memory, dies with its node, and
says nothing about rows: an event is a JSON line with codes, counts and times.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import resource
import signal
import socket
import sys
from typing import Any

from atoll.node.execution import Execution
from atoll.node.order import MAX_ORDER_BYTES, WorkerOrder, parse_endpoint, parse_order
from atoll.ports import SystemEntropy
from atoll.transport.handoff import HandoffReceiver
from atoll.transport.identity import TlsIdentity
from atoll.transport.network import TlsNetwork
from atoll.trust.tlskeys import TlsKey

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run the job of the order on standard input."""
    die_with_parent(int(sys.argv[2]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = parse_order(sys.stdin.buffer.read(MAX_ORDER_BYTES))
    resource.setrlimit(resource.RLIMIT_DATA, (order.memory_bytes, order.memory_bytes))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    return asyncio.run(work(order, socket.socket(fileno=int(sys.argv[1]))))


def die_with_parent(node: int) -> None:
    """A node that is killed takes its jobs' processes with it; they resume when it is started again."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != node:  # it died before the line above
        os._exit(1)


def tell(event: dict[str, Any]) -> None:
    """One event for the node."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


async def work(order: WorkerOrder, channel: socket.socket) -> int:
    """Run the order over this process's own TLS sessions."""
    endpoints = {one.org: one.endpoint for one in order.peers} | {order.org: order.endpoint}
    network = TlsNetwork(
        identity=TlsIdentity(TlsKey(order.tls_scalar, order.tls_certificate)),
        pins=lambda: {one.org: one.certificates for one in order.peers},
        addresses=lambda: {org: parse_endpoint(endpoint) for org, endpoint in endpoints.items() if endpoint},
        door=HandoffReceiver(channel),
    )
    try:
        return await Execution(order, network=network, tell=tell, entropy=SystemEntropy()).run_to_status()
    finally:
        await network.close()


if __name__ == "__main__":
    sys.exit(main())
