"""One figure of a measure, and whether it keeps its promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A name, a value, and the limit that was promised, if one was."""

    name: str
    ours: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    """What the value came from, for the line of JSON."""

    @property
    def is_kept(self) -> bool:
        """Whether it is within its limits."""
        return (self.at_most is None or self.ours <= self.at_most) and (self.at_least is None or self.ours >= self.at_least)

    def describe(self) -> str:
        """A line for people."""
        limits = [f"at most {self.at_most:,g}"] if self.at_most is not None else []
        limits += [f"at least {self.at_least:,g}"] if self.at_least is not None else []
        verdict = ("ok  " if self.is_kept else "MISS") if limits else "    "
        return f"{verdict} {self.name:58} {self.ours:12,.4g} {self.unit:9} {', '.join(limits)}"

    @property
    def has_target(self) -> bool:
        """Whether a limit was promised."""
        return self.at_most is not None or self.at_least is not None

    def to_json(self) -> dict[str, Any]:
        """For the last line: a figure with a target says whether it was met."""
        told: dict[str, Any] = {"name": self.name, "ours": self.ours, "unit": self.unit}
        if self.has_target:
            bound = "at most" if self.at_most is not None else "at least"
            told |= {"target": self.at_most if self.at_most is not None else self.at_least, "bound": bound, "met": self.is_kept}
        return told | ({"context": dict(self.context)} if self.context else {})
