"""The pages of `manual/` are what the command line does: each is run, command by command, and compared."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.cli.world import Lagoon, start_lagoon
from tests.docs.snippets import find_blocks, is_match, read_transcript
from tests.docs.turns import Turns

MANUAL = Path(__file__).parent / "manual"
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def run_page(name: str, folder: Path) -> str:
    """Run a page's commands in `folder`; everything they printed."""
    printed = []
    with Turns(folder, path=PATH) as turns:
        for block in find_blocks(MANUAL / name):
            for exchange in read_transcript(block):
                status, found = turns.run(exchange.command)
                place = f"{name}:{exchange.line}: $ {exchange.command}"
                assert is_match(squeeze(exchange.expected), squeeze(found)), (
                    f"{place}\n--- the page says\n{exchange.expected}--- it printed\n{found}"
                )
                assert (status == 0) != ("\nerror:" in f"\n{exchange.expected}"), f"{place}\nexit status {status}"
                printed.append(found)
    return "".join(printed)


def squeeze(text: str) -> str:
    """The same with columns two blanks apart: how wide they are depends on identifiers, which a page leaves out."""
    return re.sub(r" {2,}", "  ", text)


@pytest.mark.parametrize("page", ["1-help.md", "2-a-home.md", "3-founding.md"])
def test_page_without_a_node_is_what_happens(page: str, tmp_path: Path) -> None:
    run_page(page, tmp_path)


def test_pages_with_nodes_are_what_happens(lagoon: Lagoon) -> None:
    printed = ""
    for page in ("4-a-job.md", "5-members.md", "6-rights.md", "7-an-auction.md"):
        try:
            printed += run_page(page, lagoon.folder)
        finally:
            start_lagoon(lagoon)  # what a page has started ends with it
    assert [one for one in lagoon.secrets() if one in printed] == []


def test_every_page_is_run() -> None:
    assert sorted(path.name for path in MANUAL.glob("*.md")) == [
        "1-help.md",
        "2-a-home.md",
        "3-founding.md",
        "4-a-job.md",
        "5-members.md",
        "6-rights.md",
        "7-an-auction.md",
    ]
