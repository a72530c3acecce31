"""One live ledger session with every other member, kept up by whoever can.

    links = Links(me="bank", network=network, methods=methods, members=lambda: view.members(), has_listener=True)
    task = create_task(links.run())
    head = await links.call("operator", "ledger.head", b"", timeout_seconds=5)

Who dials: a member without a listener dials; between two listeners, the one whose name sorts first. If that one has not come
after a while, the other tries too, so one firewall that lets traffic out in one direction only is enough. When both succeed,
the newer session replaces the older one. Lost sessions are dialled again after a pause that grows and is drawn at random, so
that a restarted node is not met by all members in the same instant.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Collection, Mapping

from atoll.errors import AtollError
from atoll.transport.errors import LinkLost, NotConnected, RequestLate
from atoll.transport.rpc import Method, RpcSession
from atoll.transport.session import LEDGER_SERVICE, Network, Session
from atoll.transport.tasks import Tasks

log = logging.getLogger("atoll.transport")

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
PATIENCE_SECONDS = 10.0
"""How long the side that need not dial waits before it tries nevertheless."""
SETTLED_SECONDS = 5.0
"""A session that lived this long was a success: the next pause starts small again."""


class Links:
    """A node's ledger sessions, by organisation."""

    def __init__(
        self,
        *,
        me: str,
        network: Network,
        methods: Mapping[str, Method],
        members: Callable[[], Collection[str]],
        has_listener: bool,
        chance: random.Random | None = None,
    ) -> None:
        """
        Args:
            me: this organisation.
            network: how to reach the others.
            methods: what this node answers, by name.
            members: all organisations that the ledger admits now, this one included or not.
            has_listener: whether others can dial this node.
            chance: where pauses are drawn from; a test passes a seeded one.
        """
        self._me = me
        self._network = network
        self._methods = methods
        self._members = members
        self._has_listener = has_listener
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._live: dict[str, RpcSession] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self._hurry: dict[str, asyncio.Event] = {}
        self._tasks = Tasks()

    # -- for the node ---------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Listen and dial until cancelled; then all sessions are closed."""
        if self._has_listener:
            await self._network.listen(LEDGER_SERVICE, self._welcome)
        try:
            self.refresh()
            await asyncio.Event().wait()
        finally:
            for rpc in list(self._live.values()):
                await rpc.close()
            await self._tasks.stop()

    def refresh(self) -> None:
        """Look at the ledger again: meet new members, part with those that left or whose certificate is registered no more."""
        members = set(self._members()) - {self._me}
        for org in members - self._keepers.keys():
            self._keepers[org] = self._tasks.start(self._keep(org))
        for org in self._keepers.keys() - members:
            self._keepers.pop(org).cancel()
        for org in members:
            self._note_change(org)  # its address may be new
        for org, rpc in list(self._live.items()):
            if org not in members or not rpc.session.is_current():
                log.info("parting with %s: not registered on the ledger any more", org)
                self._tasks.start(rpc.close())

    def connected(self) -> tuple[str, ...]:
        """The members with a live session, sorted."""
        return tuple(sorted(self._live))

    async def wait_connected(self, org: str) -> None:
        """Return as soon as there is a session with a member; the caller bounds the wait."""
        while org not in self._live:
            await self._change(org).wait()

    def hurry(self, org: str) -> None:
        """Somebody waits for this member: if it is for this side to dial, do so without waiting for the pause to end."""
        if org in self._hurry:
            self._hurry[org].set()

    async def call(self, org: str, method: str, payload: bytes, *, timeout_seconds: float) -> bytes:
        """Ask a member; does not wait for a connection.

        Raises:
            NotConnected: no session now.
            RemoteError, RequestLate, LinkLost, PayloadTooLarge: as `RpcSession.call`.
        """
        rpc = self._find(org)
        heard = rpc.session.received_bytes
        try:
            return await rpc.call(method, payload, timeout_seconds=timeout_seconds)
        except RequestLate:
            if rpc.session.received_bytes == heard:  # not a sign of life meanwhile: the link may be dead without saying so
                self._tasks.start(rpc.close())
            raise

    async def notify(self, org: str, method: str, payload: bytes) -> None:
        """Tell a member something, without an answer.

        Raises:
            NotConnected: no session now.
            LinkLost, PayloadTooLarge: as `RpcSession.notify`.
        """
        await self._find(org).notify(method, payload)

    # -- sessions -------------------------------------------------------------------------------------------------------------

    def _find(self, org: str) -> RpcSession:
        rpc = self._live.get(org)
        if rpc is None:
            raise NotConnected(org=org)
        return rpc

    async def _welcome(self, session: Session) -> None:
        """Somebody dialled in; the network has made sure who it is."""
        if session.peer not in self._members():
            raise LinkLost(peer=session.peer, problem="not a member")
        await self._use(session)

    async def _use(self, session: Session) -> None:
        """Run a session to its end, as the one for its peer."""
        org = session.peer
        rpc = RpcSession(session, self._methods)
        older = self._live.get(org)
        self._live[org] = rpc
        self._note_change(org)
        if older is not None:
            self._tasks.start(older.close())
        try:
            await rpc.run()
        finally:
            if self._live.get(org) is rpc:
                del self._live[org]
                self._note_change(org)

    async def _keep(self, org: str) -> None:
        """Dial a member whenever there is no session with it and it is for this side to do so."""
        pause = FIRST_PAUSE_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            if org in self._live or not self._network.can_dial(org):
                await self._change(org).wait()
                continue
            if not self._dials(org) and await self._comes_in(org):
                continue
            started = loop.time()
            try:
                session = await self._network.dial(org, LEDGER_SERVICE)
                started = loop.time()
                await self._use(session)
            except AtollError as err:
                log.info("no session with %s: %s", org, err.code)
                if isinstance(err, LinkLost) and loop.time() - started >= SETTLED_SECONDS:
                    pause = FIRST_PAUSE_SECONDS
            await self._pause(org, pause * self._chance.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _pause(self, org: str, seconds: float) -> None:
        """Sleep, but never on where somebody is in a hurry; even then not without a moment between two attempts."""
        hurry = self._hurry[org] = asyncio.Event()
        try:
            await asyncio.sleep(min(seconds, FIRST_PAUSE_SECONDS))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds - FIRST_PAUSE_SECONDS):
                    await hurry.wait()
        finally:
            del self._hurry[org]

    def _dials(self, org: str) -> bool:
        return not self._has_listener or self._me < org

    async def _comes_in(self, org: str) -> bool:
        """Give the other side the time to dial that it should need."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.wait_connected(org)
        return org in self._live

    def _change(self, org: str) -> asyncio.Event:
        """Set when a session with this member comes or goes."""
        return self._changed.setdefault(org, asyncio.Event())

    def _note_change(self, org: str) -> None:
        self._changed.pop(org, asyncio.Event()).set()
