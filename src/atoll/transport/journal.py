"""What a party must not forget about a run: its seed, its last two checkpoints, what was said since, its output.

The node keeps it sealed on disk; tests keep it in memory. All calls may block, and return when the thing is durable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from atoll.protocols.role import Party
from atoll.transport.runner_messages import Mark
from atoll.transport.transcript import Noted

Output = TypeVar("Output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """One checkpoint."""

    number: int
    """From 1."""
    state: bytes = field(repr=False)
    """What the role gave; secret."""
    marks: Mapping[Party, Mark]
    """Where the conversation with each other party stood."""


class Journal(Protocol[Output]):
    """Where a run is kept. One attempt of one party in one job has one journal."""

    def load_seed(self) -> bytes | None:
        """The seed, if one was saved."""
        ...

    def save_seed(self, seed: bytes) -> None:
        """Keep the seed of this attempt; called once, before the first step."""
        ...

    def load_checkpoints(self) -> tuple[Saved, ...]:
        """The checkpoints held, oldest first: none, the first, or two with successive numbers."""
        ...

    def save_checkpoint(self, saved: Saved) -> None:
        """Keep a checkpoint. Once it is durable, all but this one and the one before it should be destroyed, notes included."""
        ...

    def load_notes(self, number: int) -> Mapping[Party, Noted]:
        """All that was noted after checkpoint `number`, 0 for the start."""
        ...

    def add_notes(self, number: int, noted: Mapping[Party, Noted]) -> None:
        """Keep what was said since the last note; called before anything that follows from it is sent."""
        ...

    def is_finished(self) -> bool:
        """Whether an output was saved."""
        ...

    def load_output(self) -> Output:
        """The output that was saved."""
        ...

    def save_output(self, output: Output) -> None:
        """Keep the output; what came before stays until the run is over, because another party may have to go back."""
        ...


class MemoryJournal(Generic[Output]):
    """A journal that lives as long as the object: a test that kills a process keeps this and nothing else."""

    def __init__(self) -> None:
        self._seed: bytes | None = None
        self._checkpoints: tuple[Saved, ...] = ()
        self._notes: dict[int, dict[Party, Noted]] = {}
        self._output: list[Output] = []

    def load_seed(self) -> bytes | None:
        return self._seed

    def save_seed(self, seed: bytes) -> None:
        self._seed = seed

    def load_checkpoints(self) -> tuple[Saved, ...]:
        return self._checkpoints

    def save_checkpoint(self, saved: Saved) -> None:
        self._checkpoints = (*self._checkpoints, saved)[-2:]
        self._notes.pop(saved.number - 2, None)

    def load_notes(self, number: int) -> Mapping[Party, Noted]:
        return self._notes.get(number, {})

    def add_notes(self, number: int, noted: Mapping[Party, Noted]) -> None:
        known = self._notes.setdefault(number, {})
        for party, later in noted.items():
            known[party] = known.get(party, Noted()).followed_by(later)

    def is_finished(self) -> bool:
        return bool(self._output)

    def load_output(self) -> Output:
        return self._output[0]

    def save_output(self, output: Output) -> None:
        self._output = [output]
