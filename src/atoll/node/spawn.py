"""Starting the child process of a job: its order, its way in, its events, its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from atoll.ledger.plan import Plan, digest_plan_body
from atoll.node.order import WorkerOrder, encode_order
from atoll.node.worker import KILL, TERMINATE
from atoll.protocols.role import Party
from atoll.transport.handoff import HandoffSender, handoff_pair
from atoll.transport.meeting import derive_service
from atoll.transport.router import Door

STOP_SECONDS = 3.0
IDLE_SECONDS = 300.0
"""How long the process that children are forked from waits for the next job."""
DIED_WITH_PARENT = -signal.SIGKILL
"""Exit status of a child of which nobody told it: who would have done so has died, and that takes all children along."""
MAX_EVENT_BYTES = 1 << 16
KEYSTORE_VARIABLES = frozenset({"ATOLL_PASSPHRASE", "ATOLL_PASSPHRASE_FILE"})
"""What opens the keystore; a job's process, which reads hostile bytes, does not get it."""
SETTINGS = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""For a job's process, unless the node's own environment says otherwise. It takes and drops the same tens of megabytes for each
bucket; kept by the allocator, they need not be cleared by the system again: a tenth less processor time at 2^20 rows, and a
lower peak. In large pages, where the system has them, ten million rows take a twentieth less. Nothing here multiplies matrices,
and idle threads of BLAS spin. The last two leave the process that is copied with one thread."""
Stream: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Running(Protocol):
    """A job's process, real or simulated."""

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """What it says, until it ends."""
        ...

    async def wait(self) -> int:
        """Its exit status; negative for a signal."""
        ...


class Starter(Protocol):
    """How a job's process is started."""

    async def prepare(self) -> None:
        """A job will start soon: do what can be done before it does."""
        ...

    async def close(self) -> None:
        """End what was prepared in vain."""
        ...

    def start(self, order: WorkerOrder, plan: Plan) -> AbstractAsyncContextManager[Running]:
        """The process, running; leaving the context ends it."""
        ...


class ChildProcess:
    """A running child. Its lifeline is how it is ended, and where its exit status comes from (`node/worker.py`)."""

    def __init__(self, talk: Stream, lifeline: Stream, sender: HandoffSender) -> None:
        self._talk = talk
        self._lifeline = lifeline
        self._status: int | None = None
        self.sender = sender

    async def give(self, order: WorkerOrder) -> None:
        """Its order, and that there is no more to read."""
        writer = self._talk[1]
        with suppress(ConnectionError):  # it ended already; its status says why
            writer.write(encode_order(order))
            await writer.drain()
            writer.write_eof()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Its event lines, until it closes its output."""
        with suppress(ConnectionError):
            while line := await self._talk[0].readline():
                yield json.loads(line)

    async def wait(self) -> int:
        """Its exit status; negative for a signal."""
        if self._status is None:
            with suppress(ConnectionError):
                self._status = int(await self._lifeline[0].readline() or DIED_WITH_PARENT)
        return DIED_WITH_PARENT if self._status is None else self._status

    async def end(self) -> None:
        """Stop it, whatever it does; it has ended even for whoever is cancelled while waiting for that: a job that is stopped
        twice must not write another seed."""
        self.sender.close()
        ending = asyncio.create_task(self._stop())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise

    async def _stop(self) -> None:
        for word, seconds in ((TERMINATE, STOP_SECONDS), (KILL, None)):
            if self._status is None:
                with suppress(ConnectionError, TimeoutError):
                    self._lifeline[1].write(word)
                    async with asyncio.timeout(seconds):
                        await self.wait()
        self._talk[1].close()
        self._lifeline[1].close()


class Origin:
    """The process that children are forked from, and the node's end of the way to ask it."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self.process = process
        self._control = control

    @property
    def lives(self) -> bool:
        """Whether it can be asked."""
        return self.process.returncode is None

    async def fork(self, kind: str, log: int) -> ChildProcess:
        """A child for a job of this kind that writes its errors to the file of this descriptor.

        Raises:
            OSError: there is nobody to ask any more.
        """
        with ExitStack() as mine:
            sender, channel = handoff_pair()
            mine.callback(sender.close)
            (talk, its_talk), (lifeline, its_lifeline) = socket.socketpair(), socket.socketpair()
            mine.enter_context(talk)
            mine.enter_context(lifeline)
            with channel, its_talk, its_lifeline:
                handles = [its_talk.fileno(), log, channel.fileno(), its_lifeline.fileno()]
                socket.send_fds(self._control, [kind.encode()], handles)
            streams = [await asyncio.open_connection(sock=one, limit=MAX_EVENT_BYTES) for one in (talk, lifeline)]
            mine.pop_all()
            return ChildProcess(streams[0], streams[1], sender)

    async def end(self) -> None:
        """End it; it has no children any more."""
        self._control.close()
        if self.lives:
            self.process.terminate()
        await self.process.wait()


