"""A published log judged by aics-tlog: checkpoint, cosignatures, every tile, every entry, and growth.

    python -m tools.peers.tlog

aics-tlog must accept logs of several sizes and refuse every one in which a bit of some file was flipped, a witness is missing
or late, or the past was rewritten.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from atoll.ledger.note_fields import encode_base64
from atoll.ledger.vkey import encode_vkey
from tools.peers._logs import DAMAGED_SIZE, NOW, ORIGIN, SIZES, WITNESSES, Claim, doubted, flipped, publish
from tools.peers._tools import ToolMissingError, ask_judge, install_aics, report, report_missing

NAME = "aics-tlog"
JUDGE = Path(__file__).parent / "_tlog_judge.py"


def question(claim: Claim) -> str:
    """A line for `_tlog_judge.py`."""
    known = {
        "folder": str(claim.folder),
        "origin": ORIGIN,
        "log": encode_vkey(claim.log),
        "witnesses": [encode_vkey(witness.key) for witness in WITNESSES],
        "quorum": claim.quorum,
        "now": claim.now,
        "old_size": claim.old_size,
        "old_root": encode_base64(claim.old_root),
    }
    return json.dumps(known)


def damaged(claim: Claim, scratch: Path) -> Iterator[Claim]:
    """What must be refused."""
    yield from flipped(claim, scratch)
    yield from doubted(claim, scratch)
    yield replace(claim, what="more witnesses asked for than there are", quorum=len(WITNESSES) + 1)
    yield replace(claim, what="cosignatures two minutes old", now=NOW + 120)


def main() -> int:
    try:
        python = install_aics()
    except ToolMissingError as reason:
        return report_missing(NAME, reason)
    with tempfile.TemporaryDirectory() as scratch:
        good = [publish(Path(scratch) / str(size), size) for size in SIZES]
        bad = list(damaged(good[SIZES.index(DAMAGED_SIZE)], Path(scratch)))
        verdicts = ask_judge([python, JUDGE], (question(claim) for claim in good + bad))
    named = [(claim.what, verdict) for claim, verdict in zip(good + bad, verdicts, strict=True)]
    return report(NAME, "checkpoint, cosignatures, tiles, entries and growth", named[: len(good)], named[len(good) :])


if __name__ == "__main__":
    sys.exit(main())
