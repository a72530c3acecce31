"""A ledger in memory: the log, the state tree and the records, and how a block moves them.

`execute` computes what a block would do and changes nothing; `adopt` takes it over. Between the two a node makes it durable.
Trees share their unchanged parts, so the state of recent heights stays available for proofs at almost no cost.
"""

from __future__ import annotations

import collections
import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from atoll.ledger.apply import Context, Outcome, Verifier, apply
from atoll.ledger.block import Block, BlockSummary, reads_as_summary
from atoll.ledger.errors import BadBlock, UnknownRules
from atoll.ledger.fault import reads_as_fault
from atoll.ledger.foreign.claims import claim_changes, claims_in, need_claims
from atoll.ledger.genesis import Genesis, first_state, verify_genesis
from atoll.ledger.records import Chain, ConsensusSet, EngineKind, record_key
from atoll.ledger.rules import LATEST, RULES
from atoll.ledger.rules.consensus import Handover
from atoll.ledger.state import Records, State
from atoll.ledger.transaction import parse_transaction
from atoll.primitives import ed25519
from atoll.primitives.merkle import MerkleTree, leaf_hash
from atoll.primitives.smt import Tree
from atoll.wire.message import encode_message, parse_message

HISTORY_HEIGHTS = 1000
"""How many recent heights can be asked for state proofs without a replay."""
_CONSENSUS = record_key(ConsensusSet, "0")


@dataclass(frozen=True, slots=True)
class Executed:
    """What a block does."""

    block: Block
    """The block."""
    summary: BlockSummary
    """Its last log entry."""
    entries: tuple[bytes, ...]
    """All its log entries, the encoded summary included."""
    leaves: tuple[bytes, ...]
    """Their leaf hashes."""
    changes: dict[bytes, bytes]
    """Records it writes, by raw key."""
    outcomes: tuple[Outcome, ...]
    """What became of each transaction."""
    tree: Tree
    """State tree after it."""


