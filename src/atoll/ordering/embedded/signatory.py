"""What this member puts its name to: checkpoints as the sequencer, cosignatures as a validating member, votes to hand over.

Everything is written down before it is signed (`vows`), and never contradicted: one root a size, one branch a term, and after a
vote nothing of an older term.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from atoll.ledger.agreement import cosign_key, log_key, verify_checkpoint
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.cosignature import is_cosignature
from atoll.ledger.errors import BadBlock
from atoll.ledger.note import Note, NoteSignature, cosign_text, sign_text
from atoll.ledger.rules.consensus import HandoverVote, SignedVote
from atoll.ordering.embedded.evidence import fork_of_notes
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.replica import SKEW_SECONDS, Replica
from atoll.ordering.errors import BadTime, ForkDetected, HandoverRefused, KeyUnfit
from atoll.ordering.offload import whole
from atoll.ports import Clock
from atoll.primitives.ed25519 import is_signature

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signers:
    """What this member signs with: of each purpose the key that the ledger says is current, which stays behind the function."""

    identity: Sign
    """Signs votes and the transaction of a hand-over."""
    cosign: Sign
    """Signs cosignatures."""
    log: Sign
    """Signs checkpoints while this member is the sequencer."""


@dataclass(slots=True)
class Signatory:
    """Signs for one replica. Each call is atomic and waits for its turn to write."""

    replica: Replica
    signers: Signers
    clock: Clock

    async def sign(self, point: Point) -> Note:
        """The sequencer's checkpoint of a point; signing it again gives the same.

        Raises:
            ForkDetected: another root of this size was signed before.
            KeyUnfit: the key is not the one that the ledger holds.
        """
        return await whole(self._sign(point))

    async def cosign(self, note: Note) -> NoteSignature | None:
        """Stand for a checkpoint whose block is durable here; None if this member does not count for it, or stands for more.

        Raises:
            UntrustedNoteError, NoteSignatureError, CheckpointFormatError: not the sequencer's.
            BadBlock: of a size that ends no block here.
            ForkDetected: another root of this size was signed or cosigned.
            TermRefused: this member has voted for a later term.
            HandoverRefused: it would stand for a hand-over that may lose an acknowledged block.
            BadTime: the block's time is not the time, and it was not cosigned before.
            KeyUnfit: the key is not the one that the ledger holds.
        """
        return await whole(self._cosign(note))

    async def vote(self, new_sequencer: str, new_term: int) -> SignedVote:
        """Leave the older terms; what is returned is already written down.

        Raises:
            HandoverRefused: this member does not count, or has gone further already.
        """
        return await whole(self._vote(new_sequencer, new_term))

    def highest_cosigned(self) -> Point:
        """The highest point that this member stands for; at least the agreed one.

        It need not be looked for but on this ledger: a point that it stands for is dropped only with a reason (`leaving`), and
        whoever has a reason stands for it no more.
        """
        points, vows = self.replica.points, self.replica.vows
        return next((points[at] for at in sorted(points, reverse=True) if vows.is_cosigned(points[at])), self.replica.agreed)

    # -- inside ----------------------------------------------------------------------------------------------------------------

    async def _sign(self, point: Point) -> Note:
        replica = self.replica
        async with replica.store_lock:
            if point.note is None:
                if replica.vows.need_signable(point):
                    await replica.write(lambda: replica.vows.keep_signing(point))
                text = point.checkpoint.encode()
                line = sign_text(text, log_key(replica.chain_id, point.authority.log), self.signers.log)
                if not is_signature(point.authority.log, text.encode(), line.body):
                    raise KeyUnfit(purpose="log", org=replica.org)
                point.note = Note(text, (line,))
            return point.note

    async def _cosign(self, note: Note) -> NoteSignature | None:
        replica = self.replica
        async with replica.store_lock:
            point = await self._signed_point(note)
            member = next((one for one in point.authority.counted() if one.org == replica.org), None)
            is_past = point.authority.term < replica.tip.after.term  # whoever stands for the newer term stands for this too
            if member is None or is_past or point.height < self.highest_cosigned().height:
                return None
            is_new = replica.vows.need_cosignable(point)
            replica.need_bases(point)
            now = self.clock.now()
            if is_new:
                if not replica.is_on_time(point):
                    raise BadTime(found=point.time, limit_seconds=SKEW_SECONDS, now=now)
                await replica.write(lambda: replica.vows.keep_cosigned(point))
            line = cosign_text(point.checkpoint.encode(), cosign_key(replica.chain_id, member), now, self.signers.cosign)
            if not is_cosignature(member.cosign, point.checkpoint.encode(), line.body):
                raise KeyUnfit(purpose="cosign", org=replica.org)
            point.note = point.note or note
            return line

    async def _signed_point(self, note: Note) -> Point:
        """The point whose checkpoint this note is, signed by the sequencer."""
        replica = self.replica
        size = parse_checkpoint(note.text).size
        point = replica.point_of_size(size)
        if point is None:
            raise BadBlock(height=replica.tip.height, reason=f"no block here ends at {size} entries, which are to be cosigned")
        signed = verify_checkpoint(note, chain_id=replica.chain_id, log=point.authority.log)
        if signed != point.checkpoint:
            if point.note is not None:
                await replica.write_fork(fork_of_notes(point.note, note, signed.root))
            raise ForkDetected(size=size)
        return point

    async def _vote(self, new_sequencer: str, new_term: int) -> SignedVote:
        replica = self.replica
        async with replica.chain_lock, replica.store_lock:
            tip, promise = replica.tip, replica.vows.promise
            if replica.org not in {one.org for one in tip.after.counted()}:
                raise HandoverRefused(org=new_sequencer, reason=f"{replica.org} is not among the members that count")
            if new_term <= tip.after.term or (promise is not None and new_term <= promise.new_term):
                raise HandoverRefused(org=new_sequencer, reason=f"{replica.org} has left term {new_term} behind")
            point = self.highest_cosigned()
            vote = HandoverVote(
                genesis_digest=replica.ledger.genesis_digest,
                org=replica.org,
                new_term=new_term,
                new_sequencer=new_sequencer,
                height=point.height,
                size=point.checkpoint.size,
                root=point.checkpoint.root,
                term=point.term,
            )
            signed = SignedVote(vote=vote, signature=self.signers.identity(vote.signed_bytes()))
            await replica.write(lambda: replica.vows.keep_vote(signed))
            replica.vows.hold_vote(signed)
            return signed
