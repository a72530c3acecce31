"""Members as witnesses of one another, on an engine whose members vote on blocks and sign no checkpoint together.

    publisher   writes its size down, signs the checkpoint with its log key, cosigns, asks the other members that count
    each member compares the root with that of its own tree, which it made by carrying everything out; writes down; cosigns

A member never cosigns two roots of one size, nor a smaller size after a larger one, nor for a ledger of which it has not heard
for a minute. A checkpoint so signed carries more than plain witnesses could say: q members have carried out all of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from atoll.errors import AtollError
from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.note import Note, NoteSignature, cosign_text, parse_note, parse_signatures, sign_text, verify_note
from atoll.ledger.records import ConsensusSet, Validator, current_key
from atoll.ledger.vkey import VerifierKey
from atoll.node.tlog.errors import CosignedFurther, LogForked, NotCosigned, NotReachedYet
from atoll.node.tlog.kept import Memory, keep_evidence
from atoll.node.tlog.publisher import Candidate
from atoll.ordering.engine import Engine, View
from atoll.ordering.errors import NotAgreedYet
from atoll.ports import Clock
from atoll.trust.keys import Purpose
from atoll.wire.message import Count, Digest, Message, Time, encode_message, parse_message

log = logging.getLogger("atoll.tlog")

METHOD = "tlog.cosign"
ASK_SECONDS = 5.0
SIGNED = "tlog/signed"
COSIGNED = "tlog/cosigned"

Sign = Callable[[bytes], bytes]
Call = Callable[[str, str, bytes, float], Awaitable[bytes]]
"""Asks a member: organisation, method, payload, seconds to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(Message):
    """What this member has put its name to, and must never contradict."""

    TAG: ClassVar[str] = "tlog-signed/1"

    size: Count
    """Entries."""
    root: Digest
    """Root over them."""
    time: Time
    """When, Unix seconds."""


class Cosigner:
    """This member's side of being asked, and of keeping its word."""

    def __init__(self, *, org: str, engine: Engine, memory: Memory, clock: Clock, cosign: Sign) -> None:
        self._org = org
        self._engine = engine
        self._memory = memory
        self._clock = clock
        self._cosign = cosign

    async def answer(self, org: str, payload: bytes) -> bytes:
        """A cosignature for a member's checkpoint.

        Raises:
            UntrustedNoteError, NoteSignatureError, NoteFormatError, CheckpointFormatError: not that member's checkpoint.
            NotReachedYet, CosignedFurther: not now. LogForked: never. NotCosigned: this member does not count.
            StaleView: this node has not heard of a quorum for a minute.
        """
        view = self._engine.require_fresh()
        note = parse_note(payload)
        verify_note(note, [own_log_key(view, org)])
        return self.cosign(view, note, org).encode().encode()

    def cosign(self, view: View, note: Note, org: str) -> NoteSignature:
        """Put this member's name to a checkpoint that a member has signed; written down before. Raises as `answer`."""
        checkpoint, member = parse_checkpoint(note.text), find_counted(view.consensus, self._org)
        if member is None or checkpoint.origin != view.chain.chain_id:
            raise NotCosigned(org=self._org)
        if checkpoint.size > view.log_size:
            raise NotReachedYet(size=view.log_size, wanted=checkpoint.size)
        if self._engine.ledger.log.root(checkpoint.size) != checkpoint.root:
            if keep_evidence(self._memory, org, note.encode()):
                log.critical("a member signs another history: %s", note.encode().decode(), extra={"peer": org})
            raise LogForked(size=checkpoint.size, source=f"{org} asks for a cosignature")
        now = self._clock.now()
        keep_word(self._memory, COSIGNED, checkpoint, now)
        return cosign_text(note.text, cosign_key(checkpoint.origin, member), now, self._cosign)


class OwnNotes:
    """Checkpoints that this node signs itself, for what the members have agreed on and is on its disk."""

    def __init__(
        self, *, org: str, engine: Engine, memory: Memory, clock: Clock, log: Sign, cosigner: Cosigner, call: Call
    ) -> None:
        """
        Args:
            org: this member.
            engine: what it returns is agreed, and durable here.
            memory: where its word is kept.
            clock: dates it.
            log: signs with this member's log key.
            cosigner: this member's own cosignatures.
            call: asks another member.
        """
        self._org = org
        self._engine = engine
        self._memory = memory
        self._clock = clock
        self._log = log
        self._cosigner = cosigner
        self._call = call

    def newest(self) -> Candidate | None:
        """See `NoteSource.newest`."""
        try:
            self._engine.seal()
        except NotAgreedYet:
            return None
        view = self._engine.view()
        checkpoint = Checkpoint(origin=view.chain.chain_id, size=view.log_size, root=view.log_root)
        return Candidate(checkpoint, view.agreed_at, view.tree)

    async def sign(self, candidate: Candidate) -> Note:
        """See `NoteSource.sign`.

        Raises:
            NotCosigned: fewer than a quorum of the members stand for it now.
            StaleView: this node has not heard of a quorum for a minute, or its clock is ahead of theirs by as much: a time
                signed in error would bind it until then.
        """
        view, checkpoint = self._engine.require_fresh(), candidate.checkpoint
        keep_word(self._memory, SIGNED, checkpoint, self._clock.now())
        text = checkpoint.encode()
        note = Note(text, (sign_text(text, own_log_key(view, self._org), self._log),))
        members = view.consensus.counted()
        lines = await asyncio.gather(*(self._ask(view, note, one) for one in members))
        cosigned = [one for one in lines if one is not None]
        if len(cosigned) < view.consensus.quorum():
            missing = ", ".join(one.org for one, line in zip(members, lines, strict=True) if line is None)
            raise NotCosigned(org=missing)
        return note.with_signatures(cosigned)

    async def _ask(self, view: View, note: Note, member: Validator) -> NoteSignature | None:
        try:
            if member.org == self._org:
                return self._cosigner.cosign(view, note, self._org)
            answer = await self._call(member.org, METHOD, note.encode(), ASK_SECONDS)
            (line,) = parse_signatures(answer.decode("utf-8", "replace"))
            verify_note(Note(note.text, (line,)), [cosign_key(view.chain.chain_id, member)])
        except (AtollError, ValueError) as err:
            log.info("no cosignature", extra={"peer": member.org, "error": str(err)})
            return None
        return line


def keep_word(memory: Memory, name: str, checkpoint: Checkpoint, now: int) -> None:
    """Write down what is about to be signed; what contradicts the word given before is refused.

    Raises:
        LogForked: another root of the same size was signed before.
        CosignedFurther: a larger size, or at a later time.
    """
    written = memory.meta(name)
    if written is not None:
        before = parse_message(written, Signed)
        if checkpoint.size < before.size or now < before.time:
            raise CosignedFurther(size=checkpoint.size, before=before.size)
        if checkpoint.size == before.size and checkpoint.root != before.root:
            raise LogForked(size=checkpoint.size, source="this node's own signature")
    memory.set_meta(name, encode_message(Signed(size=checkpoint.size, root=checkpoint.root, time=now)))


def own_log_key(view: View, org: str) -> VerifierKey:
    """The key in force that a member signs checkpoints with; its name is that of the log.

    Raises:
        NotCosigned: it has none.
    """
    key = current_key(view, org, Purpose.LOG)
    if key is None or key.revoked_height is not None:
        raise NotCosigned(org=org)
    return log_key(view.chain.chain_id, key.public)


def find_counted(consensus: ConsensusSet, org: str) -> Validator | None:
    """A member as one that counts; None where it does not."""
    return next((one for one in consensus.counted() if one.org == org), None)
