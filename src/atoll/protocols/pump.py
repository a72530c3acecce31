"""All roles of a protocol in one loop, without a network: for tests, examples, and whoever reads a protocol for the first time.

    >>> pump({bank: receiver(...), bureau: sender(...)})[bank]
    [1, 2]

The loop is deterministic, every message crosses as bytes, and everything said is recorded. It also checks what the job runner
relies on: that no role waits for ever, and that checkpoints are consistent cuts (`role`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from atoll.protocols.errors import CheckpointsDiffer, RolesStalled
from atoll.protocols.packets import Packet, encode_packet, parse_packet
from atoll.protocols.role import Checkpoint, Flush, Party, Progress, Receive, Role, Send


class Said(NamedTuple):
    """One packet of the record."""

    sender: Party
    recipient: Party
    packet: Packet


Tamper: TypeAlias = Callable[[Said], Packet | None]
"""Puts another packet in place of one, or None to lose it; the record holds what was sent, not what arrived."""


@dataclass(frozen=True, slots=True)
class Pumped:
    """What came of a run; indexing by a party gives its output."""

    outputs: dict[Party, Any]
    transcript: list[Said]
    """In the order in which it was sent."""
    checkpoints: dict[Party, list[bytes]]
    """Each party's states; number k stands at place k - 1."""
    progress: dict[Party, list[Progress]]
    _cuts: dict[Party, list[_Counts]] = field(repr=False)

    def __getitem__(self, party: Party) -> Any:
        return self.outputs[party]

    def said(self, sender: Party, recipient: Party, *, after: int = 0) -> list[Packet]:
        """What one party said to another, from the checkpoint of that number on (0: from the start)."""
        packets = [said.packet for said in self.transcript if (said.sender, said.recipient) == (sender, recipient)]
        return packets[self._cuts[sender][after - 1].sent.get(recipient, 0) if after else 0 :]


def pump(roles: Mapping[Party, Role[Any]], *, tamper: Tamper | None = None) -> Pumped:
    """Run roles against each other until all have returned.

    Args:
        roles: fresh generators, one a party.
        tamper: the hand that changes packets on their way.

    Raises:
        RolesStalled: all that are left wait for each other.
        CheckpointsDiffer: the checkpoints are not consistent cuts; only checked when nothing is tampered with.
        UnexpectedPacket, and whatever a role raises.
    """
    seats = {party: _Seat(party, role) for party, role in sorted(roles.items())}
    transcript: list[Said] = []

    def deliver(said: Said) -> None:
        transcript.append(said)
        packet = tamper(said) if tamper is not None else said.packet
        if packet is not None:
            seats[said.recipient].inbox.setdefault(said.sender, deque()).append(packet)

    while not all(seat.is_done for seat in seats.values()):
        moved = [seat.advance(deliver) for seat in seats.values()]  # all of them, in order
        if not any(moved):
            raise RolesStalled(waiting="; ".join(seat.explain() for seat in seats.values() if not seat.is_done))
    cuts = {party: seat.cuts for party, seat in seats.items()}
    if tamper is None:
        _verify_cuts(cuts)
    return Pumped(
        outputs={party: seat.output for party, seat in seats.items()},
        transcript=transcript,
        checkpoints={party: seat.states for party, seat in seats.items()},
        progress={party: seat.progress for party, seat in seats.items()},
        _cuts=cuts,
    )


class _Counts(NamedTuple):
    """How much a party had said and heard at one of its checkpoints."""

    sent: dict[Party, int]
    heard: dict[Party, int]


class _Seat:
    """One role, and what it has said, heard and not heard yet."""

    def __init__(self, party: Party, role: Role[Any]) -> None:
        self.party = party
        self.inbox: dict[Party, deque[Packet]] = {}
        self.output: Any = None
        self.is_done = False
        self.states: list[bytes] = []
        self.progress: list[Progress] = []
        self.cuts: list[_Counts] = []
        self._role = role
        self._waiting: Receive | None = None
        self._sent: dict[Party, int] = {}
        self._heard: dict[Party, int] = {}

    def advance(self, deliver: Callable[[Said], None]) -> bool:
        """Run until the role is done or has nothing to read; whether it did anything."""
        moved = False
        while not self.is_done and self._can_go_on():
            moved = True
            try:
                step = self._role.send(self._hear())
            except StopIteration as end:
                self.output, self.is_done = end.value, True
                break
            if isinstance(step, Receive):
                self._waiting = step
            elif isinstance(step, Send):
                self._sent[step.to] = self._sent.get(step.to, 0) + 1
                deliver(Said(self.party, step.to, encode_packet(step.message)))
            elif isinstance(step, Checkpoint):
                self.states.append(step.state)
                self.cuts.append(_Counts(dict(self._sent), dict(self._heard)))
            elif not isinstance(step, Flush):
                self.progress.append(step)
        return moved

    def explain(self) -> str:
        due = self._waiting
        return f"{self.party} waits for {due.kind.__name__} from {due.sender}" if due else f"{self.party} has not begun"

    def _can_go_on(self) -> bool:
        return self._waiting is None or bool(self.inbox.get(self._waiting.sender))

    def _hear(self) -> Any:
        if self._waiting is None:
            return None
        due, self._waiting = self._waiting, None
        self._heard[due.sender] = self._heard.get(due.sender, 0) + 1
        return parse_packet(self.inbox[due.sender].popleft(), due)


def _verify_cuts(cuts: Mapping[Party, list[_Counts]]) -> None:
    counts = {len(some) for some in cuts.values()}
    if len(counts) > 1:
        raise CheckpointsDiffer(number=min(counts) + 1, problem="not every role makes it")
    for number in range(max(counts, default=0)):
        for sender, theirs in cuts.items():
            for recipient, ours in cuts.items():
                sent, heard = theirs[number].sent.get(recipient, 0), ours[number].heard.get(sender, 0)
                if sent != heard:
                    problem = f"{sender} has sent {sent} packets to {recipient}, which has read {heard}"
                    raise CheckpointsDiffer(number=number + 1, problem=problem)
