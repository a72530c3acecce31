"""States of the past, for proofs: from the ledger's memory where that reaches, else by carrying all blocks out again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from atoll.ledger.block import Block, BlockSummary
from atoll.ledger.chain import Ledger
from atoll.ledger.genesis import consensus_of, first_state
from atoll.ledger.records import ConsensusSet, record_key
from atoll.primitives.smt import Tree
from atoll.wire.message import parse_message

_CONSENSUS = record_key(ConsensusSet, "0")


class EvidenceSource(Protocol):
    """Where an exporter finds what it needs; a node answers from its stores."""

    @property
    def ledger(self) -> Ledger:
        """The ledger, at the newest agreed block or later."""
        ...

    def entries(self, first: int, count: int) -> Sequence[bytes]:
        """Log entries [first, first + count), all of them agreed."""
        ...

    def blocks(self, first: int, last: int) -> Iterable[Block]:
        """Blocks by height, both ends included."""
        ...

    def seal(self) -> bytes:
        """What vouches for the newest agreed checkpoint; see `atoll.ledger.seal`."""
        ...

    def seal_of(self, height: int) -> bytes | None:
        """The seal of this block, or of the next that one was kept of.

        Asked for blocks that change the sequencer, the validating members or their keys: a source should keep the seal of each.
        None where there is none.
        """
        ...

    def body(self, kind: str, identifier: str) -> bytes | None:
        """A committed body, or None: `plan`, `terms`, `card` or `detail`, by the identifier of the record committing to it."""
        ...


@dataclass(frozen=True, slots=True)
class LoggedBlock:
    """One block as the log has it."""

    index: int
    """Log index of its summary."""
    data: bytes
    """The summary's bytes."""
    summary: BlockSummary
    """The summary."""
    transactions: tuple[bytes, ...]
    """Its transactions; the first stands at `summary.first`."""


def walk_back(source: EvidenceSource, size: int, lowest: int) -> Iterator[LoggedBlock]:
    """Blocks from the end of a log of `size` entries down to the one of height `lowest`.

    Begins at the checkpoint, whose last entry is always a summary, and goes from summary to summary, so that nothing else in
    the log can be taken for one.
    """
    index = size - 1
    while True:
        data = source.entries(index, 1)[0]
        summary = parse_message(data, BlockSummary)
        count = index - summary.first
        yield LoggedBlock(index, data, summary, tuple(source.entries(summary.first, count)) if count else ())
        if summary.height <= max(lowest, 0):
            return
        index = summary.first - 1


class History:
    """State trees by height, and the heights at which the members that count changed."""

    def __init__(self, source: EvidenceSource, last: int) -> None:
        """Up to block `last`."""
        self._source = source
        self._last = last
        self._trees: dict[int, Tree] = {0: self._genesis_tree()}
        self._changes: dict[int, ConsensusSet] | None = None

    def tree(self, height: int) -> Tree:
        """The state after a block. Cost: none, or one replay of the whole ledger; `prepare` makes it one for many."""
        self.prepare([height])
        return self._trees[height]

    def prepare(self, heights: Iterable[int]) -> None:
        """See to it that `tree` answers for these heights at once."""
        missing = set()
        for height in heights:
            if height not in self._trees:
                tree = self._source.ledger.tree_at(height)
                if tree is None:
                    missing.add(height)
                else:
                    self._trees[height] = tree
        if missing:
            self._replay(missing)

    def changes(self) -> dict[int, ConsensusSet]:
        """Height -> the set after it, of each block that changed the sequencer, the members or their keys. Trees come along."""
        if self._changes is None:
            recent = {height: self._source.ledger.tree_at(height) for height in range(1, self._last + 1)}
            if all(recent.values()):
                self._changes = {}
                previous = self._trees[0].get(_CONSENSUS)
                for height, tree in recent.items():
                    assert tree is not None
                    previous = self._note_change(height, previous, tree)
            else:
                self._replay(frozenset())
        assert self._changes is not None
        return self._changes

    def trees_before_changes(self, key: bytes, last: int) -> dict[int, Tree]:
        """State trees up to block `last` right before each change of a record, and that of `last`. Cost: one replay."""
        ledger = Ledger(self._source.ledger.genesis_entries[0])
        found: dict[int, Tree] = {}
        before = ledger.tree
        for block in self._source.blocks(1, last):
            ledger.adopt(ledger.execute(block))
            if ledger.tree.get(key) != before.get(key):
                found[ledger.height - 1] = before
            before = ledger.tree
        return {**found, last: before}

    def _replay(self, wanted: Collection[int]) -> None:
        ledger = Ledger(self._source.ledger.genesis_entries[0])
        self._changes = {}
        previous = ledger.tree.get(_CONSENSUS)
        for block in self._source.blocks(1, self._last):
            ledger.adopt(ledger.execute(block))
            previous = self._note_change(ledger.height, previous, ledger.tree)
            if ledger.height in wanted:
                self._trees[ledger.height] = ledger.tree

    def _note_change(self, height: int, previous: bytes | None, tree: Tree) -> bytes | None:
        found = tree.get(_CONSENSUS)
        if found is not None and found != previous and self._changes is not None:
            self._changes[height] = parse_message(found, ConsensusSet)
            self._trees[height] = tree
        return found

    def _genesis_tree(self) -> Tree:
        ledger = self._source.ledger
        return Tree.of(first_state(ledger.genesis, ledger.genesis_digest))

    def founding(self) -> ConsensusSet:
        """The members that counted first."""
        return consensus_of(self._source.ledger.genesis)
