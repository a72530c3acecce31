"""The one place where the parts of a node are chosen and joined.

What touches the outside (network, job processes, threads) is handed in: `process` brings the real parts, `atoll.testing.world`
brings simulated ones. Everything between is the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from atoll.node.bodies import Bodies, Body, BodyName
from atoll.node.budgets import Budgets
from atoll.node.catalogue import Catalogue
from atoll.node.config import Config
from atoll.node.consents import Consents
from atoll.node.context import NodeContext
from atoll.node.datasets import Datasets
from atoll.node.directory import Directory
from atoll.node.disputes import Disputes
from atoll.node.doctor import Doctor
from atoll.node.duplicates import Duplicates
from atoll.node.duties import Duties
from atoll.node.engines import open_engine
from atoll.node.evidence import Evidence
from atoll.node.foreign.assemble import join_foreign
from atoll.node.foreign.settings import load_foreign
from atoll.node.gradings import Gradings
from atoll.node.grants import Grants
from atoll.node.histories import Histories
from atoll.node.job_orders import Orders
from atoll.node.jobs import Jobs
from atoll.node.keyring import KeyRing
from atoll.node.ledgerdesk import LedgerDesk
from atoll.node.ledgerproofs import LedgerProofs
from atoll.node.ledgerwatch import LedgerWatch
from atoll.node.levels import LevelTables
from atoll.node.membership import Membership
from atoll.node.motions import Motions
from atoll.node.oprf import METHOD as OPRF_METHOD
from atoll.node.oprf import Evaluator
from atoll.node.oprf_dealing import Dealer
from atoll.node.oprf_shares import Shares
from atoll.node.orders import OrderDesk
from atoll.node.outbox import Outbox
from atoll.node.profiles import Profiles
from atoll.node.programs import Programs
from atoll.node.proposals import Proposals
from atoll.node.purposes import Purposes
from atoll.node.quality import Quality
from atoll.node.reactor import Reactor
from atoll.node.rights import Rights
from atoll.node.runs import Runs
from atoll.node.services import Services
from atoll.node.spawn import Starter
from atoll.node.standing import StandingConsents
from atoll.node.tlog.assemble import publish_log
from atoll.node.tlog.cosigning import METHOD as COSIGN_METHOD
from atoll.node.tlog.publisher import REFRESH_SECONDS
from atoll.ordering.engine import Engine
from atoll.ordering.offload import Offload
from atoll.ports import Clock, Entropy
from atoll.storage.catalogue import CatalogueIndex
from atoll.storage.sealed import Sealer
from atoll.storage.store import NodeStore
from atoll.transport.errors import NotConnected
from atoll.transport.links import Links
from atoll.transport.session import Network
from atoll.trust.keys import Purpose
from atoll.wire.message import encode_message, parse_message

log = logging.getLogger("atoll.node")


class MembersPort:
    """The engine's way to other members, which exists once the links do."""

    def __init__(self) -> None:
        self.links: Links | None = None

    async def call(self, org: str, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        """The member's answer; errors as `Links.call`."""
        if self.links is None:
            raise NotConnected(org=org)
        return await self.links.call(org, method, payload, timeout_seconds=timeout_seconds)


@dataclass(frozen=True, slots=True)
class Base:
    """A node's keys, clock and copy of the ledger: what its way to the outside is made from."""

    config: Config
    clock: Clock
    entropy: Entropy
    keys: KeyRing
    engine: Engine
    directory: Directory
    members: MembersPort
    offload: Offload


def open_base(config: Config, keys: KeyRing, *, clock: Clock, entropy: Entropy, offload: Offload) -> Base:
    """Open this node's copy of the ledger.

    Raises:
        IntegrityError: the store is not what was signed.
        UnavailableError: what the engine needs is not there.
    """
    members = MembersPort()
    engine = open_engine(config, keys, clock=clock, entropy=entropy, offload=offload, members=members)
    return Base(config, clock, entropy, keys, engine, Directory(engine.view, clock.now), members, offload)


class Node:
    """One organisation's node. Make it, then `run` it; cancelling `run` stops it in order."""

    def __init__(self, base: Base, *, network: Network, has_listener: bool, starter: Starter, deals: bool = True) -> None:
        """Args: deals: whether it takes part in dealing the members' key; off in simulations of something else."""
        config = base.config
        self.base = base
        self._store = NodeStore(config.home.store)
        self.links = Links(
            me=config.org,
            network=network,
            methods=self._methods(),
            members=base.directory.names,
            has_listener=has_listener,
        )
        base.members.links = self.links
        chain = base.engine.view().chain
        self.context = NodeContext(
            config=config,
            clock=base.clock,
            entropy=base.entropy,
            store=self._store,
            sealer=Sealer(base.keys.storage_key(), base.entropy),
            engine=base.engine,
            offload=base.offload,
            outbox=Outbox(
                org=config.org,
                engine=base.engine,
                keys=base.keys,
                chain_id=chain.chain_id,
                genesis_digest=chain.genesis_digest,
            ),
        )
        shares = Shares(self.context)
        self.evaluator = Evaluator(self.context, shares, self.links, base.keys.signing(Purpose.IDENTITY, base.engine.view))
        self._dealer = Dealer(self.context, shares, self.links.connected) if deals else None
        self.bodies = Bodies(org=config.org, store=self._store, links=self.links)
        self.catalogue = Catalogue(
            self.context, self.bodies, CatalogueIndex(config.home.catalogue, ledger=chain.genesis_digest.hex())
        )
        self.purposes = Purposes(self.context, self.bodies)
        self.consents = Consents(self.context, self.bodies, self.purposes, prepare=starter.prepare)
        self.runs = Runs(
            self.context, self.bodies, self.consents, Orders(self.context, self.bodies, base.keys, base.directory), starter
        )
        self.budgets = Budgets(self.context, self.bodies, self.purposes)
        self.proposals = Proposals(self.context, self.bodies, self.purposes, self.budgets, self.consents)
        self.duplicates = Duplicates(self.context, self.bodies, self.proposals, self.runs)
        foreign = load_foreign(config.foreign, origin=chain.chain_id)
        refresh = min(REFRESH_SECONDS, foreign.agreement.interval_seconds) if foreign else REFRESH_SECONDS
        self.tlog = publish_log(self.context, base.keys, base.members.call, refresh_seconds=refresh)
        self.foreign = join_foreign(self.context, foreign, self.tlog.shelf)
        self.reactor = Reactor(self.context, self.bodies, self.consents, self.runs, self._on_block)
        self.services = self._join()

    async def run(self) -> None:
        """Take part until cancelled."""
        try:
            await self.base.engine.start()
            async with asyncio.TaskGroup() as group:
                group.create_task(self.base.engine.failed())
                group.create_task(self.links.run())
                group.create_task(self.reactor.run())
                group.create_task(self.catalogue.run())
                if self._dealer is not None:
                    group.create_task(self._dealer.run())
                group.create_task(self.duplicates.run())
                if self.tlog.publisher is not None:
                    group.create_task(self.tlog.publisher.run())
        finally:
            self.reactor.stop()
            await self.runs.stop_all()
            await self.foreign.stop()
            await self.base.engine.stop()
            self.catalogue.close()
            self._store.close()

    def _on_block(self) -> None:
        self.links.refresh()
        self.runs.look_again()
        if self._dealer is not None:
            self._dealer.look_soon()
        self.duplicates.look_soon()

    def _join(self) -> Services:
        motions = Motions(self.context, self.foreign.office)
        doctor = Doctor(self.context, self.links, self.runs, self.evaluator, self.tlog, motions)
        disputes = Disputes(self.context, self.bodies)
        levels = LevelTables(self.context.config.home.path)
        return Services(
            store=self._store,
            membership=Membership(self.context, self.base.keys, self.links),
            motions=motions,
            datasets=Datasets(self.context, self.bodies, self.evaluator, self.foreign.claimant, deals=self._dealer is not None),
            catalogue=self.catalogue,
            gradings=Gradings(self.context, self.bodies, levels),
            profiles=Profiles(self.context, levels),
            grants=Grants(self.context, self.bodies, self.purposes, self.budgets, on_revoked=self.runs.look_again),
            budgets=self.budgets,
            orders=OrderDesk(self.context),
            proposals=self.proposals,
            rights=Rights(self.context, self.bodies, on_changed=self.runs.look_again),
            standing=StandingConsents(self.context, self.bodies),
            duties=Duties(self.context, self.bodies),
            quality=Quality(self.context, self.bodies, self.catalogue, self.base.keys),
            jobs=Jobs(self.context, self.bodies, self.consents, self.runs),
            programs=Programs(self.context, self.bodies, on_revoked=self.runs.look_again),
            tlog=self.tlog,
            foreign=self.foreign,
            proofs=LedgerProofs(self.context, self.tlog),
            watch=LedgerWatch(self.context),
            ledger=LedgerDesk(self.context),
            disputes=disputes,
            histories=Histories(self.context, disputes),
            evidence=Evidence(self.context, self.bodies),
            status=doctor.status,
            doctor=doctor.look,
        )

    def _methods(self) -> dict[str, Callable[[str, bytes], Awaitable[bytes]]]:
        """What other members' nodes may ask of this one."""

        async def body_get(org: str, payload: bytes) -> bytes:
            return encode_message(self.bodies.answer(self.context.view(), org, parse_message(payload, BodyName)))

        async def body_put(org: str, payload: bytes) -> bytes:
            await self.consents.take(org, parse_message(payload, Body))
            return b""

        async def oprf_evaluate(org: str, payload: bytes) -> bytes:
            return await self.evaluator.answer(org, payload)

        async def tlog_cosign(org: str, payload: bytes) -> bytes:
            return await self.tlog.cosign(org, payload)

        own = {"body.get": body_get, "body.put": body_put, OPRF_METHOD: oprf_evaluate, COSIGN_METHOD: tlog_cosign}
        return {**self.base.engine.methods(), **own}
