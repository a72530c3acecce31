"""State proofs judged by ICS 23's own libraries: the `ics23` crate, and Cosmos' module in Go.

    python -m tools.peers.ics23

Both must accept every proof that `atoll.primitives.smt` and `atoll.ledger.app_hash` make, and refuse every lie that
`tools/peers/_proofs.py` tells. Builds `ics23_rs/` with cargo and `go/ics23` with Go, once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools.peers._proofs import Claim, false_absences, lies, true_claims
from tools.peers._tools import CACHE, ROOT, ToolMissingError, ask_judge, build_go, report, report_missing, run_tool


def build_rust() -> Path:
    """The judge around the crate."""
    target = CACHE / "ics23_rs"
    manifest = ROOT / "tools" / "peers" / "ics23_rs" / "Cargo.toml"
    command: list[str | Path] = ["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", manifest]
    run_tool(command, env={"CARGO_TARGET_DIR": str(target)})
    return target / "release" / "atoll-peer-ics23"


def judge(name: str, build: Callable[[], Path], good: list[Claim], bad: list[Claim]) -> int:
    """The exit status after one library judged everything."""
    try:
        command = [build()]
    except ToolMissingError as reason:
        return report_missing(name, reason)
    verdicts = ask_judge(command, (claim.question() for claim in good + bad))
    named = [(claim.what, verdict) for claim, verdict in zip(good + bad, verdicts, strict=True)]
    return report(name, "presence, absence and app hash", named[: len(good)], named[len(good) :])


def main() -> int:
    good = list(true_claims())
    bad = [lie for claim in good for lie in lies(claim)] + list(false_absences())
    rust = judge("ics23", build_rust, good, bad)
    go = judge("ics23-go", lambda: build_go("./ics23"), good, bad)
    return max(rust, go)


if __name__ == "__main__":
    sys.exit(main())
