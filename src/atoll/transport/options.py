"""What a run is given besides its role, and what it tells in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from atoll.errors import AtollError
from atoll.protocols.role import Party, Progress, Role
from atoll.transport.errors import JobStopped
from atoll.transport.runner_messages import Mark

Output = TypeVar("Output")

RoleFactory: TypeAlias = Callable[[bytes, bytes | None], Role[Output]]
"""Makes a fresh role from the attempt's 32-byte seed and the state to go on from, None at the start."""


def _ignore(_progress: Progress, _sent_bytes: int, _received_bytes: int) -> None:
    """Nobody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Everything about a run that has a good default."""

    on_progress: Callable[[Progress, int, int], None] = _ignore
    """Told how far the role is, and the bytes sent and received so far, as `Report` counts them."""
    buffer_bytes: int = 64 << 20
    """Most that is kept unsent, and unread, per other party."""
    linger_seconds: float = 60.0
    """How long a party that has its output gives the others to come back, after a link was lost."""
    resumes_per_checkpoint: int = 100
    """How often a run goes back without getting any further; a peer that cuts the link must not keep this node computing."""
    traffic_bytes: int = 1 << 62
    """Most that this party's role sends in one life of the process, repetitions included."""
    why_stopped: Callable[[], AtollError] = JobStopped
    """Asked when the run is cancelled: what the others are told."""
    threads: bool = True
    """Whether the role's long steps and the journal run in threads; a simulation under a virtual clock says no."""
    resumable: bool = True
    """Whether the attempt goes on after a lost link or a restart. If not, either of them ends it once the role has begun: no
    seed and no notes are kept, only the durable mark that it has begun; checkpoints that the role makes are passed over."""
    digested: bool = True
    """Whether running digests of what is said and heard are kept. An attempt that cannot be resumed may do without: its marks
    then only count packets, and it saves a SHA-256 over every byte at both ends."""

    def __post_init__(self) -> None:
        if self.resumable and not self.digested:
            raise ValueError("without digests nothing can be resumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Generic[Output]):
    """How a run went."""

    output: Output
    sent_bytes: int
    """Bytes given to all sessions, what was said again included, TLS not."""
    received_bytes: int
    seconds: float
    checkpoints: int
    """Number of the last checkpoint."""
    reconnects: int
    """How often this party had to gather again."""
    marks: Mapping[Party, Mark]
    """Where the conversation with each other party ended: counts and digests."""
