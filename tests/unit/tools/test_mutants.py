"""The mutant runner tells killed from survived from broken, and leaves the tree it was given alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.mutants.__main__ import main
from tools.mutants.core import Core
from tools.mutants.descriptions import MutantError, load_mutants
from tools.mutants.unfinished import Unfinished

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
    mutants = (WEAKER, mutant("unnoticed", ">= 18", ">= 19"))
    assert run(project, *mutants, arguments=("--only", "weaker")) == 0
    assert capsys.readouterr().out == "1 mutants, 1 killed\n"


def test_a_mutant_that_hangs_its_tests_is_killed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.mutants.runner.LEAST_SECONDS", 3)
    monkeypatch.setattr("tools.mutants.runner.PATIENCE", 0)
    assert run(project, CLOSED) == 0
    assert "do not end any more" in capsys.readouterr().err


WEAKER, CLOSED = mutant("weaker", ">= 18", ">= 17"), mutant("closed", ">= 18", ">= 99", "test_waiting")


def test_what_time_does_not_allow_is_said_and_does_not_pass(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, WEAKER, CLOSED, arguments=("--minutes", "0")) == 1
    assert capsys.readouterr().out == "2 mutants, 0 killed, 2 not run\n"


def cut_short(project: Path, *mutants: str) -> Unfinished:
    """A run of all that ended after its first mutant."""
    (project / "tests/mutants/door.toml").write_text("\n".join(mutants))
    one = Unfinished(project)
    one.begin()
    one.add(load_mutants(project / "tests/mutants")[0])
    return one


def test_a_run_that_was_cut_short_is_gone_on_with_and_one_that_ended_is_not(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = (WEAKER, mutant("same-length", "18", "16"))
    cut_short(project, *faults)
    assert run(project, *faults) == 0
    output = capsys.readouterr()
    assert output.out == "2 mutants, 2 killed\n"
    assert re.findall(r"killed +[\d.]+ s  (\S+)", output.err) == ["same-length"]
    assert run(project, *faults) == 0
    assert len(re.findall(r"killed +[\d.]+ s", capsys.readouterr().err)) == 2


def test_in_a_changed_tree_nothing_counts_and_the_run_begins_where_the_last_one_ended(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = (WEAKER, mutant("same-length", "18", "16"))
    cut_short(project, *faults)
    (project / "src/door.py").write_text(DOOR + "\n")
    assert run(project, *faults) == 0
    assert re.findall(r"killed +[\d.]+ s  (\S+)", capsys.readouterr().err) == ["same-length", "weaker"]


@pytest.mark.parametrize("what", ["door", "src/door.py", "tests/mutants/door.toml", "weaker,same-length"])
def test_some_are_chosen_by_subject_by_source_or_by_name(project: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    assert run(project, WEAKER, mutant("same-length", "18", "16"), arguments=("--only", what)) == 0
    assert capsys.readouterr().out == "2 mutants, 2 killed\n"


CARGO = """#!/bin/sh
for last; do :; done
mkdir -p "$last/release"
cat rust/*.rs > "$last/release/libatoll_core_py.so"
"""


def test_the_core_is_compiled_as_the_tree_stands_from_files_that_keep_their_time_where_they_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cargo").write_text(CARGO)
    (tmp_path / "bin" / "cargo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    root, made = tmp_path / "project", tmp_path / "core.so"
    (root / "rust").mkdir(parents=True)
    for name in ("a", "b", "c"):
        (root / "rust" / f"{name}.rs").write_text(f"{name} is right\n")
    core = Core(tmp_path / "place")
    (root / "rust" / "a.rs").write_text("a is wrong\n")
    core.build(root, made)
    kept = (tmp_path / "place/source/rust/c.rs").stat().st_mtime_ns
    (root / "rust" / "a.rs").write_text("a is right\n")
    (root / "rust" / "b.rs").unlink()
    core.build(root, made)
    assert made.read_text() == "a is right\nc is right\n"
    assert (tmp_path / "place/source/rust/c.rs").stat().st_mtime_ns == kept


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
