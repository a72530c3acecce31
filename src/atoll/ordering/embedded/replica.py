"""A ledger in memory together with its store: what one member has carried out, made durable, cosigned, and knows to be agreed.

    add      carry a block out, compare with the sequencer's root, make it durable
    agree    take note of a quorum: from here on a block is acknowledged and can never be dropped
    take     leave the tail for another branch, where a hand-over or a quorum says so

Blocks above the agreed height are the *tail*. Readers never see it. What a member signs is in `signatory`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from atoll.ledger.agreement import Agreement, verify_agreement, verify_checkpoint
from atoll.ledger.block import Block
from atoll.ledger.chain import Executed, Ledger
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.errors import BadBlock
from atoll.ledger.note import Note
from atoll.ordering.embedded.agreeing import Step, write_agreement
from atoll.ordering.embedded.ballots import Departure
from atoll.ordering.embedded.branch import Branch
from atoll.ordering.embedded.evidence import FORK, WRONG_ROOT, Fork, fork_of_notes
from atoll.ordering.embedded.leaving import departures_within, need_bases, need_reason
from atoll.ordering.embedded.opening import open_store, verify_within
from atoll.ordering.embedded.points import Point, next_point
from atoll.ordering.embedded.store import Store
from atoll.ordering.engine import View
from atoll.ordering.errors import BadTime, ForkDetected, HistoryPruned
from atoll.ordering.offload import Offload, whole
from atoll.ordering.verdicts import Verdicts
from atoll.ports import Clock
from atoll.primitives.smt import Tree
from atoll.wire.cbor import encode
from atoll.wire.message import encode_message

SKEW_SECONDS = 5
"""How far a block's time may be off a cosigner's clock (SECURITY 3.2)."""


class Replica:
    """See the module's docstring. Writing calls are atomic and queue up; reading ones see what the last finished one left."""

    def __init__(self, *, org: str, genesis_file: bytes, store: Store, clock: Clock, offload: Offload) -> None:
        """Open it; errors as `open_store`."""
        self.org = org
        self.store = store
        self.verdicts = Verdicts()
        self._clock = clock
        self._offload = offload
        self.chain_lock = asyncio.Lock()
        """Held while the chain grows or shrinks."""
        self.store_lock = asyncio.Lock()
        """Held while something is written; taken after the chain's lock."""
        opened = open_store(store, genesis_file, org, self.verdicts)
        self.ledger: Ledger = opened.ledger
        self.points: dict[int, Point] = opened.points
        self.agreed_height = opened.agreed
        self.vows = opened.vows
        self.departures: tuple[Departure, ...] = opened.vows.departures()
        """Proofs that hand-overs in the tail need, each verified."""
        self.agreed_heard_at: float | None = None
        """Monotonic time of the last news that a quorum stands for something; None since the start."""
        self.on_change: Callable[[], None] = _nothing
        """Called on the event loop when the tip or the agreed point has moved."""
        self.on_agreed: Callable[[list[Point]], None] = _ignore
        """Called on the event loop with the points that have just become agreed."""
        self._view = self._make_view(self.agreed.agreement.agreed_at if self.agreed.agreement is not None else 0)

    # -- reading ---------------------------------------------------------------------------------------------------------------

    @property
    def chain_id(self) -> str:
        """The log's name."""
        return self.ledger.genesis.chain_id

    @property
    def tip(self) -> Point:
        """The last block carried out here."""
        return self.points[self.ledger.height]

    @property
    def agreed(self) -> Point:
        """The newest agreed point, or the genesis."""
        return self.points[self.agreed_height]

    @property
    def view(self) -> View:
        """The agreed state."""
        return self._view

    def point_of_size(self, size: int) -> Point | None:
        """The point with this log size, at or above the agreed height."""
        return next((point for point in self.points.values() if point.checkpoint.size == size), None)

    def branch(self, height: int) -> Branch:
        """A branch from a point at or above the agreed height.

        Raises:
            HistoryPruned: there is no such point.
        """
        base = self.points.get(height)
        if base is None:
            raise HistoryPruned(height=height)
        ledger = self.ledger.back_to(height, time=base.time, log_size=base.checkpoint.size)
        if ledger is None:
            raise HistoryPruned(height=height)
        return Branch(base, ledger)

    # -- writing ---------------------------------------------------------------------------------------------------------------

    async def add(self, block: Block, note: Note | None = None) -> Point:
        """Carry out the next block and make it durable.

        Args:
            block: from the sequencer, or from a member that has it.
            note: the sequencer's checkpoint after it, where it came along.

        Raises:
            BadBlock: it does not follow, or gives another root than the note says.
            BadTime: it is from the future.
            StoreFull: the disk did not take it; nothing has changed.
        """
        return await whole(self._add(block, note, signing=False))

    async def order(self, block: Block) -> Point:
        """As `add`, by the sequencer itself: the size to be signed is made durable together with the block."""
        return await whole(self._add(block, None, signing=True))

    async def agree(self, note: Note) -> bool:
        """Take note of an agreed checkpoint; False where it is of no block here, or no news.

        Raises:
            QuorumError, UntrustedNoteError, NoteSignatureError: it is not agreed.
            ForkDetected: it is agreed, and of another root than this ledger has at that size.
        """
        return await whole(self._agree(note))

    async def agree_within(self, note: Note, proof: tuple[bytes, ...]) -> bool:
        """While catching up: the log as carried out here is the beginning of an agreed one, so all of it is agreed.

        Raises:
            QuorumError, UntrustedNoteError, NoteSignatureError: it is not agreed by the members that count here so far.
            MerkleProofError: it is not its beginning.
        """
        return await whole(self._agree_within(note, proof))

    async def take(
        self, branch: Branch, *, agreed: Note | None = None, departures: Sequence[Departure] = (), signing: bool = False
    ) -> list[Point]:
        """Leave the tail for a branch, in one durable step; returns the points that were dropped.

        Args:
            branch: made from this replica.
            agreed: a note that may vouch for the branch.
            departures: proofs that belong to a hand-over in it.
            signing: whether this member is about to sign the branch's end.

        Raises:
            ForkDetected: what the sequencer signed would be dropped, and neither a hand-over nor a quorum says so.
            HandoverRefused: the branch's hand-over may lose an acknowledged block.
            BadBlock: this replica has moved on since the branch was made.
        """
        return await whole(self._take(branch, agreed, tuple(departures), signing))

    async def keep_departures(self, found: Sequence[Departure]) -> None:
        """Keep those of these proofs that a hand-over in the tail needs, whoever sent them."""
        async with self.store_lock:
            kept = departures_within(self._chain(), (*self.departures, *found))
            if kept != self.departures:
                await self.write(lambda: self.vows.keep_departures(kept))
                self.departures = kept

    def need_bases(self, point: Point) -> None:
        """Check every hand-over between the agreed point and this one.

        Raises:
            HandoverRefused: one may lose an acknowledged block.
        """
        chain = [one for one in self._chain() if self.agreed_height <= one.height <= point.height]
        need_bases(chain, self.ledger.log, self.departures, agreed_height=self.agreed_height)

    def _chain(self) -> list[Point]:
        """The agreed point and the tail."""
        return [self.points[height] for height in sorted(self.points)]

    async def keep_evidence(self, kind: str, data: bytes) -> None:
        """Keep a signed contradiction of somebody; the store's lock must be free."""
        async with self.store_lock:
            await self.write(lambda: self.store.keep_evidence(kind, self._clock.now(), data))

    async def write(self, *steps: Callable[[], None]) -> None:
        """Do these in one durable transaction; the store's lock must be held."""

        def work() -> None:
            with self.store.write():
                for step in steps:
                    step()

        await self._offload(work)

    async def close(self) -> None:
        """Wait for what is under way, then close the store."""
        async with self.chain_lock, self.store_lock:
            self.store.close()

    # -- growing ---------------------------------------------------------------------------------------------------------------

    async def _add(self, block: Block, note: Note | None, *, signing: bool) -> Point:
        async with self.chain_lock:
            if not signing:
                self._need_no_future(block)
            executed = await self._offload(lambda: self._execute(block))
            point = next_point(self.ledger, self.tip, executed)
            if note is not None:
                await self.need_same(point, note)
                point.note = note
            async with self.store_lock:
                await self._offload(lambda: self._persist([point], signing=signing))
                self.ledger.adopt(executed)
                self.points[point.height] = point
        self.on_change()
        return point

    def _need_no_future(self, block: Block) -> None:
        now = self._clock.now()
        if block.time > now + SKEW_SECONDS:
            raise BadTime(found=block.time, limit_seconds=SKEW_SECONDS, now=now)

    def _execute(self, block: Block) -> Executed:
        self.warm(block.transactions, block.height)
        return self.ledger.execute(block, verify=self.verdicts)

    def warm(self, transactions: Sequence[bytes], height: int) -> None:
        """Verify together, as of a block of this height, the signatures of transactions that have not been here before."""
        self.verdicts.warm_transactions(transactions, self.ledger.reader(), height)

    async def need_same(self, point: Point, note: Note) -> None:
        """Check that a block gives what its sequencer signed; where it does not, both are kept.

        Raises:
            BadBlock: it does not.
            UntrustedNoteError, NoteSignatureError: the sequencer did not sign this.
        """
        signed = verify_checkpoint(note, chain_id=self.chain_id, log=point.authority.log)
        if signed != point.checkpoint:
            block = point.executed.block.encode() if point.executed is not None else b""
            await self.keep_evidence(WRONG_ROOT, encode([note.encode(), block], max_bytes=len(block) + 60_000))
            raise BadBlock(height=point.height, reason="it does not give the root that its sequencer signed")

    def _persist(self, points: Sequence[Point], *, signing: bool) -> None:
        """One durable transaction for blocks and the promises that come with them."""
        with self.store.write():
            self._write_points(points, signing=signing)

    def _write_points(self, points: Sequence[Point], *, signing: bool) -> None:
        for point in points:
            if point.executed is not None:
                self.store.append(point.executed)
            if point.note is not None:
                self.store.put_note(point.height, point.note.encode())
                if self._will_cosign(point):
                    self.vows.keep_cosigned(point)
        if signing and self.vows.need_signable(points[-1]):
            self.vows.keep_signing(points[-1])

    def _will_cosign(self, point: Point) -> bool:
        """Whether nothing speaks against a cosignature; before anything of its term is agreed, `need_bases` has to say so."""
        proven = point.authority.term == self.agreed.after.term
        return proven and point.counts(self.org) and self.is_on_time(point) and self.vows.is_cosignable(point)

    def is_on_time(self, point: Point) -> bool:
        """The genesis has no hour; every other block is cosigned for the first time within seconds."""
        return point.height == 0 or abs(point.time - self._clock.now()) <= SKEW_SECONDS

    # -- agreeing --------------------------------------------------------------------------------------------------------------

    async def _agree(self, note: Note) -> bool:
        async with self.store_lock:
            size = parse_checkpoint(note.text).size
            point = self.point_of_size(size)
            if point is None:
                return False
            agreement = verify_agreement(note, chain_id=self.chain_id, consensus=point.authority)
            if agreement.checkpoint != point.checkpoint:
                if point.note is not None:
                    await self.write_fork(fork_of_notes(point.note, note, agreement.checkpoint.root))
                raise ForkDetected(size=size)
            if point.agreement is not None and agreement.agreed_at <= point.agreement.agreed_at:
                return False
            self.agreed_heard_at = self._clock.monotonic()
            reached = await self._reach(point, agreement, ())
            point.agreement = agreement
            self._view = self._make_view(agreement.agreed_at)
        self.on_agreed(reached)
        self.on_change()
        return True

    async def _agree_within(self, note: Note, proof: tuple[bytes, ...]) -> bool:
        async with self.store_lock:
            point = self.tip
            if point.height == self.agreed_height:
                return False
            agreement = verify_agreement(note, chain_id=self.chain_id, consensus=point.after)
            verify_within(point.checkpoint, agreement.checkpoint, proof)
            reached = await self._reach(point, agreement, proof)
            self._view = self._make_view(agreement.agreed_at)
        self.on_agreed(reached)
        self.on_change()
        return True

    async def _reach(self, point: Point, agreement: Agreement, proof: tuple[bytes, ...]) -> list[Point]:
        """Move the agreed height up to a point; returns what is newly agreed."""
        reached = [self.points[height] for height in range(self.agreed_height + 1, point.height + 1)]
        left = departures_within([one for one in self._chain() if one.height >= point.height], self.departures)
        if reached or point.agreement is None:
            step = Step(self.agreed, point, agreement, proof, reached, self._tree_at(point))
            await self.write(
                lambda: write_agreement(self.store, self.ledger, step),
                lambda: self.vows.drop([one for one in self.points.values() if one.height < point.height]),
                lambda: self.vows.keep_departures(left) if left != self.departures else None,
            )
            self.departures = left
        self.agreed_height = point.height
        for height in [height for height in self.points if height < point.height]:
            del self.points[height]
        return reached

    def _make_view(self, agreed_at: int) -> View:
        point, tree = self.agreed, self._tree_at(self.agreed)
        return View(point.height, point.time, point.checkpoint.size, point.checkpoint.root, agreed_at, tree)

    def _tree_at(self, point: Point) -> Tree:
        tree = self.ledger.tree_at(point.height)
        assert tree is not None, "the tail is far shorter than the history of trees"
        return tree

    # -- leaving ---------------------------------------------------------------------------------------------------------------

    async def _take(self, branch: Branch, agreed: Note | None, departures: tuple[Departure, ...], signing: bool) -> list[Point]:
        async with self.chain_lock, self.store_lock:
            if self.points.get(branch.base.height) is not branch.base:
                raise BadBlock(height=branch.base.height, reason="this replica has moved on in between")
            dropped = [point for point in self._chain() if point.height > branch.base.height]
            await self._keep_forks(branch, dropped)
            known = (*self.departures, *departures)
            tainted = need_reason(
                dropped,
                branch,
                vows=self.vows,
                chain_id=self.chain_id,
                agreed=agreed,
                agreed_height=self.agreed_height,
                departures=known,
            )
            stays = [point for point in self._chain() if point.height <= branch.base.height]
            kept = departures_within([*stays, *branch.points], known)
            await self._offload(lambda: self._persist_branch(branch, signing, tainted, kept))
            self.ledger, self.departures = branch.ledger, kept
            for point in dropped:
                del self.points[point.height]
            self.points |= {point.height: point for point in branch.points}
        self.on_change()
        return dropped

    async def write_fork(self, fork: Fork) -> None:
        """Keep two signed histories; the store's lock must be held."""
        await self.write(lambda: self.store.keep_evidence(FORK, self._clock.now(), encode_message(fork)))

    async def keep_forks(self, branch: Branch) -> None:
        """Keep what is signed on both this ledger's tail and a branch that parts from it."""
        async with self.chain_lock, self.store_lock:
            await self._keep_forks(branch, [point for point in self._chain() if point.height > branch.base.height])

    async def _keep_forks(self, branch: Branch, dropped: list[Point]) -> None:
        """Two signed histories of one term are evidence, whoever is followed."""
        fork = Branch(branch.base, self.ledger, dropped).fork_with(branch)
        if fork is not None:
            await self.write_fork(fork)

    def _persist_branch(self, branch: Branch, signing: bool, tainted: list[int], departures: tuple[Departure, ...]) -> None:
        with self.store.write():
            self.store.drop_above(branch.base.height)
            self.vows.keep_departures(departures)
            for term in tainted:
                self.vows.keep_tainted(term)
            self._write_points(branch.points, signing=signing)


def _nothing() -> None:
    return None


def _ignore(points: list[Point]) -> None:
    del points
