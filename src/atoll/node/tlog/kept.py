"""Signed notes that prove something about somebody, kept for those who will ask."""

from __future__ import annotations

from typing import Protocol

MOST_ABOUT_ONE = 100
"""Whoever has given so much proof needs to give no more."""
PLACE = "tlog/evidence"


class Memory(Protocol):
    """What survives a restart; a value is durable when the call returns."""

    def meta(self, name: str) -> bytes | None: ...

    def set_meta(self, name: str, value: bytes) -> None: ...


def keep_evidence(memory: Memory, about: str, note: bytes) -> bool:
    """Keep a note under the name of whom it is about; one text is kept once, and nothing is ever overwritten.

    Returns:
        Whether it is new.
    """
    text, _, _ = note.partition(b"\n\n")
    for number in range(MOST_ABOUT_ONE):
        name = f"{PLACE}/{about}/{number}"
        kept = memory.meta(name)
        if kept is None:
            memory.set_meta(name, note)
            return True
        if kept.partition(b"\n\n")[0] == text:
            return False
    return False


def is_evidence_kept(memory: Memory, about: str) -> bool:
    """Whether anything is kept under the name of whom it is about."""
    return memory.meta(f"{PLACE}/{about}/0") is not None
