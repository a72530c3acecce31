"""A ledger in memory together with its store: what one member has carried out, made durable, cosigned, and knows to be agreed.

    add      carry a block out, compare with the sequencer's root, make it durable
    cosign   stand for it: never for two roots of one size, never for a block whose time is not the time
    agree    take note of a quorum: from here on a block is acknowledged and can never be dropped

Blocks above the agreed height are the *tail*. Readers never see it, and nothing but a hand-over makes a member drop what it cosigned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from atoll.ledger.agreement import Agreement, cosign_key, log_key, verify_agreement, verify_checkpoint
from atoll.ledger.apply import signature_claim
from atoll.ledger.block import Block
from atoll.ledger.chain import Executed, Ledger
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.cosignature import is_cosignature
from atoll.ledger.errors import BadBlock
from atoll.ledger.genesis import first_state
from atoll.ledger.note import Note, NoteSignature, cosign_text, sign_text
from atoll.ordering.embedded.offload import Offload, whole
from atoll.ordering.embedded.opening import AGREED_VOW, AgreedPoint, open_store
from atoll.ordering.embedded.points import Point, next_point
from atoll.ordering.embedded.store import Store
from atoll.ordering.embedded.verdicts import Verdicts
from atoll.ordering.engine import View
from atoll.ordering.errors import BadTime, ForkDetected, KeyUnfit
from atoll.ports import Clock
from atoll.primitives.ed25519 import is_signature
from atoll.wire.message import encode_message

SKEW_SECONDS = 5
"""How far a block's time may be off a cosigner's clock (SECURITY 3.2)."""
Sign = Callable[[bytes], bytes]


class Replica:
    """See the module's docstring. Writing calls are atomic and queue behind each other; reading ones see the last finished one."""

    def __init__(self, *, org: str, genesis_file: bytes, store: Store, clock: Clock, offload: Offload) -> None:
        """Open it; errors as `open_store`."""
        self.org = org
        self.store = store
        self.verdicts = Verdicts()
        self._clock = clock
        self._offload = offload
        self._chain_lock = asyncio.Lock()
        """Held while the chain grows or shrinks."""
        self._store_lock = asyncio.Lock()
        """Held while something is written; taken after the chain's lock."""
        opened = open_store(store, genesis_file, org, self.verdicts)
        self.ledger: Ledger = opened.ledger
        self.points: dict[int, Point] = opened.points
        self.agreed_height = opened.agreed
        self._view = self._make_view()
        self.on_agreed: Callable[[list[Point]], None] = lambda points: None
        """Called on the event loop with the points that have just become agreed."""

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

    async def sign(self, point: Point, sign: Sign) -> Note:
        """The sequencer's checkpoint of a point; signing it again gives the same.

        Raises:
            ForkDetected: another root of this size was signed before.
            KeyUnfit: the key is not the one that the ledger holds.
        """
        return await whole(self._sign(point, sign))

    async def cosign(self, note: Note, sign: Sign) -> NoteSignature | None:
        """Stand for a checkpoint whose block is durable here; None if this member does not count for it.

        Raises:
            UntrustedNoteError, NoteSignatureError, CheckpointFormatError: not the sequencer's.
            BadBlock: of another size or root than this ledger had.
            ForkDetected: another root of this size was cosigned in this term.
            BadTime: the block's time is not the time, and it was not cosigned before.
            KeyUnfit: the key is not the one that the ledger holds.
        """
        return await whole(self._cosign(note, sign))

    async def agree(self, note: Note) -> bool:
        """Take note of an agreed checkpoint; False where it is of no block here, or no news.

        Raises:
            QuorumError, UntrustedNoteError, NoteSignatureError: it is not agreed.
            ForkDetected: it is agreed, and of another root than this ledger has at that size.
        """
        return await whole(self._agree(note))

    async def close(self) -> None:
        """Wait for what is under way, then close the store."""
        async with self._chain_lock, self._store_lock:
            self.store.close()

    # -- inside ----------------------------------------------------------------------------------------------------------------

    async def _add(self, block: Block, note: Note | None, *, signing: bool) -> Point:
        async with self._chain_lock:
            now = self._clock.now()
            if block.time > now + SKEW_SECONDS:
                raise BadTime(found=block.time, limit_seconds=SKEW_SECONDS, now=now)
            executed = await self._offload(lambda: self._execute(block))
            point = next_point(self.ledger, self.tip, executed)
            if note is not None:
                self._need_same(point, note)
            async with self._store_lock:
                await self._offload(lambda: self._persist(point, executed, note, signing))
            self.ledger.adopt(executed)
            point.note = note
            self.points[point.height] = point
            return point

    def _execute(self, block: Block) -> Executed:
        state = self.ledger.view()
        claims = (signature_claim(state, data, block.height) for data in block.transactions)
        self.verdicts.warm([claim for claim in claims if claim is not None])
        return self.ledger.execute(block, verify=self.verdicts)

    def _need_same(self, point: Point, note: Note) -> None:
        signed = verify_checkpoint(note, chain_id=self.chain_id, log=point.authority.log)
        if signed != point.checkpoint:
            raise BadBlock(height=point.height, reason="it does not give the root that its sequencer signed")

    def _persist(self, point: Point, executed: Executed, note: Note | None, signing: bool) -> None:
        """One durable transaction for all that belongs to a block, the promises about it included."""
        with self.store.write():
            self.store.append(executed)
            if note is not None:
                self.store.put_note(point.height, note.encode())
                if self._is_on_time(point, self._clock.now()):
                    self.store.put_vow(_cosigned_vow(point), point.checkpoint.root)
            if signing:
                self.store.put_vow(_signing_vow(point), point.checkpoint.root)

    async def _sign(self, point: Point, sign: Sign) -> Note:
        async with self._store_lock:
            if point.note is None:
                await self._vow(_signing_vow(point), point)
                text = point.checkpoint.encode()
                line = sign_text(text, log_key(self.chain_id, point.authority.log), sign)
                if not is_signature(point.authority.log, text.encode(), line.body):
                    raise KeyUnfit(purpose="log", org=self.org)
                point.note = Note(text, (line,))
            return point.note

    async def _cosign(self, note: Note, sign: Sign) -> NoteSignature | None:
        async with self._store_lock:
            point = self._point_of(note)
            member = next((one for one in point.authority.counted() if one.org == self.org), None)
            if member is None:
                return None
            now = self._clock.now()
            if self.store.vow(_cosigned_vow(point)) is None and not self._is_on_time(point, now):
                raise BadTime(found=point.time, limit_seconds=SKEW_SECONDS, now=now)
            await self._vow(_cosigned_vow(point), point)
            key = cosign_key(self.chain_id, member)
            line = cosign_text(point.checkpoint.encode(), key, now, sign)
            if not is_cosignature(key.public, point.checkpoint.encode(), line.body):
                raise KeyUnfit(purpose="cosign", org=self.org)
            point.note = point.note or note
            return line

    async def _agree(self, note: Note) -> bool:
        async with self._store_lock:
            size = parse_checkpoint(note.text).size
            point = self.point_of_size(size)
            if point is None:
                return False
            agreement = verify_agreement(note, chain_id=self.chain_id, consensus=point.authority)
            if agreement.checkpoint != point.checkpoint:
                raise ForkDetected(size=size)
            if point.agreement is not None and agreement.agreed_at <= point.agreement.agreed_at:
                return False
            reached = [self.points[height] for height in range(self.agreed_height + 1, point.height + 1)]
            if reached or point.agreement is None:
                await self._offload(lambda: self._persist_agreement(point, agreement, reached))
            point.agreement = agreement
            self.agreed_height = point.height
            for height in [height for height in self.points if height < point.height]:
                del self.points[height]
            self._view = self._make_view()
            self.on_agreed(reached)
            return True

    def _persist_agreement(self, point: Point, agreement: Agreement, reached: list[Point]) -> None:
        first = self.agreed_height == 0 and point.height > 0
        changes = first_state(self.ledger.genesis, self.ledger.genesis_digest) if first else {}
        for one in reached:
            changes |= one.executed.changes if one.executed is not None else {}
        written = AgreedPoint(height=point.height, note=agreement.note.encode(), authority=point.authority)
        with self.store.write():
            self.store.put_records(changes.items())
            self.store.put_vow(AGREED_VOW, encode_message(written))
            self.store.drop_notes_below(point.height)

    def _make_view(self) -> View:
        point = self.agreed
        tree = self.ledger.tree_at(point.height)
        assert tree is not None, "the tail is far shorter than the history of trees"
        agreed_at = point.agreement.agreed_at if point.agreement is not None else 0
        return View(point.height, point.time, point.checkpoint.size, point.checkpoint.root, agreed_at, tree)

    def _point_of(self, note: Note) -> Point:
        """The point whose checkpoint this note is, signed by the sequencer.

        Raises:
            BadBlock: of no block here.
            ForkDetected: the same size with another root, which the sequencer signed too.
        """
        size = parse_checkpoint(note.text).size
        point = self.point_of_size(size)
        if point is None:
            raise BadBlock(
                height=self.tip.height, reason=f"it is asked for a cosignature on {size} entries, which end no block here"
            )
        signed = verify_checkpoint(note, chain_id=self.chain_id, log=point.authority.log)
        if signed != point.checkpoint:
            raise ForkDetected(size=size)
        return point

    def _is_on_time(self, point: Point, now: int) -> bool:
        """The genesis has no hour; every other block is cosigned for the first time within seconds."""
        return point.height == 0 or abs(point.time - now) <= SKEW_SECONDS

    async def _vow(self, name: str, point: Point) -> None:
        """Write down which root is signed or cosigned for a size, before it is; never another one."""
        root = point.checkpoint.root
        written = self.store.vow(name)
        if written is None:
            await self._offload(lambda: self._write_vow(name, root))
        elif written != root:
            raise ForkDetected(size=point.checkpoint.size)

    def _write_vow(self, name: str, root: bytes) -> None:
        with self.store.write():
            self.store.put_vow(name, root)


def _signing_vow(point: Point) -> str:
    return f"signing/{point.authority.term:010d}/{point.checkpoint.size:019d}"


def _cosigned_vow(point: Point) -> str:
    return f"cosigned/{point.authority.term:010d}/{point.checkpoint.size:019d}"
