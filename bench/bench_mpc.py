"""Computing on shares: three warm nodes on loopback, beside the peers in the same run.

    make bench-mpc                                          everything, at most 20 minutes on 2 cores
    python bench/bench_mpc.py --only sort --no-peers        measures whose name contains this, ours alone
    python bench/bench_mpc.py --only less-than --rows 1000 --laps 50

What is timed, for all alike: from shares of the inputs to shares of the output, between two meetings of all nodes; the output
is then opened and compared with the right one before a figure counts. Ours goes over the product's runner and sealed TLS
sessions, the peers' links are plain. A node's own network device counts what crosses the wires, where the system lets us have
one. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mpc.measures import MALICIOUS_RATIOS, MEASURES, SLOW, Measure
from mpc.namespace import enter_private_network
from mpc.peers import PEERS, Peer
from mpc.processes import Nodes, Ran, Slow
from mpc.programs import knows

DELAY_MS, MEGABITS = 20.0, 100.0
PEER_LAPS = 3
LONG_SECONDS = 3.0
"""What takes a peer longer is run once."""


class Bench:
    """Runs, compares with the right answers, keeps the medians."""

    def __init__(self, *, is_alone: bool) -> None:
        self._is_alone = is_alone
        self.results: dict[tuple[str, str], dict[str, Any]] = {}

    def keep(self, who: str, name: str, ran: Ran, error: float, *, counts: bool = True) -> None:
        """One line of the table; ours must be right, a peer's error is told. What passes a relay crosses twice: no count."""
        found = ran.heard[0]["error"]
        line = {
            "name": name,
            "who": who,
            "seconds": round(ran.seconds, 4),
            "cpu_seconds": round(ran.cpu_seconds, 4),
            "rounds": ran.heard[0].get("rounds"),
            "sent_mb": ran.heard[0].get("sent_bytes", 0) / 1e6 or None,
            "wire_mb": round(ran.wire_bytes / 1e6, 3) if self._is_alone and counts else None,
            "peak_mb": ran.peak_bytes >> 20,
            "error": found,
            "tls": ran.heard[0]["tls"],
            "laps": len(ran.laps),
        }
        print(describe(line), file=sys.stderr, flush=True)
        if who == "atoll" and found > error:
            raise SystemExit(f"a wrong answer of ours: {name} is off by {found}")
        self.results[name, who] = line


def describe(line: dict[str, Any]) -> str:
    """A line for people."""
    rounds = f"{line['rounds']:5} rounds" if line["rounds"] is not None else " " * 12
    wire = f"{line['wire_mb']:9.2f} MB/node" if line["wire_mb"] is not None else ""
    return (
        f"{line['name']:32} {line['who']:9} {line['seconds']:9.4f} s {line['cpu_seconds']:9.3f} CPU-s {rounds} {wire} "
        f"{line['peak_mb']:6,} MB  error {line['error']:.1e}"
    )


def wanted(arguments: argparse.Namespace) -> list[Measure]:
    """The measures asked for."""
    some = [one for one in MEASURES if arguments.only in one.name and knows(one.program)]
    return some if arguments.rows is None else [replace(one, rows=arguments.rows, seconds=None) for one in some]


def run_ours(bench: Bench, measures: list[Measure], arguments: argparse.Namespace) -> None:
    """Each measure by fresh processes, so that its peak is its own."""
    for one in measures:
        rows, laps = one.rows, arguments.laps or one.laps
        with Nodes("atoll") as nodes:
            nodes.run(program=one.program, rows=min(rows, 1000), laps=1, **one.order)
            bench.keep("atoll", one.name, nodes.run(program=one.program, rows=rows, laps=laps, **one.order), one.error)


