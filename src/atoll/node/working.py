"""What a job's process does between its order and its exit status; `atoll.node.worker` is the process."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import socket
import sys
from typing import Any, BinaryIO

from atoll.node.execution import Execution
from atoll.node.order import MAX_ORDER_BYTES, WorkerOrder, parse_endpoint, parse_order
from atoll.ports import SystemEntropy
from atoll.transport.handoff import HandoffReceiver
from atoll.transport.identity import TlsIdentity
from atoll.transport.network import TlsNetwork
from atoll.trust.tlskeys import TlsKey


def work(orders: BinaryIO, channel: socket.socket) -> int:
    """Wait for the order, cap the memory, run the job; the exit status.

    Args:
        orders: says one order, and then ends.
        channel: where the node hands over connections.
    """
    order = parse_order(orders.read(MAX_ORDER_BYTES))
    resource.setrlimit(resource.RLIMIT_DATA, (order.memory_bytes, order.memory_bytes))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    return asyncio.run(run(order, channel))


def tell(event: dict[str, Any]) -> None:
    """One event for the node."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


async def run(order: WorkerOrder, channel: socket.socket) -> int:
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
