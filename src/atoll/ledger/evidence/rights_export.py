"""The exporter of who held what, from a node's own copy of the ledger. What it made it verifies before it hands it out."""

from __future__ import annotations

from atoll.ledger.evidence.anchored import AnchoredExport
from atoll.ledger.evidence.bundle import encode_bundle
from atoll.ledger.evidence.errors import EvidenceError, NoRights, NotExportable
from atoll.ledger.evidence.history import EvidenceSource
from atoll.ledger.evidence.parts import encode_part, reason
from atoll.ledger.evidence.rights import MOST_RIGHTS, STATEMENT, RightsFinding, RightsStatement, verify_rights
from atoll.ledger.records import Right, record_key, root_right_id
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


class _Export(AnchoredExport):
    """One file in the making."""

    def show_rights(self, lineage: str, height: int) -> None:
        """From the root down."""
        tree = self._history.tree(height)
        waiting = [root_right_id(lineage)]
        while waiting:
            right = self.show(Right, waiting.pop(0).hex(), height, tree)
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
            found = self.show(Right, right_id.hex(), height, tree)
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
        data = encode_bundle(((STATEMENT, encode_part(statement)), *self.entries()))
        try:
            return data, verify_rights(data, self.trust())
        except EvidenceError as err:
            raise NotExportable(reason=reason(err)) from err
