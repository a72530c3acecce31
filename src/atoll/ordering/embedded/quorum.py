"""Counting cosignatures until a checkpoint is agreed."""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.ledger.agreement import Agreement, cosign_key, nth_newest
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.note import Note, NoteSignature, VerifiedSignature, verify_note
from atoll.ledger.records import ConsensusSet
from atoll.ledger.vkey import VerifierKey


@dataclass(slots=True)
class Tally:
    """The cosignatures of one checkpoint, as they come in; each member's newest counts."""

    note: Note
    """With the sequencer's signature alone."""
    checkpoint: Checkpoint
    """What it says."""
    height: int
    """Its last block."""
    chain_id: str
    """The log's name."""
    consensus: ConsensusSet
    """Who counts: the set in force before that block."""
    lines: dict[str, NoteSignature] = field(default_factory=dict)
    """Member -> its newest line."""
    times: dict[str, int] = field(default_factory=dict)
    """Member -> that line's time."""
    late: set[str] = field(default_factory=set)
    """Members that would cosign if the block's time were not too old by now."""

    def add(self, line: NoteSignature) -> bool:
        """Take a line into account; False where it is nobody's that counts.

        Raises:
            NoteSignatureError: of a member that counts, but it does not hold.
        """
        members = {cosign_key(self.chain_id, one): one.org for one in self.consensus.counted()}
        match self._verified(line, list(members)):
            case VerifiedSignature(key=key, timestamp=int() as timestamp):
                org = members[key]
                if timestamp > self.times.get(org, 0):
                    self.lines[org], self.times[org] = line, timestamp
                return True
        return False

    def agreement(self) -> Agreement | None:
        """The agreement, once q members have cosigned."""
        quorum = self.consensus.quorum()
        if len(self.lines) < quorum:
            return None
        note = self.note.with_signatures(self.lines[org] for org in sorted(self.lines))
        return Agreement(note, self.checkpoint, dict(self.times), nth_newest(self.times.values(), quorum))

    def _verified(self, line: NoteSignature, keys: list[VerifierKey]) -> VerifiedSignature | None:
        known = [key for key in keys if (key.name, key.key_id) == (line.name, line.key_id)]
        return verify_note(Note(self.note.text, (line,)), known)[0] if known else None
