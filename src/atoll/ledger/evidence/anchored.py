"""What every file of evidence holds: the genesis, the newest checkpoint, and the steps to the members that count for it."""

from __future__ import annotations

from collections.abc import Iterator

from atoll.ledger.evidence import names
from atoll.ledger.evidence.history import EvidenceSource, History, walk_back
from atoll.ledger.evidence.parts import Logged, Proven, encode_part
from atoll.ledger.evidence.steps import find_steps, standing_height
from atoll.ledger.evidence.trust import TrustFile, encode_trust_file, parse_trust_file
from atoll.ledger.records import ConsensusSet, Record, record_key
from atoll.ledger.seal import parse_seal
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.smt import Tree


class AnchoredExport:
    """One file in the making: what `Anchor` asks for, and the records that are shown below it."""

    def __init__(self, source: EvidenceSource) -> None:
        """Args: source: the node's own copy of the ledger."""
        self._source = source
        self._seal = parse_seal(source.seal())
        self._size = self._seal.checkpoint.size
        self.top = next(walk_back(source, self._size, lowest=2**53)).summary.height
        self._history = History(source, self.top)
        self._records: dict[str, bytes] = {}
        self._heights: set[int] = set()

    def show(self, kind: type[Record], identifier: str, height: int, tree: Tree) -> bytes | None:
        """Take a record of the state after a block, or its absence, into the file; the record."""
        key = record_key(kind, identifier)
        self._records[names.record(kind, identifier, height)] = encode_part(Proven(proof=encode_proof(tree.prove(key))))
        self._heights.add(height)
        return tree.get(key)

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """All of it, to be put into a bundle.

        Raises:
            NotExportable: a change of who counts cannot be shown.
        """
        self._heights |= {self.top, max(0, self.top - 1)}
        blocks = {one.summary.height: one for one in walk_back(self._source, self._size, min(self._heights))}
        began = standing_height(self._seal, self._history, self.top)
        self.show(ConsensusSet, "0", began, self._history.tree(began))
        yield names.GENESIS, self._logged(0, self._source.ledger.genesis_entries[0])
        yield names.CHECKPOINT, self._seal.encode()
        for number, step in enumerate(find_steps(self._source, self._history, self._seal, self.top), start=1):
            yield names.step(number), encode_part(step)
        yield from self._records.items()
        for height in sorted(self._heights):
            block = blocks[height]
            yield names.block(height), self._logged(block.index, block.data)

    def trust(self) -> TrustFile:
        """By which the maker verifies what it made before it hands it out."""
        return parse_trust_file(encode_trust_file(self._source.ledger.genesis, self._source.ledger.genesis_digest))

    def _logged(self, index: int, data: bytes) -> bytes:
        proof = tuple(self._source.ledger.log.inclusion_proof(index, self._size))
        return encode_part(Logged(index=index, data=data, proof=proof))
