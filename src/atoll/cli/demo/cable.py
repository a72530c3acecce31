"""A cable between members that counts what a job sends through it, and can fail at an exact byte.

    python -m atoll.cli.demo.cable PORT TARGET_PORT      commands on standard input, events on standard output

Connections to PORT are passed on to TARGET_PORT, byte by byte as they come; nothing of them can be read here, they are TLS. But
the service that a connection asks for is not encrypted (RFC 7301), so the cable knows which ones belong to a job. After `cut
BYTES PID`, which it answers with `counting`, it lets exactly that many more bytes of jobs pass, in both directions together,
then kills that process without warning, ends the connection, and writes `cut`. "At a random byte count" means just that: also
in the middle of a frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from atoll.cli.demo.processes import end_group, start_python, wait_for_line
from atoll.testing.ports import HOST  # layers: world in memory
from atoll.transport.clienthello import MAX_HELLO_BYTES, needed_bytes, parse_service
from atoll.transport.errors import BadClientHello

CHUNK_BYTES = 1 << 16
JOB_SERVICES = "atoll-job/"
START_SECONDS = 60.0
LOOK_SECONDS = 2.0


class Cable:
    """The demo's handle on a cable, which is a process of its own: `--keep` leaves it lying."""

    def __init__(self, port: int, target_port: int, *, log: Path, keep: bool) -> None:
        self._process: subprocess.Popen[bytes] = start_python(
            ["atoll.cli.demo.cable", str(port), str(target_port)],
            log=log,
            keep=keep,
        )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def wait_ready(self) -> bool:
        """Whether it takes connections."""
        return wait_for_line(self._process, b"ready", seconds=START_SECONDS)

    def cut_after(self, count: int, pid: int) -> None:
        """Let `count` more bytes of jobs pass, then kill `pid`; no byte passes uncounted once this returns.

        Raises:
            OSError: the cable does not answer.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"cut {count} {pid}\n".encode())
        if not wait_for_line(self._process, b"counting", seconds=START_SECONDS):
            raise TimeoutError(f"the cable does not answer within {START_SECONDS:g} s")

    def wait_cut(self, *, seconds: float) -> bool:
        """Whether it was cut in time."""
        return wait_for_line(self._process, b"cut", seconds=seconds)

    def stop(self) -> None:
        """Take it away."""
        end_group(self._process, gently=False)


@dataclass(slots=True)
class Failure:
    """What is to happen, and when."""

    left: int = 0
    """Bytes that may still pass."""
    pid: int = 0
    """Whom to kill then; 0 for no failure ahead."""

    def let_pass(self, data: bytes) -> bytes:
        """How much of `data` still passes; the process dies with the last byte of it."""
        if not self.pid:
            return data
        passing, self.left = data[: self.left], self.left - len(data)
        return passing

    @property
    def is_due(self) -> bool:
        return self.pid != 0 and self.left <= 0

    def strike(self) -> None:
        """Kill, and tell."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.pid = 0
        sys.stdout.write("cut\n")
        sys.stdout.flush()


async def lay(port: int, target_port: int) -> None:
    """Pass connections on until the process is killed, or the folder it works in is removed."""
    failure = Failure()
    loop, removed = asyncio.get_running_loop(), asyncio.Event()

    def look() -> None:
        try:
            Path.cwd()
        except FileNotFoundError:  # nothing is left to connect
            removed.set()
        loop.call_later(LOOK_SECONDS, look)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, BadClientHello):
            await carry(reader, writer, target_port, failure)
        writer.close()

    server = await asyncio.start_server(connect, HOST, port, limit=CHUNK_BYTES)
    loop.add_reader(sys.stdin, obey, failure)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    look()
    await removed.wait()
    server.close()


def obey(failure: Failure) -> None:
    """Take one command; at the end of the input, go on as a plain cable."""
    words = sys.stdin.readline().split()
    if len(words) == 3 and words[0] == "cut":
        failure.left, failure.pid = int(words[1]), int(words[2])
        sys.stdout.write("counting\n")
        sys.stdout.flush()
    elif not words:
        asyncio.get_running_loop().remove_reader(sys.stdin)


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target_port: int, failure: Failure) -> None:
    """One connection, in both directions, until either side ends it."""
    hello = b""
    while len(hello) < (needed := needed_bytes(hello)):
        hello += await reader.readexactly(min(needed, MAX_HELLO_BYTES) - len(hello))
    counted = failure if parse_service(hello).startswith(JOB_SERVICES) else Failure()
    far_reader, far_writer = await asyncio.open_connection(HOST, target_port, limit=CHUNK_BYTES)
    try:
        far_writer.write(hello)
        there = asyncio.create_task(pump(reader, far_writer, counted))
        back = asyncio.create_task(pump(far_reader, writer, counted))
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        for task in (there, back):
            task.cancel()
        await asyncio.gather(there, back, return_exceptions=True)
    finally:
        far_writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, failure: Failure) -> None:
    """One direction, until its end, or the failure."""
    while data := await reader.read(CHUNK_BYTES):
        writer.write(failure.let_pass(data))
        await writer.drain()
        if failure.is_due:
            failure.strike()
            return


if __name__ == "__main__":
    asyncio.run(lay(int(sys.argv[1]), int(sys.argv[2])))
