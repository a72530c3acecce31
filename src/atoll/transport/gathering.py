"""All the conversations of one party for one try: getting the sessions, reading and writing them, noticing the first failure.

Until the party begins (`commit`), a lost link is simply replaced. After that it ends the try, for everybody: each party then
drops all its sessions and gathers again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from atoll.errors import AccessError, UnavailableError
from atoll.protocols.role import Party
from atoll.transport.conversation import Conversation
from atoll.transport.errors import LinkLost, StreamEnded, UnknownService
from atoll.transport.meeting import Opener
from atoll.transport.sealing import SealedSession

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


class Pauses:
    """Pauses between attempts: growing, and drawn at random so that parties do not keep step."""

    def __init__(self) -> None:
        self._longest = FIRST_PAUSE_SECONDS

    async def wait(self) -> None:
        """One pause."""
        await asyncio.sleep(self._longest * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing
        self._longest = min(2 * self._longest, LONGEST_PAUSE_SECONDS)


class Gathering:
    """One try at a run, as far as the others are concerned."""

    def __init__(self, peers: Mapping[Party, Opener], *, buffer_bytes: int, greet: Callable[[Conversation], None]) -> None:
        """
        Args:
            peers: how to make one attempt at a session with each of the others.
            buffer_bytes: see `Conversation`.
            greet: gives each fresh conversation its first message.
        """
        self._peers = peers
        self._buffer_bytes = buffer_bytes
        self._greet = greet
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_committed = False
        self.talks: dict[Party, Conversation] = {}
        """The conversations that there are now."""
        self.out_of_reach: dict[Party, str] = dict.fromkeys(peers, "")
        """Whom there is no conversation with, and why the last attempt failed, as a code."""
        self.sent_bytes = 0
        self.received_bytes = 0

    @property
    def is_complete(self) -> bool:
        """Whether everybody has connected and said where it could go on from."""
        return len(self.talks) == len(self._peers) and all(talk.resume is not None for talk in self.talks.values())

    @property
    def is_over(self) -> bool:
        """Whether somebody knows that everybody has finished."""
        return any(talk.is_over for talk in self.talks.values())

    def traffic(self) -> tuple[int, int]:
        """Bytes sent and received so far, in conversations that are over and in those that are not."""
        open_ones = [talk.session for talk in self.talks.values()]
        return (
            self.sent_bytes + sum(one.sent_bytes for one in open_ones),
            self.received_bytes + sum(one.received_bytes for one in open_ones),
        )

    def commit(self) -> None:
        """From now on every conversation is needed as it is."""
        self._is_committed = True

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something that the conversations note is so."""
        while not is_so():
            self._changed.clear()
            await self._changed.wait()

    async def hold(self, driving: Coroutine[Any, Any, None]) -> None:
        """Run `driving` while everybody is reached, read and written to; the first failure, there or here, is raised."""
        driver = self._start(driving)
        pending = {driver, *(self._start(self._attend(party)) for party in self._peers)}
        while driver in pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            _raise_worst(done)

    async def stop(self) -> None:
        """Stop everything that `hold` began, and leave the sessions open for a last word."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop, and end all conversations."""
        await self.stop()
        await asyncio.gather(*(self._part(party) for party in list(self.talks)))

    async def _attend(self, party: Party) -> None:
        """Reach a party and read what it says, until it says that all is over.

        A party that answers and hangs up, over and over, is met with pauses: it must not keep this node shaking hands.
        """
        pauses = Pauses()
        while True:
            session = await self._reach(party)
            talk = Conversation(session, buffer_bytes=self._buffer_bytes, changed=self._changed.set)
            self.talks[party] = talk
            self._greet(talk)
            self._start(talk.write())
            try:
                await talk.read()
                return
            except (LinkLost, StreamEnded):
                if self._is_committed:
                    raise
            await self._part(party)
            await pauses.wait()

    async def _reach(self, party: Party) -> SealedSession:
        """A session with a party, however often it takes; what trying again cannot mend is raised."""
        pauses = Pauses()
        while True:
            try:
                session = await self._peers[party]()
                self.out_of_reach.pop(party, None)
                return session
            except (UnavailableError, AccessError, UnknownService) as err:
                self.out_of_reach[party] = err.code
            await pauses.wait()

    async def _part(self, party: Party) -> None:
        talk = self.talks.pop(party)
        await talk.session.close()
        self.sent_bytes += talk.session.sent_bytes
        self.received_bytes += talk.session.received_bytes

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        return task


def _raise_worst(done: set[asyncio.Task[None]]) -> None:
    """Raise what failed; a lost link is only the reason if there is no other."""
    errors = [error for task in done if (error := task.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, LinkLost | StreamEnded)):
        raise error
