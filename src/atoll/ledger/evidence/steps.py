"""How an exporter leads a stranger from the founding members to those that count for the newest checkpoint."""

from __future__ import annotations

from atoll.ledger.agreement import cosign_key, newest_times
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.errors import NoteSignatureError, UntrustedNoteError
from atoll.ledger.evidence.errors import NotExportable
from atoll.ledger.evidence.history import EvidenceSource, History, LoggedBlock, walk_back
from atoll.ledger.evidence.parts import AgreedStep, HandoverStep, Logged
from atoll.ledger.note import Note, parse_note, verify_note
from atoll.ledger.records import ConsensusSet, Key, KeyPointer, record_key
from atoll.ledger.rules.consensus import Handover, SignedVote
from atoll.ledger.transaction import parse_transaction
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.smt import Tree
from atoll.trust.keys import Purpose
from atoll.wire.message import parse_message

Step = AgreedStep | HandoverStep


def find_steps(source: EvidenceSource, history: History, final: Note, top: int) -> list[Step]:
    """The steps; none where the founding members still count.

    Args:
        source: seals of the past come from here.
        history: of this source.
        final: the newest agreed note.
        top: the block that it ends with.

    Raises:
        NotExportable: a change cannot be shown, because no note of its time was kept.
    """
    walk = _Walk(source, history, final, top)
    if history.tree(top).get(record_key(ConsensusSet, "0")) != history.tree(0).get(record_key(ConsensusSet, "0")):
        walk.run()
    return walk.steps


class _Walk:
    def __init__(self, source: EvidenceSource, history: History, final: Note, top: int) -> None:
        self._source = source
        self._history = history
        self._final = final
        self._top = top
        self._size = parse_checkpoint(final.text).size
        self._members = history.founding()
        self._base: Tree = history.tree(0)
        self.steps: list[Step] = []

    def run(self) -> None:
        changes = self._history.changes()
        goal = self._goal(changes)
        done = 0
        while self._members != goal:
            if self._stands(self._final):
                self._agree(self._final, max(height for height in changes if changes[height] == goal))
                return
            height = min(height for height in changes if height > done)
            note = self._kept(height)
            if note is not None:
                self._agree(note, height)
            elif changes[height].term > self._members.term:
                self._hand_over(height, changes[height])
            else:
                raise NotExportable(reason=f"no checkpoint of the members that counted before block {height} was kept")
            done = height

    def _goal(self, changes: dict[int, ConsensusSet]) -> ConsensusSet:
        """Who counts for the final note: the set before its last block, or after it where that block hands over."""
        last = self._history.founding()
        for height in sorted(changes):
            if height < self._top or changes[height].term > last.term:
                last = changes[height]
        return last

    def _stands(self, note: Note) -> bool:
        """Whether a quorum of the members trusted so far has cosigned a note."""
        keys = {cosign_key(self._source.ledger.genesis.chain_id, one): one.org for one in self._members.counted()}
        try:
            return len(newest_times(verify_note(note, keys), keys)) >= self._members.quorum()
        except (UntrustedNoteError, NoteSignatureError):
            return False

    def _kept(self, height: int) -> Note | None:
        """A note of this block or a later one that the members trusted so far stand for."""
        data = self._source.seal_of(height)
        if data is None:
            return None
        note = parse_note(data)
        size = parse_checkpoint(note.text).size
        return note if size <= self._size and self._stands(note) else None

    def _agree(self, note: Note, height: int) -> None:
        size = parse_checkpoint(note.text).size
        block = self._block(size, height)
        log = self._source.ledger.log
        tree = self._history.tree(height)
        self.steps.append(
            AgreedStep(
                note=note.encode(),
                consistency=tuple(log.consistency_proof(size, self._size)),
                summary=Logged(index=block.index, data=block.data, proof=tuple(log.inclusion_proof(block.index, size))),
                proof=encode_proof(tree.prove(record_key(ConsensusSet, "0"))),
            )
        )
        self._base = tree
        self._members = parse_message(tree.get(record_key(ConsensusSet, "0")) or b"", ConsensusSet)

    def _hand_over(self, height: int, after: ConsensusSet) -> None:
        votes = self._votes(height)
        wanted = [(one.vote.org, Purpose.IDENTITY) for one in votes] + [(after.sequencer, Purpose.LOG)]
        keys: list[bytes] = []
        for org, purpose in wanted:
            pointer = record_key(KeyPointer, f"{org}/{purpose}")
            value = self._base.get(pointer)
            if value is not None:
                version = parse_message(value, KeyPointer).version
                keys += [pointer, record_key(Key, f"{org}/{purpose}/{version}")]
        self.steps.append(HandoverStep(votes=votes, proofs=tuple(encode_proof(self._base.prove(key)) for key in keys)))
        self._members = after

    def _votes(self, height: int) -> tuple[SignedVote, ...]:
        """The votes in the hand-over that a block begins with."""
        transaction = parse_transaction(self._block(self._size, height).transactions[0])[1]
        return Handover.from_map(dict(transaction.body)).votes

    def _block(self, size: int, height: int) -> LoggedBlock:
        for block in walk_back(self._source, size, height):
            if block.summary.height == height:
                return block
        raise NotExportable(reason=f"block {height} is needed and out of reach")
