"""The CometBFT engine, wired: the ledger's application, CometBFT as a child process, and between them what makes blocks
provable."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from atoll.errors import AtollError
from atoll.ledger.apply import Outcome
from atoll.ledger.chain import Ledger
from atoll.ledger.records import Member, MemberState, current_key
from atoll.ledger.rules.errors import BadTransaction
from atoll.ledger.transaction import transaction_id, transaction_ids
from atoll.ordering.cometbft.application import Application, Committed
from atoll.ordering.cometbft.binary import check_binary, find_binary
from atoll.ordering.cometbft.home import dialable, write_config, write_genesis
from atoll.ordering.cometbft.keys import is_staged, load_keys, use_staged_key
from atoll.ordering.cometbft.older import METHOD as OLDER
from atoll.ordering.cometbft.older import OlderSeals
from atoll.ordering.cometbft.parameters import genesis_document
from atoll.ordering.cometbft.paths import APP_SOCKET, RPC_SOCKET, SocketFolder
from atoll.ordering.cometbft.process import Supervisor
from atoll.ordering.cometbft.provable import Provable
from atoll.ordering.cometbft.rpc import Rpc
from atoll.ordering.cometbft.seals import SealStore
from atoll.ordering.cometbft.sender import Door, Sender
from atoll.ordering.cometbft.server import Server
from atoll.ordering.cometbft.settings import Settings
from atoll.ordering.cometbft.snapshots import Snapshots
from atoll.ordering.cometbft.store import CometStore
from atoll.ordering.engine import Acknowledged, AgreedBlock, Candidacy, Condition, View
from atoll.ordering.errors import HandoverRefused, NotAcknowledged, NotAdmitted, NotAgreedYet, Stopped, ValidatorRefused
from atoll.ordering.members import Handler, Members
from atoll.ordering.offload import Offload, in_thread
from atoll.ordering.reading import AgreedReader
from atoll.ordering.tasks import Tasks
from atoll.ordering.waiting import Waiting
from atoll.ports import Clock
from atoll.trust.keys import Purpose

log = logging.getLogger("atoll.ordering")

SEALS = "seals.sqlite"
"""Kept seals, in CometBFT's folder."""
SNAPSHOTS = "snapshots"
"""What newcomers may start from, in CometBFT's folder."""
LOOK_SECONDS = 2.0
"""How often CometBFT is asked for its peers."""
SOON_SECONDS = 0.3
"""The same while it fetches what the others have."""


