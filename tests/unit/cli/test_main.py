"""The outermost loop: sentences, hints and exit codes; never a traceback, never a secret."""

from __future__ import annotations

import json
from typing import NoReturn

import pytest

from atoll.cli import main as cli
from atoll.cli.main import explain, main
from atoll.client import RefusedByNode
from atoll.errors import NotFoundError


class NotThere(NotFoundError):
    """For these tests only; without a code, so that it stays out of the catalogue."""

    sentence = "There is no {name}."
    remedy = "Look elsewhere."


def raising(monkeypatch: pytest.MonkeyPatch, err: BaseException) -> None:
    """Let every command end so."""

    def raise_it(*_: object, **__: object) -> NoReturn:
        raise err

    monkeypatch.setattr(cli.Shelf, "main", raise_it)


def test_an_error_is_a_sentence_a_hint_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, NotThere(name="shell"))
    assert main(["job", "list"]) == NotFoundError.exit_code
    printed = capsys.readouterr()
    assert printed.err == "error: There is no shell.\nhint: Look elsewhere.\n"
    assert printed.out == ""


def test_an_error_in_json_mode_is_one_json_value_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, NotThere(name="shell"))
    assert main(["job", "list", "--json"]) == NotFoundError.exit_code
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"error": {"code": "", "message": "There is no shell.", "hint": "Look elsewhere."}}
    assert printed.err.startswith("error: There is no shell.")


def test_an_unforeseen_error_shows_its_type_and_not_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, RuntimeError("the passphrase is tiger"))
    assert main(["job", "list"]) == 70
    printed = capsys.readouterr()
    assert "Unexpected RuntimeError." in printed.err
    assert "tiger" not in printed.err + printed.out
    assert "Traceback" not in printed.err


def test_debugging_lets_an_error_through(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, RuntimeError("anything"))
    monkeypatch.setenv("ATOLL_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(["job", "list"])


def test_an_interrupt_is_said_and_has_the_shell_s_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    assert main([]) == 130
    assert capsys.readouterr().err == "error: Interrupted.\n"


def test_a_wrong_option_names_the_help_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grant", "list", "--hoem", "x"]) == 2
    assert "hint: `atoll grant list --help` shows what it takes." in capsys.readouterr().err


def test_a_missing_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "show"]) == 2
    assert "JOB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(400, 2), (401, 3), (403, 3), (404, 4), (409, 5), (422, 6), (502, 7), (500, 8), (503, 9), (418, 1)],
)
def test_a_node_s_problem_keeps_its_words_and_gives_the_exit_code_of_its_status(status: int, exit_code: int) -> None:
    problem = RefusedByNode(title="It is so.", code="nobody.knows", status=status, remedy="Wait.")
    trouble = explain(problem)
    assert (trouble.code, trouble.message, trouble.hint) == ("nobody.knows", "It is so.", "Wait.")
    assert trouble.status == exit_code


def test_an_error_ends_with_the_code_that_why_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "list", "--home", "nowhere"]) == 9
    assert "[client.unreachable]\nhint: " in capsys.readouterr().err
    assert main(["why", "client.unreachable"]) == 0


def test_a_refusal_of_the_ledger_names_its_rule(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = {"title": "The ledger refused it.", "code": "ledger.refused", "rule": "ledger.not_member"}
    raising(monkeypatch, RefusedByNode(status=422, remedy="", **said))
    assert main(["job", "list", "--json"]) == 6
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["rule"] == "ledger.not_member"
    assert printed.err == "error: The ledger refused it. [ledger.not_member]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["init", "x", "--org", "a", "--legal-id", "b", "--role", "foo"], "'--role': 'foo' is not one of 'owner', "),
        (["demo", "--seed", "1,000"], "'--seed': it is no whole number"),
    ],
)
def test_a_wrong_value_is_told_in_words(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert main(arguments) == 2
    assert f"error: Invalid value for {said}" in capsys.readouterr().err
