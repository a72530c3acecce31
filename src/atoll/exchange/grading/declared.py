"""What an owner itself says a column means counts like a finding that is sure: no detector has to recognise the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from atoll.exchange.grading.model import ColumnGrade, Finding, Grading
from atoll.exchange.grading.table import LevelTable

OTHER_WORDS = {"name": "person-name", "e-mail": "email", "mail": "email", "mobile": "phone", "licence-number": "licence-plate"}
"""Usual words for kinds that the tables name otherwise."""


def declare(grading: Grading, semantics: Mapping[str, str], table: LevelTable) -> Grading:
    """The grading with each column at least as high as the kind that its owner declares it to be.

    Args:
        grading: what the detectors found.
        semantics: what columns mean, by column, such as `national-id`; what is no kind of the table says nothing.
        table: the table of the grading.
    """
    columns = tuple(_declared(one, semantics.get(one.name, ""), table) for one in grading.columns)
    if columns == grading.columns:
        return grading
    level = max(grading.level, *(one.level for one in columns))
    classes = table.worst([grading.classes, *(one.classes for one in columns)])
    return replace(grading, columns=columns, level=level, classes=classes)


def _declared(one: ColumnGrade, meaning: str, table: LevelTable) -> ColumnGrade:
    word = meaning.strip().lower()
    kind = OTHER_WORDS.get(word, word)
    named = table.kinds.get(kind)
    if not named:
        return one
    classes = table.worst([one.classes, named])
    said = Finding(detector=kind, column=one.name, confidence=1.0, looked_at=0, matched=0, by_name=True)
    return replace(one, level=max(one.level, table.level_of(classes)), classes=classes, findings=(said, *one.findings))
