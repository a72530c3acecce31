"""What an owner itself says a column means counts like a finding that is sure: no detector has to recognise the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from atoll.exchange.grading.errors import UnknownClass
from atoll.exchange.grading.model import ColumnGrade, Finding, Grading
from atoll.exchange.grading.table import LevelTable

OTHER_WORDS = {"name": "person-name", "e-mail": "email", "mail": "email", "mobile": "phone", "licence-number": "licence-plate"}
"""Usual words for kinds that the tables name otherwise."""
SAID_CLASS = "said-class"
"""In the place of a detector's name, where the owner gives a column a class."""


def declare(
    grading: Grading, semantics: Mapping[str, str], table: LevelTable, classes: Mapping[str, Sequence[str]] | None = None
) -> Grading:
    """The grading with each column at least as high as the kind and the classes that its owner declares.

    Args:
        grading: what the detectors found.
        semantics: what columns mean, by column, such as `national-id`; what is no kind of the table says nothing.
        table: the table of the grading.
        classes: those of columns, by column; they come on top of what was found, and the worse of both stands.

    Raises:
        UnknownClass: a class that the table does not have, which could not be graded.
    """
    said = classes or {}
    for each in said.values():
        verify_classes(each, table)
    columns = tuple(_declared(one, semantics.get(one.name, ""), said.get(one.name, ()), table) for one in grading.columns)
    if columns == grading.columns:
        return grading
    level = max(grading.level, *(one.level for one in columns))
    worst = table.worst([grading.classes, *(one.classes for one in columns)])
    return replace(grading, columns=columns, level=level, classes=worst)


def verify_classes(classes: Sequence[str], table: LevelTable) -> None:
    """
    Raises:
        UnknownClass: for the first one that the table does not have.
    """
    for one in classes:
        if not table.is_class(one):
            known = ", ".join(f"{axis}:{value}" for axis, values in table.axes.items() for value in values)
            raise UnknownClass(table=table.id, name=one[:64], known=f"{known}, and industry: with a code")


def level_of_dataset(said: Sequence[str], grading: Grading, table: LevelTable) -> int:
    """The least level of a dataset by the classes that are said of it as a whole.

    A class that a column carries is graded at that column, where a person may lower it with a reason; the others count here.
    """
    carried = {name for one in grading.columns for name in one.classes}
    return table.level_of(one for one in said if one not in carried)


def _declared(one: ColumnGrade, meaning: str, classes: Sequence[str], table: LevelTable) -> ColumnGrade:
    word = meaning.strip().lower()
    kind = OTHER_WORDS.get(word, word)
    named = table.kinds.get(kind, ())
    if not named and not classes:
        return one
    worst = table.worst([one.classes, named, classes])
    by = kind if named else SAID_CLASS
    said = Finding(detector=by, column=one.name, confidence=1.0, looked_at=0, matched=0, by_name=True)
    return replace(one, level=max(one.level, table.level_of(worst)), classes=worst, findings=(said, *one.findings))