class Ledger:
    """Log, state and height of one consortium."""

    def __init__(self, genesis_file: bytes) -> None:
        genesis, digest = verify_genesis(genesis_file)
        self.genesis: Genesis = genesis
        self.genesis_digest: bytes = digest
        self.tree = Tree.of(first_state(genesis, digest))
        self._claims = claims_in(self.tree)
        self.log = MerkleTree()
        self.height = 0
        self.time = genesis.time
        self._history: collections.OrderedDict[int, tuple[Tree, Tree]] = collections.OrderedDict()
        """State and tree of claims after recent blocks, by height."""
        self._reader: tuple[Tree, State] | None = None
        summary = BlockSummary(height=0, term=1, time=genesis.time, first=1, outcomes=b"", state_root=self.tree.root)
        self.genesis_entries = (genesis_file, encode_message(summary))
        self.log.extend(leaf_hash(one) for one in self.genesis_entries)
        self._remember()

    @property
    def records(self) -> Records:
        """The records as of the last block, by raw key; later blocks do not change what was taken."""
        return Records(self.tree)

    @property
    def chain(self) -> Chain:
        """The ledger's own record."""
        return parse_message(self.records[record_key(Chain, "0")], Chain)

    @property
    def consensus(self) -> ConsensusSet:
        """Who orders and who cosigns, as of the last block."""
        return parse_message(self.records[_CONSENSUS], ConsensusSet)

    def view(self) -> State:
        """A fresh view of the state; writing to it changes nothing here."""
        return State(self.records)

    def reader(self) -> State:
        """The state as of the last block, for reading: one until the next block, because it keeps what it has read."""
        tree, held = (
            self.tree,
            self._reader,
        )  # a thread may ask while the event loop adopts: never one block's view as another's
        if held is None or held[0] is not tree:
            held = self._reader = (tree, State(Records(tree)))
        return held[1]

    def tree_at(self, height: int) -> Tree | None:
        """The state tree after a recent block; None if it is older than HISTORY_HEIGHTS."""
        found = self._history.get(height)
        return found[0] if found is not None else None

    def claims_at(self, height: int) -> Tree | None:
        """The tree of claims (`ledger.foreign.claims`) after a recent block; None as `tree_at`."""
        found = self._history.get(height)
        return found[1] if found is not None else None

    def execute(self, block: Block, *, verify: Verifier = ed25519.is_signature) -> Executed:
        """What the block does to this ledger; nothing is changed.

        Raises:
            BadBlock: it does not follow the last block.
            UnknownRules: the members have agreed on rules for it that are not known here.
        """
        self._need_follows(block)
        self.need_rules()
        state = State(self.records)
        context = Context(height=block.height, time=block.time, verify=verify)
        outcomes = tuple(apply(state, data, context) for data in block.transactions)
        self._need_term(block, outcomes, state)
        claims = claim_changes(state.changes())
        if claims:
            state.put(replace(need_claims(state), root=self._claims.apply(claims).root))
            state.keep()
        changes = state.changes()
        tree = self.tree.put_many(changes)
        summary = BlockSummary(
            height=block.height,
            term=block.term,
            time=block.time,
            first=self.log.size,
            outcomes=bytes(one.number for one in outcomes),
            state_root=tree.root,
        )
        entries = (*block.transactions, encode_message(summary))
        leaves = tuple([leaf_hash(one) for one in entries])
        return Executed(block, summary, entries, leaves, changes, outcomes, tree)

    def need_rules(self) -> None:
        """Check that the rules under which the next block is carried out are known here.

        Raises:
            UnknownRules: they are not.
        """
        height = self.height + 1
        version = self.chain.rules_at(height)
        if version not in RULES:
            raise UnknownRules(height=height, version=version, known=LATEST)

    def adopt(self, executed: Executed) -> None:
        """Take over what `execute` computed on exactly this state.

        Raises:
            BadBlock: the ledger has moved in between.
        """
        self._need_follows(executed.block)
        self.tree = executed.tree
        self._claims = self._claims.apply(claim_changes(executed.changes))
        self.log.extend(executed.leaves)
        self.height = executed.block.height
        self.time = executed.block.time
        self._remember()

    def restore(
        self, *, records: Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]], height: int, time: int, leaves: Iterable[bytes]
    ) -> None:
        """Take over a state that was made durable at `height`; whoever calls compares the roots.

        Args:
            records: every record by raw key, as a mapping or in pairs.
            height: of the last block carried out.
            time: of that block.
            leaves: leaf hashes of the log entries after the genesis entries.
        """
        self.tree = Tree.load(records.items() if isinstance(records, Mapping) else records)
        self._claims = claims_in(self.tree)
        self.log.extend(leaves)
        self.height, self.time = height, time
        self._history.clear()
        self._remember()

    def back_to(self, height: int, *, time: int, log_size: int) -> Ledger | None:
        """Another ledger that stands where this one stood at a recent height; None if it is older than HISTORY_HEIGHTS."""
        found = self._history.get(height)
        if found is None:
            return None
        other = copy.copy(self)
        other.tree, other._claims = found
        other.log = MerkleTree(self.log.node(0, index) for index in range(log_size))
        other.height, other.time = height, time
        other._reader = None
        other._history = collections.OrderedDict((at, old) for at, old in self._history.items() if at <= height)
        return other

    def replay(self, blocks: Iterable[Block], *, verify: Verifier = ed25519.is_signature) -> None:
        """Carry out stored blocks again."""
        for block in blocks:
            self.adopt(self.execute(block, verify=verify))

    def _need_follows(self, block: Block) -> None:
        if block.height != self.height + 1:
            raise BadBlock(height=block.height, reason=f"the last block has height {self.height}")
        if block.time < self.time:
            raise BadBlock(height=block.height, reason=f"its time goes back from {self.time} to {block.time}")
        if any(reads_as_summary(data) for data in block.transactions):
            raise BadBlock(height=block.height, reason="one of its transactions reads as the summary of a block")
        if self.genesis.engine is EngineKind.EMBEDDED and any(reads_as_fault(data) for data in block.transactions):
            raise BadBlock(height=block.height, reason="nobody votes on this ledger's blocks")

    def _need_term(self, block: Block, outcomes: tuple[Outcome, ...], state: State) -> None:
        """A block is of the term in force after it; one of a later term begins with the hand-over to that term."""
        before, after = self.consensus.term, state.get(ConsensusSet, "0")
        if after is None or after.term != block.term:
            raise BadBlock(height=block.height, reason=f"its term is {block.term}, the term in force is {before}")
        if block.term == before:
            return
        if not (outcomes[0].ok and parse_transaction(block.transactions[0])[1].type == Handover.TAG):
            raise BadBlock(height=block.height, reason=f"term {block.term} does not begin with its hand-over")

    def _remember(self) -> None:
        self._reader = None
        self._history[self.height] = (self.tree, self._claims)
        while len(self._history) > HISTORY_HEIGHTS:
            self._history.popitem(last=False)
