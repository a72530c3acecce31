"""A world in memory: organisations with whole nodes in one process, over a simulated network and clock, replayable from a seed.

    async def scenario() -> None:
        async with World(folder, seed=7) as world:
            bank, bureau = world["bank"], world["bureau"]
            ...
            world.fabric.cut("bank", "bureau")

    run_virtually(scenario())

The nodes are the real ones (`atoll.node.assembly`): keys, stores, ledger, policy, protocols. Only what touches the outside is
replaced: the network by `MemoryFabric`, time by the virtual loop, randomness by the seed, job processes by tasks. Two runs of
one seed give the same blocks. The one exception is the encapsulation of sealed frames, which the native core draws from the
operating system; nothing that is recorded depends on it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from atoll.ledger.plan import Plan
from atoll.node.assembly import Node, open_base
from atoll.node.config import load_config
from atoll.node.execution import Execution
from atoll.node.founding import draft_genesis, seal_genesis, sign_genesis
from atoll.node.home import NewHome, create_home
from atoll.node.keyring import KeyRing
from atoll.node.order import WorkerOrder
from atoll.node.spawn import Running
from atoll.ordering.offload import inline
from atoll.ports import Entropy
from atoll.primitives.drbg import SeededEntropy
from atoll.storage.keyfile import load_keystore
from atoll.testing.virtual import VirtualClock
from atoll.transport.memory import MemoryFabric, MemoryNetwork
from atoll.transport.session import Handler, Session
from atoll.trust.keystore import open_keys

ORGANISATIONS: Mapping[str, tuple[str, ...]] = {
    "operator": ("operator",),
    "auditor": ("auditor",),
    "bank": ("owner", "user"),
    "bureau": ("owner",),
    "telecom": ("owner",),
}
PASSPHRASE = "a passphrase for simulations only"  # noqa: S105
SETTLE_SECONDS = 60.0


class World:
    """Five organisations, or those that a test names, each with a node; the first one is the sequencer."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 0,
        organisations: Mapping[str, tuple[str, ...]] = ORGANISATIONS,
        policy: Mapping[str, str] | None = None,
        outbound: frozenset[str] = frozenset(),
        oprf: bool = False,
        checks: bool = False,
    ) -> None:
        """
        Args:
            folder: empty; the nodes' homes are made in it.
            seed: of all randomness.
            organisations: roles by name, the sequencer first.
            policy: lines for the section [policy] of an organisation's configuration.
            outbound: organisations behind a one-way firewall: they dial, nobody can dial them.
            oprf: whether the nodes deal the key of the threshold OPRF, as real ones do; `key_stands` waits for it.
            checks: nodes look for near duplicates by themselves, as they do outside of simulations.
        """
        self._folder = folder
        self._entropy = SeededEntropy(hashlib.sha256(f"world {seed}".encode()).digest())
        self._organisations = dict(organisations)
        self._policy = dict(policy or {})
        self._outbound = outbound
        self._deals = oprf
        self._checks = checks
        self.fabric = MemoryFabric(seed=seed, delay_seconds=0.002, jitter_seconds=0.001)
        self.fabric.without_listener |= outbound
        self.clocks: dict[str, VirtualClock] = {}
        self.nodes: dict[str, Node] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __getitem__(self, org: str) -> Node:
        return self.nodes[org]

    def home(self, org: str) -> Path:
        """An organisation's home folder; its data go into `data/` below it."""
        return self._folder / org

    async def __aenter__(self) -> Self:
        self._found()
        for org in self._organisations:
            self.start(org)
        await self.settle()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for org in list(self._tasks):
            await self.stop(org)

    def start(self, org: str) -> Node:
        """Start, or start again, an organisation's node on what its home holds."""
        config = load_config(self.home(org))
        entropy = self._entropy.fork(f"{org} {len(self._tasks)} {asyncio.get_running_loop().time()}")
        keys = KeyRing(config, open_keys(load_keystore(config.home.keys), PASSPHRASE), clock=self.clocks[org], entropy=entropy)
        base = open_base(config, keys, clock=self.clocks[org], entropy=entropy, offload=inline)
        node = Node(
            base,
            network=self.fabric.network(org),
            has_listener=org not in self._outbound,
            starter=TaskStarter(self.fabric, entropy),
            deals=self._deals,
        )
        self.nodes[org] = node
        self._tasks[org] = asyncio.create_task(node.run(), name=f"node {org}")
        return node

    async def stop(self, org: str) -> None:
        """Stop an organisation's node."""
        task = self._tasks.pop(org)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await self.fabric.network(org).close()

    async def settle(self) -> None:
        """Wait until everybody is connected with everybody that runs."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while any(  # noqa: ASYNC110 - under a virtual clock waiting costs nothing
                len(self.nodes[org].links.connected()) < len(self._tasks) - 1 for org in self._tasks
            ):
                await asyncio.sleep(0.05)

    async def key_stands(self) -> None:
        """Wait until every running node knows of a key of the threshold OPRF."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while not all(self.nodes[org].evaluator.is_ready for org in self._tasks):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)

    def roots(self) -> dict[str, tuple[int, str]]:
        """Height and state root that each running node has agreed on."""
        views = {org: self.nodes[org].context.view() for org in self._tasks}
        return {org: (view.height, view.tree.root.hex()) for org, view in views.items()}

    def _found(self) -> None:
        loop = asyncio.get_running_loop()
        sequencer = next(iter(self._organisations))
        enrolments = {}
        for number, (org, roles) in enumerate(self._organisations.items()):
            self.clocks[org] = VirtualClock(loop)
            new = NewHome(
                org=org,
                title=org.title(),
                legal_id=f"LEI {org}",
                roles=roles,
                peer="" if org in self._outbound else f"127.0.0.1:{7000 + number}",
                https=f"127.0.0.1:{8000 + number}",
                validating=org != sequencer,
            )
            entropy = self._entropy.fork(f"home {org}")
            enrolments[org] = create_home(self.home(org), new, passphrase=PASSPHRASE, clock=self.clocks[org], entropy=entropy)
            config = self.home(org) / "atoll.toml"
            said = self._policy.get(org, "") + ("" if self._checks else '\nduplicate-checks = "off"')
            config.write_text(config.read_text("utf-8") + said + "\n", "utf-8")
        body = draft_genesis(
            list(enrolments.values()), chain_id="world.atoll", sequencer=sequencer, clock=self.clocks[sequencer], test=True
        )
        signatures = [sign_genesis(body, org, enrolments[org], self._ring(org, self._entropy).signer) for org in enrolments]
        for org in enrolments:
            (self.home(org) / "genesis.atoll").write_bytes(seal_genesis(body, signatures))

    def _ring(self, org: str, entropy: Entropy) -> KeyRing:
        config = load_config(self.home(org))
        return KeyRing(config, open_keys(load_keystore(config.home.keys), PASSPHRASE), clock=self.clocks[org], entropy=entropy)


