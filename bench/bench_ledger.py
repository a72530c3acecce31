"""The ledger: ordering on both engines, proofs, replay, beside CometBFT's own kvstore in the same run.

    make cometbft && make bench-ledger                    everything, about seven minutes
    python bench/bench_ledger.py --only embedded          one measure: limits, embedded, proofs, consensus
    python bench/bench_ledger.py --quick                  short, for a look; the figures tell little

Each measure is a module of bench/ledger. CometBFT's kvstore checks no signature and keeps its state in memory: it is the
ceiling of what four validators can order here, not a ledger. The last line is one JSON object; with --json it is the only one.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time

from exchange.figures import Figure

MEASURES = ("limits", "embedded", "proofs", "consensus")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=MEASURES, help="one measure")
    parser.add_argument("--quick", action="store_true", help="short; the figures tell little")
    parser.add_argument("--json", action="store_true", help="no table")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    for name in [arguments.only] if arguments.only else MEASURES:
        for figure in importlib.import_module(f"ledger.{name}").measure(arguments.quick):
            if not arguments.json:
                print(figure.describe(), file=sys.stderr)
            figures.append(figure)
    machine = {
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
    }
    promised = [one.to_json() for one in figures if one.has_target]
    others = [one.to_json() for one in figures if not one.has_target]
    print(json.dumps({"bench": "ledger", "machine": machine, "figures": promised, "context": others}))


if __name__ == "__main__":
    main()
