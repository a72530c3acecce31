"""A result into a file, from the command line."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from atoll.cli.downloading import download
from atoll.cli.errors import FileUnusable
from atoll.client import Node
from tests.unit.client.test_download import JOB, RESULT, node_with


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_all_rows_are_written_and_a_terminal_sees_how_far_it_is(
    stream: type[io.StringIO], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = stream()
    monkeypatch.setattr(sys, "stderr", shown)
    info = download(node_with(RESULT), JOB, tmp_path / "r.csv")
    assert info.rows == len(RESULT)
    assert len((tmp_path / "r.csv").read_text().splitlines()) == len(RESULT) + 1
    assert ("r.csv" in shown.getvalue()) == shown.isatty()


def test_a_file_that_is_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("mine")
    with pytest.raises(FileUnusable, match="File exists"):
        download(node_with(RESULT), JOB, path)
    assert path.read_text() == "mine"


def test_a_disk_that_is_full_is_an_error_with_the_file_s_name(tmp_path: Path) -> None:
    node = MagicMock(spec=Node, jobs=MagicMock())
    node.jobs.download.side_effect = OSError(28, "No space left on device")
    with pytest.raises(FileUnusable, match="No space left"):
        download(node, JOB, tmp_path / "r.csv")
