"""Grading: the classes and the level of a table's columns: found by detectors, read from a table, changed by people."""

from atoll.exchange.grading.detectors import DETECTORS
from atoll.exchange.grading.grade import conclude, grade
from atoll.exchange.grading.model import ColumnGrade, Finding, Grading
from atoll.exchange.grading.override import override
from atoll.exchange.grading.table import DEFAULT_TABLE, LevelTable, built_in, load_table, parse_table

__all__ = [
    "DEFAULT_TABLE",
    "DETECTORS",
    "ColumnGrade",
    "Finding",
    "Grading",
    "LevelTable",
    "built_in",
    "conclude",
    "grade",
    "load_table",
    "override",
    "parse_table",
]
