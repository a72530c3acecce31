"""From the agreed log to the shelf.

    1  the newest checkpoint that the members agree on, signed (`NoteSource`); what it covers is on this node's disk
    2  it continues what was published before, by this node's own tree; else nothing is published, and the node stops
    3  witnesses cosign it; fewer than the policy's quorum, and the old one stays
    4  it is written down, durably, and only then shown

A witness or this node's own memory may know a larger log than this node has. That is no fault as long as the node is behind.
Where a quorum of the members stands for the smaller log at a later time than for the larger one, the log went back: the node
stops loudly. Both times stand in the signed notes, so it does not matter when the node hears of the larger log, nor whether the
quorum is still there by then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from atoll.errors import AtollError
from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.errors import UntrustedNoteError
from atoll.ledger.note import Note, parse_note, verify_note
from atoll.ledger.tlog_policy import Policy
from atoll.node.tlog.errors import LogForked, LogWentBack
from atoll.node.tlog.kept import Memory, is_evidence_kept, keep_evidence
from atoll.node.tlog.members import Word
from atoll.node.tlog.shelf import Published, Shelf
from atoll.node.tlog.witnesses import Shown, SignedAlone, Witnesses
from atoll.ordering.engine import Engine
from atoll.ordering.errors import NotAgreedYet
from atoll.ports import Clock
from atoll.primitives.smt import Tree

log = logging.getLogger("atoll.tlog")

REFRESH_SECONDS = 20
"""An idle log's checkpoint is published again with fresh cosignatures."""
FIRST_SECONDS = 0.5
"""How often it looks for as long as nothing is published."""
SKEW_SECONDS = 10
"""By so much a member's clock may be set back in between, or be behind the others' when it votes."""
PUBLISHED = "tlog/published"
HERE = "this node"
LOG = "LOG"
"""About whom the proof is that all members give; no organisation's name has upper case."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A checkpoint that may be published: agreed, and durable here."""

    checkpoint: Checkpoint
    """What it says."""
    agreed_at: int
    """So fresh it is: when a quorum stood for this very checkpoint last, Unix seconds."""
    state: Tree | None = None
    """The state after its last block, where it is at hand."""


class NoteSource(Protocol):
    """Where checkpoints to publish come from."""

    def newest(self) -> Candidate | None:
        """The newest agreed checkpoint; None where there is none yet."""
        ...

    async def sign(self, candidate: Candidate) -> Note:
        """A candidate as a note, signed by the log and cosigned by a quorum of the members."""
        ...


