"""A node as an operating-system process: TLS on its own port, jobs as child processes, the API over HTTPS."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

from atoll.node.assembly import Node, open_base
from atoll.node.config import Config
from atoll.node.gateway import build_app
from atoll.node.home import open_home_keys
from atoll.node.keyring import KeyRing
from atoll.node.order import parse_endpoint
from atoll.node.spawn import ProcessStarter
from atoll.ordering.offload import in_thread
from atoll.ports import SystemClock, SystemEntropy
from atoll.transport.bounded import BoundedListener, make_server, most_connections
from atoll.transport.identity import TlsIdentity
from atoll.transport.network import TlsNetwork
from atoll.transport.router import Router

log = logging.getLogger("atoll.node")

MAX_CONNECTIONS = 512
MAX_AN_ADDRESS = 128
"""To the API: the organisation's own people and programs, and whoever reads the published log."""
KEY_LOOK_SECONDS = 1.0
"""How soon a rotated TLS key is used for new sessions."""


class NodeProcess:
    """The real parts around one node."""

    def __init__(self, config: Config) -> None:
        clock, entropy = SystemClock(), SystemEntropy()
        keys = KeyRing(config, open_home_keys(config), clock=clock, entropy=entropy)
        self._config = config
        self._keys = keys
        self._base = open_base(config, keys, clock=clock, entropy=entropy, offload=in_thread)
        self._router = Router(_listen(config.peer_listen)) if config.peer_listen else None
        own = keys.tls(self._base.engine.view())
        keep_certificate(config.home.certificate, own.certificate)
        self._identity = TlsIdentity(own)
        directory = self._base.directory
        self._network = TlsNetwork(
            identity=self._identity, pins=directory.certificates, addresses=directory.addresses, door=self._router
        )
        self.node = Node(
            self._base,
            network=self._network,
            has_listener=self._router is not None,
            starter=ProcessStarter(door=self._router, logs=config.home.logs),
        )

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until cancelled; `ready` is called once the API answers."""
        server = make_server(build_app(self.node.services), self._identity.serving_https())
        host, port = parse_endpoint(self._config.https_listen)
        most = most_connections(MAX_CONNECTIONS)
        try:
            async with asyncio.TaskGroup() as group:
                listener = BoundedListener(host, port, most=most, most_an_address=min(MAX_AN_ADDRESS, most))
                if self._router is not None:
                    group.create_task(self._router.serve())
                group.create_task(self.node.run())
                group.create_task(server.serve([listener]))
                group.create_task(self._follow_own_key())
                while not server.started:  # noqa: ASYNC110 - the server tells it in no other way
                    await asyncio.sleep(0.01)
                log.info("ready")
                ready()
        finally:
            await self._network.close()

    async def _follow_own_key(self) -> None:
        while True:
            await asyncio.sleep(KEY_LOOK_SECONDS)
            self._identity.use(self._keys.tls(self._base.engine.view()))


def keep_certificate(path: Path, certificate: bytes) -> None:
    """Put the certificate that the API serves where this organisation's own clients pin it; a rotation has changed it."""
    if not path.exists() or path.read_bytes() != certificate:
        path.write_bytes(certificate)


def _listen(endpoint: str) -> socket.socket:
    host, port = parse_endpoint(endpoint)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener
