"""CometBFT as a child process: started, watched, started again, and given up on loudly.

    killed, or ended by itself for no reason of ours     started again, each time after a longer wait
    it says that consensus itself has failed             given up: it would go on running and take part in nothing
    it ends again and again right after its start        given up: something is wrong that a restart does not mend
    the application has failed                           given up by the engine, which stops it (fail-stop, LEDGER 4.1)

Given up means that `failed` raises: the node ends with an error, so that somebody looks. A node that is killed takes its child
along, because CometBFT ends when its application is gone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from atoll.errors import AtollError
from atoll.ordering.errors import ValidatorStopped
from atoll.ports import Clock

log = logging.getLogger("atoll.cometbft")

STOP_SECONDS = 10.0
"""How long it may take to stop in order before it is killed."""
QUICK_SECONDS = 20.0
"""An end sooner after the start than this is a failed start."""
MAX_QUICK_ENDS = 5
"""So many failed starts one after another are no accident."""
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0
_MAX_LINE_BYTES = 1 << 20
_FATAL = "CONSENSUS FAILURE!!!"
_CONSENSUS_MODULE = "consensus"
_PANIC = "panic:"
_LEVELS = {"debug": logging.DEBUG, "info": logging.DEBUG, "warn": logging.WARNING, "error": logging.WARNING}
"""Its information is our detail."""
_PEERS_MODULE = "p2p"
"""Its errors are peers that come and go, which `condition` tells better."""
_SHIELDED = ("CMT", "TM_", "TMHOME")
"""Variables that would change its configuration behind our back."""


class State(StrEnum):
    """What the child does."""

    STOPPED = "stopped"
    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"


class Supervisor:
    """See the module's docstring."""

    def __init__(
        self,
        binary: Path,
        folder: Path,
        *,
        clock: Clock,
        prepare: Callable[[], Awaitable[None]],
        command: Sequence[str] = (),
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Nothing is started yet.

        Args:
            binary: the program.
            folder: its home.
            clock: for the waits between starts.
            prepare: called before each start: the configuration is written, old sockets are removed.
            command: what starts it, before its own name.
            environment: of the child; variables that would configure CometBFT are left out.
        """
        self.state = State.STOPPED
        self.reason = ""
        """Why it last ended, in words."""
        self.restarts = 0
        """How often it was started again."""
        self._folder = folder
        self._clock = clock
        self._command = (*command, str(binary), "start", "--home", ".")
        self._prepare = prepare
        self._environment = {name: value for name, value in environment.items() if not name.startswith(_SHIELDED)}
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._last = ""
        self._panic = False
        self._fatal = ""
        self._failure: asyncio.Future[None] | None = None
        self._asked = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the child and watch over it."""
        self._failure = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name="cometbft")
        self._task.add_done_callback(self._unwatched)

    async def failed(self) -> None:
        """Wait until it is given up.

        Raises:
            ValidatorStopped: always; nothing else ends the wait but cancellation.
        """
        assert self._failure is not None, "start comes first"
        await asyncio.shield(self._failure)

    def restart(self) -> None:
        """Have the child end in order, and start it again at once: no failed start, however often it is asked for."""
        process = self._process
        if process is None:
            return
        self._asked = True
        process.terminate()

        def insist() -> None:
            if process.returncode is None:
                process.kill()

        asyncio.get_running_loop().call_later(STOP_SECONDS, insist)

    async def stop(self) -> None:
        """Stop the child in order, and kill it if that takes too long."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        if self._failure is not None and not self._failure.done():
            self._failure.cancel()
        if self.state is not State.FAILED:
            self.state = State.STOPPED

    def _unwatched(self, task: asyncio.Task[None]) -> None:
        """Nobody watches over the child any more; unless somebody wanted it so, that is an end as any other."""
        if not task.cancelled() and (err := task.exception()) is not None:
            self.give_up(repr(err))

    async def _run(self) -> None:
        wait, quick_ends = FIRST_WAIT_SECONDS, 0
        while True:
            started = self._clock.monotonic()
            try:
                await self._live()
            except (OSError, AtollError) as err:
                self.reason = str(err)
            quick = self._clock.monotonic() - started < QUICK_SECONDS and not self._asked
            self._asked = False
            wait, quick_ends = (wait * 2, quick_ends + 1) if quick else (FIRST_WAIT_SECONDS, 1)
            if self._fatal or quick_ends >= MAX_QUICK_ENDS:
                self.give_up(self._fatal or self.reason)
                return
            self.state = State.RESTARTING
            log.warning("the validator process is started again: %s", self.reason)
            await asyncio.sleep(min(wait, LONGEST_WAIT_SECONDS))
            self.restarts += 1

    def give_up(self, reason: str) -> None:
        """It is of no use any more; whoever awaits `failed` learns why. Stopping it is the caller's."""
        if self.state is State.FAILED:
            return
        self.state, self.reason = State.FAILED, reason
        log.error("the validator process is given up: %s", reason)
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(ValidatorStopped(reason=reason))
            self._failure.exception()  # whoever awaits it gets it; that nobody does is no warning's matter

    async def _live(self) -> None:
        """One life of the child, from its start to its end."""
        await self._prepare()
        self._last, self._panic = "", False
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._folder,  # so that its sockets have short names
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_MAX_LINE_BYTES,
            start_new_session=True,  # an interrupt from the keyboard is the node's to pass on, in its order
        )
        self.state = State.RUNNING
        log.info("the validator process %d runs", process.pid)
        try:
            await self._listen(process)
            if self._fatal:
                await _end(process)
            self.reason = self._why(await process.wait())
        finally:
            await _end(process)
            self._process = None

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Pass its lines on until it ends, or says that it takes part in nothing any more."""
        assert process.stdout is not None
        while not self._fatal:
            try:
                line = await process.stdout.readline()
            except ValueError:
                continue  # longer than any line that says something
            if not line:
                return
            self._pass_on(line.decode(errors="replace").rstrip())

    def _pass_on(self, line: str) -> None:
        said = _fields(line)
        level, message = _describe(said) if said is not None else (logging.WARNING, line)
        log.log(logging.DEBUG if self._panic else level, "%s", message)
        if not self._panic:
            self._last = message or self._last
        if said is None and line.startswith(_PANIC):
            self._panic = True  # what follows is where it was, not why
        if said is not None and _is_fatal(said):
            self._fatal = message

    def _why(self, status: int) -> str:
        if status < 0:
            return f"it was ended by {signal.Signals(-status).name}"
        return f"it ended with status {status}: {self._last or 'it said nothing'}"


def _fields(line: str) -> Mapping[str, Any] | None:
    """A line of its log; None for its last words, which are no JSON."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _describe(said: Mapping[str, Any]) -> tuple[int, str]:
    """Level and text."""
    extra = " ".join(f"{key}={value}" for key, value in said.items() if key not in ("level", "ts", "_msg", "stack"))
    level = logging.DEBUG if said.get("module") == _PEERS_MODULE else _LEVELS.get(str(said.get("level")), logging.DEBUG)
    return level, f"{said.get('_msg', '')} {extra}".strip()


def _is_fatal(said: Mapping[str, Any]) -> bool:
    """Whether it says so itself. Most fields may hold what a peer has sent; these three hold what is in its source."""
    return (said.get("_msg"), said.get("module"), said.get("level")) == (_FATAL, _CONSENSUS_MODULE, "error")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Terminate it, then kill it; harmless when it has ended."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        try:
            process.send_signal(how)
        except ProcessLookupError:
            return
        drain = asyncio.ensure_future(process.communicate())
        await asyncio.wait([drain], timeout=STOP_SECONDS)
        drain.cancel()
