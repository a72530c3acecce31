"""`atoll job result`, where the other side spoiled some of what it sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from atoll.cli import frame
from atoll.cli.main import main
from tests.unit.client.test_download import JOB, RESULT, node_with


@pytest.mark.parametrize(("spoiled", "said"), [(0, ""), (1, "sent for 1 key in common"), (2, "sent for 2 keys in common")])
def test_who_reads_a_result_hears_what_is_missing_by_the_other_sides_fault(
    spoiled: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(frame, "connect_to", lambda *_: node_with(RESULT, spoiled=spoiled))
    for more in ([], ["--out", str(tmp_path / "all.csv")]):
        assert main(["job", "result", JOB, *more]) == 0
        shown = capsys.readouterr().out
        assert said in shown
        assert ("which is its fault" in shown) is (spoiled > 0)
    assert main(["job", "result", JOB, "--out", str(tmp_path / "again.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spoiled"] == spoiled


def test_a_cell_that_is_not_there_is_told_from_an_empty_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = [["P1", ""], ["P2", None]]
    monkeypatch.setattr(frame, "connect_to", lambda *_: node_with(RESULT, table=table))
    assert main(["job", "result", JOB]) == 0
    first, second = capsys.readouterr().out.splitlines()[1:3]
    assert (first.split(), second.split()) == (["P1"], ["P2", "null"])
    assert main(["job", "result", JOB, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["table"] == table
