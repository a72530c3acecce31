"""Registration: profile, fingerprint and grade of a large table, near copies found, decisions and the catalogue.

    make bench-exchange                                 everything; writes a CSV file of 1 GB once
    python bench/bench_exchange.py --only throughput    one measure
    python bench/bench_exchange.py --quick              small tables, for a look

Each measure is a module of bench/exchange. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
import time
from pathlib import Path

from exchange.figures import Figure

CACHE = Path(__file__).resolve().parents[1] / ".bench" / "exchange"
MEASURES = ("throughput", "near_copies", "decisions", "catalogue")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=MEASURES, help="one measure")
    parser.add_argument("--quick", action="store_true", help="small tables; the figures tell little")
    arguments = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    for name in [arguments.only] if arguments.only else MEASURES:
        for figure in importlib.import_module(f"exchange.{name}").measure(CACHE, arguments.quick):
            print(figure.describe(), file=sys.stderr)
            figures.append(figure)
    machine = {"processor": platform.machine(), "python": platform.python_version(), "date": time.strftime("%Y-%m-%d")}
    promised = [one.to_json() for one in figures if one.has_target]
    others = [one.to_json() for one in figures if not one.has_target]
    print(json.dumps({"bench": "exchange", "machine": machine, "figures": promised, "context": others}))


if __name__ == "__main__":
    main()
