"""How an exporter leads a stranger from the founding members to those that count for the newest checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from atoll.ledger.agreement import cosign_key, newest_times
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.errors import NoteSignatureError, UntrustedNoteError
from atoll.ledger.evidence.errors import NotExportable
from atoll.ledger.evidence.history import EvidenceSource, History, LoggedBlock, walk_back
from atoll.ledger.evidence.parts import AgreedStep, HandoverStep, HeaderStep, Logged
from atoll.ledger.note import Note, verify_note
from atoll.ledger.records import ConsensusSet, Key, KeyPointer, record_key
from atoll.ledger.rules.consensus import Handover, SignedVote
from atoll.ledger.seal import HeaderSeal, NoteSeal, Seal, parse_seal
from atoll.ledger.transaction import parse_transaction
from atoll.ledger.vouching import names_validators, validators_of
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.smt import Tree
from atoll.trust.keys import Purpose
from atoll.wire.message import parse_message

Step = AgreedStep | HandoverStep | HeaderStep
_CONSENSUS = record_key(ConsensusSet, "0")


def find_steps(source: EvidenceSource, history: History, final: Seal, top: int) -> list[Step]:
    """The steps; none where the founding members still count.

    Args:
        source: seals of the past come from here.
        history: of this source.
        final: the newest seal.
        top: the block that it ends with.

    Raises:
        NotExportable: a change cannot be shown, because no seal of its time was kept.
    """
    if isinstance(final, HeaderSeal):
        return list(_header_steps(source, history, final))
    walk = _NoteWalk(source, history, final, top)
    if history.tree(top).get(_CONSENSUS) != history.tree(0).get(_CONSENSUS):
        walk.run()
    return walk.steps


def standing_height(seal: Seal, history: History, top: int) -> int:
    """The block whose state says who counts for a seal; see `Walk.standing_height`."""
    if isinstance(seal, HeaderSeal) or not top:
        return top
    before, after = (parse_message(history.tree(at).get(_CONSENSUS) or b"", ConsensusSet) for at in (top - 1, top))
    return top if after.term > before.term else top - 1


def _header_steps(source: EvidenceSource, history: History, final: HeaderSeal) -> Iterator[HeaderStep]:
    """Each change of validators, by the header right after it, up to those that voted for the final one."""
    members = history.founding()
    log, changes = source.ledger.log, history.changes()
    for height in sorted(changes):
        if validators_of(members) == final.light.validators:
            return
        if validators_of(changes[height]) != validators_of(members):
            seal, tree = _kept_header(source, height), history.tree(height)
            if seal is None or seal.state_root != tree.root or not names_validators(seal.light.header, changes[height]):
                raise NotExportable(reason=f"the header right after block {height}, which changed the validators, was not kept")
            yield HeaderStep(
                seal=seal.encode(),
                consistency=tuple(log.consistency_proof(seal.size, final.size)),
                proof=encode_proof(tree.prove(_CONSENSUS)),
            )
            members = changes[height]


def _kept_header(source: EvidenceSource, height: int) -> HeaderSeal | None:
    data = source.seal_of(height)
    seal = parse_seal(data) if data is not None else None
    return seal if isinstance(seal, HeaderSeal) else None


class _NoteWalk:
    def __init__(self, source: EvidenceSource, history: History, final: NoteSeal, top: int) -> None:
        self._source = source
        self._history = history
        self._final = final.note
        self._top = top
        self._size = final.checkpoint.size
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
        kept = parse_seal(data)
        if not isinstance(kept, NoteSeal) or kept.checkpoint.size > self._size or not self._stands(kept.note):
            return None
        return kept.note

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
                proof=encode_proof(tree.prove(_CONSENSUS)),
            )
        )
        self._base = tree
        self._members = parse_message(tree.get(_CONSENSUS) or b"", ConsensusSet)

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
