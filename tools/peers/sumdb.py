"""A published log judged by `golang.org/x/mod/sumdb/{note,tlog}`, the code behind Go's own checksum database.

    python -m tools.peers.sumdb

It must accept checkpoint, cosignatures, every tile, every entry, inclusion proofs and the growth since an older checkpoint. It
must refuse a log in which a bit of some file was flipped, a signature is missing, the past was rewritten, or a proof changed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.note_fields import encode_base64
from atoll.ledger.vkey import encode_vkey
from tools.peers._logs import DAMAGED_SIZE, ORIGIN, SIZES, WITNESSES, Claim, doubted, flipped, publish
from tools.peers._tools import ToolMissingError, ask_judge, build_go, report, report_missing

NAME = "sumdb"


@dataclass(frozen=True)
class Question:
    """A log and the proofs that lead to its root."""

    what: str
    claim: Claim
    records: Sequence[tuple[int, Sequence[bytes]]]
    growth: Sequence[bytes]

    def encode(self) -> str:
        """A line for `go/sumdb`."""
        claim = self.claim
        known = {
            "folder": str(claim.folder),
            "origin": ORIGIN,
            "log": encode_vkey(claim.log),
            "witnesses": [encode_vkey(witness.key) for witness in WITNESSES],
            "old_size": claim.old_size,
            "old_root": encode_base64(claim.old_root),
            "growth": [encode_base64(node) for node in self.growth],
            "records": [{"index": index, "proof": [encode_base64(node) for node in proof]} for index, proof in self.records],
        }
        return json.dumps(known)


def ask(claim: Claim) -> Question:
    """A log with inclusion proofs of its ends and middle, and of its growth."""
    size = claim.tree.size
    indices = sorted({0, size // 3, size // 2, size - 1})
    records = [(index, claim.tree.inclusion_proof(index)) for index in indices]
    return Question(claim.what, claim, records, claim.tree.consistency_proof(claim.old_size))


def lies(question: Question) -> Iterator[Question]:
    """The log with one of its proofs changed."""
    claim, (index, proof), growth = question.claim, question.records[1], question.growth
    for what, changed in _changed(proof):
        yield Question(f"an inclusion proof {what}", claim, [(index, changed)], growth)
    yield Question("another entry's inclusion proof", claim, [(index + 1, proof)], growth)
    for what, changed in _changed(growth):
        yield Question(f"a consistency proof {what}", claim, question.records, changed)


def _changed(proof: Sequence[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    last = proof[-1]
    yield "with a flipped bit", [*proof[:-1], last[:-1] + bytes((last[-1] ^ 1,))]
    yield "without its last hash", [*proof[:-1]]
    yield "with a hash too many", [*proof, last]


def main() -> int:
    try:
        judge = build_go("./sumdb")
    except ToolMissingError as reason:
        return report_missing(NAME, reason)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        good = [ask(publish(scratch / str(size), size)) for size in SIZES]
        sound = good[SIZES.index(DAMAGED_SIZE)]
        bad = [ask(claim) for claim in (*flipped(sound.claim, scratch), *doubted(sound.claim, scratch))] + list(lies(sound))
        verdicts = ask_judge([judge], (question.encode() for question in good + bad))
    named = [(question.what, verdict) for question, verdict in zip(good + bad, verdicts, strict=True)]
    return report(
        NAME, "checkpoint, cosignatures, tiles, entries, inclusion and growth", named[: len(good)], named[len(good) :]
    )


if __name__ == "__main__":
    sys.exit(main())
