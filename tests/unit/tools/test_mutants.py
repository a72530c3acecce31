"""The mutant runner tells killed from survived from broken, and leaves the tree it was given alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.mutants import MutantError, load_mutants, main

DOOR = "def may_enter(age: int) -> bool:\n    return age >= 18\n"

TESTS = """
from door import may_enter

def test_a_child_stays_outside():
    assert not may_enter(17)

def test_waiting():
    while not may_enter(40):
        pass
"""


def mutant(name: str, find: str, replace: str, test: str = "test_a_child_stays_outside") -> str:
    fields = {"name": name, "file": "src/door.py", "find": find, "replace": replace, "why": "Children come in."}
    return (
        "[[mutant]]\n"
        + "".join(f"{key} = '{value}'\n" for key, value in fields.items())
        + f"tests = ['tests/test_door.py::{test}']\n"
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # the project needs none; starts faster
    root = tmp_path / "project"
    for name, text in {"src/door.py": DOOR, "tests/test_door.py": TESTS, "tests/mutants/door.toml": ""}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def run(project: Path, *mutants: str, arguments: tuple[str, ...] = ()) -> int:
    (project / "tests/mutants/door.toml").write_text("\n".join(mutants))
    return main(list(arguments), project)


def test_killed_survived_and_broken_are_told_apart(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(
        project,
        mutant("weaker", ">= 18", ">= 17"),
        mutant("same-length", "18", "16"),
        mutant("unnoticed", ">= 18", ">= 19"),
        mutant("gone", "age > 21", "True"),
        mutant("not-python", ">= 18", ">= ("),
        mutant("same-program", ">= 18", ">=  18"),
        mutant("does-not-import", "def may_enter", "def may_leave"),
        mutant("no-such-test", ">= 18", ">= 17", "test_nothing"),
    )
    output = capsys.readouterr()
    assert status == 1
    assert output.out == "8 mutants, 2 killed\n"
    assert {name: verdict for verdict, name in re.findall(r"\] (\w+) +[\d.]+ s  (\S+)", output.err)} == {
        "weaker": "killed",
        "same-length": "killed",
        "unnoticed": "SURVIVED",
        "gone": "BROKEN",
        "not-python": "BROKEN",
        "same-program": "BROKEN",
        "does-not-import": "BROKEN",
        "no-such-test": "BROKEN",
    }
    assert (project / "src/door.py").read_text() == DOOR


def test_all_killed_is_success_and_one_can_be_chosen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mutants = (mutant("weaker", ">= 18", ">= 17"), mutant("unnoticed", ">= 18", ">= 19"))
    assert run(project, *mutants, arguments=("--only", "weaker")) == 0
    assert capsys.readouterr().out == "1 mutants, 1 killed\n"


def test_a_mutant_that_hangs_its_tests_is_killed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.mutants.LEAST_SECONDS", 3)
    monkeypatch.setattr("tools.mutants.PATIENCE", 0)
    assert run(project, mutant("closed", ">= 18", ">= 99", "test_waiting")) == 0
    assert "do not end any more" in capsys.readouterr().err


def test_no_mutants_is_not_success(project: Path) -> None:
    assert run(project) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (mutant("a", "x", "y").replace("why", "because"), "a: missing or unknown: because, why"),
        (mutant("a", "", "y"), "a: only `replace` may be empty"),
        (mutant("a", "x", "y") * 2, "a: the name is taken in door.toml"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(project: Path, text: str, message: str) -> None:
    (project / "tests/mutants/door.toml").write_text(text)
    with pytest.raises(MutantError, match=message):
        load_mutants(project / "tests/mutants")
    assert main([], project) == 1


def test_an_unknown_choice_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, mutant("a", "18", "17"), arguments=("--only", "b")) == 1
    assert "no mutant is called b" in capsys.readouterr().err
