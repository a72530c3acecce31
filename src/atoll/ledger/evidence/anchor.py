"""What everything else in a bundle hangs from: the consortium, the members that count, and the checkpoint they cosigned.

Trust begins at the trust file and moves in steps. A checkpoint that a quorum of the members trusted so far cosigned is
believed, whoever ordered it, because each of them carried out every transaction below it; its state names the members that
count afterwards. Where no such checkpoint exists, because a sequencer died, the members' signed votes for the next one are
believed instead. The last members reached must be those that the state itself names, and a quorum of them must have cosigned
the bundle's checkpoint.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from atoll.ledger.agreement import Agreement, cosign_key, newest_times, verify_agreement
from atoll.ledger.block import BlockSummary
from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.errors import NoteSignatureError, UntrustedNoteError
from atoll.ledger.evidence import names
from atoll.ledger.evidence.bundle import Bundle, Entry
from atoll.ledger.evidence.errors import (
    BadEvidenceSignature,
    Contradiction,
    ForeignConsortium,
    IncompleteEvidence,
    NoQuorum,
    NotProven,
)
from atoll.ledger.evidence.parts import AgreedStep, HandoverStep, Logged, Proven, blame, parse_part, reason
from atoll.ledger.evidence.trust import TrustFile
from atoll.ledger.genesis import Genesis, SignedGenesis, consensus_of, first_state, genesis_digest, verify_genesis
from atoll.ledger.note import Note, parse_note, verify_note
from atoll.ledger.records import Chain, ConsensusSet, Record, record_key
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.consensus import is_good_vote
from atoll.ledger.state import State
from atoll.primitives.ics23 import SMT_SPEC, verify_membership
from atoll.primitives.ics23_codec import parse_proof
from atoll.primitives.ics23_ops import ExistenceProof
from atoll.primitives.merkle import leaf_hash, verify_consistency, verify_inclusion
from atoll.primitives.smt import Tree
from atoll.trust.keys import Purpose
from atoll.wire.message import parse_message

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Placed:
    """A block's summary where it stands in the log."""

    index: int
    """Its log index; its transactions stand right before it."""
    summary: BlockSummary
    """What it says."""
    entry: Entry
    """Where that came from."""


@dataclass(frozen=True, slots=True)
class _Trusted:
    """How far trust has come."""

    height: int
    """Block whose state is trusted."""
    state_root: bytes
    """That state's root."""
    members: ConsensusSet
    """Who counts from there on."""


