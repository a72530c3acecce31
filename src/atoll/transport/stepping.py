"""Running a role for as long as it needs nobody: one call makes many steps, so a thread is entered once and not per step."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from atoll.errors import AtollError
from atoll.protocols.packets import Packet, encode_packet, parse_packet
from atoll.protocols.role import Checkpoint, Flush, Party, Progress, Receive, Role, Send
from atoll.transport.errors import NotReplayable, RoleFailed, TranscriptMismatch
from atoll.transport.faults import describe_fault
from atoll.transport.tasks import log
from atoll.transport.transcript import Noted, Transcript, drain

Output = TypeVar("Output")

BURST_BYTES = 4 << 20
"""A burst ends when it has made this much to send: each is noted durably before any of it leaves, and waits for the disk."""


@dataclass(frozen=True, slots=True)
class Returned(Generic[Output]):
    """The role has returned."""

    output: Output


Note: TypeAlias = Callable[[int, Mapping[Party, Noted]], None]
"""Makes digests of what was said since a checkpoint durable (`Journal.add_notes`)."""

Stop: TypeAlias = Receive | Checkpoint | Progress | Returned[Any] | None


@dataclass(slots=True)
class Burst:
    """What a role did until it stopped."""

    sends: list[tuple[Party, Packet]] = field(default_factory=list)
    stop: Stop = None
    """Why it stopped; None when it only has something to send, and would go on."""
    seconds: float = 0.0
    """How long it took."""


class Stepper:
    """A role with its transcripts, and what was heard before the role asks for it. Nothing here waits for a peer, so `advance`
    may run in a thread; the rest is for between two of its calls."""

    def __init__(self, role: Role[Any], transcripts: Mapping[Party, Transcript], *, note: Note | None) -> None:
        """`note` is None for a run that cannot be resumed."""
        self._role = role
        self._transcripts = transcripts
        self._note = note
        self._heard: dict[Party, deque[Packet]] = {party: deque() for party in transcripts}
        self._due: Receive | None = None

    def holds(self, party: Party) -> bool:
        """Whether something that a party said has not been asked for yet."""
        return bool(self._heard[party])

    def hear(self, party: Party, packets: Iterable[Packet]) -> None:
        """Take what a party said, in order."""
        self._heard[party].extend(packets)

    def advance(self, number: int) -> Burst:
        """Run until the role waits for what has not been heard, checkpoints, reports, returns, flushes, or has much to send.

        What was said and heard is durable before any of it leaves. Otherwise a peer could say something else after a crash of
        this process, and be told more than the first time; once for every crash.

        Args:
            number: the checkpoint that the role started from or passed last, for errors.

        Raises:
            UnexpectedPacket: what was heard is not what the role waits for.
            TranscriptMismatch, NotReplayable: a repetition differs from the first time.
            RoleFailed: the role failed in a way nobody foresaw; or whatever error of ours it raised.
        """
        began = time.perf_counter()
        burst, size = Burst(), 0
        while size < BURST_BYTES:
            if self._due is not None and not self._heard[self._due.sender]:
                burst.stop = self._due
                break
            step = self._step(self._hear_due(number))
            if isinstance(step, Receive):
                self._due = step
            elif isinstance(step, Send):
                sent = encode_packet(step.message)
                if not self._transcripts[step.to].sent.take(sent):
                    raise NotReplayable(party=str(step.to), number=number)
                burst.sends.append((step.to, sent))
                size += len(sent.data)
            elif isinstance(step, Flush):
                if burst.sends:
                    break
            else:
                burst.stop = step
                break
        if burst.sends and self._note is not None and (noted := drain(self._transcripts)):
            self._note(number, noted)
        burst.seconds = time.perf_counter() - began
        return burst

    def close(self) -> None:
        """Drop the role."""
        self._role.close()

    def _hear_due(self, number: int) -> Any:
        """What the role waits for, which was heard; None if it does not wait."""
        due, self._due = self._due, None
        if due is None:
            return None
        packet = self._heard[due.sender].popleft()
        if not self._transcripts[due.sender].heard.take(packet):
            raise TranscriptMismatch(party=str(due.sender), number=number)
        return parse_packet(packet, due)

    def _step(self, value: Any) -> Send | Flush | Stop:
        try:
            step = self._role.send(value)
        except StopIteration as end:
            return Returned(end.value)
        except AtollError:
            raise
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as err:  # a panic of the native core is no `Exception`
            log.warning("the role failed: %s", describe_fault(err))
            raise RoleFailed() from err
        party = step.to if isinstance(step, Send) else step.sender if isinstance(step, Receive) else None
        if party is not None and party not in self._transcripts:
            log.warning("the role talks to %s, which is not in the job", party)
            raise RoleFailed()
        return step
