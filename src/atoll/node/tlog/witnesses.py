"""Asking witnesses for cosignatures: one request each, the right old size learnt from a refusal, patience after a failure.

What a witness says without signing it moves nothing here: an answer 409 or 422 makes this node ask for the checkpoint that the
witness has cosigned before, and only one that a quorum of the members stands for is proof that the log went back or parted. One
that a single member has signed proves something about that member; it is kept, and nothing stops.
Source: C2SP tlog-witness.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from atoll.errors import AtollError
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.cosignature import parse_cosignature
from atoll.ledger.note import Note, NoteSignature, parse_note, parse_signatures, verify_note
from atoll.ledger.note_fields import parse_number
from atoll.ledger.tlog_policy import Witness
from atoll.ledger.witness import AddCheckpoint
from atoll.node.tlog.errors import WitnessAhead, WitnessUnfit, WitnessUnreachable
from atoll.node.tlog.members import Word
from atoll.ports import Clock
from atoll.primitives.merkle import MerkleTree

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("atoll.tlog")

TIMEOUT_SECONDS = 5.0
MAX_ANSWER_BYTES = 1 << 16
SKEW_SECONDS = 5
STALE_SECONDS = 60
KEPT_SECONDS = 20
"""For how long a cosignature is good while others are missing."""
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint that a quorum of the members stood for, and somebody kept."""

    checkpoint: Checkpoint
    """What it says."""
    source: str
    """Who kept it."""
    note: bytes
    """The signed note, byte for byte."""
    agreed_by: int
    """As in `Word`."""


@dataclass(frozen=True, slots=True)
class SignedAlone:
    """A checkpoint that members have signed, and no quorum stands for."""

    signers: tuple[str, ...]
    """They."""
    note: bytes
    """The signed note, byte for byte."""


@dataclass(slots=True)
class _Asked:
    """How one witness stands."""

    witness: Witness
    known: int | None = None
    """Size it is believed to know."""
    pause: float = 0.0
    not_before: float = 0.0
    cosigned_at: int = 0
    cosigned: tuple[str, NoteSignature] | None = None
    """Text and line of the newest cosignature."""
    problem: str = ""


@dataclass(slots=True)
class Answers:
    """What a round brought."""

    lines: list[NoteSignature] = field(default_factory=list)
    """Verified cosignatures."""
    shown: list[Shown] = field(default_factory=list)
    """Checkpoints that the members agreed on before, from witnesses that refused this one."""
    alone: list[SignedAlone] = field(default_factory=list)
    """Others that such witnesses cosigned."""


