"""The one place where the parts of a node are chosen and joined."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from atoll.ledger.records import Key, KeyPointer, Member, MemberState
from atoll.node.bodies import Bodies, Body, BodyName
from atoll.node.config import Config
from atoll.node.consents import Consents
from atoll.node.context import NodeContext
from atoll.node.datasets import Datasets
from atoll.node.doctor import Doctor
from atoll.node.evidence import Evidence
from atoll.node.gateway import build_app
from atoll.node.grants import Grants
from atoll.node.home import open_home_keys
from atoll.node.jobs import Jobs
from atoll.node.keyring import KeyRing
from atoll.node.ledgerdesk import LedgerDesk
from atoll.node.membership import Membership
from atoll.node.outbox import Outbox
from atoll.node.proposals import Proposals
from atoll.node.reactor import Reactor
from atoll.node.runs import Runs
from atoll.node.services import Services
from atoll.node.spawn import Launcher
from atoll.ordering.embedded.engine import EmbeddedEngine, Signers
from atoll.ordering.engine import View
from atoll.ports import Clock, Entropy
from atoll.storage.sealed import Sealer
from atoll.storage.store import NodeStore
from atoll.transport.identity import TlsIdentity
from atoll.transport.links import Links
from atoll.transport.network import TlsNetwork
from atoll.transport.router import Router
from atoll.trust.keys import Purpose
from atoll.wire.message import encode_message, parse_message

log = logging.getLogger("atoll.node")


class Node:
    """One organisation's node. Make it, then `run` it; cancelling `run` stops it in order."""

    def __init__(self, config: Config, *, clock: Clock, entropy: Entropy) -> None:
        self.config = config
        self._keys = KeyRing(config, open_home_keys(config), clock=clock, entropy=entropy)
        self._store = NodeStore(config.home.store)
        self.engine: EmbeddedEngine = EmbeddedEngine(
            org=config.org,
            genesis_file=config.home.genesis.read_bytes(),
            store_path=config.home.ledger,
            signers=Signers(
                identity=self._keys.signing(Purpose.IDENTITY, self._view),
                cosign=self._keys.signing(Purpose.COSIGN, self._view),
                log=self._keys.signing(Purpose.LOG, self._view),
            ),
            clock=clock,
            members=self,
        )
        self._router = Router(_listen(config.peer_listen)) if config.peer_listen else None
        self._identity = TlsIdentity(self._keys.tls(self.engine.view()))
        self._network = TlsNetwork(
            identity=self._identity, pins=self.certificates, addresses=self._addresses, door=self._router
        )
        self.links = Links(
            me=config.org,
            network=self._network,
            methods=self._methods(),
            members=self._active_members,
            has_listener=self._router is not None,
        )
        chain = self.engine.view().chain
        self.outbox = Outbox(
            org=config.org,
            engine=self.engine,
            keys=self._keys,
            chain_id=chain.chain_id,
            genesis_digest=chain.genesis_digest,
        )
        self.context = NodeContext(
            config=config,
            clock=clock,
            entropy=entropy,
            store=self._store,
            sealer=Sealer(self._keys.storage_key(), entropy),
            engine=self.engine,
            outbox=self.outbox,
        )
        self.bodies = Bodies(org=config.org, store=self._store, links=self.links)
        self.consents = Consents(self.context, self.bodies)
        launcher = Launcher(
            self.context,
            self.bodies,
            door=self._router,
            tls=lambda: self._keys.tls(self.engine.view()),
            storage_key=self._keys.storage_key(),
            certificates=self.certificates,
        )
        self.runs = Runs(self.context, self.bodies, self.consents, launcher)
        self.reactor = Reactor(self.context, self.bodies, self.consents, self.runs, self._on_block)
        doctor = Doctor(self.context, self.links, self.runs)
        self.services = Services(
            store=self._store,
            membership=Membership(self.context, self._keys, lambda: set(self.links.connected())),
            datasets=Datasets(self.context, self.bodies),
            grants=Grants(self.context, self.bodies),
            proposals=Proposals(self.context, self.bodies),
            jobs=Jobs(self.context, self.bodies, self.consents, self.runs),
            ledger=LedgerDesk(self.context),
            evidence=Evidence(self.context, self.bodies),
            status=doctor.status,
            doctor=doctor.look,
        )

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Take part until cancelled."""
        server = self._https_server()
        try:
            await self.engine.start()
            async with asyncio.TaskGroup() as group:
                if self._router is not None:
                    group.create_task(self._router.serve())
                group.create_task(self.links.run())
                group.create_task(self.reactor.run())
                group.create_task(server.serve())
                while not server.started:
                    await asyncio.sleep(0.01)
                log.info("ready")
                ready()
        finally:
            self.reactor.stop()
            await self.runs.stop_all()
            await self.engine.stop()
            await self._network.close()
            self._store.close()

    async def call(self, org: str, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        """The engine's way to other members."""
        return await self.links.call(org, method, payload, timeout_seconds=timeout_seconds)

    def certificates(self) -> dict[str, tuple[bytes, ...]]:
        """The TLS certificates in force, by organisation; read from the ledger."""
        view = self.engine.view()
        found: dict[str, tuple[bytes, ...]] = {}
        for member in view.all(Member):
            pointer = view.get(KeyPointer, f"{member.org}/{Purpose.TLS}")
            key = view.get(Key, f"{member.org}/{Purpose.TLS}/{pointer.version}") if pointer else None
            if key is not None and key.revoked_height is None and member.state is MemberState.ACTIVE:
                found[member.org] = (key.public,)
        return found

    def _methods(self) -> dict[str, Callable[[str, bytes], Awaitable[bytes]]]:
        async def body_get(org: str, payload: bytes) -> bytes:
            return encode_message(self.bodies.answer(self.engine.view(), org, parse_message(payload, BodyName)))

        async def body_put(org: str, payload: bytes) -> bytes:
            await self.consents.take(org, parse_message(payload, Body))
            return b""

        return {**self.engine.methods(), "body.get": body_get, "body.put": body_put}

    def _addresses(self) -> dict[str, tuple[str, int]]:
        members = [one for one in self.engine.view().all(Member) if one.peer and one.state is MemberState.ACTIVE]
        return {one.org: _endpoint(one.peer) for one in members}

    def _view(self) -> View:
        return self.engine.view()

    def _active_members(self) -> list[str]:
        return [one.org for one in self.engine.view().all(Member) if one.state is MemberState.ACTIVE]

    def _on_block(self) -> None:
        """Members and certificates may have changed."""
        self._identity.use(self._keys.tls(self.engine.view()))
        self.links.refresh()

    def _https_server(self) -> uvicorn.Server:
        host, port = _endpoint(self.config.https_listen)
        settings = uvicorn.Config(
            build_app(self.services),
            host=host,
            port=port,
            log_config=None,
            lifespan="off",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        settings.load()
        settings.ssl = self._identity.serving_https()
        server = uvicorn.Server(settings)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        return server


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _listen(endpoint: str) -> socket.socket:
    host, port = _endpoint(endpoint)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener
