"""The operations by family. Importing this package registers them all; the table in the documentation is made from it."""

from __future__ import annotations

from atoll.programs.operations import (
    arithmetic,
    checking,
    comparison,
    correlation,
    elementary,
    grouping,
    inputs,
    linalg,
    logic,
    ordering,
    reductions,
    selection,
    shaping,
    statistics,
)

__all__ = [
    "arithmetic",
    "checking",
    "comparison",
    "correlation",
    "elementary",
    "grouping",
    "inputs",
    "linalg",
    "logic",
    "ordering",
    "reductions",
    "selection",
    "shaping",
    "statistics",
]
