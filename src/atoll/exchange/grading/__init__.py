"""Grading: the classes and the level of a table's columns: found by detectors, read from a table, changed by people."""

from atoll.exchange.grading.model import ColumnGrade, Finding, Grading

__all__ = ["ColumnGrade", "Finding", "Grading"]
