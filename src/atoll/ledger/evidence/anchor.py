"""What everything else in a bundle hangs from: the consortium, the members that count, and the checkpoint they cosigned.

Trust begins at the trust file and moves in steps, over signed notes (`walk_notes`) or block headers (`walk_headers`), as the
genesis says. The last members reached must be those that the state itself names, and a quorum of them must stand for the
bundle's checkpoint.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TypeVar

from atoll.ledger.block import BlockSummary
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.evidence import names
from atoll.ledger.evidence.bundle import Bundle, Entry
from atoll.ledger.evidence.errors import (
    Contradiction,
    ForeignConsortium,
    IncompleteEvidence,
    NotProven,
)
from atoll.ledger.evidence.parts import Logged, Proven, blame, parse_part, prove_value
from atoll.ledger.evidence.trust import TrustFile
from atoll.ledger.evidence.walk import Trusted, Walk
from atoll.ledger.evidence.walk_headers import HeaderWalk
from atoll.ledger.evidence.walk_notes import NoteWalk
from atoll.ledger.genesis import Genesis, SignedGenesis, consensus_of, first_state, genesis_digest, verify_genesis
from atoll.ledger.records import Chain, ConsensusSet, EngineKind, Record, record_key
from atoll.ledger.seal import HeaderSeal, NoteSeal, Seal, parse_seal
from atoll.ledger.vouching import Vouched
from atoll.primitives.merkle import leaf_hash, verify_inclusion
from atoll.primitives.smt import Tree
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
            seal = parse_seal(self.checkpoint_entry.body)
            self.checkpoint: Checkpoint = seal.checkpoint
        records = first_state(self.genesis, self.genesis_digest)
        self.chain: Chain = parse_message(records[record_key(Chain, "0")], Chain)
        self._walk = self._walk_to(seal, Trusted(0, Tree.of(records).root, consensus_of(self.genesis)))
        self.steps = self._take_steps()
        self.vouched: Vouched = self._walk.vouched()
        self._need_first(founding)
        self._blocks = self._placed_blocks()
        self.top = self._top()
        self.standing: ConsensusSet = self._standing()
        """Who counts for the checkpoint, as the state says: `members` with the keys that they have by then."""

    @property
    def members(self) -> ConsensusSet:
        """The sequencer and the members that count for the checkpoint."""
        return self._walk.trusted.members

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
            found = parse_message(prove_value(root, parse_part(entry, Proven).proof, record_key(kind, identifier)), kind)
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

    def _walk_to(self, seal: Seal, founders: Trusted) -> Walk:
        """The walk that this ledger's engine asks for; the genesis says which that is, and the bundle cannot choose."""
        entry, engine = self.checkpoint_entry, self.genesis.engine
        match seal:
            case NoteSeal() if engine is EngineKind.EMBEDDED:
                return NoteWalk(entry, seal, founders, self.chain)
            case HeaderSeal() if engine is EngineKind.COMETBFT:
                return HeaderWalk(entry, seal, founders, self.chain.chain_id)
        raise NotProven.at(entry, reason=f"a {seal.kind} cannot vouch for a ledger whose engine is {engine}")

    def _take_steps(self) -> int:
        count = 0
        while (entry := self.bundle.find(names.step(count + 1))) is not None:
            self._walk.step(entry)
            count += 1
        return count

    def _standing(self) -> ConsensusSet:
        """The members walked to are those that the ledger itself says were in force for the checkpoint's last block."""
        top = self.top.summary
        self._walk.need_top(self.top.entry, top)
        before = self.block(top.height - 1)
        if before.index != top.first - 1:
            raise Contradiction.at(before.entry, reason="it does not end where the next begins")
        standing, entry = self.record(ConsensusSet, "0", self._walk.standing_height(top, before.summary))
        with blame(entry):
            is_standing = self._walk.is_standing(standing)
        if not is_standing:
            raise Contradiction.at(entry, reason="the members that count are not those to whom the bundle's steps lead")
        return standing

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


def _need_order(earlier: Placed, later: Placed) -> None:
    one, other = earlier.summary, later.summary
    if not (earlier.index < other.first and one.time <= other.time and one.term <= other.term):
        entry = later.entry
        raise Contradiction.at(entry, reason=f"it does not come after block {one.height}")
