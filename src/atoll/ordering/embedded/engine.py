"""The embedded engine, wired: one replica, and around it the tasks of a member or of the sequencer."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path

from atoll.errors import AtollError
from atoll.ledger.chain import Ledger
from atoll.ledger.errors import UnknownRules
from atoll.ledger.records import Member, served_until
from atoll.ledger.transaction import transaction_id
from atoll.ordering.changes import Changes
from atoll.ordering.embedded.catchup import Catchup
from atoll.ordering.embedded.door import Door
from atoll.ordering.embedded.forwarder import Forwarder
from atoll.ordering.embedded.handover import Candidate
from atoll.ordering.embedded.member import MemberSide
from atoll.ordering.embedded.messages import BALLOT, BLOCKS, PUSH, STAND, SUBMIT, Standing
from atoll.ordering.embedded.overdue import Overdue
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.publisher import Publisher
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.sequencer import Sequencer
from atoll.ordering.embedded.signatory import Signatory, Signers
from atoll.ordering.embedded.store import Store
from atoll.ordering.embedded.voting import Voter
from atoll.ordering.engine import Acknowledged, View
from atoll.ordering.errors import NotAcknowledged, NotAgreedYet, Stopped
from atoll.ordering.members import Handler, Members
from atoll.ordering.offload import Offload, in_thread
from atoll.ordering.reading import AgreedReader
from atoll.ordering.tasks import Tasks
from atoll.ordering.waiting import Waiting
from atoll.ports import Clock

__all__ = ["EmbeddedEngine", "Signers"]

QUIET_SECONDS = 3.0
"""Without a push for so long, a member asks by itself."""
UNAGREED_SECONDS = 5.0
"""With blocks that no quorum has confirmed for so long, too: perhaps it is shown another history than the others."""
UNREFRESHED_SECONDS = 30.0
"""And with no fresh cosignatures for so long."""
SILENCE_SECONDS = 60.0
"""After so long without its sequencer a member votes for whoever stands."""


class EmbeddedEngine(AgreedReader):
    """`atoll.ordering.engine.Engine`, embedded. Make it, plug `methods()` into the transport, then `start`."""

    kind = "embedded"

    def __init__(
        self,
        *,
        org: str,
        genesis_file: bytes,
        store_path: Path,
        signers: Signers,
        clock: Clock,
        members: Members,
        offload: Offload = in_thread,
        max_pages: int | None = None,
    ) -> None:
        """Open the store.

        Args:
            org: this member.
            genesis_file: as the founders signed it.
            store_path: SQLite file of the replica; made if it is not there.
            signers: this member's keys; after a rotation they sign with the new one by themselves.
            clock: time for blocks, cosignatures and waiting.
            members: how to reach the others.
            offload: where blocks are carried out and written; `inline` for simulations.
            max_pages: most pages of 4 KiB in the store; for tests of a full disk.

        Raises:
            BadGenesis, ForeignStore, StoreCorrupt, StoreFull: see `open_store`.
        """
        self.org = org
        self.store = Store(store_path, max_pages=max_pages)
        try:
            self.replica = Replica(org=org, genesis_file=genesis_file, store=self.store, clock=clock, offload=offload)
        except AtollError:
            self.store.close()
            raise
        self.replica.on_agreed = self._on_agreed
        self.replica.on_change = self._on_change
        super().__init__(self.store, clock)
        self._waiting = Waiting()
        self._began_at = clock.monotonic()
        self._tasks = Tasks(org)
        self._role: tuple[str, ...] = ()
        self._served: dict[str, int] = {}
        """Until when each member is to be talked to."""
        self._members_changed = True
        self._failure: asyncio.Future[None] | None = None
        self._wire(clock, members, signers, offload)
        for point in self.replica.points.values():
            if point.executed is not None:
                self._waiting.place(point.executed.block.transactions, placed=True)

    def _wire(self, clock: Clock, members: Members, signers: Signers, offload: Offload) -> None:
        replica, waiting, others = self.replica, self._waiting, self._others
        published = Changes()
        signatory = Signatory(replica, signers, clock)
        self._catchup = Catchup(replica, waiting, members, others, self._is_quiet, self._take)
        self._door = Door(replica, waiting, clock, offload, self._find_placed)
        self._forwarder = Forwarder(replica, waiting, members, clock, others, self._door.admit)
        self._member = MemberSide(replica, signatory, waiting, Overdue(replica, waiting, clock), clock, self._catchup.want)
        self._publisher = Publisher(replica, members, clock, published, self._catchup.want, self._door.bring_back)
        self._sequencer = Sequencer(replica, signatory, waiting, self._publisher, clock, published)
        self._candidate = Candidate(replica, signatory, self._catchup, members, clock, others)
        self._voter = Voter(replica, signatory, members, others, self._may_vote, self._candidate.count)

    def _take(self, data: bytes) -> None:
        """Let a transaction of a block that was given up in again, if it can still be carried out."""
        self._door.take(data, unlimited=True)

    def methods(self) -> dict[str, Handler]:
        """What the other members call here, by name; to be served by the transport."""
        handlers: dict[str, Handler] = {
            PUSH: self._member.on_push,
            BLOCKS: self._catchup.on_blocks,
            SUBMIT: self._door.on_submit,
            BALLOT: self._candidate.on_ballot,
            STAND: self._voter.on_stand,
        }
        return {name: self._while_running(handler) for name, handler in handlers.items()}

    def _while_running(self, handler: Handler) -> Handler:
        async def guarded(org: str, payload: bytes) -> bytes:
            if not self._running:
                raise Stopped(org=self.org)
            return await handler(org, payload)

        return guarded

    # -- life ------------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to take part, as sequencer or as member, whichever the ledger says.

        Raises:
            UnknownRules: the next block is under rules that are not known here.
        """
        self.replica.ledger.need_rules()
        self._failure = asyncio.get_running_loop().create_future()
        self._running = True
        self._began_at = self._clock.monotonic()
        for name, work in (
            ("catchup", self._catchup.run),
            ("forwarder", self._forwarder.run),
            ("voter", self._voter.run),
            ("candidate", self._candidate.run),
        ):
            self._tasks.begin(name, work)
        self._on_change()

    async def stop(self) -> None:
        """Leave. Waiting submissions end with NotAcknowledged, followers end."""
        self._running = False
        if self._failure is not None:
            self._failure.cancel()
        await self._tasks.stop()
        await self._door.stop()
        self._waiting.refuse_all(NotAcknowledged(seconds=0))
        self._agreed.fire()
        await self.replica.close()

    @property
    def is_sequencer(self) -> bool:
        """Whether this member orders now."""
        return self.replica.tip.after.sequencer == self.org

    def _on_change(self) -> None:
        """Take up or lay down the sequencer's work, and serve whoever is a member."""
        self._need_rules()
        role = self._wanted_role()
        if not self._running or role == self._role:
            return
        new_term = role[:1] != self._role[:1]
        self._role = role
        serving = {f"{work} {org}" for org in role[1:] for work in ("serve", "tell")}
        for name in self._tasks.names():
            if name.startswith(("serve ", "tell ")) and (new_term or name not in serving):
                self._tasks.end(name)
        if new_term:
            self._publisher.reset()
            self._member.begin_term()
            self._began_at = self._clock.monotonic()
            if "sequencer" in self._tasks:
                self._tasks.end("sequencer")
            if role[1:] or self.is_sequencer:
                self._tasks.begin("sequencer", self._sequencer.run)
            self._forwarder.forget()
        for org in role[1:]:
            if f"serve {org}" not in self._tasks:
                self._tasks.begin(f"serve {org}", functools.partial(self._publisher.serve, org))
                self._tasks.begin(f"tell {org}", functools.partial(self._publisher.tell, org))

    def _need_rules(self) -> None:
        """Give up once the members have agreed on rules for the next block that are not known here."""
        try:
            self.replica.ledger.need_rules()
        except UnknownRules as err:
            if self._failure is not None and not self._failure.done():
                self._failure.set_exception(err)
                self._failure.exception()  # whoever awaits it gets it; that nobody does is no warning's matter

    async def failed(self) -> None:
        """See `Engine.failed`; here only rules that are not known end a node."""
        assert self._failure is not None, "start comes first"
        await asyncio.shield(self._failure)

    def condition(self) -> None:
        """No process beside this one votes."""

    def _wanted_role(self) -> tuple[str, ...]:
        """The term, and for the sequencer everybody it serves."""
        term = str(self.replica.tip.after.term)
        return (term, *sorted(self._others())) if self.is_sequencer else (term,)

    def _others(self) -> list[str]:
        """Members that are served, but this one, the sequencer first."""
        sequencer = self.replica.tip.after.sequencer
        orgs = [org for org in self._members_now() if org != self.org]
        return sorted(orgs, key=lambda org: (org != sequencer, org))

    def _members_now(self) -> list[str]:
        if self._members_changed:
            self._served = {one.org: served_until(one) for one in self.replica.view.all(Member)}
            self._members_changed = False
        now = self._clock.now()
        return [org for org, until in self._served.items() if now < until]

    def _is_quiet(self) -> bool:
        """Whether this member should look for itself what the others have."""
        now, replica = self._clock.monotonic(), self.replica
        if self.is_sequencer:
            return not self._sequencer.ready
        heard, agreed = self._member.heard_at, replica.agreed_heard_at
        return (
            heard is None
            or agreed is None
            or now - heard > QUIET_SECONDS
            or now - agreed > (UNAGREED_SECONDS if replica.tip.height > replica.agreed_height else UNREFRESHED_SECONDS)
        )

    def _may_vote(self) -> bool:
        """Whether this member leaves its sequencer when a candidate asks."""
        last = max(self._member.heard_at or 0.0, self.replica.agreed_heard_at or 0.0, self._began_at)
        return self._member.misled or self._clock.monotonic() - last > SILENCE_SECONDS

    # -- handing over ----------------------------------------------------------------------------------------------------------

    async def vote(self, new_sequencer: str) -> Standing:
        """Vote for another sequencer; from now on this member stands for nothing of the old term, whatever comes of it.

        Voting for oneself also asks the others, who agree only if they miss the sequencer too. The new term begins by itself
        once the candidate has q votes; follow the blocks to see it.

        Raises:
            HandoverRefused: this member does not count, or the candidate is the sequencer or no member.
            UnavailableError: the candidate is not reachable; the vote stands and is sent again.
        """
        standing = await self._voter.vote(new_sequencer)
        if new_sequencer == self.org and standing.votes < standing.needed:
            standing = await self._candidate.stand(standing.term)
        return standing

    def evidence(self) -> list[tuple[str, int, bytes]]:
        """Signed contradictions that were met: kind, when, and the data that `atoll.ordering.embedded.evidence` describes."""
        return self.store.evidence()

    # -- submitting ------------------------------------------------------------------------------------------------------------

    async def submit(self, transaction: bytes, *, timeout_seconds: float = 30.0) -> Acknowledged:
        """See `Engine.submit`."""
        return await self._door.submit(transaction, timeout_seconds)

    def _on_agreed(self, points: list[Point]) -> None:
        for point in points:
            executed = point.executed
            if executed is None:
                continue
            for position, data in enumerate(executed.block.transactions):
                identifier = transaction_id(data)
                for waiter in self._waiting.release(identifier):
                    index = executed.summary.first + position
                    waiter.set_result(Acknowledged(identifier, point.height, index, executed.outcomes[position]))
            self._members_changed |= any(key.startswith(b"member\0") for key in executed.changes)
        self._agreed.fire()

    # -- reading ---------------------------------------------------------------------------------------------------------------

    def view(self) -> View:
        """See `Engine.view`."""
        return self.replica.view

    def seal(self) -> bytes:
        """The newest agreed checkpoint with its cosignatures.

        Raises:
            NotAgreedYet: there is none yet.
        """
        agreement = self.replica.agreed.agreement
        if agreement is None:
            raise NotAgreedYet()
        return agreement.note.encode()

    @property
    def ledger(self) -> Ledger:
        """See `Engine.ledger`."""
        return self.replica.ledger

    def seal_of(self, height: int) -> bytes | None:
        """See `Engine.seal_of`."""
        kept = self.store.next_epoch(height - 1)
        return kept[1] if kept is not None else self.seal()