class CometEngine(AgreedReader):
    """`atoll.ordering.engine.Engine` on CometBFT. Make it, `start` it, and stop the node when `failed` raises."""

    kind = "cometbft"

    def __init__(
        self,
        *,
        org: str,
        genesis_file: bytes,
        store_path: Path,
        home: Path,
        settings: Settings,
        clock: Clock,
        members: Members | None = None,
        offload: Offload = in_thread,
        max_pages: int | None = None,
        binary: Path | None = None,
    ) -> None:
        """Open the store and read the keys; nothing is started.

        Args:
            org: this member.
            genesis_file: as the founders signed it.
            store_path: SQLite file of the ledger; made if it is not there.
            home: CometBFT's folder, in which `create_keys` has made its keys.
            settings: what the owner decides.
            clock: for waiting, and for the age of the view.
            members: how to ask the others for seals of before this node's time; None not to.
            offload: where blocks are carried out and written.
            max_pages: most pages of 4 KiB in the store; for tests of a full disk.
            binary: CometBFT, where it is not to be looked for.

        Raises:
            BinaryMissing: there is no CometBFT on this machine.
            ValidatorFilesUnfit: its keys, or what it has signed, are not there.
            BadGenesis, ForeignStore, StoreCorrupt, StoreFull: as of the store.
        """
        self.org = org
        self.keys = load_keys(home)
        self._binary = binary or find_binary()
        self._home = home
        self._settings = settings
        self._folder = SocketFolder(home)
        self.store = CometStore(store_path, max_pages=max_pages)
        try:
            self.application = Application(
                genesis_file=genesis_file, store=self.store, offload=offload, retain_blocks=settings.retain_blocks
            )
            self._seals = SealStore(home / SEALS, chain_id=self.ledger.genesis.chain_id)
        except AtollError:
            self.store.close()
            self._folder.close()
            raise
        super().__init__(self.store, clock)
        self._rpc = Rpc(self._folder.reach(RPC_SOCKET))
        self._waiting = Waiting()
        self._door = Door(self.application.check_many)
        self._provable = Provable(self.application, self._rpc, self._seals)
        self._sender = Sender(self._rpc, self._waiting, clock, self._judge, self._is_placed)
        self._older = OlderSeals(self.application, self._seals, members, self._other_orgs) if members is not None else None
        self._unsettled: dict[int, AgreedBlock] = {}
        self._supervisor = Supervisor(
            self._binary,
            home,
            clock=clock,
            prepare=self._prepare,
            command=settings.command,
            environment={**os.environ, **settings.environment},
        )
        self._server: Server | None = None
        self._tasks = Tasks(org)
        self._fail_stop: asyncio.Task[None] | None = None
        self._failure: asyncio.Future[None] | None = None
        self._peers = 0
        self._catching_up = True
        self._welcome: frozenset[str] = frozenset()
        """Names of the nodes that CometBFT may have let in since it was started."""
        self.application.on_commit = self._on_commit
        self.application.on_restored = self._provable.restart
        self._provable.on_sealed = self._on_sealed

    # -- life ------------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """See `Engine.start`.

        Raises:
            BinaryUnfit: CometBFT does not run, or is another version.
            ValidatorFilesUnfit: its folder is of another ledger.
            UnknownRules: the next block is under rules that are not known here.
        """
        self.ledger.need_rules()
        await check_binary(self._binary)
        write_genesis(self._home, genesis_document(self.ledger.genesis, self.ledger.genesis_digest))
        self._failure = asyncio.get_running_loop().create_future()
        snapshots = Snapshots(self.application, self._home / SNAPSHOTS, interval_heights=self._settings.snapshot_heights)
        self._server = Server(self.application, Path(self._folder.reach(APP_SOCKET)), snapshots=snapshots)
        await self._server.start()
        await self._supervisor.start()
        self._running = True
        self._fail_stop = asyncio.create_task(self._guard(self._server.failed), name=f"{self.org} fail-stop")
        self._tasks.begin("door", self._door.run)
        self._tasks.begin("sender", self._sender.run)
        self._tasks.begin("look", self._look)
        if self._older is not None:
            self._tasks.begin("older", self._fill_gaps)

    async def stop(self) -> None:
        """See `Engine.stop`."""
        self._running = False
        if self._fail_stop is not None:
            self._fail_stop.cancel()
            await asyncio.wait([self._fail_stop])
        await self._tasks.stop()
        await self._halt()
        if self._failure is not None and not self._failure.done():
            self._failure.cancel()
        self._provable.take_down()
        await self._rpc.close()
        self._seals.close()
        await self.application.close()
        self._folder.close()

    async def _halt(self) -> None:
        """CometBFT first, then what it asks; whoever waits for a transaction is told."""
        await self._supervisor.stop()
        if self._server is not None:
            await self._server.stop()
        self._waiting.refuse_all(NotAcknowledged(seconds=0))
        self._agreed.fire()

    async def failed(self) -> None:
        """Wait until this node can take part no more: its ledger cannot go on, or CometBFT does not.

        Raises:
            AtollError: always, with the reason; nothing else ends the wait but cancellation and `stop`.
        """
        assert self._failure is not None, "start comes first"
        await asyncio.shield(self._failure)

    async def _guard(self, application_failed: asyncio.Future[None]) -> None:
        """Fail-stop: when one part gives up, nothing goes on."""
        parts = [
            asyncio.ensure_future(self._supervisor.failed()),
            asyncio.ensure_future(self._provable.run()),
            application_failed,
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            failure = next(one.exception() for one in done)
            assert failure is not None, "none of these ends without an error"
            log.critical("this node takes part no more: %s", failure)
            self._supervisor.give_up(str(failure))
            await self._halt()
            if self._failure is not None and not self._failure.done():
                self._failure.set_exception(failure)
                self._failure.exception()
        finally:
            for one in parts:
                one.cancel()
            await asyncio.wait(parts)

    async def _prepare(self) -> None:
        """Before each start of CometBFT."""
        self._folder.remove(RPC_SOCKET)
        if is_staged(self._home, self._registered_key()):
            use_staged_key(self._home)
            self.keys = load_keys(self._home)
            log.info("the validator of %s votes with its next key from now on", self.org)
        write_config(self._home, self._settings, name=self.org, peers=self._other_nodes())
        self._welcome = self._node_names(active=True)
        self._sender.forget()

    def _other_nodes(self) -> list[str]:
        """`id@host:port` of the nodes that the ledger says are the other members' and can be dialled; of two members that give
        one name, the one that joined first."""
        members = (one for one in self.view().all(Member) if one.org != self.org and one.state is MemberState.ACTIVE)
        peers = [one.consensus_peer for one in sorted(members, key=lambda one: (one.joined_height, one.org))]
        return [peer for peer in dialable(peers) if not peer.startswith(self.keys.node_id)]

    def _node_names(self, *, active: bool) -> frozenset[str]:
        """Names of the nodes of members that are, or are not, active."""
        members = (one for one in self.view().all(Member) if (one.state is MemberState.ACTIVE) is active)
        return frozenset(one.consensus_peer.partition("@")[0] for one in members if one.consensus_peer)

    def _registered_key(self) -> bytes:
        """The key that the ledger says this member votes with, or would; empty where there is none."""
        key = current_key(self.view(), self.org, Purpose.CONSENSUS)
        return key.public if key is not None else b""

    async def _fill_gaps(self) -> None:
        """Ask the others for seals whenever one is missing here."""
        while self._older is not None:
            await self._older.complete(lambda: self._provable.voting)
            await asyncio.sleep(LOOK_SECONDS)

    def _other_orgs(self) -> list[str]:
        return [one.org for one in self.view().all(Member) if one.org != self.org and one.state is MemberState.ACTIVE]

    async def _look(self) -> None:
        """Ask CometBFT now and then how it is; start it again when the ledger names the key that lies ready, and when a member
        goes: CometBFT asks only when a connection begins, and this ends them. A member that gives its node another name
        restarts nobody."""
        while True:
            try:
                self._peers = len(await self._rpc.peers())
                self._catching_up = (await self._rpc.status()).catching_up
            except ValidatorRefused:
                self._peers = 0
            let_in, departed = self._node_names(active=True), self._node_names(active=False)
            if is_staged(self._home, self._registered_key()) or self._welcome & (departed - let_in):
                self._supervisor.restart()
            self._welcome |= let_in
            await asyncio.sleep(SOON_SECONDS if self._catching_up else LOOK_SECONDS)

    def condition(self) -> Condition:
        """How this node's validator is."""
        return Condition(
            state=self._supervisor.state,
            reason=self._supervisor.reason,
            restarts=self._supervisor.restarts,
            votes=any(one.consensus == self.keys.public for one in self.view().consensus.counted()),
            catching_up=self._catching_up,
            peers=self._peers,
            consensus_height=self.application.tip.consensus_height,
        )

    @property
    def child_pid(self) -> int | None:
        """CometBFT's process id while it runs."""
        return self._supervisor.pid

    # -- submitting ------------------------------------------------------------------------------------------------------------

    async def submit(self, transaction: bytes, *, timeout_seconds: float = 30.0) -> Acknowledged:
        """See `Engine.submit`."""
        identifier = transaction_id(transaction)
        if not self._is_placed(identifier) and self._waiting.get(identifier) is None:
            outcome = self._as_far_as_known(await self._admit(transaction, timeout_seconds))
            if not outcome.ok and not self._is_placed(identifier):
                raise NotAdmitted(refusal=outcome.code, reason=outcome.sentence)
        known = self._find_placed(identifier)  # another member may have handed it over meanwhile
        if known is not None and known.height <= self.view().height:
            return known
        if not self._running:
            raise Stopped(org=self.org)
        return await self._waiting.acknowledged(transaction, placed=known is not None, timeout_seconds=timeout_seconds)

    async def _admit(self, transaction: bytes, timeout_seconds: float) -> Outcome:
        if not self._running:
            raise Stopped(org=self.org)
        try:
            return await asyncio.wait_for(self._door.admit(transaction), timeout_seconds)
        except TimeoutError as err:
            raise NotAcknowledged(seconds=timeout_seconds) from err

    def _judge(self, transaction: bytes) -> Outcome:
        return self._as_far_as_known(self.application.check(transaction))

    def _as_far_as_known(self, outcome: Outcome) -> Outcome:
        """A node that still fetches old blocks does not know who is a member by now, and which nonces were used."""
        is_final = not self._catching_up or outcome.number == BadTransaction.number
        return outcome if is_final else Outcome(0, "", "")

    def _is_placed(self, identifier: bytes) -> bool:
        return self.store.find_transaction(identifier) is not None

    def _on_commit(self, committed: Committed) -> None:
        if committed.agreed is not None:
            block = committed.agreed.block
            self._unsettled[block.height] = committed.agreed
            self._waiting.place(block.transactions, placed=True)
        self._provable.take_note(committed.tip)

    def _on_sealed(self) -> None:
        height = self.view().height
        for one in sorted(self._unsettled):
            if one <= height:
                self._settle(self._unsettled.pop(one))
        self._agreed.fire()

    def _settle(self, agreed: AgreedBlock) -> None:
        names = transaction_ids(agreed.block.transactions)
        for index, (name, outcome) in enumerate(zip(names, agreed.outcomes, strict=True), agreed.summary.first):
            if self._waiting.get(name) is not None:
                self._waiting.settle(Acknowledged(name, agreed.block.height, index, outcome))

    # -- reading ---------------------------------------------------------------------------------------------------------------

    def view(self) -> View:
        """See `Engine.view`; right after a start it is what was committed before, while its seal is on its way."""
        return self._provable.view

    def seal(self) -> bytes:
        """The header seal of the view.

        Raises:
            NotAgreedYet: there is none yet, or none since the start.
        """
        seal = self._provable.seal
        if seal is None:
            raise NotAgreedYet()
        return seal

    def seal_of(self, height: int) -> bytes | None:
        """See `Engine.seal_of`."""
        return self._provable.seal_of(height)

    @property
    def ledger(self) -> Ledger:
        """See `Engine.ledger`."""
        return self.application.ledger

    # -- the other members -----------------------------------------------------------------------------------------------------

    def methods(self) -> dict[str, Handler]:
        """What the other members call here; blocks and votes go between the CometBFTs by themselves."""
        return {OLDER: self._older.on_request} if self._older is not None else {}

    async def vote(self, new_sequencer: str) -> Candidacy:
        """There is no sequencer to replace: each validator proposes in turn.

        Raises:
            HandoverRefused: always.
        """
        raise HandoverRefused(org=new_sequencer, reason="under CometBFT nobody orders alone, each validator in turn does")