class ProcessStarter:
    """Starts jobs as child processes that take their connections from the node's router.

    Loading their code takes half a second of a processor, so one process does it once, when a job is consented to and while the
    parties still agree; each job gets a copy of it. It ends when there has been no job for `IDLE_SECONDS`.
    """

    def __init__(self, *, door: Door | None, logs: Path) -> None:
        self._door = door
        self._logs = logs
        self._origin: Origin | None = None
        self._children = 0
        self._expiry: asyncio.TimerHandle | None = None
        self._changing = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        with suppress(OSError):  # `start` tries again, and says so
            await self._live_origin()
        self._rest()

    async def close(self) -> None:
        self._stay()
        await self._end(self._origin)
        if self._ending is not None:
            await self._ending

    @asynccontextmanager
    async def start(self, order: WorkerOrder, plan: Plan) -> AsyncIterator[Running]:
        """The child, running; leaving the context ends it."""
        digest = digest_plan_body(order.plan)
        places = [Party(one.role, one.index) for one in plan.parties if one.org == order.org]
        services = [derive_service(digest, order.attempt, place) for place in places]
        self._stay()
        self._children += 1
        try:
            child = await self._fork(plan.kind)
            try:
                if self._door is not None:
                    for service in services:
                        self._door.offer(service, child.sender.give)
                await child.give(order)
                yield child
            finally:
                if self._door is not None:
                    for service in services:
                        self._door.withdraw(service)
                await child.end()
        finally:
            self._children -= 1
            self._rest()

    async def _fork(self, kind: str) -> ChildProcess:
        with (self._logs / "jobs.log").open("ab") as log:
            origin = await self._live_origin()
            try:
                return await origin.fork(kind, log.fileno())
            except ConnectionError:  # it has died meanwhile, and that is not known yet
                await origin.end()
                return await (await self._live_origin()).fork(kind, log.fileno())

    async def _live_origin(self) -> Origin:
        async with self._changing:
            if self._origin is not None and not self._origin.lives:
                await self._origin.end()
                self._origin = None
            if self._origin is None:
                self._origin = await self._spawn()
            return self._origin

    async def _end(self, origin: Origin | None) -> None:
        async with self._changing:
            if origin is not None and origin is self._origin and not self._children:
                self._origin = None
                await origin.end()

    def _stay(self) -> None:
        """It is needed."""
        if self._expiry is not None:
            self._expiry.cancel()

    def _rest(self) -> None:
        """It is not needed now."""
        self._stay()
        if not self._children:
            self._expiry = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._expire)

    def _expire(self) -> None:
        self._ending = asyncio.get_running_loop().create_task(self._end(self._origin))

    async def _spawn(self) -> Origin:
        control, its_control = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with (self._logs / "jobs.log").open("ab") as log, its_control:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the folder that the node was started in holds no code of ours
                "-m",
                "atoll.node.worker",
                str(its_control.fileno()),
                str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
                pass_fds=[its_control.fileno()],
                env=SETTINGS | {name: value for name, value in os.environ.items() if name not in KEYSTORE_VARIABLES},
            )
        return Origin(process, control)