class Publisher:
    """See the module's docstring."""

    def __init__(
        self,
        *,
        engine: Engine,
        source: NoteSource,
        shelf: Shelf,
        memory: Memory,
        read: Callable[[Note], Word],
        clock: Clock,
        every_seconds: float,
        refresh_seconds: int = REFRESH_SECONDS,
        policy: Policy | None = None,
        witnesses: Witnesses | None = None,
    ) -> None:
        """
        Args:
            engine: its log is the one that is published.
            source: makes the notes.
            shelf: where they go.
            memory: keeps what was published.
            read: who stands for a checkpoint of this log, and by when; raises as `read_word`.
            clock: dates it.
            every_seconds: how often it looks.
            refresh_seconds: how old a checkpoint of an idle log becomes before it is cosigned afresh.
            policy: what a published checkpoint must satisfy; None: the members' quorum is all.
            witnesses: who is asked for cosignatures.
        """
        self._engine = engine
        self._source = source
        self._shelf = shelf
        self._memory = memory
        self._clock = clock
        self._every_seconds = every_seconds
        self._refresh_seconds = refresh_seconds
        self._policy = policy
        self._witnesses = witnesses
        self._seen: list[Shown] = []
        self.waiting_for = ""
        """What keeps the newest checkpoint from being published; empty where nothing does."""
        self._logged = ""
        written = memory.meta(PUBLISHED)
        self._written = written
        if written is not None:
            self._see(_shown_here(written, read, clock.now()))

    def states(self) -> list[tuple[str, int, str]]:
        """As `Witnesses.states`."""
        return self._witnesses.states() if self._witnesses is not None else []

    @property
    def is_behind(self) -> bool:
        """Whether outsiders, or this node before it was last started, have seen more of the log than this node has."""
        return bool(self._seen)

    @property
    def is_contradicted(self) -> bool:
        """Whether this home keeps proof that its log is not the one that was published: over that the node stops itself."""
        return is_evidence_kept(self._memory, LOG)

    async def run(self) -> None:
        """Publish until cancelled.

        Raises:
            LogWentBack, LogForked: the log is not the one that outsiders have seen; the node must stop.
        """
        try:
            while True:
                await self._step_logged()
                first = self._shelf.published is None
                await asyncio.sleep(min(self._every_seconds, FIRST_SECONDS) if first else self._every_seconds)
        finally:
            if self._witnesses is not None:
                await self._witnesses.close()

    async def step(self) -> None:
        """Publish the newest checkpoint, if it is news.

        Raises:
            LogWentBack, LogForked: see `run`.
        """
        candidate = self._source.newest()
        self._need_growth(candidate)
        if candidate is None:
            self.waiting_for = "a quorum of the members"
            return
        checkpoint, published = candidate.checkpoint, self._shelf.published
        if self._seen or not self._is_news(checkpoint, published):
            return
        tree = self._engine.ledger.log
        if tree.root(checkpoint.size) != checkpoint.root:
            raise LogForked(size=checkpoint.size, source="the checkpoint to be published")
        note = await self._source.sign(candidate)
        if self._witnesses is not None:
            answers = await self._witnesses.ask(note, checkpoint, tree)
            note = note.with_signatures(answers.lines)
            for one in answers.shown:
                self._see(one)
            for alone in answers.alone:
                self._keep_alone(alone)
            self._need_growth(candidate)
            if self._seen:
                return
        missing = self._missing(note)
        if missing:
            self.waiting_for = missing
            return
        self._publish(note, checkpoint, candidate.state)

    async def _step_logged(self) -> None:
        try:
            await self.step()
        except (LogWentBack, LogForked) as err:
            log.critical("the node stops", extra={"code": err.code, "error": str(err)})
            raise
        except AtollError as err:
            self.waiting_for = str(err)
            log.warning("not published", extra={"code": err.code, "error": str(err)})
        except Exception:  # the outermost loop of this task: a fault of ours must not stop the node
            log.exception("not published")
        else:
            if self.waiting_for and self.waiting_for != self._logged:
                log.log(logging.WARNING if self.is_behind else logging.INFO, "not published: it waits for %s", self.waiting_for)
            self._logged = self.waiting_for

    def _is_news(self, checkpoint: Checkpoint, published: Published | None) -> bool:
        if published is None or checkpoint.size > published.checkpoint.size:
            return True
        if checkpoint.size < published.checkpoint.size:
            return False
        if checkpoint.root != published.checkpoint.root:
            raise LogForked(size=checkpoint.size, source=HERE)
        return self._clock.now() - published.at >= self._refresh_seconds

    def _missing(self, note: Note) -> str:
        """Whose cosignatures are missing; empty where the policy is satisfied."""
        if self._policy is None:
            return ""
        names = {one.key: one.name for one in self._policy.witnesses}
        try:
            cosigned = {names[one.key] for one in verify_note(note, names)}
        except UntrustedNoteError:
            cosigned = set()
        if self._policy.is_quorum(cosigned):
            return ""
        return f"the quorum {self._policy.quorum} of the witnesses; cosigned by {', '.join(sorted(cosigned)) or 'none'}"

    def _publish(self, note: Note, checkpoint: Checkpoint, state: Tree | None) -> None:
        data = note.encode()
        self._memory.set_meta(PUBLISHED, data)  # before anybody can see it, so that it can never be taken back
        self._shelf.published = Published(checkpoint, data, self._clock.now(), state)
        if self._witnesses is not None:
            self._witnesses.forget()
        self.waiting_for = ""

    # -- never back ------------------------------------------------------------------------------------------------------------

    def _see(self, shown: Shown) -> None:
        """Take note of a checkpoint that outsiders know; it is compared as soon as this node's log is that large."""
        known = {(one.checkpoint, one.source) for one in self._seen}
        if (shown.checkpoint, shown.source) not in known:
            self._seen.append(shown)

    def _keep_alone(self, alone: SignedAlone) -> None:
        """Keep what members signed and no quorum stands for; it stops nobody but those who wait for that witness."""
        news = [org for org in alone.signers if keep_evidence(self._memory, org, alone.note)]
        if news:
            text = alone.note.partition(b"\n\n")[0].decode().replace("\n", " ")
            log.critical("signed without a quorum, and cosigned by a witness: %s", text, extra={"peer": ", ".join(news)})

    def _keep_proof(self, seen: Shown) -> None:
        """Keep what the log contradicts, beside what this node's members stand for now: two signed notes are a proof."""
        try:
            now = self._engine.seal()
        except NotAgreedYet:
            now = b""
        for one in filter(None, (seen.note, now)):
            if keep_evidence(self._memory, LOG, one):
                log.critical("one of two contradicting checkpoints of this log, hex: %s", one.hex())

    def _need_growth(self, candidate: Candidate | None) -> None:
        """Compare what was seen with this log. While catching up there is no candidate: the time is that of a larger log."""
        view, tree = self._engine.view(), self._engine.ledger.log
        for one in list(self._seen):
            if one.checkpoint.size > view.log_size:
                if candidate is not None and candidate.agreed_at > one.agreed_by + SKEW_SECONDS:
                    self._keep_proof(one)
                    raise LogWentBack(size=view.log_size, seen=one.checkpoint.size, source=one.source)
                self.waiting_for = f"this node's log to reach the {one.checkpoint.size} entries that {one.source} has seen"
            elif tree.root(one.checkpoint.size) != one.checkpoint.root:
                self._keep_proof(one)
                raise LogForked(size=view.log_size, source=one.source)
            else:
                self._seen.remove(one)
                written, self._written = (self._written, None) if one.source == HERE else (None, self._written)
                if written is not None and not self._missing(parse_note(written)):
                    self._shelf.published = Published(one.checkpoint, written, self._clock.now())  # as before the restart


def _shown_here(written: bytes, read: Callable[[Note], Word], now: int) -> Shown:
    """What this node published before; where its ledger, put back, does not know the keys under it, it is from before now."""
    note = parse_note(written)
    try:
        agreed_by = read(note).agreed_by
    except AtollError:
        agreed_by = None
    return Shown(parse_checkpoint(note.text), HERE, written, now if agreed_by is None else agreed_by)


class AgreedNotes:
    """Notes as the embedded engine agrees on them: the sequencer signs after its disk has them, members cosign after theirs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._note: Note | None = None

    def newest(self) -> Candidate | None:
        """See `NoteSource.newest`."""
        try:
            self._note = parse_note(self._engine.seal())
        except NotAgreedYet:
            return None
        view, checkpoint = self._engine.view(), parse_checkpoint(self._note.text)
        return Candidate(checkpoint, view.agreed_at, view.tree if view.log_size == checkpoint.size else None)

    async def sign(self, candidate: Candidate) -> Note:
        """See `NoteSource.sign`: the members have signed it by agreeing on it."""
        assert self._note is not None, f"there is no candidate of {candidate.checkpoint.size} entries without its note"
        return self._note
