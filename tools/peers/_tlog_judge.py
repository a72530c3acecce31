"""Runs inside the peer's own virtual environment and imports nothing of ours: judges logs on disk with aics-tlog.

Standard input holds one JSON object a line: folder, log key, witness keys, quorum, the time to call now, and size and root of
an older checkpoint that the log must continue. Each line is answered with `accepted` or `refused`.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from aics_tlog.checkpoint import verify_checkpoint  # type: ignore[import-not-found, unused-ignore]
from aics_tlog.note import parse_note, parse_vkey  # type: ignore[import-not-found, unused-ignore]
from aics_tlog.tiles import (  # type: ignore[import-not-found, unused-ignore]
    FileSystemTileReader,
    consistency_proof_from_tiles,
)
from aics_tlog.tree import verify_consistency  # type: ignore[import-not-found, unused-ignore]
from aics_tlog.verified import audit_tiles  # type: ignore[import-not-found, unused-ignore]


def is_accepted(case: dict[str, Any]) -> bool:
    """Whether checkpoint, cosignatures, every tile, every entry and the growth since the older checkpoint all hold."""
    folder = Path(case["folder"])
    note = parse_note((folder / "checkpoint").read_bytes())
    witnesses = [parse_vkey(vkey) for vkey in case["witnesses"]]
    verdict = verify_checkpoint(
        note,
        parse_vkey(case["log"]),
        witnesses,
        case["quorum"],
        expected_origin=case["origin"],
        max_age_seconds=60,
        now=case["now"],
    )
    if not verdict.ok:
        return False
    reader = FileSystemTileReader(folder)
    size, root = verdict.size, verdict.root
    audit_tiles(reader, size, root)
    old_size, old_root = case["old_size"], base64.b64decode(case["old_root"])
    proof = consistency_proof_from_tiles(reader, old_size, size)
    return bool(verify_consistency(old_size, size, old_root, root, proof))


def main() -> None:
    for line in sys.stdin:
        try:
            accepted = is_accepted(json.loads(line))
        except (ValueError, OSError):
            accepted = False
        print("accepted" if accepted else "refused", flush=True)


if __name__ == "__main__":
    main()
