"""What grading finds and says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One detector on one column."""

    detector: str
    """Its name, such as `national-id`."""
    scheme: str = ""
    """Which form of it, such as `cn.ric`; empty where there is one alone."""
    column: str
    confidence: float
    """0 to 1: how sure it is that the column holds this."""
    looked_at: int
    """Values it looked at."""
    matched: int
    """Of these, values that fit."""
    by_name: bool
    """Whether the column's name fits, too or alone."""
    samples: tuple[str, ...] = field(default=(), repr=False)
    """A few values that fit, shown to the owner only: never logged, never on a card, never in an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnGrade:
    """One column."""

    name: str
    level: int
    """1 to 6."""
    classes: tuple[str, ...]
    """`axis:value`, such as `personal:sensitive`, sorted."""
    findings: tuple[Finding, ...] = ()
    """What led to it, the surest first; empty where no detector found anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """A table, graded."""

    table: str
    """The table of classes and levels, such as `gbt-43697-2024/1`."""
    status: str
    """How far that table may be trusted; shown wherever a level is shown."""
    level: int
    """That of the worst column, or of a parent."""
    classes: tuple[str, ...]
    """Those of the worst columns, axis by axis, sorted."""
    columns: tuple[ColumnGrade, ...]
    graded_by: str = "detectors"
    """`detectors` or `person`."""
    reason: str = ""
    """A person's reason."""