def run_peer(bench: Bench, peer: Peer, measures: list[Measure]) -> None:
    """The same of a peer, as far as it goes; smaller where all of it would take too long."""
    for one in measures:
        most = peer.rows.get(one.program, 0)
        if one.order or not most or (most < one.rows and peer is PEERS[0]):
            continue
        rows = min(one.rows, most)
        if (name := f"{one.program} {rows:,}") not in {key for key, who in bench.results if who == peer.name}:
            with peer.start() as nodes:
                nodes.run(program=one.program, rows=min(rows, 100), laps=1)
                ran = nodes.run(program=one.program, rows=rows, laps=1)
                if ran.seconds < LONG_SECONDS:
                    ran = nodes.run(program=one.program, rows=rows, laps=PEER_LAPS)
                bench.keep(peer.name, name, ran, one.error)


def run_slow(bench: Bench, peer: Peer | None, only: str) -> None:
    """A few measures over a slow network, for context."""
    slow = Slow(DELAY_MS, MEGABITS)
    for program, rows in SLOW:
        name = f"{program} {rows:,}, {DELAY_MS:g} ms, {MEGABITS:g} Mb/s"
        if only in name and knows(program):
            error = next(one.error for one in MEASURES if one.program == program)
            with Nodes("atoll") as nodes:
                bench.keep("atoll", name, nodes.run(slow, program=program, rows=rows, laps=1), error, counts=False)
            if peer is not None:
                with peer.start() as nodes:
                    bench.keep(peer.name, name, nodes.run(slow, program=program, rows=rows, laps=1), error, counts=False)


def figures(bench: Bench, measures: list[Measure]) -> Iterator[dict[str, Any]]:
    """The figures that are promised, each with its limit."""
    for one in measures:
        ours = bench.results.get((one.name, "atoll"))
        peer = bench.results.get((one.name, PEERS[0].name))
        if ours is None:
            continue
        told = {"name": one.name, "ours": ours["seconds"], "unit": "s", "bound": "at most"}
        if peer is not None:
            told |= {"peer": peer["seconds"], "peer_name": PEERS[0].name, "ratio": round(peer["seconds"] / ours["seconds"], 2)}
        if one.seconds is not None:
            yield {**told, "target": one.seconds, "met": ours["seconds"] <= one.seconds}
        if one.ratio is not None and "ratio" in told:
            met = float(told["ratio"]) >= one.ratio
            yield {**told, "name": f"{one.name}, times the peer", "ours": told["ratio"], "unit": "x", "bound": "at least"} | {
                "target": one.ratio,
                "met": met,
            }
        if one.order and (honest := bench.results.get((f"{one.program} {one.rows:,}", "atoll"))):
            ratio = round(ours["seconds"] / honest["seconds"], 2)
            limit = MALICIOUS_RATIOS[one.program]
            yield {**told, "name": f"{one.name}, times semi-honest", "ours": ratio, "unit": "x"} | {
                "target": limit,
                "met": ratio <= limit,
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="measures whose name contains this, as `sort` or `sort 10,000`")
    parser.add_argument("--rows", type=int, help="another number of rows; then no peers")
    parser.add_argument("--laps", type=int, help="runs of each of ours, of which the median counts")
    parser.add_argument("--no-peers", "--no-peer", action="store_true", help="ours alone")
    parser.add_argument("--no-slow", action="store_true", help="not over the slow network")
    arguments = parser.parse_args()
    peers = () if arguments.no_peers or arguments.rows else PEERS
    for peer in peers:
        peer.prepare()
    bench = Bench(is_alone=enter_private_network())
    measures = wanted(arguments)
    run_ours(bench, measures, arguments)
    for peer in peers:
        run_peer(bench, peer, measures)
    if not arguments.no_slow and not arguments.rows:
        run_slow(bench, peers[0] if peers else None, arguments.only)
    told = list(figures(bench, measures))
    for one in told:
        verdict = "ok  " if one["met"] else "MISS"
        print(f"{verdict} {one['name']:48} {one['ours']:9.3f} {one['unit']} {one['bound']} {one['target']:g}", file=sys.stderr)
    machine = {"processor": platform.machine(), "python": platform.python_version(), "date": time.strftime("%Y-%m-%d")}
    print(json.dumps({"bench": "mpc", "machine": machine, "figures": told, "context": list(bench.results.values())}))


if __name__ == "__main__":
    main()