class Anchor:
    """Verified; see the module's docstring."""

    def __init__(self, bundle: Bundle, trust: TrustFile) -> None:
        """Verify genesis, steps, checkpoint and block summaries.

        Raises:
            EvidenceError: naming the entry that does not hold.
        """
        self.bundle = bundle
        founding = bundle.need(names.GENESIS)
        self.genesis, self.genesis_digest = _verify_genesis(founding, trust)
        self.checkpoint_entry = bundle.need(names.CHECKPOINT)
        with blame(self.checkpoint_entry):
            self._note = parse_note(self.checkpoint_entry.body)
            self.checkpoint: Checkpoint = parse_checkpoint(self._note.text)
        records = first_state(self.genesis, self.genesis_digest)
        self.chain: Chain = parse_message(records[record_key(Chain, "0")], Chain)
        self._trusted = _Trusted(0, Tree.of(records).root, consensus_of(self.genesis))
        self.steps = self._walk()
        self.agreement = self._agreement()
        self._need_first(founding)
        self._blocks = self._placed_blocks()
        self.top = self._top()
        self._need_standing()

    @property
    def members(self) -> ConsensusSet:
        """The sequencer and the members that count for the checkpoint."""
        return self._trusted.members

    def logged(self, entry: Entry) -> Logged:
        """An entry of the log, proved to stand in the checkpoint.

        Raises:
            NotProven: it does not.
        """
        logged = parse_part(entry, Logged)
        self._need_included(entry, logged.index, logged.data, logged.proof)
        return logged

    def block(self, height: int) -> Placed:
        """The summary of a block.

        Raises:
            IncompleteEvidence: the bundle has it not.
        """
        self.bundle.need(names.block(height))
        return self._blocks[height]

    def block_over(self, index: int) -> Placed:
        """The summary of the block that holds a transaction.

        Raises:
            IncompleteEvidence: the bundle has it not.
        """
        for height, placed in self._blocks.items():
            if placed.summary.outcome_of(index) is not None:
                return self.block(height)
        raise IncompleteEvidence(name=f"block over log entry {index}")

    def record(self, kind: type[R], identifier: str, height: int) -> tuple[R, Entry]:
        """A record in the state after a block, with the entry that proves it.

        Raises:
            IncompleteEvidence, NotProven, MalformedEntry: it is not there, or does not hold.
        """
        entry = self.bundle.need(names.record(kind, identifier, height))
        root = self.block(height).summary.state_root
        with blame(entry):
            found = parse_message(_prove(root, parse_part(entry, Proven).proof, record_key(kind, identifier)), kind)
        if found.identifier() != identifier:
            raise Contradiction.at(entry, reason=f"the record calls itself {found.identifier()}")
        return found, entry

    def record_around(self, kind: type[R], identifier: str, height: int) -> tuple[R, Entry]:
        """A record in the state after a block or, where that is not in the bundle, before it.

        What a transaction rested on may be changed by a later transaction of the same block; the state before the block then
        shows it as it was. Nothing is lost by believing that: had an earlier transaction of the block changed it, the ledger
        would have refused the one in question, and its outcome is proved to be the opposite.
        """
        for at in (height, height - 1):
            if self.bundle.find(names.record(kind, identifier, at)) is not None:
                return self.record(kind, identifier, at)
        raise IncompleteEvidence(name=names.record(kind, identifier, height))

    # -- from the trust file to the members that count -------------------------------------------------------------------------

    def _walk(self) -> int:
        count = 0
        while (entry := self.bundle.find(names.step(count + 1))) is not None:
            match parse_part(entry, AgreedStep, HandoverStep):
                case AgreedStep() as step:
                    self._trusted = self._agreed_step(entry, step)
                case HandoverStep() as step:
                    self._trusted = self._handover_step(entry, step)
            count += 1
        return count

    def _agreed_step(self, entry: Entry, step: AgreedStep) -> _Trusted:
        with blame(entry):
            note = parse_note(step.note)
            earlier = parse_checkpoint(note.text)
            _need_quorum(entry, note, self.genesis.chain_id, self.members)
            if earlier.origin != self.genesis.chain_id:
                raise NotProven.at(entry, reason=f"it is a checkpoint of {earlier.origin}")
            verify_consistency(
                old_size=earlier.size,
                old_root=earlier.root,
                new_size=self.checkpoint.size,
                new_root=self.checkpoint.root,
                proof=step.consistency,
            )
            logged = step.summary
            leaf = leaf_hash(logged.data)
            verify_inclusion(leaf=leaf, index=logged.index, size=earlier.size, proof=logged.proof, root=earlier.root)
            summary = parse_message(logged.data, BlockSummary)
            value = _prove(summary.state_root, step.proof, record_key(ConsensusSet, "0"))
            members = parse_message(value, ConsensusSet)
        if logged.index != summary.first + len(summary.outcomes) or summary.height <= self._trusted.height:
            raise Contradiction.at(entry, reason="it leads backwards, or to no block")
        return _Trusted(summary.height, summary.state_root, members)

    def _handover_step(self, entry: Entry, step: HandoverStep) -> _Trusted:
        old, first = self.members, step.votes[0].vote
        sequencer, term = first.new_sequencer, first.new_term
        with blame(entry):
            state = State(self._proven_records(step))
            call = Call(state=state, height=self._trusted.height, time=0, sender=sequencer, chain=self.chain)
            good = {one.vote.org for one in step.votes if is_good_vote(call, one, old, term, new_sequencer=sequencer)}
            log = call.current_key(sequencer, Purpose.LOG)
        if term <= old.term:
            raise Contradiction.at(entry, reason=f"term {term} does not follow term {old.term}")
        if len(good) < old.quorum():
            cosigners = ", ".join(sorted(good)) or "nobody"
            raise NoQuorum.at(entry, needed=old.quorum(), found=len(good), cosigners=cosigners)
        return replace(self._trusted, members=replace(old, term=term, sequencer=sequencer, log=log.public))

    def _proven_records(self, step: HandoverStep) -> Mapping[bytes, bytes]:
        records = {}
        for data in step.proofs:
            proof = parse_proof(data)
            records[proof.key] = _prove(self._trusted.state_root, data, proof.key)
        return records

    def _agreement(self) -> Agreement:
        entry, members = self.checkpoint_entry, self.members
        try:
            with blame(entry):
                _need_quorum(entry, self._note, self.genesis.chain_id, members)
                return verify_agreement(self._note, chain_id=self.genesis.chain_id, consensus=members)
        except NotProven as err:
            raise BadEvidenceSignature.at(entry, reason=err.operands["reason"]) from err

    def _need_standing(self) -> None:
        """The members walked to are those that the ledger itself says were in force for the checkpoint's last block."""
        before = self.block(self.top.summary.height - 1)
        if before.index != self.top.summary.first - 1:
            raise Contradiction.at(before.entry, reason="it does not end where the next begins")
        began = self.top if self.top.summary.term > before.summary.term else before
        standing, entry = self.record(ConsensusSet, "0", began.summary.height)
        if standing != self.members:
            raise Contradiction.at(entry, reason="the members that count are not those to whom the bundle's steps lead")

    # -- the log below the checkpoint ------------------------------------------------------------------------------------------

    def _need_first(self, founding: Entry) -> None:
        """The genesis is this very log's first entry; the founders may have begun another log with the same keys."""
        if self.logged(founding).index != 0:
            raise NotProven.at(founding, reason="it is not the first entry of the log")

    def _placed_blocks(self) -> dict[int, Placed]:
        """Every block summary in the bundle, by height: proved, where its name says, and in order."""
        blocks: dict[int, Placed] = {}
        for entry in self.bundle.entries:
            name = entry.name
            if not name.startswith(names.BLOCK):
                continue
            logged = self.logged(entry)
            with blame(entry):
                summary = parse_message(logged.data, BlockSummary)
            if name != names.block(summary.height):
                raise Contradiction.at(entry, reason=f"it is the summary of block {summary.height}")
            if logged.index != summary.first + len(summary.outcomes):
                raise Contradiction.at(entry, reason="it does not stand right after its transactions")
            blocks[summary.height] = Placed(logged.index, summary, entry)
        ordered = [blocks[height] for height in sorted(blocks)]
        for earlier, later in itertools.pairwise(ordered):
            _need_order(earlier, later)
        return {one.summary.height: one for one in ordered}

    def _top(self) -> Placed:
        """The block that the checkpoint ends with."""
        if not self._blocks:
            raise IncompleteEvidence(name=names.BLOCK.strip())
        top = self.block(max(self._blocks))
        if top.index != self.checkpoint.size - 1:
            raise IncompleteEvidence(name=f"block over log entry {self.checkpoint.size - 1}")
        return top

    def _need_included(self, entry: Entry, index: int, data: bytes, proof: tuple[bytes, ...]) -> None:
        with blame(entry):
            root, size = self.checkpoint.root, self.checkpoint.size
            verify_inclusion(leaf=leaf_hash(data), index=index, size=size, proof=proof, root=root)


