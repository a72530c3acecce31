"""Documentation that points at a test points at one that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.snippets import ROOT, find_pages

NAMED = re.compile(r"`[^`\n]*\b(test_[a-z0-9_]+)(?:\.py)?`")
PAGES = [page for page in find_pages() if NAMED.search(page.read_text())]


@pytest.fixture(scope="module")
def known() -> set[str]:
    files = list((ROOT / "tests").rglob("test_*.py"))
    functions = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    return functions | {file.stem for file in files}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_tests_that_a_page_names_exist(page: Path, known: set[str]) -> None:
    assert sorted(set(NAMED.findall(page.read_text())) - known) == []
