"""One connection between two job runners: what waits to be sent, what waits to be read, and how far the other party is.

Reading never stops while there is room, whatever the role is doing, so two parties that both send a lot before they read do
not lock each other. Past `buffer_bytes` of unread packets it stops, the peer's sends stop in turn, and if nothing changes the
job's deadline ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from atoll.errors import AtollError, InputError
from atoll.protocols.packets import Packet
from atoll.transport.errors import JobAborted, RunnerBroken, TranscriptMismatch
from atoll.transport.frames import Kind, Received
from atoll.transport.runner_messages import Abort, Finished, Mark, Over, Passed, Resume, Start
from atoll.transport.sealing import SealedSession
from atoll.transport.session import FrameQueue
from atoll.wire.message import encode_message, parse_message

_END = -1
_Control: TypeAlias = Resume | Start | Passed | Finished | Over | Abort
_CONTROL: tuple[type[_Control], ...] = (Resume, Start, Passed, Finished, Over, Abort)


class Conversation:
    """The state of one connection; `read` and `write` run beside the role until it is over."""

    def __init__(self, session: SealedSession, *, buffer_bytes: int, changed: Callable[[], None]) -> None:
        """`changed` is called whenever one of the public attributes has a new value."""
        self.session = session
        self.party = session.party
        self.resume: Resume | None = None
        """Where the peer can go on from."""
        self.start: Start | None = None
        """Where it goes on from."""
        self.number = 0
        """The latest checkpoint that is durable at the peer."""
        self.is_finished = False
        """Its role has returned."""
        self.is_over = False
        """It knows that everybody has finished."""
        self._reached = 0
        self._ours: dict[int, Mark] = {}
        self._theirs: dict[int, Mark] = {}
        self._buffer_bytes = buffer_bytes
        self._changed = changed
        self._inbox = FrameQueue()
        self._outbox = FrameQueue()

    async def put(self, packet: Packet) -> None:
        """Send a packet of the role, or queue it; waits while more than the buffer holds is queued."""
        kind = Kind.BULK if packet.is_bulk else Kind.CONTROL
        if self._outbox.held_bytes == 0 and self.session.has_room:  # at once, without a turn of `write`
            try:
                self.session.post(kind, packet.data)
            except AtollError as err:
                self._fail(err)
        else:
            self._outbox.put(Received(kind, packet.data))
            await self._outbox.wait_below(self._buffer_bytes)

    def tell(self, message: Resume | Start | Over) -> None:
        """Queue a message of the runner, behind everything queued before."""
        self._outbox.put(Received(Kind.RUNNER, encode_message(message)))

    def go_on_from(self, number: int) -> None:
        """All parties start at this checkpoint."""
        self.number = self._reached = number

    def tell_passed(self, number: int, mark: Mark) -> None:
        """Tell the peer that a checkpoint is durable here, and compare it with the peer's.

        Raises:
            TranscriptMismatch: the two stood at different places.
        """
        self._outbox.put(Received(Kind.RUNNER, encode_message(Passed(number=number, mark=mark))))
        self._reached = number
        self._ours = {one: known for one, known in self._ours.items() if one >= number - 1}
        self._compare(number, ours=mark)

    def tell_finished(self, mark: Mark) -> None:
        """Tell the peer that this party's role has returned, and compare where both ended.

        Raises:
            TranscriptMismatch: the two ended at different places.
        """
        self._outbox.put(Received(Kind.RUNNER, encode_message(Finished(mark=mark))))
        self._compare(_END, ours=mark)

    async def wait(self) -> None:
        """Return when there is a packet of the peer's role; when there is none and none will come, the error is raised."""
        await self._inbox.wait()

    def take(self, most_bytes: int) -> list[Packet]:
        """The packets of the peer's role that have come, oldest first; no more once they are `most_bytes` together."""
        packets: list[Packet] = []
        taken = 0
        while self._inbox.held_bytes and taken < most_bytes:
            frame = self._inbox.pop()
            packets.append(Packet(frame.kind is Kind.BULK, frame.data))
            taken += len(frame.data)
        return packets

    async def flush(self) -> None:
        """Return when everything queued has been given to the session."""
        await self._outbox.wait_below(0)

    async def write(self) -> None:
        """Send what is queued, until the link is lost; `read` says that it is."""
        try:
            while True:
                frame = await self._outbox.get()
                await self.session.send(frame.kind, frame.data)
        except AtollError as err:
            self._fail(err)

    def _fail(self, error: AtollError) -> None:
        """Nothing can be sent any more; `read` waits for room no more: the peer's last word is behind what is unread."""
        self._inbox.fail(error)
        self._outbox.fail(error)

    async def read(self) -> None:
        """Take in what the peer says; returns when it knows that everybody has finished.

        Raises:
            LinkLost, StreamEnded: the connection is gone before that.
            JobAborted: the peer ended the job.
            SealBroken, RunnerBroken: the peer broke the rules.
            TranscriptMismatch: the peer was told something else than this party said, or the other way round.
        """
        while True:
            frame = await self.session.receive()
            if frame.kind is Kind.RUNNER:
                self._note(self._parse(frame.data))
                self._changed()
                if self.is_over:
                    return
            elif frame.kind in (Kind.BULK, Kind.CONTROL) and self.start is not None and not self.is_finished:
                self._inbox.put(frame)
                await self._inbox.wait_below(self._buffer_bytes)
            else:
                raise self._broken(f"a frame of kind {int(frame.kind)} at the wrong time")

    def _parse(self, data: bytes) -> _Control:
        try:
            return parse_message(data, *_CONTROL)
        except InputError as err:
            raise self._broken("a message that cannot be read") from err

    def _note(self, message: _Control) -> None:
        """Each message has its time; the peer's runner keeps to the order in `runner_messages`."""
        if isinstance(message, Abort):
            origin = f"{message.role}/{message.index}"
            raise JobAborted(party=origin, remote_code=message.code, remote_sentence=message.sentence)
        if isinstance(message, Resume) and self.resume is None:
            self.resume = message
        elif isinstance(message, Start) and self.resume is not None and self.start is None:
            self.start = message
        elif isinstance(message, Passed) and self._is_running and message.number == self.number + 1 <= self._reached + 1:
            self.number = message.number
            self._compare(message.number, theirs=message.mark)
        elif isinstance(message, Finished) and self._is_running:
            self.is_finished = True
            self._compare(_END, theirs=message.mark)
        elif isinstance(message, Over):
            self.is_over = True
        else:
            raise self._broken(f"{type(message).__name__} at the wrong time")

    @property
    def _is_running(self) -> bool:
        return self.start is not None and not self.is_finished

    def _compare(self, number: int, *, ours: Mark | None = None, theirs: Mark | None = None) -> None:
        """Note one side's mark at a checkpoint; when both are known they must describe the same place."""
        if ours is not None:
            self._ours[number] = ours
        if theirs is not None:
            self._theirs[number] = theirs
        if number not in self._ours or number not in self._theirs:
            return
        if self._theirs.pop(number).mirrored() != self._ours[number]:
            raise TranscriptMismatch(party=str(self.party), number=number if number != _END else "the end")

    def _broken(self, problem: str) -> RunnerBroken:
        return RunnerBroken(party=str(self.party), problem=problem)
