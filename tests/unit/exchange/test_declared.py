"""What an owner says a column means counts, whether or not a detector recognises its values."""

from __future__ import annotations

import pytest

from atoll.exchange.grading import DEFAULT_TABLE, load_table
from atoll.exchange.grading.declared import declare, level_of_dataset
from atoll.exchange.grading.errors import LoweredWithoutReason, UnknownClass
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


def test_a_declared_class_raises_the_level_and_keeps_what_was_found() -> None:
    phone = declare(PLAIN, {"customer": "phone"}, TABLE)
    found = declare(phone, {}, TABLE, {"customer": ["personal:sensitive"]})
    assert (found.level, found.columns[0].level) == (4, 4)
    assert found.columns[0].classes == found.classes == ("personal:sensitive", "subject:personal")


def test_a_lower_class_than_was_found_lowers_nothing() -> None:
    sensitive = declare(PLAIN, {"customer": "national-id"}, TABLE)
    found = declare(sensitive, {}, TABLE, {"customer": ["personal:none", "subject:public"]})
    assert (found.level, found.classes) == (4, ("personal:sensitive", "subject:personal"))


def test_a_declared_class_is_lowered_with_a_reason_alone() -> None:
    found = declare(PLAIN, {}, TABLE, {"customer": ["personal:sensitive"]})
    with pytest.raises(LoweredWithoutReason):
        override(found, {"customer": 2}, "")
    assert override(found, {"customer": 2}, "made by a generator").level == 2


def test_a_class_that_nobody_could_grade_is_refused() -> None:
    with pytest.raises(UnknownClass, match=r"personal:sensitiv; it has .*personal:sensitive"):
        declare(PLAIN, {}, TABLE, {"customer": ["personal:sensitiv"]})


def test_a_class_of_the_whole_counts_where_no_column_carries_it() -> None:
    carried = declare(PLAIN, {"customer": "national-id"}, TABLE)
    assert level_of_dataset(["personal:sensitive"], PLAIN, TABLE) == 4
    assert level_of_dataset(["personal:sensitive"], carried, TABLE) == 1
