"""Answers on standard output, everything else on standard error; nobody else's text steers the terminal."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest

from atoll.api.models import DoctorFinding
from atoll.cli.errors import NotConfirmed
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.screen import confirm, show

EVIL = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe\u200b\x9b31m"


def test_json_is_one_value_on_standard_output_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    finding = DoctorFinding(check="disk", ok=False, found="0 B free")
    show(Reply([finding, {"at": (1, 2)}], ["for people"], error="Bad news.", hint="Do something."), as_json=True)
    printed = capsys.readouterr()
    assert json.loads(printed.out) == [finding.model_dump(), {"at": [1, 2]}]
    assert printed.out.count("\n") == 1
    assert printed.err == "error: Bad news.\nhint: Do something.\n"


def test_people_get_tables_without_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    show(Reply(None, ["before", Rows(("a", "long name"), [("1", "x"), ("22", "")]), Fields([("k", "v")])]), as_json=False)
    assert capsys.readouterr().out == "before\na   long name\n1   x\n22\nk  v\n"


def test_names_of_columns_neither_steer_the_terminal_nor_are_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show(Reply(None, [Rows((EVIL, "a[/x]", "[link=http://lagoon]b"), [("1", "2", "3")])]), as_json=False)
    printed = capsys.readouterr().out
    assert re.sub(r"[\x20-\x7e·\n]", "", printed) == ""
    assert "a[/x]" in printed
    assert "[link=http://lagoon]b" in printed


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show(Reply([], [Rows(("a",), [], "no datasets")]), as_json=False)
    assert capsys.readouterr().out == "no datasets\n"


def test_identifiers_are_never_broken_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    digest = "0123456789abcdef" * 8
    show(Reply(None, [Rows(("a", "b"), [(digest, digest)]), Fields([("name", digest * 4)])]), as_json=False)
    assert f"{digest}  {digest}\n" in capsys.readouterr().out


def test_identifiers_are_never_broken_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    digest = "0123456789abcdef" * 4
    show(Reply(None, [Rows(("id", "about"), [(digest, "some words that may be broken anywhere between them")])]), as_json=False)
    assert digest in terminal.getvalue()


def test_prose_is_broken_at_a_terminal_s_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    show(Reply(None, [Fields([("shows", "many words " * 12)])]), as_json=False)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert 20 < max(len(line) for line in plain.splitlines()) <= 40


def test_markup_in_a_value_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        Reply(None, ["[bold]x[/bold]", Rows(("a",), [("[red]y",)]), Fields([("k", "[link=http://z]z[/link]")])]), as_json=False
    )
    printed = capsys.readouterr().out
    assert "[bold]x[/bold]" in printed
    assert "[red]y" in printed
    assert "[link=http://z]z[/link]" in printed


@pytest.mark.parametrize("as_json", [True, False])
def test_other_people_s_text_cannot_steer_the_terminal(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    reply = Reply({"title": EVIL}, [EVIL, Rows(("a",), [(EVIL,)]), Fields([("k", EVIL)])], error=EVIL, hint=EVIL)
    show(reply, as_json=as_json)
    printed = capsys.readouterr()
    assert not set(printed.out + printed.err) & {"\x1b", "\x07", "\x9b", "\u202e", "\u200b"}
    if as_json:
        assert json.loads(printed.out) == {"title": EVIL}


def test_without_a_terminal_nothing_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(NotConfirmed, match='Nothing was done: "Really\\?"'):
        confirm("Really?", yes=False)
    confirm("Really?", yes=True)


@pytest.mark.parametrize(("answer", "agreed"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_a_person_at_a_terminal_is_asked_on_standard_error(
    answer: str, agreed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    if agreed:
        confirm("Really?", yes=False)
    else:
        with pytest.raises(NotConfirmed):
            confirm("Really?", yes=False)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "Really? [y/N] "


def at_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, shown: Rows | Fields) -> str:
    """What a terminal of so many columns shows."""
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    show(Reply(None, [shown]), as_json=False)
    return terminal.getvalue()


@pytest.mark.parametrize("columns", [20, 80])
def test_nothing_is_cut_at_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    row = (
        "customer_id",
        "after-join",
        "G4",
        "national-id/1",
        "1 %",
        "16384",
        "national-id",
        "personal:sensitive, subject:personal",
    )
    names = ("column", "exposure", "level", "spelt by", "empty <=", "values <=", "means", "classes")
    table = at_terminal(monkeypatch, columns, Rows(names, [row, row]))
    assert "…" not in table
    assert all(one in table for one in (*row[:6], *names))
    digest = "0123456789abcdef" * 4
    fields = at_terminal(monkeypatch, columns, Fields([("a grant of somebody", f"{digest} or {digest}")]))
    assert "…" not in fields
    assert digest in fields and "a grant of somebody" in fields
