"""The exporter of who held what, from a node's own copy of the ledger. What it made it verifies before it hands it out."""

from __future__ import annotations

from collections.abc import Iterator

from atoll.ledger.evidence import names
from atoll.ledger.evidence.bundle import encode_bundle
from atoll.ledger.evidence.errors import EvidenceError, NoRights, NotExportable
from atoll.ledger.evidence.history import EvidenceSource, History, walk_back
from atoll.ledger.evidence.parts import Logged, Proven, encode_part, reason
from atoll.ledger.evidence.rights import MOST_RIGHTS, STATEMENT, RightsFinding, RightsStatement, verify_rights
from atoll.ledger.evidence.steps import find_steps, standing_height
from atoll.ledger.evidence.trust import encode_trust_file, parse_trust_file
from atoll.ledger.records import ConsensusSet, Record, Right, record_key, root_right_id
from atoll.ledger.seal import parse_seal
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.smt import Tree
from atoll.wire.message import parse_message


def export_rights(source: EvidenceSource, lineage: str, *, height: int | None = None) -> tuple[bytes, RightsFinding]:
    """All rights in a lineage after a block, and what the file shows.

    Args:
        source: the node's own copy of the ledger.
        lineage: owner/name.
        height: any block so far; the newest agreed one where it is None.

    Raises:
        NoRights: the lineage did not exist then.
        NotExportable: something needed is not at hand.

    Cost: a record each; a replay of the ledger if the block is out of memory (`chain.HISTORY_HEIGHTS`).
    """
    work = _Export(source)
    at = work.top if height is None else height
    if not 0 <= at <= work.top:
        raise NoRights(what=lineage, height=at)
    work.show_rights(lineage, at)
    return work.finish(RightsStatement(lineage=lineage, right=b"", height=at))


def export_right_history(source: EvidenceSource, right_id: bytes) -> tuple[bytes, RightsFinding]:
    """Every state that a right has had up to the newest agreed block, and what the file shows.

    Raises:
        NoRights: there is no such right.
        NotExportable: something needed is not at hand.

    Cost: a record for each change; one replay of the ledger if the right is older than what is in memory.
    """
    work = _Export(source)
    lineage = work.show_history(right_id)
    return work.finish(RightsStatement(lineage=lineage, right=right_id, height=work.top))


class _Export:
    """One file in the making."""

    def __init__(self, source: EvidenceSource) -> None:
        self._source = source
        self._seal = parse_seal(source.seal())
        self._size = self._seal.checkpoint.size
        self.top = next(walk_back(source, self._size, lowest=2**53)).summary.height
        self._history = History(source, self.top)
        self._records: dict[str, bytes] = {}
        self._heights: set[int] = set()

    def show_rights(self, lineage: str, height: int) -> None:
        """From the root down."""
        tree = self._history.tree(height)
        waiting = [root_right_id(lineage)]
        while waiting:
            right = self._show(Right, waiting.pop(0).hex(), height, tree)
            if right is None:
                raise NoRights(what=lineage, height=height)
            waiting.extend(parse_message(right, Right).children)
            if len(self._records) > MOST_RIGHTS:
                raise NotExportable(reason=f"there are more than {MOST_RIGHTS} rights in {lineage}")

    def show_history(self, right_id: bytes) -> str:
        """From the last state back to the block before the first; the lineage."""
        key = record_key(Right, right_id.hex())
        value = self._history.tree(self.top).get(key)
        if value is None:
            raise NoRights(what=right_id.hex(), height=self.top)
        states = self._states(right_id, parse_message(value, Right))
        if len(states) > MOST_RIGHTS:
            raise NotExportable(reason=f"right {right_id.hex()} has had more than {MOST_RIGHTS} states")
        for height, tree in states.items():
            found = self._show(Right, right_id.hex(), height, tree)
            if found is not None:
                self._heights.add(parse_message(found, Right).height)
        return parse_message(value, Right).lineage

    def _states(self, right_id: bytes, last: Right) -> dict[int, Tree]:
        """The heights to show, newest first, each with its state: the top, and the block before each change."""
        key = record_key(Right, right_id.hex())
        found = {self.top: self._history.tree(self.top)}
        height = last.height - 1
        while (tree := self._source.ledger.tree_at(height)) is not None:
            found[height] = tree
            value = tree.get(key)
            if value is None:
                return found
            height = parse_message(value, Right).height - 1
        replayed = self._history.trees_before_changes(key, height)  # the rest is older than what is in memory
        return found | {at: replayed[at] for at in sorted(replayed, reverse=True)}

    def finish(self, statement: RightsStatement) -> tuple[bytes, RightsFinding]:
        """The file, verified."""
        self._prove_standing()
        data = encode_bundle(self._entries(statement))
        trust = parse_trust_file(encode_trust_file(self._source.ledger.genesis, self._source.ledger.genesis_digest))
        try:
            return data, verify_rights(data, trust)
        except EvidenceError as err:
            raise NotExportable(reason=reason(err)) from err

    def _prove_standing(self) -> None:
        """The members that count for the checkpoint, as the state has them (`Anchor`)."""
        self._heights |= {self.top, max(0, self.top - 1)}
        self._blocks = {one.summary.height: one for one in walk_back(self._source, self._size, min(self._heights))}
        began = standing_height(self._seal, self._history, self.top)
        self._show(ConsensusSet, "0", began, self._history.tree(began))

    def _entries(self, statement: RightsStatement) -> Iterator[tuple[str, bytes]]:
        yield STATEMENT, encode_part(statement)
        yield names.GENESIS, self._logged(0, self._source.ledger.genesis_entries[0])
        yield names.CHECKPOINT, self._seal.encode()
        for number, step in enumerate(find_steps(self._source, self._history, self._seal, self.top), start=1):
            yield names.step(number), encode_part(step)
        yield from self._records.items()
        for height in sorted(self._heights):
            block = self._blocks[height]
            yield names.block(height), self._logged(block.index, block.data)

    def _show(self, kind: type[Record], identifier: str, height: int, tree: Tree) -> bytes | None:
        """Take a record, or its absence, into the file; the record."""
        key = record_key(kind, identifier)
        self._records[names.record(kind, identifier, height)] = encode_part(Proven(proof=encode_proof(tree.prove(key))))
        self._heights.add(height)
        return tree.get(key)

    def _logged(self, index: int, data: bytes) -> bytes:
        proof = tuple(self._source.ledger.log.inclusion_proof(index, self._size))
        return encode_part(Logged(index=index, data=data, proof=proof))
