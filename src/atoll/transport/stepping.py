"""Running a role for as long as it needs nobody: one call makes many steps, so a thread is entered once and not per step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from atoll.errors import AtollError
from atoll.protocols.packets import Packet, encode_packet, parse_packet
from atoll.protocols.role import Checkpoint, Party, Progress, Receive, Role, Send
from atoll.transport.errors import NotReplayable, RoleFailed, TranscriptMismatch
from atoll.transport.faults import describe_fault
from atoll.transport.tasks import log
from atoll.transport.transcript import Noted, Transcript, drain

Output = TypeVar("Output")

BURST_BYTES = 8 << 20
"""A burst ends when it has made this much to send."""


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
    """Why it stopped; None when there is just enough to send."""


class Stepper:
    """A role with its transcripts. Nothing here waits for a peer, so all of it may run in a thread."""

    def __init__(self, role: Role[Any], transcripts: Mapping[Party, Transcript], *, note: Note) -> None:
        self._role = role
        self._transcripts = transcripts
        self._note = note

    def advance(self, number: int, due: Receive | None, packet: Packet | None) -> Burst:
        """Run until the role waits, checkpoints, reports, returns, or has much to send.

        What was said and heard is durable before any of it leaves. Otherwise a peer could say something else after a crash of
        this process, and be told more than the first time; once for every crash.

        Args:
            number: the checkpoint that the role started from or passed last, for errors.
            due, packet: what it waited for, and what came.

        Raises:
            UnexpectedPacket: that is not it.
            TranscriptMismatch, NotReplayable: a repetition differs from the first time.
            RoleFailed: the role failed in a way nobody foresaw; or whatever error of ours it raised.
        """
        value: Any = None
        if due is not None and packet is not None:
            if not self._transcripts[due.sender].heard.take(packet):
                raise TranscriptMismatch(party=str(due.sender), number=number)
            value = parse_packet(packet, due)
        burst, size = Burst(), 0
        while size < BURST_BYTES:
            step = self._step(value)
            if not isinstance(step, Send):
                burst.stop = step
                break
            value = None
            sent = encode_packet(step.message)
            if not self._transcripts[step.to].sent.take(sent):
                raise NotReplayable(party=str(step.to), number=number)
            burst.sends.append((step.to, sent))
            size += len(sent.data)
        if burst.sends:
            noted = drain(self._transcripts)
            if noted:
                self._note(number, noted)
        return burst

    def close(self) -> None:
        """Drop the role."""
        self._role.close()

    def _step(self, value: Any) -> Send | Stop:
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
