"""`atoll program explain, run, trace`: an author's own text, on this machine, without a node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from atoll.cli.main import main

TEXT = """
from atoll import programs as mp

@mp.program(
    inputs={
        "income": mp.column("bank", mp.int64(0, 1000), rows="n", nullable=True),
        "debt": mp.column("bureau", mp.fixed(0, 1000, fraction=8), rows="n"),
        "works": mp.column("bank", mp.bool_, rows="n"),
    },
    outputs={"burdened": ("bank", "bureau"), "mean_debt": "bureau"},
)
def risk(income, debt, works):
    return {"burdened": ((2 * debt > income) & works).sum(), "mean_debt": debt.mean()}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("risk.py").write_text(TEXT, "utf-8")
    Path("bank.csv").write_text("income,works\n30,true\n,1\n52,0\n10,TRUE\n", "utf-8")
    Path("bureau.csv").write_text("debt\n20.5\n5\n100\n4\n", "utf-8")
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    assert main(["program", *arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


TABLES = ("--table", "bank=bank.csv", "--table", "bureau=bureau.csv")


def test_a_program_runs_among_simulated_nodes_as_in_the_clear(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exact = answer(capsys, "run", "risk.py", *TABLES, "--clear")["outputs"]
    assert exact == {"bank": {"burdened": 1}, "bureau": {"burdened": 1, "mean_debt": 32.375}}
    for model in ((), ("--malicious",)):
        ran = answer(capsys, "run", "risk.py", *TABLES, *model)
        assert ran["outputs"]["bank"] == exact["bank"]
        assert abs(ran["outputs"]["bureau"]["mean_debt"] - 32.375) < 0.02
        told = answer(capsys, "explain", "risk.py", "--size", "n=4", *model)
        if told["exact"]:
            assert (told["rounds"], told["bytes_by_node"]) == (ran["rounds"], ran["bytes_by_node"])


def test_a_traced_graph_is_the_program_without_its_text(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = answer(capsys, "explain", "risk.py", "--size", "n=4")
    written = answer(capsys, "trace", "risk.py", "--size", "n=4", "--out", "risk.graph")
    assert written["digest"] == told["digest"] == answer(capsys, "explain", "risk.graph")["digest"]
    assert b"debt" in Path("risk.graph").read_bytes() and b"import" not in Path("risk.graph").read_bytes()
    assert answer(capsys, "run", "risk.graph", *TABLES)["outputs"]["bank"] == {"burdened": 1}


def test_people_are_told_what_is_opened_to_whom(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["program", "explain", "risk.py", "--size", "n=1000"]) == 0
    text = capsys.readouterr().out
    assert "risk.py:13" in text and "burdened   bank, bureau  1 int64 0..1000" in text
    assert "Opened to compute nodes:\n  column income: whether all of income lies in int64 0..1000 (to compute nodes)" in text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("explain", "risk.py"), "programs.bad_program"),
        (("explain", "risk.py", "--size", "n=many"), "cli.bad_argument"),
        (("explain", "risk.py", "--size", "n"), "cli.bad_argument"),
        (("explain", "risk.py", "--program", "other"), "cli.bad_argument"),
        (("explain", "absent.py"), "cli.file"),
        (("explain", "bank.csv"), "programs.bad_graph"),
        (("run", "risk.py", "--table", "bank=bank.csv", "--size", "n=4"), "programs.bad_column"),
        (
            ("run", "risk.py", "--table", "bank=bureau.csv", "--table", "bureau=bank.csv", "--size", "n=4"),
            "programs.bad_column",
        ),
        (("run", "risk.py", *TABLES, "--size", "n=5"), "programs.bad_column"),
    ],
)
def test_what_cannot_be_done_is_said_by_its_code(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: str
) -> None:
    status = main(["program", *arguments, "--json"])
    assert status != 0
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_a_cell_that_is_no_number_is_named_and_not_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bank.csv").write_text("income,works\n30,true\nsecret,1\n52,0\n10,TRUE\n", "utf-8")
    assert main(["program", "run", "risk.py", *TABLES]) != 0
    said = capsys.readouterr()
    assert "income does not fit the program: row 2 is no int64" in said.err and "secret" not in said.err
