"""What is measured, how large, and what is promised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One line of the table."""

    program: str
    rows: int
    laps: int = 5
    seconds: float | None = None
    """At most."""
    ratio: float | None = None
    """At least so many times as fast as the first peer, in the same run."""
    order: dict[str, Any] = field(default_factory=dict)
    """What else our nodes are told."""
    error: float = 0.0
    """Largest error that counts as right."""
    long: bool = False
    """Only with `--long`."""

    @property
    def name(self) -> str:
        """As figures call it."""
        more = "".join(f" {value}" for value in self.order.values())
        return f"{self.program}{more} {self.rows:,}"


MEASURES = (
    Measure(program="multiply", rows=1_000_000, laps=9, seconds=0.05, ratio=5),
    Measure(program="less-than", rows=1_000_000, laps=9, seconds=0.2, ratio=10),
    Measure(program="sort", rows=10_000, seconds=0.3, ratio=7),
    Measure(program="sort", rows=100_000, laps=3, seconds=1.5, ratio=7),
    Measure(program="sort", rows=1_000_000, laps=1, seconds=20),
    Measure(program="correlation", rows=1_000_000, seconds=0.2, error=1e-6),
    Measure(program="variance", rows=1_000_000, seconds=0.1, error=1e-6),
    Measure(program="logistic", rows=100_000, seconds=0.3, error=1e-5),
    Measure(program="mlp", rows=128, seconds=0.1, error=1e-3),
    Measure(program="group-by", rows=1_000_000, laps=3, seconds=3),
    Measure(program="join", rows=100_000, laps=3, seconds=5),
    Measure(program="rank", rows=1_000, seconds=0.2),
    Measure(program="rank", rows=10_000, laps=3, seconds=1),
    Measure(program="multiply", rows=1_000_000, order={"adversary": "malicious"}),
    Measure(program="less-than", rows=1_000_000, laps=3, order={"adversary": "malicious"}),
    Measure(program="sort", rows=100_000, laps=3, order={"adversary": "malicious"}),
)
MALICIOUS_RATIOS = {"multiply": 3.0, "less-than": 8.0, "sort": 8.0}
"""At most so many times the semi-honest run."""
SLOW = (("multiply", 1_000_000), ("less-than", 100_000), ("sort", 10_000), ("rank", 1_000))
"""Measured over a slow network too, for context."""
