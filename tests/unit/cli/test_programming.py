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
        assert told["exact"]
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
        (("explain", "risk.py"), "programs.size_missing"),
        (("explain", "risk.py", "--size", "n=4", "--size", "m=9"), "programs.unknown_size"),
        (("run", "risk.py", *TABLES, "--table", "bnk=bank.csv"), "cli.bad_argument"),
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


def said_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The sentence of a refusal that is the author's to mend."""
    assert main(["program", *arguments]) == 2
    return capsys.readouterr().err.splitlines()[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def risk(", "def risk((", "risk.py:12: SyntaxError: "),
        ("import programs", "import programmes", "risk.py:2: ImportError: cannot import name 'programmes'"),
        ("(0, 1000)", "(9, 0)", "risk.py:6: ValueError: the range 9 to 0 is empty"),
        (".mean()", ".median_of_means()", "risk.py:13: AttributeError: 'SecretArray' object has no attribute"),
    ],
)
def test_a_mistake_in_the_text_is_its_authors_and_has_a_line(
    here: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    Path("risk.py").write_text(TEXT.replace(old, new, 1), "utf-8")
    found = said_of(capsys, "explain", "risk.py", "--size", "n=4")
    assert found.startswith(f"error: {said}")
    assert found.endswith("[programs.author_fault]")


def test_what_a_text_prints_does_not_break_the_answer(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("risk.py").write_text(TEXT.replace("    return", "    print('looking')\n    return"), "utf-8")
    assert main(["program", "explain", "risk.py", "--size", "n=4", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["exact"] and "looking" in printed.err


def test_tables_that_do_not_fit_are_told_by_owner_and_column(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bureau.csv").write_text("debt\n20.5\n5\n", "utf-8")
    assert "bureau's table has 2 rows, that of bank's income has 4" in said_of(capsys, "run", "risk.py", *TABLES)
    Path("bureau.csv").write_text("depts\n1\n2\n3\n4\n", "utf-8")
    assert "Column debt does not fit the program: bureau's table has no such column, but depts" in said_of(
        capsys, "run", "risk.py", *TABLES
    )
