"""What a command answers: one value for programs, and the same for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rows:
    """A table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    nothing: str = "nothing"
    """What is said instead of an empty table."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One thing with its properties."""

    pairs: Sequence[tuple[str, str]]


Shown = str | Rows | Fields


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers."""

    value: Any
    """For `--json`: models, messages as plain values, lists and maps of them."""
    shown: Sequence[Shown] = ()
    """For people; in this order."""
    exit_code: int = 0
    """Not 0 where the answer itself is bad news."""
    error: str = ""
    """The bad news in a sentence; goes to standard error."""
    hint: str = ""
    """What to do about it."""
    code: str = ""
    """Of the error that it is; for `atoll why`."""


def to_json(value: Any) -> Any:
    """As a JSON value."""
    if hasattr(value, "model_dump"):  # a model of atoll.api; pydantic is not loaded for commands that need no node
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, dict):
        return {str(name): to_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    return value
