"""One request to a witness: decide, write down, and only then sign.

Deciding and writing are one atomic step of the store, so that no two requests can lead the witness onto two branches; the
signature is made after that step is durable, so that a crash leaves a promise without a signature and never the reverse. The
clock counts as well: a witness whose clock has gone back signs nothing until it is right again, and a cosignature of another
known witness that comes from the future does not count (SECURITY 3.2).

A log that several members sign for is cosigned with a quorum of them only: the policy that names its keys says how many. One
member's key alone could otherwise lead the witness onto a branch that nobody else ever agrees on, and lose it for the true log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from atoll.errors import AtollError, InputError
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import MAX_SIGNATURES, Note, cosign_text, parse_note
from atoll.ledger.tlog_policy import Policy, verify_checkpoint
from atoll.ledger.vkey import VerifierKey
from atoll.ledger.witness import TEXT_TYPE, AddCheckpoint, Decision, WitnessState, decide, parse_add_checkpoint
from atoll.ports import Clock
from atoll.witness.store import Contradiction, Cosigned, WitnessStore

log = logging.getLogger("atoll.witness")

SKEW_SECONDS = 5
STALE_SECONDS = 3600
"""A member's cosignature that is older does not count: either the members stand for it no longer, or this clock is ahead."""
JUMP_SECONDS = 3600
"""What the clock may have moved by itself since the first request: a glitch of years, once signed, silences it for years."""
FORK = "fork"
UNPROVEN = "unproven"
ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: str
    content_type: str = TEXT_TYPE


class Desk:
    """See the module's docstring. Calls come one after another."""

    def __init__(
        self, *, store: WitnessStore, policies: Iterable[Policy], key: VerifierKey, sign: Callable[[bytes], bytes], clock: Clock
    ) -> None:
        """
        Args:
            store: its memory; belongs to this key alone.
            policies: of no log more than one. `log` lines say whose checkpoints are cosigned; the quorum, which of its
                `witness` lines they must carry already.
            key: public half of the witness's key, type 0x04.
            sign: secret half.
            clock: what cosignatures are dated by.
        """
        self.key = key
        self._store = store
        self._policies = {one.key.name: policy for policy in policies for one in policy.logs}
        self._sign = sign
        self._clock = clock
        self._began: tuple[int, float] | None = None
        """Both clocks, when the first request was answered."""

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer an add-checkpoint request.

        Raises:
            WitnessStoreFull, WitnessStoreCorrupt: it cannot be written down; nothing was signed.
        """
        try:
            request = parse_add_checkpoint(body)
        except InputError as err:
            return Answer(400, f"{err}\n")
        now, policy = self._clock.now(), self._policies.get(request.origin)
        keys = [one.key for one in policy.logs] if policy is not None else []
        with self._store.deciding():
            known = self._store.newest(request.origin)
            decision = decide(request, keys, known.state if known else WitnessState())
            if policy is not None and decision.status not in (400, 403, 404):  # the log itself has signed it
                wrong = _why_no_quorum(request.note, policy, now)
                self._look_for_contradiction(request, decision, body, known, now, alone=bool(wrong))
                if wrong:
                    return Answer(403, wrong)
            if policy is None or decision.state is None:
                return Answer(decision.status, decision.body, decision.content_type)
            if now < self._store.last_time():
                return Answer(503, "the clock of this witness has gone back\n")
            if self._has_jumped(now):
                return Answer(503, "the clock of this witness has jumped; start it again when the clock is right\n")
            state, note = decision.state, _known_lines(request.note, policy)
            self._store.keep(Cosigned(request.origin, state.size, state.root, note.encode(), now))
        return Answer(200, cosign_text(request.note.text, self.key, now, self._sign).encode())

    def newest(self, origin_digest: str) -> bytes | None:
        """The newest checkpoint cosigned of the log whose origin has this SHA-256, as the log signed it, cosigned again by us
        with the time it was cosigned at; None for a log that is not known."""
        for one in self._store.logs():
            if sha256(one.origin.encode()).hexdigest() == origin_digest:
                note = parse_note(one.note)
                return note.with_signatures((cosign_text(note.text, self.key, one.time, self._sign),)).encode()
        return None

    def _has_jumped(self, now: int) -> bool:
        """Whether the clock has moved otherwise than time has passed. A machine that slept for longer looks the same."""
        elapsed = self._clock.monotonic()
        self._began = self._began or (now, elapsed)
        return abs((now - self._began[0]) - (elapsed - self._began[1])) > JUMP_SECONDS

    def _look_for_contradiction(
        self, request: AddCheckpoint, decision: Decision, body: bytes, known: Cosigned | None, now: int, *, alone: bool
    ) -> None:
        """Keep both signatures where the log has signed what no honest log signs; the log's own has been verified."""
        try:
            checkpoint = parse_checkpoint(request.note.text, extension_lines=True)
        except AtollError:
            return  # an empty log with another root than the empty one; the answer says so
        same = self._store.cosigned(request.origin, checkpoint.size)
        if same is not None and same[0] != checkpoint.root:
            self._keep(Contradiction(request.origin, ALONE if alone else FORK, now, same[1], body))
        elif same is None and known is not None and decision.status == 422:
            self._keep(Contradiction(request.origin, ALONE if alone else UNPROVEN, now, known.note, body))

    def _keep(self, found: Contradiction) -> None:
        self._store.keep_contradiction(found)
        log.error("a log contradicts itself: %s of %s", found.kind, found.origin)


def _why_no_quorum(note: Note, policy: Policy, now: int) -> str:
    """Why the policy's quorum does not stand for a checkpoint; empty where it does."""
    try:
        cosigned = verify_checkpoint(note, policy, extension_lines=True).cosigned
    except AtollError as err:
        return f"{err}\n"
    in_time = [name for name, time in cosigned if now - STALE_SECONDS <= time <= now + SKEW_SECONDS]
    if policy.is_quorum(in_time) and (policy.needs_witnesses or all(time <= now + SKEW_SECONDS for _, time in cosigned)):
        return ""
    return f"known cosignatures are over {SKEW_SECONDS} s ahead of this clock, or over {STALE_SECONDS} s behind it\n"


def _known_lines(note: Note, policy: Policy) -> Note:
    """A verified note with one line of each key that the policy names, and none that somebody else has added."""
    keys = [log.key for log in policy.logs] + [witness.key for witness in policy.witnesses]
    known = {(key.name, key.key_id) for key in keys}
    lines = {(one.name, one.key_id): one for one in note.signatures if (one.name, one.key_id) in known}
    return Note(note.text, tuple(lines.values())[: MAX_SIGNATURES - 1])  # our own has room
