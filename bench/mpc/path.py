"""What the wires cost, before any program: nanoseconds of CPU a byte, microseconds a small round.

    python bench/mpc/path.py

Three processes on loopback pass bytes around over sealed TLS sessions, as the nodes of a job do.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mpc.processes import Nodes, Ran
from mpc.programs import NODES

BULK_BYTES = 16 << 20
SIZES = (8, 1 << 10, 16 << 10, 128 << 10)


def per_byte(ran: Ran, sent: int) -> float:
    """CPU nanoseconds for one byte at the node that sends it and the one that hears it, together."""
    return 1e9 * ran.cpu_seconds / (NODES * sent)


def main() -> None:
    with Nodes("atoll") as nodes:
        nodes.run(program="path", size=8, rounds=50, laps=1)
        for size, rounds in ((BULK_BYTES, 4), (1 << 20, 64)):
            ran = nodes.run(program="path", size=size, rounds=rounds, laps=5)
            each, speed = per_byte(ran, size * rounds), size * rounds / ran.seconds / 1e6
            print(
                f"rounds of {size >> 20:3} MiB   {each:6.2f} CPU-ns a byte sent and heard   {speed:7.0f} MB/s a node",
                flush=True,
            )
        for size in SIZES:
            ran = nodes.run(program="path", size=size, rounds=500, laps=5)
            wall, cpu = ran.seconds / 500 * 1e6, ran.cpu_seconds / NODES / 500 * 1e6
            print(f"rounds of {size:6} B   {wall:6.0f} us a round   {cpu:6.0f} CPU-us a round and node")


if __name__ == "__main__":
    main()
