"""The reference of levels says what the code and the data files say."""

from __future__ import annotations

from atoll.exchange.grading import DETECTORS, built_in
from tools.docs_levels import PAGE, write_page


def test_the_page_is_what_the_code_has() -> None:
    assert PAGE.read_text("utf-8") == write_page(), "run `python -m tools.docs_levels`"


def test_no_table_stands_there_without_its_status() -> None:
    page = write_page()
    for one in built_in().values():
        assert f"## Table {one.id}: {one.status}" in page


def test_every_detector_stands_there() -> None:
    assert all(f"| {one.name} | {one.says} |" in write_page() for one in DETECTORS)
