"""Code in the documentation runs, and prints what the page says it prints."""

from __future__ import annotations

import doctest
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.snippets import ROOT, Block, find_blocks, find_pages, find_unrun, is_match, is_transcript, read_transcript
from tests.docs.turns import Turns


def blocks_of(page: Path, language: str) -> list[Block]:
    return [block for block in find_blocks(page) if block.language == language and block.is_run]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


PYTHON_PAGES = [page for page in find_pages() if blocks_of(page, "python")]
TRANSCRIPT_PAGES = [page for page in find_pages() if is_transcript(page) and blocks_of(page, "console")]


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=name_of)
def test_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(page, "python"):
        if block.code.startswith(">>>"):
            examples = doctest.DocTestParser().get_doctest(block.code, namespace, block.place, str(page), block.line - 1)
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.REPORT_NDIFF)
            assert not runner.run(examples, clear_globs=False).failed, block.place
            namespace.update(examples.globs)
        else:
            padding = "\n" * (block.line - 1)  # so that a traceback names the line of the page
            exec(compile(padding + block.code, str(page), "exec", dont_inherit=True), namespace)


@pytest.mark.slow
@pytest.mark.parametrize("page", TRANSCRIPT_PAGES, ids=name_of)
def test_transcript_of_a_page_is_what_happens(page: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with Turns(tmp_path, path=path) as turns:
        for block in blocks_of(page, "console"):
            for exchange in read_transcript(block):
                status, found = turns.run(exchange.command)
                place = f"{name_of(page)}:{exchange.line}: $ {exchange.command}"
                assert is_match(exchange.expected, found), (
                    f"{place}\n--- the page says\n{exchange.expected}--- it printed\n{found}"
                )
                assert (status == 0) != ("\nerror:" in f"\n{exchange.expected}"), f"{place}\nexit status {status}"


def test_a_block_that_is_not_run_says_why() -> None:
    assert [line for line in find_unrun() if line.endswith("no reason given")] == []