def _verify_genesis(entry: Entry, trust: TrustFile) -> tuple[Genesis, bytes]:
    data = parse_part(entry, Logged).data
    with blame(entry):
        digest = genesis_digest(parse_message(data, SignedGenesis).body)
    if digest != trust.genesis_digest:
        why = f"its genesis has the digest {digest.hex()[:16]}..., the trust file says {trust.genesis_digest.hex()[:16]}..."
        raise ForeignConsortium.at(entry, chain_id=trust.chain_id, reason=why)
    with blame(entry):
        genesis, digest = verify_genesis(data)
        is_trusted = genesis.chain_id == trust.chain_id and trust.is_of(genesis)
    if not is_trusted:
        why = "the trust file's keys are not those of its own genesis"
        raise ForeignConsortium.at(entry, chain_id=trust.chain_id, reason=why)
    return genesis, digest


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


def _need_order(earlier: Placed, later: Placed) -> None:
    one, other = earlier.summary, later.summary
    if not (earlier.index < other.first and one.time <= other.time and one.term <= other.term):
        entry = later.entry
        raise Contradiction.at(entry, reason=f"it does not come after block {one.height}")


def _prove(root: bytes, data: bytes, key: bytes) -> bytes:
    """The value that a proof shows under `key`.

    Raises:
        ProofEncodingError, CommitmentProofError: it shows none.
    """
    proof = parse_proof(data)
    value = proof.value if isinstance(proof, ExistenceProof) else b""
    verify_membership(SMT_SPEC, root, proof, key, value)
    return value
