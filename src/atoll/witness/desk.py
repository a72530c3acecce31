"""One request to a witness: decide, write down, and only then sign.

Deciding and writing are one atomic step of the store, so that no two requests can lead the witness onto two branches; the
signature is made after that step is durable, so that a crash leaves a promise without a signature and never the reverse. The
clock counts as well: a witness whose clock has gone back signs nothing until it is right again, and a cosignature of another
known witness that comes from the future is not accepted (SECURITY 3.2).

A log whose members have a key each (CometBFT) speaks by a quorum of them: what one member's key has signed alone is neither
cosigned nor held against the log, or a single member could lead the witness onto a branch of its own for good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from atoll.errors import AtollError, InputError
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.errors import PolicyFormatError, UntrustedNoteError
from atoll.ledger.note import Note, cosign_text, parse_note, verify_note
from atoll.ledger.tlog_policy import Policy
from atoll.ledger.vkey import VerifierKey
from atoll.ledger.witness import TEXT_TYPE, AddCheckpoint, Decision, WitnessState, decide, parse_add_checkpoint
from atoll.ports import Clock
from atoll.witness.store import Contradiction, Cosigned, WitnessStore

log = logging.getLogger("atoll.witness")

SKEW_SECONDS = 5
FORK = "fork"
UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: str
    content_type: str = TEXT_TYPE


class Desk:
    """See the module's docstring. Calls come one after another."""

    def __init__(
        self, *, store: WitnessStore, policy: Policy, key: VerifierKey, sign: Callable[[bytes], bytes], clock: Clock
    ) -> None:
        """
        Args:
            store: its memory; belongs to this key alone.
            policy: `log` lines say whose checkpoints are cosigned, the group named after a log whose cosignatures they need,
                other `witness` lines whose clocks are looked at; its quorum means nothing here.
            key: public half of the witness's key, type 0x04.
            sign: secret half.
            clock: what cosignatures are dated by.
        """
        self.key = key
        self._store = store
        self._logs: Mapping[str, Sequence[VerifierKey]] = _by_origin(policy)
        self._members = {origin: members for origin in self._logs if (members := members_of(policy, origin)) is not None}
        asked = {one.key for members in self._members.values() for one in members.witnesses}
        self._others = [one.key for one in policy.witnesses if one.key.public != key.public and one.key not in asked]
        self._sign = sign
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer an add-checkpoint request.

        Raises:
            WitnessStoreFull, WitnessStoreCorrupt: it cannot be written down; nothing was signed.
        """
        try:
            request = parse_add_checkpoint(body)
        except InputError as err:
            return Answer(400, f"{err}\n")
        now, keys = self._clock.now(), self._logs.get(request.origin, ())
        with self._store.deciding():
            known = self._store.newest(request.origin)
            decision = decide(request, keys, known.state if known else WitnessState())
            if decision.status not in (403, 404) and not self._is_agreed(request, now):
                return Answer(403, "a quorum of the log's members has not cosigned it\n")
            if decision.status not in (200, 403, 404):  # the log itself has signed it
                self._look_for_contradiction(request, decision, body, known, now)
            if decision.state is None:
                return Answer(decision.status, decision.body, decision.content_type)
            if now < self._store.last_time():
                return Answer(503, "the clock of this witness has gone back\n")
            if self._is_from_the_future(request.note, now):
                return Answer(403, f"a known cosignature does not hold, or is over {SKEW_SECONDS} s ahead of this clock\n")
            state = decision.state
            self._store.keep(Cosigned(request.origin, state.size, state.root, request.note.encode(), now))
        return Answer(200, cosign_text(request.note.text, self.key, now, self._sign).encode())

    def newest(self, origin_digest: str) -> bytes | None:
        """The newest checkpoint cosigned of the log whose origin has this SHA-256, as the log signed it, cosigned again by us
        with the time it was cosigned at; None for a log that is not known."""
        for one in self._store.logs():
            if sha256(one.origin.encode()).hexdigest() == origin_digest:
                note = parse_note(one.note)
                return note.with_signatures((cosign_text(note.text, self.key, one.time, self._sign),)).encode()
        return None

    def _look_for_contradiction(
        self, request: AddCheckpoint, decision: Decision, body: bytes, known: Cosigned | None, now: int
    ) -> None:
        """Keep both signatures where the log has signed what no honest log signs; the log's own has been verified."""
        try:
            checkpoint = parse_checkpoint(request.note.text, extension_lines=True)
        except AtollError:
            return  # an empty log with another root than the empty one; the answer says so
        same = self._store.cosigned(request.origin, checkpoint.size)
        if same is not None and same[0] != checkpoint.root:
            self._keep(Contradiction(request.origin, FORK, now, same[1], body))
        elif same is None and known is not None and decision.status == 422:
            self._keep(Contradiction(request.origin, UNPROVEN, now, known.note, body))

    def _keep(self, found: Contradiction) -> None:
        self._store.keep_contradiction(found)
        log.error("a log contradicts itself: %s of %s", found.kind, found.origin)

    def _is_agreed(self, request: AddCheckpoint, now: int) -> bool:
        """Whether the members of a log that speaks by a quorum have cosigned; one whose clock is ahead does not count."""
        members = self._members.get(request.origin)
        if members is None:
            return True
        names = {one.key: one.name for one in members.witnesses}
        try:
            verified = verify_note(request.note, names)
        except AtollError:
            return False
        return members.is_quorum({names[one.key] for one in verified if (one.timestamp or 0) <= now + SKEW_SECONDS})

    def _is_from_the_future(self, note: Note, now: int) -> bool:
        try:
            verified = verify_note(note, self._others)
        except UntrustedNoteError:
            return False  # nobody else whom we know has cosigned
        except AtollError:
            return True  # a known cosigner's line that does not hold
        return any(one.timestamp is not None and one.timestamp > now + SKEW_SECONDS for one in verified)


def members_of(policy: Policy, origin: str) -> Policy | None:
    """Who has to cosign the checkpoints of a log, as a policy of its own; None where nobody has to.

    Raises:
        PolicyFormatError: the log has several keys, and no group is named after it.
    """
    if not any(one.name == origin for one in policy.groups):
        if sum(one.key.name == origin for one in policy.logs) > 1:
            raise PolicyFormatError(line=1, reason=f"{origin} has several keys, and no group of that name says who cosigns")
        return None
    named, groups = {origin}, []
    for group in reversed(policy.groups):  # members come before the groups that they are in
        if group.name in named:
            named.update(group.members)
            groups.append(group)
    witnesses = tuple(one for one in policy.witnesses if one.name in named)
    return Policy(logs=(), witnesses=witnesses, groups=tuple(reversed(groups)), quorum=origin)


def _by_origin(policy: Policy) -> dict[str, list[VerifierKey]]:
    found: dict[str, list[VerifierKey]] = {}
    for one in policy.logs:
        found.setdefault(one.key.name, []).append(one.key)
    return found
