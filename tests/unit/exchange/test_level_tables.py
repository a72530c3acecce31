"""Tables of levels are data: replaceable, and refused where they are not wholly understood."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from atoll.exchange.grading import DEFAULT_TABLE, DETECTORS, built_in, load_table, parse_table
from atoll.exchange.grading.errors import BadLevelTable, UnknownHarm
from atoll.policy.levels import STATUS

TEXT = resources.files("atoll.exchange.grading").joinpath("tables/gbt-43697-2024.toml").read_text("utf-8")


def changed(find: str, replace: str) -> bytes:
    """The table with one thing changed."""
    text, count = re.subn(find, replace, TEXT, count=1, flags=re.MULTILINE)
    assert count, find
    return text.encode()


def test_the_standards_table_says_that_nobody_has_compared_it() -> None:
    table = load_table(DEFAULT_TABLE)
    assert (table.status, table.jurisdiction) == ("unverified transcription", "CN") == (STATUS, "CN")


def test_there_is_a_second_table_that_belongs_to_no_jurisdiction() -> None:
    assert set(built_in()) == {"gbt-43697-2024/1", "plain-four/1"}
    assert (load_table("plain-four/1").status, load_table("plain-four/1").jurisdiction) == ("example", "")


@pytest.mark.parametrize(
    ("whom", "degree", "level"),
    [
        ("national-security", "especially-serious", 6),
        ("national-security", "serious", 6),
        ("national-security", "general", 5),
        ("public-interest", "especially-serious", 6),
        ("public-interest", "serious", 5),
        ("public-interest", "general", 2),
        ("organisation-or-individual", "especially-serious", 4),
        ("organisation-or-individual", "serious", 3),
        ("organisation-or-individual", "general", 2),
    ],
)
def test_the_harm_that_a_person_sees_gives_a_level(whom: str, degree: str, level: int) -> None:
    assert load_table(DEFAULT_TABLE).level_of_harm(whom, degree) == level


@pytest.mark.parametrize(("whom", "degree"), [("nobody", "serious"), ("public-interest", "none"), ("", "")])
def test_other_harm_is_not_known(whom: str, degree: str) -> None:
    with pytest.raises(UnknownHarm):
        load_table(DEFAULT_TABLE).level_of_harm(whom, degree)


def test_sensitive_personal_data_are_at_least_g4_and_other_personal_data_at_least_g2() -> None:
    table = load_table(DEFAULT_TABLE)
    assert table.level_of(["subject:personal", "personal:sensitive"]) == 4
    assert table.level_of(["personal:minor"]) == 4
    assert table.level_of(["personal:general"]) == 2
    assert table.level_of(["subject:enterprise"]) == 1


def test_the_worst_value_of_each_axis_wins_and_industries_add_up() -> None:
    table = load_table(DEFAULT_TABLE)
    columns = [
        ["subject:enterprise"],
        ["subject:personal", "personal:general"],
        ["personal:minor", "industry:J66"],
        ["industry:I65"],
    ]
    assert table.worst(columns) == ("industry:I65", "industry:J66", "personal:minor", "subject:personal")


def test_labels_are_those_of_the_axes_and_codes_of_industries() -> None:
    table = load_table(DEFAULT_TABLE)
    assert table.is_class("personal:minor")
    assert table.is_class("industry:J66")
    for label in ("personal:secret", "industry:66", "industry:J66; drop", "colour:red", "personal", ""):
        assert not table.is_class(label)


def test_every_table_says_what_each_finding_means() -> None:
    for table in built_in().values():
        assert set(table.kinds) == {one.name for one in DETECTORS}


WRONG = {
    "an unknown format": ("^format = 1", "format = 2", "format"),
    "a missing key": ("^title = .*$", "", "keys"),
    "a key too many": ("^title", "colour = 1\ntitle", "keys"),
    "no status": ("^status = .*$", 'status = ""', "status"),
    "a version that is none": ("^version = 1", "version = 0", "version"),
    "a version that is a truth": ("^version = 1", "version = true", "version"),
    "a name with capitals": ('^name = "gbt', 'name = "GBT', "name"),
    "an axis too many": ("^subject = ", 'colour = ["red"]\nsubject = ', "axes"),
    "a value twice": ('"public", "enterprise"', '"public", "public"', "twice"),
    "a class that no axis has": ('"personal:minor" = 4', '"personal:elder" = 4', "minimum"),
    "a finding that means an unknown class": ('"personal:minor"\\]', '"personal:elder"]', "no axis has"),
    "a detector without a line": ("^email = .*$", "", "looked for"),
    "a detector that nobody knows": ("^email = ", "shoes = []\nemail = ", "looked for"),
    "a level beyond core": ('"personal:minor" = 4', '"personal:minor" = 7', "level"),
    "a level that is no number": ('"personal:minor" = 4', '"personal:minor" = "4"', "level"),
    "an unknown outcome": ('^serious = "core"', 'serious = "severe"', "leads to"),
    "harm stated twice": ('"public-interest" #.*', '"national-security"', "twice"),
    "a cell of harm missing": ('^general = "important"', "", "cell"),
    "general levels that fall": ("^none = 1", "none = 4", "falls"),
    "a general level that is missing": ("^none = 1", "", "none"),
    "a confidence beyond certainty": ("^sure = 0.5", "sure = 1.5", "sure"),
    "an industry code that is no expression": (r'"\[A-T\]\(', '"[A-T](((', "expression"),
    "no TOML": ("^format = 1", "format == 1", "TOML"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_table_that_is_not_wholly_understood_is_refused(what: str) -> None:
    find, replace, reason = WRONG[what]
    with pytest.raises(BadLevelTable, match=reason):
        parse_table(changed(find, replace))


def test_bytes_that_are_no_text_and_files_of_any_length_are_refused() -> None:
    with pytest.raises(BadLevelTable):
        parse_table(b"\xff\xfe")
    with pytest.raises(BadLevelTable, match="longer"):
        parse_table(TEXT.encode() + b"#" * 70_000)
