"""A slow network in user space: every byte between two nodes waits for its turn on the sender's line, and then for the delay.

    python -m mpc.relay DELAY_MS MEGABITS      listens where it is told on standard input: one JSON line, ports to ports

Not the kernel's `netem`, which many systems lack: the relay ends TCP connections and begins them anew, so TCP's own slow start
and losses are not in the figure; delay and rate are.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

PIECE = 16 << 10


class Line:
    """What leaves one node, to whomever: so many bytes a second."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._free = 0.0

    def book(self, size: int) -> float:
        """When the last of so many bytes is on its way."""
        self._free = max(self._free, time.perf_counter()) + size / self._rate
        return self._free


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line, delay: float) -> None:
    """One direction of one connection."""
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=4096)

    async def deliver() -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    delivering = asyncio.ensure_future(deliver())
    try:
        while data := await reader.read(PIECE):
            left = line.book(len(data))
            await queue.put((left + delay, data))
            await asyncio.sleep(max(0.0, left - time.perf_counter() - 0.005))  # the line is busy: TCP holds the sender back
        await queue.put((time.perf_counter() + delay, b""))
        await delivering
    except OSError:
        delivering.cancel()


async def relay(links: list[list[int]], delay: float, rate: float) -> None:
    """Serve `[port to listen on, port to pass on to, who dials, who is dialled]`s until the process ends."""
    lines: dict[int, Line] = {}

    async def serve(listen: int, target: int, dialler: int, listener: int) -> None:
        async def pair(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                back, forth = await asyncio.open_connection("127.0.0.1", target)
            except OSError:
                writer.close()
                return
            there = carry(reader, forth, lines.setdefault(dialler, Line(rate)), delay)
            here = carry(back, writer, lines.setdefault(listener, Line(rate)), delay)
            await asyncio.gather(there, here, return_exceptions=True)
            writer.close()
            forth.close()

        await asyncio.start_server(pair, "127.0.0.1", listen)

    for link in links:
        await serve(*link)
    print(json.dumps({"ready": True}), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    links = json.loads(sys.stdin.readline())
    asyncio.run(relay(links, float(sys.argv[1]) / 1000, float(sys.argv[2]) * 1e6 / 8))


if __name__ == "__main__":
    main()
