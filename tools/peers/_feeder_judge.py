"""Runs inside the peer's own virtual environment and imports nothing of ours: submits checkpoints to a witness as a log would.

Standard input holds one JSON object a line: the witness's url and vkey, a file with its certificate, the signed note and the
consistency proofs by old size. Each line is answered with `accepted` (a good, fresh cosignature came back) or `refused`.
"""

from __future__ import annotations

import base64
import json
import ssl
import sys
from typing import Any

from aics_witness.feeder import FeederError, WitnessClient  # type: ignore[import-not-found, unused-ignore]


def is_accepted(case: dict[str, Any]) -> bool:
    """Whether the witness cosigns; the client starts from the size that the case says it knows."""
    trusted = ssl.create_default_context(cafile=case["certificate"])
    proofs = {int(old): [base64.b64decode(node) for node in nodes] for old, nodes in case["proofs"].items()}
    with WitnessClient(case["url"], case["vkey"], ssl_context=trusted, max_attempts=1) as client:
        try:
            client.submit(base64.b64decode(case["note"]), lambda old, _: proofs.get(old, []), old_size=case["old_size"])
        except (FeederError, ValueError):
            return False
    return True


def main() -> None:
    for line in sys.stdin:
        print("accepted" if is_accepted(json.loads(line)) else "refused", flush=True)


if __name__ == "__main__":
    main()
