"""Each error code has a page, and each error can say its sentence."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from atoll import errors
from atoll.errors import AtollError, InputError, RuleError
from tools.docs import (
    PAGES,
    check_all_calls,
    check_calls,
    check_classes,
    check_pages,
    load_catalogue,
    operands_of,
    save_pages,
    write_pages,
)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> dict[str, type[AtollError]]:
    """Classes that break one rule each; they leave the catalogue with the test."""
    monkeypatch.setattr(errors, "_CATALOGUE", {})

    class FineError(InputError):
        """A meaning."""

        code = "test.fine"
        sentence = "Found {found}, at most {limit:d}."
        remedy = "Ask for less."

    class MuteError(InputError):
        """A meaning."""

        code = "test.mute"
        remedy = "Use {one}."

    class MeaninglessError(InputError):
        code = "test.meaningless"
        sentence = "Something happened."

    class UnnumberedError(RuleError):
        """A meaning."""

        __module__ = "atoll.ledger.rules.errors"
        code = "test.unnumbered"
        sentence = "A rule says no."

    class FirstError(RuleError):
        """A meaning."""

        code = "test.first"
        sentence = "A rule says no."
        number = 7

    class SecondError(RuleError):
        """A meaning."""

        code = "test.second"
        sentence = "A rule says no."
        number = 7

    class MisnamedError(InputError):
        """A meaning."""

        code = "Misnamed"
        sentence = "Something happened."

    classes = (FineError, MuteError, MeaninglessError, UnnumberedError, FirstError, SecondError, MisnamedError)
    return {cls.code: cls for cls in classes}


def test_every_code_has_a_page() -> None:
    catalogue = load_catalogue()
    assert {path.stem for path in PAGES.glob("*.md")} - {"index"} == catalogue.keys()


def test_every_page_says_what_its_class_says() -> None:
    assert list(check_pages(write_pages(load_catalogue()), PAGES)) == []


def test_every_class_is_fit_to_be_documented() -> None:
    assert list(check_classes(load_catalogue())) == []


def test_every_error_is_made_with_the_operands_of_its_sentence() -> None:
    assert list(check_all_calls()) == []


def test_every_sentence_can_be_said() -> None:
    for code, cls in load_catalogue().items():
        if cls.__init__ is AtollError.__init__:
            assert "{" not in str(cls(**dict.fromkeys(operands_of(cls), 1))), code


def test_an_unfit_class_is_named(made_up: dict[str, type[AtollError]]) -> None:
    findings = "\n".join(check_classes(made_up))
    assert "(test.fine)" not in findings
    assert "(test.mute): no sentence" in findings
    assert "(test.mute): nobody fills operands into a remedy" in findings
    assert "(test.meaningless): no docstring of its own" in findings
    assert "(test.unnumbered): a ledger rule raises it" in findings
    assert "(test.first): result code 7 belongs to another class too" in findings
    assert "(test.second): result code 7 belongs to another class too" in findings
    assert "(Misnamed): a code is `area.what`" in findings
    assert len(findings.splitlines()) == 7


def test_a_call_without_an_operand_is_named(made_up: dict[str, type[AtollError]], tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("raise Fine(found=1, limit=2)\nraise Fine(**both)\nraise errors.Fine(found=1)\n")
    names = {"Fine": made_up["test.fine"], "errors": SimpleNamespace(Fine=made_up["test.fine"])}
    assert list(check_calls(source, names)) == [f"{source}:3: FineError is made without `limit`, which its sentence asks for"]


def test_a_page_tells_sentence_meaning_remedy_and_statuses(made_up: dict[str, type[AtollError]]) -> None:
    page = write_pages(made_up)["test.fine.md"]
    for part in (
        "> Found *found*, at most *limit*.",
        "A meaning.",
        "**What to do.** Ask for less.",
        "400 Bad Request",
        "`InputError`",
    ):
        assert part in page
    assert "result code" not in page


def test_pages_that_differ_are_named(made_up: dict[str, type[AtollError]], tmp_path: Path) -> None:
    pages = write_pages({"test.fine": made_up["test.fine"], "test.mute": made_up["test.mute"]})
    save_pages(pages, tmp_path)
    assert list(check_pages(pages, tmp_path)) == []
    (tmp_path / "test.fine.md").write_text("something else")
    (tmp_path / "test.mute.md").unlink()
    (tmp_path / "test.gone.md").write_text("")
    found = [finding.split(";")[0].split("/")[1] for finding in check_pages(pages, tmp_path)]
    assert found == ["test.fine.md: out of date", "test.gone.md: of no error any more", "test.mute.md: missing"]
    save_pages(pages, tmp_path)
    assert list(check_pages(pages, tmp_path)) == []
