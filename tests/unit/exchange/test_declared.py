"""What an owner says a column means counts, whether or not a detector recognises its values."""

from __future__ import annotations

import pytest

from atoll.exchange.grading import DEFAULT_TABLE, load_table
from atoll.exchange.grading.declared import declare
from atoll.exchange.grading.errors import LoweredWithoutReason
from atoll.exchange.grading.model import ColumnGrade, Grading
from atoll.exchange.grading.override import override

TABLE = load_table(DEFAULT_TABLE)
PLAIN = Grading(
    table=TABLE.id, status=TABLE.status, level=1, classes=(), columns=(ColumnGrade(name="customer", level=1, classes=()),)
)


@pytest.mark.parametrize(("meaning", "level"), [("national-id", 4), ("phone", 2), ("name", 2), ("E-Mail", 2), ("bank-card", 4)])
def test_a_declared_identifier_is_graded_as_one(meaning: str, level: int) -> None:
    found = declare(PLAIN, {"customer": meaning}, TABLE)
    assert (found.level, found.columns[0].level) == (level, level)
    assert "subject:personal" in found.columns[0].classes
    assert "subject:personal" in found.classes


def test_a_word_that_is_no_kind_says_nothing() -> None:
    assert declare(PLAIN, {"customer": "turnover", "absent": "phone"}, TABLE) is PLAIN


def test_a_declared_identifier_is_lowered_with_a_reason_alone() -> None:
    found = declare(PLAIN, {"customer": "national-id"}, TABLE)
    with pytest.raises(LoweredWithoutReason):
        override(found, {"customer": 2}, "")
    assert override(found, {"customer": 2}, "assigned numbers").level == 2