class TaskStarter:
    """Starts a job's process as a task of this process, over the fabric."""

    def __init__(self, fabric: MemoryFabric, entropy: Entropy) -> None:
        self._fabric = fabric
        self._entropy = entropy

    async def prepare(self) -> None:
        """A task needs no preparation."""

    async def close(self) -> None:
        """Nothing was prepared."""

    @asynccontextmanager
    async def start(self, order: WorkerOrder, plan: Plan) -> AsyncIterator[Running]:  # noqa: ARG002 - the interface's
        """The task, running; leaving the context ends it."""
        network = JobNetwork(self._fabric.network(order.org))
        events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        execution = Execution(order, network=network, tell=events.put_nowait, entropy=self._entropy, threads=False)
        task = asyncio.create_task(execution.run_to_status(), name=f"job of {order.org}")
        task.add_done_callback(lambda _: events.put_nowait(None))
        try:
            yield _TaskProcess(task, events)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await network.close()


class _TaskProcess:
    def __init__(self, task: asyncio.Task[int], events: asyncio.Queue[dict[str, Any] | None]) -> None:
        self._task = task
        self._events = events

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        while (event := await self._events.get()) is not None:
            yield event

    async def wait(self) -> int:
        return await self._task


class JobNetwork:
    """A job's share of its organisation's access: what it offers ends with it."""

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network
        self._services: list[str] = []

    def can_dial(self, org: str) -> bool:
        return self._network.can_dial(org)

    async def dial(self, org: str, service: str) -> Session:
        return await self._network.dial(org, service)

    async def listen(self, service: str, handler: Handler) -> None:
        self._services.append(service)
        await self._network.listen(service, handler)

    async def close(self) -> None:
        for service in self._services:
            self._network.services.pop(service, None)