class Witnesses:
    """See the module's docstring."""

    def __init__(
        self,
        witnesses: Iterable[Witness],
        *,
        read: Callable[[Note], Word],
        tls: ssl.SSLContext | bool,
        clock: Clock,
    ) -> None:
        """
        Args:
            witnesses: those with an address are asked.
            read: who stands for a checkpoint of this log; raises as `read_word`.
            tls: settings for their addresses that begin with https.
            clock: for patience, and against cosignatures of another time.
        """
        self._asked = [_Asked(one) for one in witnesses if one.url]
        self._read = read
        self._clock = clock
        self._tls = tls

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        import httpx  # 50 ms, and most nodes have no witnesses

        return httpx.AsyncClient(verify=self._tls, timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        """Close the connections."""
        if self._asked:
            await self._http.aclose()

    def states(self) -> list[tuple[str, int, str]]:
        """Name, time of the newest cosignature (0: none yet), and what is wrong (empty: nothing) of each witness asked."""
        return [(one.witness.name, one.cosigned_at, one.problem) for one in self._asked]

    def forget(self) -> None:
        """Ask everybody anew, also for what was cosigned a while ago."""
        for one in self._asked:
            one.cosigned = None

    async def ask(self, note: Note, checkpoint: Checkpoint, tree: MerkleTree) -> Answers:
        """Ask everybody whose turn it is, at once.

        Args:
            note: signed by the log.
            checkpoint: what it says.
            tree: the log, of that size or larger.
        """
        answers = Answers()
        now = self._clock.monotonic()
        due = [one for one in self._asked if one.not_before <= now]
        await asyncio.gather(*(self._ask_logged(one, note, checkpoint, tree, answers) for one in due))
        return answers

    async def _ask_logged(self, asked: _Asked, note: Note, checkpoint: Checkpoint, tree: MerkleTree, answers: Answers) -> None:
        try:
            age = self._clock.now() - asked.cosigned_at
            if asked.cosigned is None or asked.cosigned[0] != note.text or age > KEPT_SECONDS:
                asked.cosigned = note.text, await self._ask(asked, note, checkpoint, tree, answers)
                asked.cosigned_at = self._clock.now()
            answers.lines.append(asked.cosigned[1])
        except AtollError as err:
            asked.pause = min(LONGEST_PAUSE_SECONDS, 2 * asked.pause or FIRST_PAUSE_SECONDS)
            asked.not_before = self._clock.monotonic() + asked.pause
            asked.problem = str(err)
            log.warning("no cosignature", extra={"peer": asked.witness.name, "code": err.code, "error": str(err)})
        else:
            asked.pause, asked.problem = 0.0, ""

    async def _ask(
        self, asked: _Asked, note: Note, checkpoint: Checkpoint, tree: MerkleTree, answers: Answers
    ) -> NoteSignature:
        name = asked.witness.name
        for _ in range(2):  # the first may be told the size that the witness knows, the second uses it
            old = min(asked.known or 0, checkpoint.size)
            proof = tuple(tree.consistency_proof(old, checkpoint.size)) if 0 < old < checkpoint.size else ()
            status, body = await self._post(asked, AddCheckpoint(old_size=old, proof=proof, note=note))
            if status == 200:
                line = self._cosignature(asked, note, body)
                asked.known = checkpoint.size
                return line
            known = parse_number(body.decode("ascii", "replace").removesuffix("\n")) if status == 409 else None
            if known is None or known == old:
                await self._look_at_shown(asked, checkpoint, answers)
                raise WitnessUnfit(name=name, reason=f"status {status}, {_words(body)}")
            asked.known = known
            if known > checkpoint.size:
                await self._look_at_shown(asked, checkpoint, answers)
                raise WitnessAhead(name=name, known=known, size=checkpoint.size)
        raise WitnessUnfit(name=name, reason="it names another known size each time")

    async def _post(self, asked: _Asked, request: AddCheckpoint) -> tuple[int, bytes]:
        return await self._call(asked, "POST", "add-checkpoint", request.encode())

    async def _look_at_shown(self, asked: _Asked, checkpoint: Checkpoint, answers: Answers) -> None:
        """Take what the witness cosigned before, if it shows it and the signatures under it hold.

        Raises:
            WitnessUnfit: it cosigned what no quorum of the members stands for.
        """
        place = f"newest/{hashlib.sha256(checkpoint.origin.encode()).hexdigest()}"
        try:
            status, body = await self._call(asked, "GET", place, b"")
            if status != 200:
                return
            word = self._read(parse_note(body))
        except AtollError:
            return  # what is not signed by a member proves nothing
        if word.agreed_by is not None:
            answers.shown.append(Shown(word.checkpoint, f"witness {asked.witness.name}", body, word.agreed_by))
            return
        answers.alone.append(SignedAlone(word.signers, body))
        reason = f"it cosigned {word.checkpoint.size} entries for which no quorum stands; signed by {', '.join(word.signers)}"
        raise WitnessUnfit(name=asked.witness.name, reason=reason)

    async def _call(self, asked: _Asked, method: str, place: str, content: bytes) -> tuple[int, bytes]:
        from httpx import HTTPError, InvalidURL

        url = f"{asked.witness.url.rstrip('/')}/{place}"
        body = bytearray()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._http.stream(method, url, content=content) as answer:
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) > MAX_ANSWER_BYTES:
                        raise WitnessUnfit(name=asked.witness.name, reason="its answer is too long")
        except (HTTPError, InvalidURL, TimeoutError) as err:
            raise WitnessUnreachable(name=asked.witness.name, reason=_cause(err)) from err
        return answer.status_code, bytes(body)

    def _cosignature(self, asked: _Asked, note: Note, body: bytes) -> NoteSignature:
        """The witness's own line among those that it answered with, verified, and of this time."""
        key, now = asked.witness.key, self._clock.now()
        lines = [
            one for one in parse_signatures(body.decode("utf-8", "replace")) if (one.name, one.key_id) == (key.name, key.key_id)
        ]
        if len(lines) != 1:
            raise WitnessUnfit(name=asked.witness.name, reason="its answer has not exactly one line of its key")
        verify_note(Note(note.text, (lines[0],)), [key])
        time, _ = parse_cosignature(lines[0].body)
        if not now - STALE_SECONDS <= time <= now + SKEW_SECONDS:
            raise WitnessUnfit(name=asked.witness.name, reason="its clock is wrong")
        return lines[0]


def _cause(err: BaseException) -> str:
    """What stood at the beginning of it."""
    while (before := err.__cause__ or err.__context__) is not None:
        err = before
    if isinstance(err, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({err.verify_message})"
    return os.strerror(err.errno).lower() if isinstance(err, OSError) and err.errno else type(err).__name__


def _words(body: bytes) -> str:
    """The beginning of an answer, fit to be shown."""
    text = body[:120].decode("ascii", "replace").strip()
    return "".join(one if one.isprintable() else "?" for one in text) or "without a word"
