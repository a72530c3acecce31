"""`atoll dataset profile`: the figures, the grade, and no value that was not asked for."""

from __future__ import annotations

import doctest
import json
import tempfile
from pathlib import Path

import pytest

from atoll.cli import profile
from atoll.cli.main import main

PEOPLE = [("phone", "amount", "born", "note")] + [
    (f"+43 664 {1_000_000 + n * 7919}", str(n), f"19{40 + n % 60}-03-1{n % 9}", "seldom seen" if n % 4 == 0 else "")
    for n in range(200)
]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.delenv("ATOLL_HOME", raising=False)
    path = tmp_path / "people.csv"
    path.write_text("".join(",".join(row) + "\n" for row in PEOPLE), "utf-8")
    return path


def test_the_examples_hold() -> None:
    assert doctest.testmod(profile).failed == 0


def test_a_file_is_profiled_and_graded_without_a_node_and_nothing_is_kept(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "profile", str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["distinct_rows"], found["level_text"]) == (200, 200, "G2 (unverified transcription)")
    columns = {one["grade"]["name"]: one for one in found["columns"]}
    assert {name: one["type"] for name, one in columns.items()} == {
        "phone": "text",
        "amount": "integer",
        "born": "date",
        "note": "text",
    }
    assert columns["note"]["nulls"] == 150
    assert columns["amount"]["quantiles"][0::4] == [0, 199]
    assert columns["phone"]["shapes"][0] == {"shape": "+99 999 9999999", "share_ppm": 1_000_000}
    assert columns["phone"]["grade"]["findings"][0]["detector"] == "phone"
    assert columns["phone"]["grade"]["findings"][0]["confidence"] > 0.9
    assert not list((table.parent / "scratch").iterdir())


def test_values_are_shown_only_where_they_are_asked_for(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "profile", str(table)]) == 0
    shown = capsys.readouterr().out
    assert main(["dataset", "profile", str(table), "--samples"]) == 0
    with_values = capsys.readouterr().out
    assert "seldom seen" not in shown
    assert "+43" not in shown
    assert "seldom seen" in with_values
    assert "+43 664" in with_values


def test_people_see_spread_shapes_and_how_sure_the_detectors_are(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "profile", str(table)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("note") and "150 (75.0 %)" in line for line in lines)
    assert any(line.startswith("amount") and "|-----[=====|=====]-----|" in line for line in lines)
    assert any(line.startswith("born") and "1940-03-1" in line for line in lines)
    assert any(line.startswith("phone") and "100.0 %  ##########" in line for line in lines)
    assert any(line.startswith("phone") and "of 200" in line and "%" in line for line in lines)
