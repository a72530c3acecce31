"""The walk over signed notes: from the founders to the members that count on an embedded ledger.

A checkpoint that a quorum of the members trusted so far cosigned is believed, whoever ordered it, because each of them carried
out every transaction below it; its state names the members that count afterwards. Where no such checkpoint exists, because a
sequencer died, the members' signed votes for the next one are believed instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from atoll.ledger.agreement import cosign_key, newest_times, verify_agreement
from atoll.ledger.block import BlockSummary
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.errors import NoteSignatureError, UntrustedNoteError
from atoll.ledger.evidence.bundle import Entry
from atoll.ledger.evidence.errors import BadEvidenceSignature, Contradiction, NoQuorum, NotProven
from atoll.ledger.evidence.parts import AgreedStep, HandoverStep, blame, parse_part, prove_value, reason
from atoll.ledger.evidence.walk import Trusted
from atoll.ledger.note import Note, parse_note, verify_note
from atoll.ledger.records import Chain, ConsensusSet, record_key
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.consensus import is_good_vote
from atoll.ledger.seal import NoteSeal
from atoll.ledger.state import State
from atoll.ledger.vouching import Vouched
from atoll.primitives.ics23_codec import parse_proof
from atoll.primitives.merkle import leaf_hash, verify_consistency, verify_inclusion
from atoll.trust.keys import Purpose
from atoll.wire.message import parse_message


class NoteWalk:
    """`Walk` on an embedded ledger."""

    def __init__(self, entry: Entry, seal: NoteSeal, trusted: Trusted, chain: Chain) -> None:
        """From the founders towards the note in an entry."""
        self._entry = entry
        self._note = seal.note
        self._checkpoint = seal.checkpoint
        self._chain = chain
        self.trusted = trusted

    def step(self, entry: Entry) -> None:
        """See `Walk.step`."""
        match parse_part(entry, AgreedStep, HandoverStep):
            case AgreedStep() as step:
                self.trusted = self._agreed_step(entry, step)
            case HandoverStep() as step:
                self.trusted = self._handover_step(entry, step)

    def _agreed_step(self, entry: Entry, step: AgreedStep) -> Trusted:
        with blame(entry):
            note = parse_note(step.note)
            earlier = parse_checkpoint(note.text)
            _need_quorum(entry, note, self._chain.chain_id, self.trusted.members)
            if earlier.origin != self._chain.chain_id:
                raise NotProven.at(entry, reason=f"it is a checkpoint of {earlier.origin}")
            verify_consistency(
                old_size=earlier.size,
                old_root=earlier.root,
                new_size=self._checkpoint.size,
                new_root=self._checkpoint.root,
                proof=step.consistency,
            )
            logged = step.summary
            leaf = leaf_hash(logged.data)
            verify_inclusion(leaf=leaf, index=logged.index, size=earlier.size, proof=logged.proof, root=earlier.root)
            summary = parse_message(logged.data, BlockSummary)
            value = prove_value(summary.state_root, step.proof, record_key(ConsensusSet, "0"))
            members = parse_message(value, ConsensusSet)
        if logged.index != summary.first + len(summary.outcomes) or summary.height <= self.trusted.height:
            raise Contradiction.at(entry, reason="it leads backwards, or to no block")
        return Trusted(summary.height, summary.state_root, members)

    def _handover_step(self, entry: Entry, step: HandoverStep) -> Trusted:
        old, first = self.trusted.members, step.votes[0].vote
        sequencer, term = first.new_sequencer, first.new_term
        with blame(entry):
            state = State(self._proven_records(step))
            call = Call(state=state, height=self.trusted.height, time=0, sender=sequencer, chain=self._chain)
            good = {one.vote.org for one in step.votes if is_good_vote(call, one, old, term, new_sequencer=sequencer)}
            log = call.current_key(sequencer, Purpose.LOG)
        if term <= old.term:
            raise Contradiction.at(entry, reason=f"term {term} does not follow term {old.term}")
        if len(good) < old.quorum():
            cosigners = ", ".join(sorted(good)) or "nobody"
            raise NoQuorum.at(entry, needed=old.quorum(), found=len(good), cosigners=cosigners)
        return replace(self.trusted, members=replace(old, term=term, sequencer=sequencer, log=log.public))

    def _proven_records(self, step: HandoverStep) -> Mapping[bytes, bytes]:
        records = {}
        for data in step.proofs:
            proof = parse_proof(data)
            records[proof.key] = prove_value(self.trusted.state_root, data, proof.key)
        return records

    def vouched(self) -> Vouched:
        """See `Walk.vouched`."""
        entry, members = self._entry, self.trusted.members
        try:
            with blame(entry):
                _need_quorum(entry, self._note, self._chain.chain_id, members)
                agreement = verify_agreement(self._note, chain_id=self._chain.chain_id, consensus=members)
        except NotProven as err:
            raise BadEvidenceSignature.at(entry, reason=err.operands["reason"]) from err
        return Vouched(checkpoint=agreement.checkpoint, stood_at=agreement.cosigned_at, agreed_at=agreement.agreed_at)

    def need_top(self, entry: Entry, top: BlockSummary) -> None:
        """See `Walk.need_top`: a note is over the log alone."""

    def standing_height(self, top: BlockSummary, before: BlockSummary) -> int:
        """Who counts before the last block counts for it; only the first block of a term has the members after it."""
        return top.height if top.term > before.term else before.height

    def is_standing(self, standing: ConsensusSet) -> bool:
        """See `Walk.is_standing`."""
        return standing == self.trusted.members


def _need_quorum(entry: Entry, note: Note, chain_id: str, members: ConsensusSet) -> None:
    """A quorum of the members that count has cosigned the note; who ordered it does not matter here.

    Raises:
        NoQuorum, BadEvidenceSignature: too few, or one that does not hold.
    """
    keys = {cosign_key(chain_id, one): one.org for one in members.counted()}
    try:
        times = newest_times(verify_note(note, keys), keys)
    except UntrustedNoteError:
        times = {}
    except NoteSignatureError as err:
        raise BadEvidenceSignature.at(entry, reason=reason(err)) from err
    if len(times) < members.quorum():
        cosigners = ", ".join(sorted(times)) or "nobody"
        raise NoQuorum.at(entry, needed=members.quorum(), found=len(times), cosigners=cosigners)
